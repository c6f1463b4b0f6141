"""Data keys wrapped by versioned key-encryption keys, which are wrapped by the root key."""

from typing import Any

from chassis.crypto import sealing
from chassis.crypto.data_keys import NEWEST, DataKey, destroyed, unknown
from chassis.crypto.roots import RootKeys
from chassis.kernel.errors import NotFound, Unavailable
from chassis.ports import Ports
from chassis.work import Settled
from services.auth import queries
from services.auth.domain.data_keys import DATA_KEYS, FIRST_VERSION, CreateDataKey, DestroyDataKeys
from services.auth.domain.key_encryption_keys import (
    KEY_ENCRYPTION_KEYS,
    ONLY,
    RecordRewrap,
    RotateKeyEncryptionKey,
)
from services.auth.queries import WrappedDataKey
from services.auth.use_cases.units import ACTOR, Inside, settle

IDENTITY_PREFIX = "identity:"


class KeyRing:
    """Creates, gives, wraps anew and destroys data keys. It is the DataKeySource of auth itself.

    Methods that change something give the command and what is to be written with it, so that
    whoever calls decides how it is answered.
    """

    def __init__(self, ports: Ports, roots: RootKeys) -> None:
        self._ports = ports
        self._roots = roots
        self._unwrapped: dict[int, bytes] = {}

    async def create(self, subject: str, purpose: str) -> DataKey:
        """The newest key of a subject and purpose, made now if there was none."""
        try:
            return await self.get(subject, purpose, NEWEST)
        except NotFound as failure:
            if failure.reason != "KEY_UNKNOWN":
                raise
        command, inside = await self.creation(subject, purpose)
        await self._ports.application.execute(command, actor=ACTOR, inside=inside)
        return await self.get(subject, purpose, NEWEST)

    async def get(self, subject: str, purpose: str, version: int) -> DataKey:
        """A key. Raises NotFound KEY_UNKNOWN, KEY_DESTROYED."""
        row = await self._ports.database.read(
            lambda connection: queries.find_data_key(connection, subject, purpose, version)
        )
        if row is None:
            state = await self._ports.application.find(DATA_KEYS, subject)
            gone = state is not None and state.destroyed_at is not None
            raise destroyed(subject) if gone else unknown(subject)
        return DataKey(subject, purpose, row.version, await self._opened(row))

    async def creation(self, subject: str, purpose: str) -> tuple[CreateDataKey, Inside]:
        """What makes a data key, unless there is one."""
        version = await self._active()
        key = self._ports.random.randbytes(sealing.KEY_BYTES)
        row = await self._wrapped(DataKey(subject, purpose, FIRST_VERSION, key), version)

        def inside(connection: Any, settled: Settled) -> None:
            if settled.facts:
                queries.insert_data_key(connection, row)

        return CreateDataKey(
            subject=subject, purpose=purpose, key_encryption_key_version=version
        ), inside

    async def rotation(self) -> tuple[RotateKeyEncryptionKey, Inside]:
        """What makes the next key-encryption key."""
        state = await self._ports.application.find(KEY_ENCRYPTION_KEYS, ONLY)
        version = (state.active if state else 0) + 1
        key = self._ports.random.randbytes(sealing.KEY_BYTES)
        wrapped = await self._roots.wrap(key, _name(version))

        def inside(connection: Any, settled: Settled) -> None:
            if settled.facts:
                queries.insert_key_encryption_key(connection, version, wrapped)

        return RotateKeyEncryptionKey(version=version), inside

    async def rewrap(self, limit: int) -> tuple[int, int]:
        """Wrap up to `limit` keys anew under the active version: how many, and how many remain."""
        version = await self._active()
        old = await self._ports.database.read(
            lambda connection: queries.data_keys_wrapped_before(connection, version, limit)
        )
        pairs = [(row, await self._rewrapped(row, version)) for row in old]

        def inside(connection: Any, settled: Settled) -> None:
            for before, after in pairs:
                queries.replace_wrapping(connection, before, after)

        if pairs:
            batch_id = self._ports.ids.new()
            await settle(
                self._ports,
                RecordRewrap(version=version, batch_id=batch_id, rewrapped=len(pairs)),
                inside=inside,
            )
        remaining = await self._ports.database.read(
            lambda connection: queries.count_data_keys_wrapped_before(connection, version)
        )
        return len(pairs), remaining

    def destruction(self, subject: str, by: str) -> tuple[DestroyDataKeys, Inside]:
        """What destroys every key of a subject, and whatever an identity is verified with."""

        def inside(connection: Any, settled: Settled) -> None:
            queries.delete_data_keys(connection, subject)
            if subject.startswith(IDENTITY_PREFIX):
                identity_id = subject.removeprefix(IDENTITY_PREFIX)
                queries.delete_verifiers_of(connection, identity_id)

        return DestroyDataKeys(subject=subject, by=by), inside

    async def _active(self) -> int:
        state = await self._ports.application.find(KEY_ENCRYPTION_KEYS, ONLY)
        if state is None:
            raise Unavailable("KEY_RING_EMPTY", "there is no key-encryption key yet")
        return state.active

    async def _rewrapped(self, row: WrappedDataKey, version: int) -> WrappedDataKey:
        key = await self._opened(row)
        return await self._wrapped(DataKey(row.subject, row.purpose, row.version, key), version)

    async def _wrapped(self, key: DataKey, version: int) -> WrappedDataKey:
        text = sealing.seal(
            await self._wrapping_key(version),
            version,
            key.key,
            _about(key.subject, key.purpose, key.version),
            self._ports.random.randbytes(sealing.NONCE_BYTES),
        )
        return WrappedDataKey(key.subject, key.purpose, key.version, version, text)

    async def _opened(self, row: WrappedDataKey) -> bytes:
        wrapping = await self._wrapping_key(sealing.version_of(row.wrapped))
        return sealing.unseal(wrapping, row.wrapped, _about(row.subject, row.purpose, row.version))

    async def _wrapping_key(self, version: int) -> bytes:
        key = self._unwrapped.get(version)
        if key is None:
            wrapped = await self._ports.database.read(
                lambda connection: queries.find_key_encryption_key(connection, version)
            )
            if wrapped is None:
                raise sealing.SealBroken("wrapped by a key-encryption key that is not here")
            key = await self._roots.unwrap(wrapped, _name(version))
            self._unwrapped[version] = key
        return key


def _name(version: int) -> str:
    return f"key_encryption_key/{version}"


def _about(subject: str, purpose: str, version: int) -> bytes:
    return sealing.joined("data_key", subject, purpose, str(version))
