"""The `keys` port of a service: seal and open personal fields, look secrets up by keyed hash."""

import os
from collections.abc import Callable
from typing import Protocol

from chassis.crypto import sealing
from chassis.crypto.data_keys import (
    NEWEST,
    DataKey,
    DataKeyCache,
    DataKeySource,
    LocalKeySource,
    RemoteKeySource,
    RpcPort,
)
from chassis.kernel.clock import Clock, FixedClock
from chassis.kernel.errors import NotFound

LOOKUP_SECRET_BYTES_LEAST = 32
LOOKUP_FORMAT = "h1"


class Keys(Protocol):
    """Field encryption with a data key per subject and purpose.

    `subject` is `<kind>:<id>` (`customer:…`), `purpose` is `<service>.<what>`
    (`accounts.personal`), `place` says where the sealed text is to stand
    (`CustomerRegistered.name`): opened anywhere else, or for anybody else, it raises SealBroken.
    """

    async def seal(self, subject: str, purpose: str, plaintext: bytes, place: str) -> str:
        """The sealed text. Raises NotFound KEY_DESTROYED, Unavailable."""
        ...

    async def open(self, subject: str, purpose: str, sealed: str, place: str) -> bytes:
        """The plaintext. Raises NotFound KEY_DESTROYED (at most DATA_KEY_CACHE_SECONDS after the
        destruction), NotFound KEY_UNKNOWN, SealBroken, Unavailable."""
        ...

    def lookup_hash(self, purpose: str, plaintext: bytes) -> str:
        """A keyed hash to find equal plaintexts by: the same for this service and purpose only."""
        ...


class FieldKeys:
    """Keys over any source of data keys. `random_bytes` gives nonces: seeded in a simulation."""

    def __init__(
        self,
        source: DataKeySource,
        *,
        clock: Clock,
        lookup_secret: bytes,
        random_bytes: Callable[[int], bytes] = os.urandom,
        cache: DataKeyCache | None = None,
    ) -> None:
        if len(lookup_secret) < LOOKUP_SECRET_BYTES_LEAST:
            raise ValueError(f"the lookup secret has at least {LOOKUP_SECRET_BYTES_LEAST} bytes")
        self._source = source
        self._lookup_secret = lookup_secret
        self._random_bytes = random_bytes
        self._cache = cache or DataKeyCache(clock)

    async def seal(self, subject: str, purpose: str, plaintext: bytes, place: str) -> str:
        key = await self._key(subject, purpose, NEWEST)
        nonce = self._random_bytes(sealing.NONCE_BYTES)
        about = sealing.joined(subject, purpose, place)
        return sealing.seal(key.key, key.version, plaintext, about, nonce)

    async def open(self, subject: str, purpose: str, sealed: str, place: str) -> bytes:
        key = await self._key(subject, purpose, sealing.version_of(sealed))
        return sealing.unseal(key.key, sealed, sealing.joined(subject, purpose, place))

    def lookup_hash(self, purpose: str, plaintext: bytes) -> str:
        hashed = sealing.keyed_hash(self._lookup_secret, "lookup", purpose, body=plaintext)
        return f"{LOOKUP_FORMAT}.{sealing.text_of(hashed)}"

    def forget(self, subject: str) -> None:
        """Drop the keys of a subject from memory now, on hearing that they were destroyed."""
        self._cache.forget(subject)

    async def _key(self, subject: str, purpose: str, version: int) -> DataKey:
        key = self._cache.find(subject, purpose, version)
        if key is not None:
            return key
        try:
            if version == NEWEST:
                key = await self._source.create(subject, purpose)
            else:
                key = await self._source.get(subject, purpose, version)
        except NotFound as failure:
            if failure.reason == "KEY_DESTROYED":
                self._cache.mark_destroyed(subject, purpose, version)
            raise
        self._cache.keep(key, version)
        return key


class KeyServiceClient(FieldKeys):
    """Keys whose data keys come from auth's KeyService."""

    def __init__(
        self,
        rpc: RpcPort,
        *,
        clock: Clock,
        lookup_secret: bytes,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        super().__init__(
            RemoteKeySource(rpc),
            clock=clock,
            lookup_secret=lookup_secret,
            random_bytes=random_bytes,
        )


class LocalKeys(FieldKeys):
    """Keys whose data keys are in memory: for tests and the simulation."""

    def __init__(
        self,
        source: LocalKeySource | None = None,
        *,
        clock: Clock | None = None,
        lookup_secret: bytes = b"a lookup secret for tests only!!",
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.local = source or LocalKeySource(random_bytes)
        super().__init__(
            self.local,
            clock=clock or FixedClock(),
            lookup_secret=lookup_secret,
            random_bytes=random_bytes,
        )
