"""Everything secret of auth in one place, made from the root key."""

from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.crypto.keys import FieldKeys
from chassis.crypto.passwords import OWASP_19M, HashingPool, Parameters, PasswordHasher, in_line
from chassis.crypto.roots import EmbeddedRootKeys, RootKeys, root_keys_from_file
from chassis.crypto.sealing import keyed_hash, text_of
from chassis.database import ThreadRunner
from chassis.ports import Ports
from services.auth.config import AuthSettings
from services.auth.use_cases.handles import Handles
from services.auth.use_cases.key_ring import KeyRing
from services.auth.use_cases.signing import Signer

PEPPER_VERSIONS = (1,)
"""The highest is used for new hashes; older ones verify until their passwords are hashed anew."""


class Safe(FieldKeys):
    """The `keys` port of auth: field encryption whose data keys it makes itself, and the rest."""

    def __init__(self, ports: Ports, roots: RootKeys, parameters: Parameters) -> None:
        self.ring = KeyRing(ports, roots)
        super().__init__(
            self.ring,
            clock=ports.clock,
            lookup_secret=roots.derive("lookup/1"),
            random_bytes=ports.random.randbytes,
        )
        self.handles = Handles(roots.derive("handles/1"))
        self.signer = Signer(ports, roots)
        self.audit_key = Ed25519PrivateKey.from_private_bytes(roots.derive("audit/1"))
        self._roots = roots
        self._commitments = roots.derive("commitments/1")
        # Threads in production; in line where time is virtual or stands still.
        threads = isinstance(ports.database.runner, ThreadRunner)
        settings: AuthSettings = ports.settings
        pool = HashingPool(settings.hashing_workers, settings.hashing_waiting_limit)
        self.hasher = PasswordHasher(
            {version: roots.derive(f"pepper/{version}") for version in PEPPER_VERSIONS},
            parameters=parameters,
            offload=pool if threads else in_line,
            random_bytes=ports.random.randbytes,
        )

    def commitment(self, credential_id: str, verifier: str) -> str:
        """A keyed hash that ties a credential in the log to its verifier in a row."""
        return text_of(keyed_hash(self._commitments, credential_id, body=verifier.encode()))

    def first_secret(self, login_name: str) -> bytes:
        """What the first password of a first identity is made of."""
        return self._roots.derive(f"first/{login_name}")


def open_safe(ports: Ports, settings: AuthSettings, parameters: Parameters = OWASP_19M) -> Safe:
    """The safe of a service that is being put together."""
    if settings.root_key is not None:
        key = bytes.fromhex(settings.root_key.get_secret_value())
        return Safe(ports, EmbeddedRootKeys({1: key}, ports.random.randbytes), parameters)
    roots = root_keys_from_file(settings.root_key_path, ports.random.randbytes)
    return Safe(ports, roots, parameters)


def safe_of(ports: Any) -> Safe:
    """The safe of a service that runs."""
    return cast(Safe, ports.keys)
