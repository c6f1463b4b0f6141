"""Lists of names: gathered piece by piece, read whole or refused, put by, indexed for searches."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
from google.protobuf.message import Message

from chassis.kernel.errors import Error, Exhausted, Invalid
from chassis.ports import Ports
from chassis.work import Settled
from services.risk.domain.screening.commands import StageScreeningList
from services.risk.domain.screening.register import REGISTER, REGISTER_ID, Register, key_of
from services.risk.domain.screening.values import (
    ListEntry,
    ListFormat,
    ListPurpose,
    ListVersion,
)
from services.risk.name_matching.index import NameIndex
from services.risk.queries import screening as queries
from services.risk.use_cases.list_formats import READERS

M = TypeVar("M", bound=Message)

LIST_BYTES_LIMIT = 64 * 1024 * 1024
"""A larger list is refused."""
ENTRIES_LIMIT = 500_000
UPLOADS_LIMIT = 2
"""So many lists may be on their way in at once, as each is held in memory whole."""
ENTRIES_AT_ONCE = 50
"""So many entries are read, or indexed, before others have their turn."""
INDEXES_LIMIT = 60
"""So many versions are kept ready to be asked; the one that was not asked for longest goes."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A list as it was sent. `aliases` is empty where its form has no such file."""

    list_id: str
    purpose: ListPurpose
    format: ListFormat
    content: bytes
    aliases: bytes


@dataclass(slots=True)
class _Building:
    """An index and how far it is: whoever is interrupted leaves it for the next to go on with."""

    index: NameIndex = field(default_factory=NameIndex)
    parts: int = 0
    rest: list[ListEntry] = field(default_factory=list)
    done: bool = False


class ScreeningLists:
    """The steps around the register of lists."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._uploads = 0
        self._indexes: OrderedDict[str, _Building] = OrderedDict()
        self._turn = asyncio.Lock()

    async def register(self) -> Register:
        """The register as of now."""
        found = await self._ports.application.find(REGISTER, REGISTER_ID)
        return found if found is not None else REGISTER.initial

    # Taking a list in

    async def gather(self, pieces: AsyncIterator[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        """The whole list and its aliases. Raises Exhausted, or Invalid when it is too large."""
        if self._uploads >= UPLOADS_LIMIT:
            raise Exhausted("TOO_MANY_UPLOADS", "too many lists are on their way in; try later")
        self._uploads += 1
        try:
            content, aliases = bytearray(), bytearray()
            async for piece, alias in pieces:
                content += piece
                aliases += alias
                if len(content) + len(aliases) > LIST_BYTES_LIMIT:
                    raise Invalid(
                        "SCREENING_LIST_TOO_LARGE",
                        f"a list has at most {LIST_BYTES_LIMIT} bytes",
                        field="content",
                    )
            return bytes(content), bytes(aliases)
        finally:
            self._uploads -= 1

    async def stage(self, upload: Upload, by: str, render: Callable[[Settled, str], M]) -> M:
        """Take a version in. `render` is told which version it is."""
        entries = await self._read(upload)
        version_id = await self._version_of(upload.purpose, entries)
        version_key = key_of(upload.list_id, version_id)
        if version_key not in (await self.register()).versions:
            await self._put_by(version_key, entries)
        command = StageScreeningList(
            list_id=upload.list_id,
            version_id=version_id,
            purpose=upload.purpose,
            format=upload.format,
            content_digest=sha256(upload.content + upload.aliases).hexdigest(),
            entries=len(entries),
            names=sum(len(each.names) for each in entries),
            by=by,
        )
        # Ready before anybody is looked for on it, at least in this process.
        await self._index(ListVersion(list_id=upload.list_id, version_id=version_id))
        return await self._ports.application.answer(
            command, render=lambda settled: render(settled, version_id)
        )

    async def _read(self, upload: Upload) -> list[ListEntry]:
        """All entries in the order of their references. Raises Invalid."""
        found: dict[str, ListEntry] = {}
        reading = READERS[upload.format](upload.content, upload.aliases)
        async for entry in self._unhurried(reading):
            if entry.reference in found:
                raise Invalid(
                    "SCREENING_LIST_MALFORMED", "a reference occurs twice", field="content"
                )
            found[entry.reference] = entry
            if len(found) > ENTRIES_LIMIT:
                raise Invalid(
                    "SCREENING_LIST_TOO_LARGE",
                    f"a list has at most {ENTRIES_LIMIT} entries",
                    field="content",
                )
        if not found:
            raise Invalid("SCREENING_LIST_EMPTY", "there is nobody on the list", field="content")
        return [found[reference] for reference in sorted(found)]

    async def _version_of(self, purpose: ListPurpose, entries: Sequence[ListEntry]) -> str:
        """The hash of what a list says, whatever form it came in."""
        digest = sha256(str(purpose).encode())
        async for entry in self._unhurried(iter(entries)):
            digest.update(b"\n" + msgspec.json.encode(entry))
        return digest.hexdigest()

    async def _unhurried(self, entries: Iterator[ListEntry]) -> AsyncIterator[ListEntry]:
        for number, entry in enumerate(entries, 1):
            yield entry
            if number % ENTRIES_AT_ONCE == 0:
                await self._ports.sleep(0)

    async def _put_by(self, version_key: str, entries: Sequence[ListEntry]) -> None:
        """They count for nothing until the version is staged, and again changes nothing."""
        for part in queries.packed(entries):
            await self._ports.database.write(partial(_put_parts, version_key, [part]))

    # Searching

    async def indexes(self, versions: Sequence[ListVersion]) -> list[NameIndex]:
        """An index for each version, made if it is not there."""
        return [await self._index(version) for version in versions]

    async def _index(self, version: ListVersion) -> NameIndex:
        key = key_of(version.list_id, version.version_id)
        known = self._indexes.get(key)
        if known is None or not known.done:
            # One builds, the others wait; who waited finds it done.
            async with self._turn:
                building = self._indexes.setdefault(key, _Building())
                await self._build(building, key, version)
                known = building
        self._indexes.move_to_end(key)
        while len(self._indexes) > INDEXES_LIMIT:
            self._indexes.popitem(last=False)
        return known.index

    async def _build(self, building: _Building, key: str, version: ListVersion) -> None:
        while not building.done:
            if not building.rest:
                number = building.parts
                building.rest = await self._ports.database.read(
                    lambda c, number=number: queries.part(c, key, number)  # type: ignore[misc]
                )
                building.parts += 1
                if not building.rest:
                    building.done = True
            some = building.rest[:ENTRIES_AT_ONCE]
            building.index.add(version, some)
            building.rest = building.rest[ENTRIES_AT_ONCE:]
            await self._ports.sleep(0)
        if not building.index.entries:
            self._indexes.pop(key, None)
            raise Error("SCREENING_LIST_MISSING", "the entries of a list in force are gone")

    async def entry(self, version: ListVersion, reference: str) -> ListEntry | None:
        """One entry as the list writes it."""
        key = key_of(version.list_id, version.version_id)
        ready = self._indexes.get(key)
        if ready is not None and ready.done:
            return ready.index.entries.get(reference)
        return await self._ports.database.read(lambda c: queries.entry(c, key, reference))


def _put_parts(version_key: str, parts: Sequence[queries.Part], connection: Any) -> None:
    queries.put_parts(connection, version_key, parts)
