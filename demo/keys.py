"""The keys and passwords of a system on one machine, made once and kept in files of mode 600."""

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from chassis.tokens import SigningKey

PASSWORD_BYTES = 24
LOOKUP_SECRET_BYTES = 32


class SystemKeys:
    """Everything secret of a system in `folder`; the same after a restart."""

    def __init__(self, folder: Path, services: Sequence[str], nats_users: Sequence[str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for service in services:
            if not self.signing_key_path(service).exists():
                key = SigningKey.generate(f"service:{service}")
                key.save(self.signing_key_path(service))
        keys = [SigningKey.load(self.signing_key_path(service)).public() for service in services]
        self.trust_bundle_path.write_text(json.dumps({"keys": keys}, indent=2))
        self._secrets = self._load(services, nats_users)

    def signing_key_path(self, service: str) -> Path:
        """The private key a service signs its tokens with."""
        return self.folder / f"{service}.signing_key.json"

    @property
    def trust_bundle_path(self) -> Path:
        """Whose public key is whose."""
        return self.folder / "trust_bundle.json"

    @property
    def bootstrap_path(self) -> Path:
        """The credentials of the first operators, written by auth when it first starts."""
        return self.folder / "bootstrap.json"

    @property
    def root_key_path(self) -> Path:
        """The key that auth's key-encryption keys are wrapped with."""
        return self.folder / "root_keys.json"

    def nats_password(self, service: str) -> str:
        """Of the service's user at NATS."""
        return self._secrets["nats"][service]

    def lookup_secret(self, service: str) -> str:
        """What the service's look-up hashes are keyed with, hexadecimal."""
        return self._secrets["lookup"][service]

    def _load(
        self, services: Sequence[str], nats_users: Sequence[str]
    ) -> dict[str, dict[str, str]]:
        path = self.folder / "secrets.json"
        if path.exists():
            stored: dict[str, dict[str, str]] = json.loads(path.read_text())
            return stored
        made = {
            "nats": {each: secrets.token_urlsafe(PASSWORD_BYTES) for each in nats_users},
            "lookup": {each: secrets.token_hex(LOOKUP_SECRET_BYTES) for each in services},
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(made, file)
        return made
