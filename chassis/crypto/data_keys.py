"""Where data keys come from, and how long one is remembered."""

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cards.auth.v1 import key_service_pb2 as messages
from cards.auth.v1.key_service_pb2_grpc import KeyServiceStub

from chassis.crypto.sealing import KEY_BYTES
from chassis.kernel import ids
from chassis.kernel.clock import Clock
from chassis.kernel.errors import NotFound

DATA_KEY_CACHE_SECONDS = 60.0
"""How long a process may go on opening after the keys of a subject were destroyed elsewhere."""

DATA_KEY_CACHE_ENTRIES = 20_000
NEWEST = 0


@dataclass(frozen=True, slots=True)
class DataKey:
    """32 bytes for AES-256, in clear; never printed."""

    subject: str
    purpose: str
    version: int
    key: bytes = field(repr=False)


class DataKeySource(Protocol):
    """Gives data keys, or raises NotFound KEY_UNKNOWN or KEY_DESTROYED."""

    async def create(self, subject: str, purpose: str) -> DataKey:
        """The newest key of a subject and purpose, made now if there was none."""
        ...

    async def get(self, subject: str, purpose: str, version: int) -> DataKey:
        """One version of a key that exists."""
        ...


class RpcPort(Protocol):
    """What is needed of the rpc client: a stub that raises kernel errors."""

    def stub(self, stub: Any, service: str) -> Any:
        """A stub of a service by its name."""
        ...


def destroyed(subject: str) -> NotFound:
    """What everybody gets who asks for a key that was destroyed."""
    return NotFound("KEY_DESTROYED", "the data keys of this subject have been destroyed")


def unknown(subject: str) -> NotFound:
    """What everybody gets who asks for a key that never was."""
    return NotFound("KEY_UNKNOWN", "there is no data key for this subject and purpose")


class RemoteKeySource:
    """Data keys from auth's KeyService, over our own authenticated channel."""

    def __init__(self, rpc: RpcPort) -> None:
        self._rpc = rpc

    async def create(self, subject: str, purpose: str) -> DataKey:
        # Asking is cheaper for the key service than making, and mostly enough.
        try:
            return await self.get(subject, purpose, NEWEST)
        except NotFound as failure:
            if failure.reason != "KEY_UNKNOWN":
                raise
        request = messages.CreateDataKeyRequest(
            idempotency_key=ids.derive("data_key", subject, purpose),
            subject=subject,
            purpose=purpose,
        )
        answer = await self._rpc.stub(KeyServiceStub, "auth").CreateDataKey(request)
        return _data_key(answer.data_key)

    async def get(self, subject: str, purpose: str, version: int) -> DataKey:
        request = messages.GetDataKeyRequest(subject=subject, purpose=purpose, version=version)
        answer = await self._rpc.stub(KeyServiceStub, "auth").GetDataKey(request)
        return _data_key(answer.data_key)


def _data_key(message: messages.DataKey) -> DataKey:
    return DataKey(message.subject, message.purpose, message.version, message.key)


class LocalKeySource:
    """Data keys in memory, for tests and the simulation; it outlives the crash of a service."""

    def __init__(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._random_bytes = random_bytes
        self._keys: dict[tuple[str, str], DataKey] = {}
        self._destroyed: set[str] = set()

    async def create(self, subject: str, purpose: str) -> DataKey:
        self._refuse_destroyed(subject)
        key = self._keys.get((subject, purpose))
        if key is None:
            key = DataKey(subject, purpose, 1, self._random_bytes(KEY_BYTES))
            self._keys[(subject, purpose)] = key
        return key

    async def get(self, subject: str, purpose: str, version: int) -> DataKey:
        self._refuse_destroyed(subject)
        key = self._keys.get((subject, purpose))
        if key is None or version not in (NEWEST, key.version):
            raise unknown(subject)
        return key

    def destroy(self, subject: str) -> None:
        """Forget every key of a subject for ever."""
        self._destroyed.add(subject)
        for place in [place for place in self._keys if place[0] == subject]:
            del self._keys[place]

    def _refuse_destroyed(self, subject: str) -> None:
        if subject in self._destroyed:
            raise destroyed(subject)


class DataKeyCache:
    """Remembers up to `entries` keys, each for `seconds`; the least used go first.

    A destroyed subject is remembered as such: destruction is for ever, so that answer never ages.
    """

    def __init__(
        self,
        clock: Clock,
        seconds: float = DATA_KEY_CACHE_SECONDS,
        entries: int = DATA_KEY_CACHE_ENTRIES,
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._entries = entries
        self._kept: OrderedDict[tuple[str, str, int], tuple[float, DataKey | None]] = OrderedDict()

    def find(self, subject: str, purpose: str, version: int) -> DataKey | None:
        """A key that is fresh enough; None if there is none; NotFound KEY_DESTROYED."""
        place = (subject, purpose, version)
        found = self._kept.get(place)
        if found is None:
            return None
        until, key = found
        if key is None:
            raise destroyed(subject)
        if self._clock.monotonic() >= until:
            del self._kept[place]
            return None
        self._kept.move_to_end(place)
        return key

    def keep(self, key: DataKey, version: int) -> None:
        """Remember a key under the version it was asked by."""
        self._put((key.subject, key.purpose, version), key)

    def mark_destroyed(self, subject: str, purpose: str, version: int) -> None:
        """Remember that there is nothing to be had any more."""
        self._put((subject, purpose, version), None)

    def forget(self, subject: str) -> None:
        """Drop every key of a subject at once."""
        for place in [place for place in self._kept if place[0] == subject]:
            del self._kept[place]

    def _put(self, place: tuple[str, str, int], key: DataKey | None) -> None:
        self._kept[place] = (self._clock.monotonic() + self._seconds, key)
        self._kept.move_to_end(place)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)
