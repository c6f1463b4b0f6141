"""Signing: access tokens for people, certificates of destruction, and the keys for both."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey

from chassis.crypto.roots import RootKeys
from chassis.crypto.sealing import SealBroken
from chassis.kernel.errors import Unavailable
from chassis.kernel.ids import derive
from chassis.ports import Ports
from chassis.tokens import ALGORITHM, AUTH, LIFETIME_SECONDS, SigningKey
from chassis.work import Settled
from services.auth import queries
from services.auth.domain.credentials import Identity
from services.auth.domain.data_keys import DataKeys
from services.auth.domain.session import Session
from services.auth.domain.signing_keys import ONLY, SIGNING_KEYS, RotateSigningKey, SigningKeys
from services.auth.use_cases.units import ACTOR, Inside

PRIVATE_KEY_BYTES = 32
ROTATION_CHECK_SECONDS = 3_600.0
CERTIFICATE_TYPE = "destruction-certificate+jwt"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token and when it ends."""

    text: str = field(repr=False)
    expires_at: datetime


class Signer:
    """Signs with the active key, which it reads when it is first needed."""

    def __init__(self, ports: Ports, roots: RootKeys) -> None:
        self._ports = ports
        self._roots = roots
        self._private: dict[str, OKPKey] = {}

    async def access_token(self, session: Session, identity: Identity) -> AccessToken:
        """The token of a session as of its last refresh: the same as long as the key is."""
        assert session.refreshed_at is not None
        key_id, key = await self._active()
        text = SigningKey(key, AUTH).sign(
            identity.subject,
            now=session.refreshed_at,
            token_id=derive("access_token", session.session_id, str(session.generation), key_id),
            kind=identity.kind.value,
            roles=list(identity.roles),
            customer_id=identity.customer_id,
            aal=session.assurance_level,
            sid=session.session_id,
        )
        issued_at = session.refreshed_at.replace(microsecond=0)
        return AccessToken(text, issued_at + timedelta(seconds=LIFETIME_SECONDS))

    async def published(self) -> tuple[str, str]:
        """The JWK set as text, and the id of the key that signs now."""
        now = self._ports.clock.now()
        keys = await self._keys()
        jwks = [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": key.public_key,
                "kid": key.key_id,
                "use": "sig",
                "alg": ALGORITHM,
                "iss": AUTH,
            }
            for key in keys.published(now)
        ]
        active = keys.active(now)
        return json.dumps({"keys": jwks}), active.key_id if active else ""

    async def run(self) -> None:
        """Announce a new key every 30 days, for ever."""
        while True:
            await self.rotate_if_due()
            await self._ports.sleep(ROTATION_CHECK_SECONDS)

    async def rotate_if_due(self) -> None:
        """Announce a new key if the newest one has signed for 30 days."""
        if (await self._keys()).is_due(self._ports.clock.now()):
            command, inside = await self.rotation(if_due=True)
            await self._ports.application.execute(command, actor=ACTOR, inside=inside)

    async def rotation(self, *, if_due: bool = False) -> tuple[RotateSigningKey, Inside]:
        """What announces a new key."""
        seed = self._ports.random.randbytes(PRIVATE_KEY_BYTES)
        key = _okp_key(seed)
        key_id = key.thumbprint()
        wrapped = await self._roots.wrap(seed, _name(key_id))

        def inside(connection: Any, settled: Settled) -> None:
            if settled.facts:
                queries.insert_signing_key(connection, key_id, wrapped)

        public = key.as_dict(private=False)["x"]
        return RotateSigningKey(key_id=key_id, public_key=str(public), if_due=if_due), inside

    async def certificate(self, state: DataKeys) -> str:
        """A compact JWS over what was destroyed, when and by whose wish."""
        assert state.destroyed_at is not None
        key_id, key = await self._active()
        payload = {
            "iss": AUTH,
            "jti": state.certificate_id,
            "sub": state.subject,
            "destroyed_keys": list(state.destroyed_keys),
            "destroyed_by": state.destroyed_by,
            "destroyed_at": state.destroyed_at.isoformat(),
        }
        header = {"alg": ALGORITHM, "kid": key_id, "typ": CERTIFICATE_TYPE}
        body = json.dumps(payload, sort_keys=True, separators=(",", ":"))
        return jws.serialize_compact(header, body, key, algorithms=[ALGORITHM])

    async def _keys(self) -> SigningKeys:
        keys = await self._ports.application.find(SIGNING_KEYS, ONLY)
        return keys or SigningKeys()

    async def _active(self) -> tuple[str, OKPKey]:
        active = (await self._keys()).active(self._ports.clock.now())
        if active is None:
            raise Unavailable("SIGNING_KEY_MISSING", "there is no signing key yet")
        key = self._private.get(active.key_id)
        if key is None:
            wrapped = await self._ports.database.read(
                lambda connection: queries.find_signing_key(connection, active.key_id)
            )
            if wrapped is None:
                raise SealBroken("the private half of a signing key is not here")
            key = _okp_key(await self._roots.unwrap(wrapped, _name(active.key_id)))
            self._private[active.key_id] = key
        return active.key_id, key


def _okp_key(seed: bytes) -> OKPKey:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public), "d": _base64url(seed)}
    )


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _name(key_id: str) -> str:
    return f"signing_key/{key_id}"
