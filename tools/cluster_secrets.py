"""Makes the secrets that deploy/k8s refers to, once, in files of mode 600, for `kubectl apply -k`.

python -m tools.cluster_secrets FOLDER [--store-url TEMPLATE] [--store-ca FILE] [--certificates]
"""

import argparse
import json
import os
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import yaml

from chassis.nats_config import permissions
from chassis.tokens import SigningKey
from tools import certificates
from tools.nats_users import readers

EMBEDDED = "sqlite:////store/store.db"
NAMESPACE = "cards"
PASSWORD_BYTES = 24
LOOKUP_SECRET_BYTES = 32
ROOT_KEY_BYTES = 32
NATS_SERVERS = 3
TRUST_BUNDLE = "cards-trust-bundle"
STORE_CA = "cards-store-ca"
CONFIG_MAPS = (TRUST_BUNDLE, STORE_CA)
"""Not secret; everything else is a Secret."""


class Folder:
    """Objects as folders, their keys as files. What is there already is kept, so that a second run
    adds what is missing, and a key is renewed by deleting its file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, name: str, key: str, make: Callable[[], str]) -> str:
        """The content of a key, made if it is not there."""
        path = self.folder / name / key
        if path.exists():
            return path.read_text()
        path.parent.mkdir(exist_ok=True, mode=0o700)
        content = make()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        return content

    def objects(self) -> Mapping[str, list[str]]:
        """Name → keys of all that is there."""
        folders = sorted(each for each in self.folder.iterdir() if each.is_dir())
        return {each.name: sorted(key.name for key in each.iterdir()) for each in folders}

    def describe(self) -> None:
        """Write the kustomization that makes the objects."""
        makers: dict[str, list[dict[str, object]]] = {
            "configMapGenerator": [],
            "secretGenerator": [],
        }
        for name, keys in self.objects().items():
            kind = "configMapGenerator" if name in CONFIG_MAPS else "secretGenerator"
            files = [f"{name}/{key}" for key in keys]
            makers[kind].append({"name": name, "files": files})
        said = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": NAMESPACE,
            # Pods refer to these by name; a changed one is taken in by a rollout.
            "generatorOptions": {"disableNameSuffixHash": True},
            **{kind: made for kind, made in makers.items() if made},
        }
        (self.folder / "kustomization.yaml").write_text(yaml.safe_dump(said, sort_keys=False))


def make(
    folder: Path, *, store_url: str = EMBEDDED, store_ca: str = "", with_certificates: bool = False
) -> Folder:
    """Make what is missing in `folder`. `store_url` may contain {service} and {password}."""
    made = Folder(folder)
    services = sorted(readers())
    public = [_of_service(made, service, store_url) for service in services]
    _trust(made, public)
    passwords = {name: made.put(f"{name}-secrets", "NATS_PASSWORD", _password) for name in services}
    for user in permissions(readers()):
        # The server reads a value of its environment as configuration text, hence the quotes.
        password = passwords.get(user.user) or _password()
        made.put("nats-passwords", user.password_variable, partial(json.dumps, password))
    if store_ca:
        made.put(STORE_CA, "ca.crt", lambda: store_ca)
    if with_certificates:
        _certify(made, services)
    made.describe()
    return made


def _of_service(made: Folder, service: str, store_url: str) -> dict[str, object]:
    """Everything of one service; returns its public key."""
    name = f"{service}-secrets"
    made.put(name, "STORE_URL", lambda: store_url.format(service=service, password=_password()))
    made.put(name, "LOOKUP_SECRET", lambda: secrets.token_hex(LOOKUP_SECRET_BYTES))
    if service == "auth":
        made.put(name, "ROOT_KEY", lambda: secrets.token_hex(ROOT_KEY_BYTES))
    key_path = made.folder / f"{service}-signing-key" / "signing_key.json"
    if not key_path.exists():
        key_path.parent.mkdir(exist_ok=True, mode=0o700)
        SigningKey.generate(f"service:{service}").save(key_path)
    return SigningKey.load(key_path).public()


def _trust(made: Folder, public: list[dict[str, object]]) -> None:
    """The bundle gains what is new and loses nothing: for a while both keys of a renewal count."""
    path = made.folder / TRUST_BUNDLE / "trust_bundle.json"
    there = json.loads(path.read_text())["keys"] if path.exists() else []
    keys = {key["kid"]: key for key in [*there, *public]}
    path.parent.mkdir(exist_ok=True, mode=0o700)
    path.write_text(json.dumps({"keys": list(keys.values())}, indent=2))


def _certify(made: Folder, services: list[str]) -> None:
    servers = [f"nats-{number}.nats-servers" for number in range(NATS_SERVERS)]
    names = {each: [each, f"{each}.{NAMESPACE}.svc"] for each in services}
    names["nats"] = ["nats", f"nats.{NAMESPACE}.svc", *servers]
    there = [name for name in names if (made.folder / f"{name}-tls").exists()]
    if len(there) == len(names):
        return
    if there:
        raise SystemExit("certificates are of one authority: to renew any, delete all *-tls")
    for name, certificate in certificates.issue(names).items():
        made.put(f"{name}-tls", "tls.crt", partial(str, certificate.chain))
        made.put(f"{name}-tls", "tls.key", partial(str, certificate.key))
        made.put(f"{name}-tls", "ca.crt", partial(str, certificate.authority))


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.cluster_secrets", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--store-url",
        default=EMBEDDED,
        help="with {service} and {password}, for instance postgresql+psycopg://cards_{service}:"
        "{password}@db.example.com/cards_{service}?sslmode=verify-full"
        "&sslrootcert=/run/cards/store/ca.crt; without it stores are embedded",
    )
    parser.add_argument("--store-ca", type=Path, help="who certifies the databases (PEM)")
    parser.add_argument(
        "--certificates", action="store_true", help="an authority of our own, good for a year"
    )
    asked = parser.parse_args()
    store_ca = asked.store_ca.read_text() if asked.store_ca else ""
    made = make(
        asked.folder,
        store_url=asked.store_url,
        store_ca=store_ca,
        with_certificates=asked.certificates,
    )
    print(f"{len(made.objects())} objects. To create them: kubectl apply -k {made.folder}")


if __name__ == "__main__":
    main()
