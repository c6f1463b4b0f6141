"""Access tokens (RFC 9068, Ed25519 only): services sign their own, auth signs people's."""

import asyncio
import base64
import json
import os
import re
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OKPKey

from chassis.bounded import Bounded
from chassis.call import SERVICE, Principal
from chassis.kernel.clock import Clock
from chassis.kernel.errors import Error, Unauthenticated, Unavailable
from chassis.logs import log

ALGORITHM = "Ed25519"
"""The fully specified name (RFC 9864) of what used to be EdDSA; no other is accepted."""
TOKEN_TYPE = "at+jwt"
AUDIENCE = "cards"
AUTH = "auth"
LIFETIME_SECONDS = 300
MAX_LIFETIME_SECONDS = 3_600
LEEWAY_SECONDS = 5
MAX_TOKEN_CHARACTERS = 4_096
CACHED_TOKENS = 16_384
KEYS_FRESH_SECONDS = 300.0
FETCH_PAUSE_SECONDS = 5.0
"""Between two fetches of auth's keys, however many tokens name a key nobody knows."""

_SUBJECT = re.compile(r"([a-z]{1,20}):[A-Za-z0-9_-]{1,64}")
_CUSTOMER = re.compile(r"[A-Za-z0-9_-]{0,64}")
_ROLE = re.compile(r"[a-z][a-z_:]{1,39}")
_MAX_ROLES = 16

FetchKeys = Callable[[], Awaitable[str]]
"""auth's GetSigningKeys: the JWK set as JSON text."""


class SigningKey:
    """A private key and whose it is (`service:accounts`, or `auth` for people's tokens)."""

    def __init__(self, key: OKPKey, issuer: str) -> None:
        self._key = key
        self.issuer = issuer
        self.key_id = key.thumbprint()

    @classmethod
    def generate(cls, issuer: str) -> "SigningKey":
        """A new key."""
        return cls(OKPKey.generate_key("Ed25519"), issuer)

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """A key from a file that `save` wrote."""
        stored = json.loads(path.read_text())
        return cls(OKPKey.import_key(_jwk(stored)), stored["iss"])

    def save(self, path: Path) -> None:
        """Write the private key to a new file that only its owner may read."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({**self._key.as_dict(private=True), "iss": self.issuer}, file)

    @property
    def private_key(self) -> Ed25519PrivateKey:
        """For other signatures of the same owner: checkpoints of its audit log."""
        key = self._key.private_key
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError("a signing key is private and of the curve Ed25519")
        return key

    def public(self) -> dict[str, Any]:
        """The public key as a JWK, with `iss` saying whose it is, for a JWK set."""
        public = self._key.as_dict(private=False)
        more = {"kid": self.key_id, "use": "sig", "alg": ALGORITHM, "iss": self.issuer}
        return {**public, **more}

    def sign(
        self,
        subject: str,
        *,
        now: datetime,
        token_id: str,
        lifetime_seconds: int = LIFETIME_SECONDS,
        audience: str = AUDIENCE,
        **claims: Any,
    ) -> str:
        """A token for `subject`. People's have the claims kind, roles, customer_id, aal, sid."""
        issued = int(now.timestamp())
        standard = {
            "iss": self.issuer, "sub": subject, "aud": audience, "iat": issued,
            "exp": issued + lifetime_seconds, "jti": token_id,
        }  # fmt: skip
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self.key_id}
        return jwt.encode(header, {**claims, **standard}, self._key, algorithms=[ALGORITHM])


class ServiceTokens:
    """The token that a service shows to others: signed by itself, renewed at half of its life."""

    def __init__(self, key: SigningKey, clock: Clock, new_id: Callable[[], str]) -> None:
        self._key = key
        self._clock = clock
        self._new_id = new_id
        self._token = ""
        self._renew_at = 0.0

    def current(self) -> str:
        """A token that is good for at least half of its lifetime."""
        now = self._clock.now()
        if now.timestamp() >= self._renew_at:
            self._token = self._key.sign(self._key.issuer, now=now, token_id=self._new_id())
            self._renew_at = now.timestamp() + LIFETIME_SECONDS / 2
        return self._token


class TrustBundle:
    """Whose signature counts: the services' public keys from a file, and auth's, fetched."""

    def __init__(
        self, keys: Iterable[Mapping[str, Any]], clock: Clock, fetch: FetchKeys | None = None
    ) -> None:
        self._services = {key["kid"]: (key["iss"], _public(key)) for key in keys}
        self._people: dict[str, OKPKey] = {}
        self._clock = clock
        self._fetch = fetch
        self._fetching = asyncio.Lock()
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    @classmethod
    def load(cls, path: Path, clock: Clock, fetch: FetchKeys | None = None) -> "TrustBundle":
        """The bundle in a JWKS file; each key has `kid` and `iss`."""
        return cls(json.loads(path.read_text())["keys"], clock, fetch)

    async def find(self, key_id: str, issuer: str) -> OKPKey:
        """The key with this id, if it is this issuer's. Raises Unauthenticated, or Unavailable
        when it may be a key of auth's and auth cannot be asked."""
        if issuer != AUTH:
            owner, key = self._services.get(key_id, ("", None))
            if key is not None and owner == issuer:
                return key
            raise Unauthenticated("TOKEN_KEY_UNKNOWN", "nobody we trust has that key")
        now = self._clock.monotonic()
        if key_id in self._people:
            # While one caller asks, nobody else waits for an auth that may never answer.
            due = now - self._fetched_at > KEYS_FRESH_SECONDS and not self._fetching.locked()
        else:
            due = True
        if due and now - self._tried_at > FETCH_PAUSE_SECONDS:
            await self._refresh()
        if key_id in self._people:
            return self._people[key_id]
        if self._fetched_at < self._tried_at:
            raise Unavailable("SIGNING_KEYS_UNAVAILABLE", "auth's keys cannot be fetched now")
        raise Unauthenticated("TOKEN_KEY_UNKNOWN", "auth has no such key")

    async def _refresh(self) -> None:
        asked_at = self._clock.monotonic()
        async with self._fetching:
            if self._tried_at >= asked_at or self._fetch is None:
                return
            try:
                published = json.loads(await self._fetch())["keys"]
                self._people = {key["kid"]: _public(key) for key in published}
                self._fetched_at = self._tried_at = self._clock.monotonic()
            except (Error, ValueError, LookupError, TypeError, JoseError) as error:
                # The keys we have stay good; find() refuses whoever needs another.
                self._tried_at = self._clock.monotonic()
                log("signing_keys_not_fetched", level="warning", error=type(error).__name__)


@dataclass(frozen=True, slots=True)
class Verified:
    """Who a token is of, and until when: seconds since 1970, leeway left out."""

    principal: Principal
    expires_at: float


class TokenVerifier:
    """Tells from a token who is calling. What was verified is remembered until it expires."""

    def __init__(self, bundle: TrustBundle, clock: Clock, audience: str = AUDIENCE) -> None:
        self._bundle = bundle
        self._clock = clock
        self._audience = {"essential": True, "value": audience}
        self._cache: Bounded[bytes, Verified] = Bounded(CACHED_TOKENS)

    async def verify(self, token: str) -> Principal:
        """Whose token it is. Raises what `examine` raises."""
        return (await self.examine(token)).principal

    def seconds_left(self, verified: Verified) -> float:
        """For how long a token is accepted yet."""
        return verified.expires_at + LEEWAY_SECONDS - self._clock.now().timestamp()

    async def examine(self, token: str) -> Verified:
        """Raises Unauthenticated: TOKEN_MALFORMED, TOKEN_KEY_UNKNOWN, TOKEN_FORGED, TOKEN_EXPIRED,
        TOKEN_CLAIM_INVALID; Unavailable: SIGNING_KEYS_UNAVAILABLE."""
        digest = sha256(token.encode(errors="replace")).digest()
        now = self._clock.now().timestamp()
        known = self._cache.get(digest)
        if known is None:
            known = await self._verify(token, now)
            self._cache.put(digest, known)
        if known.expires_at + LEEWAY_SECONDS <= now:
            raise Unauthenticated("TOKEN_EXPIRED", "the token has expired")
        return known

    async def _verify(self, token: str, now: float) -> Verified:
        header, unverified = _peek(token)
        key_id, issuer = header.get("kid"), unverified.get("iss")
        if (
            header.get("alg") != ALGORITHM
            or header.get("typ") != TOKEN_TYPE
            or not isinstance(key_id, str)
            or not isinstance(issuer, str)
        ):
            raise Unauthenticated("TOKEN_MALFORMED", "not an access token of ours")
        key = await self._bundle.find(key_id, issuer)
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise Unauthenticated("TOKEN_FORGED", "the token's signature is wrong") from error
        self._check(claims, now)
        return Verified(_principal(claims), float(claims["exp"]))

    def _check(self, claims: dict[str, Any], now: float) -> None:
        present: jwt.ClaimsOption = {"essential": True}
        registry = jwt.JWTClaimsRegistry(
            now=int(now), leeway=LEEWAY_SECONDS, aud=self._audience,  # type: ignore[arg-type]
            iss=present, sub=present, exp=present, iat=present, jti=present,
        )  # fmt: skip
        try:
            registry.validate(claims)
        except ExpiredTokenError as error:
            raise Unauthenticated("TOKEN_EXPIRED", "the token has expired") from error
        except JoseError as error:
            claim = getattr(error, "claim", "")
            raise _bad_claim(claim if claim in registry.options else "another") from error
        if claims["exp"] - claims["iat"] > MAX_LIFETIME_SECONDS:
            raise _bad_claim("exp")


def _peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, not verified. Raises Unauthenticated unless the token is in the one
    canonical spelling, so that one token cannot be shown as several."""
    parts = token.split(".")
    try:
        if len(parts) != 3 or len(token) > MAX_TOKEN_CHARACTERS:
            raise ValueError
        decoded = [base64.b64decode(part + "=" * (-len(part) % 4), "-_", True) for part in parts]
        if any(
            base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part
            for raw, part in zip(decoded, parts, strict=True)
        ):
            raise ValueError
        header, claims = json.loads(decoded[0]), json.loads(decoded[1])
        if not (isinstance(header, dict) and isinstance(claims, dict)):
            raise ValueError
    except (ValueError, NotBase64, RecursionError) as error:
        raise Unauthenticated("TOKEN_MALFORMED", "not an access token of ours") from error
    return header, claims


def _principal(claims: Mapping[str, Any]) -> Principal:
    subject, issuer = claims["sub"], claims["iss"]
    matched = _SUBJECT.fullmatch(subject)
    if matched is None:
        raise _bad_claim("sub")
    kind = matched.group(1)
    if issuer != AUTH:
        # A service speaks for itself alone, whatever else it may have signed.
        if subject != issuer or kind != SERVICE:
            raise _bad_claim("sub")
        return Principal(subject=subject, kind=SERVICE)
    if kind == SERVICE or claims.get("kind") != kind:
        raise _bad_claim("kind")
    roles, customer_id = claims.get("roles", []), claims.get("customer_id", "")
    assurance_level = claims.get("aal", 0)
    if not (isinstance(customer_id, str) and _CUSTOMER.fullmatch(customer_id)):
        raise _bad_claim("customer_id")
    if type(assurance_level) is not int or not 0 <= assurance_level <= 3:
        raise _bad_claim("aal")
    if not (
        isinstance(roles, list)
        and len(roles) <= _MAX_ROLES
        and all(isinstance(role, str) and _ROLE.fullmatch(role) for role in roles)
    ):
        raise _bad_claim("roles")
    return Principal(subject, kind, tuple(sorted(set(roles))), customer_id, assurance_level)


def _bad_claim(claim: str) -> Unauthenticated:
    return Unauthenticated("TOKEN_CLAIM_INVALID", "a claim of the token is wrong", claim=claim)


def _jwk(stored: Mapping[str, Any]) -> dict[str, str | list[str]]:
    return {name: stored[name] for name in ("kty", "crv", "x", "d") if name in stored}


def _public(stored: Mapping[str, Any]) -> OKPKey:
    """The public half only, and only of an Ed25519 key."""
    key = {name: stored[name] for name in ("kty", "crv", "x")}
    if key["kty"] != "OKP" or key["crv"] != "Ed25519":
        raise ValueError(f"only Ed25519 keys are used, not {key['crv']}")
    return OKPKey.import_key(key)
