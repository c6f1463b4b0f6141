"""What the tests of messaging share: a small service that speaks, and its log, feed and bus, and a
listener's store, all in memory, all of which can be made to fail."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, islice
from types import ModuleType
from typing import Any

from cards.type.v1 import money_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, timestamp_pb2
from google.protobuf.message_factory import GetMessageClass

from chassis.bus import Message
from chassis.envelope import NOWHERE, Place, read
from chassis.feed import FeedHead
from chassis.intake import REDRIVEN, SKIPPED, Following, Parked
from chassis.kernel import ids
from chassis.kernel.errors import Conflict, Unavailable
from chassis.kernel.events import Command, Fact, command, fact
from chassis.publishing import Chain, Publishing
from chassis.recorded import Meta, Recorded
from chassis.work import Inbox, Outcome, Receipt, Work

BEGINNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

_Field = descriptor_pb2.FieldDescriptorProto


def proto_module(name: str, messages: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> ModuleType:
    """What protoc would generate for a file of `messages` (name → field → options of the field)."""
    proto = descriptor_pb2.FileDescriptorProto(
        name=f"{name.replace('.', '/')}/events.proto", package=name, syntax="proto3"
    )
    for message_name, fields in messages.items():
        message = proto.message_type.add(name=message_name)
        for number, (field_name, options) in enumerate(fields.items(), 1):
            added = {"label": _Field.LABEL_OPTIONAL, "type": _Field.TYPE_STRING, **options}
            if added.get("proto3_optional"):
                added["oneof_index"] = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field_name}")
            message.field.add(name=field_name, number=number, **added)
    for imported in (money_pb2, timestamp_pb2):
        proto.dependency.append(imported.DESCRIPTOR.name)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(proto.SerializeToString())
    module = ModuleType(name)
    module.__dict__["DESCRIPTOR"] = pool.FindFileByName(proto.name)
    for message_name, descriptor in module.DESCRIPTOR.message_types_by_name.items():
        setattr(module, message_name, GetMessageClass(descriptor))
    return module


DIARY = proto_module(
    "cards.diary.v1", {"NoteWritten": {"note_id": {}}, "NoteStruck": {"note_id": {}}}
)
WRITTEN = "cards.diary.v1.NoteWritten"
STRUCK = "cards.diary.v1.NoteStruck"


@fact
class NoteWritten(Fact):
    note_id: str


@fact
class NoteStruck(Fact):
    note_id: str


@fact
class DraftSaved(Fact):
    """Nobody else's business."""

    note_id: str


def diary() -> Publishing:
    """What the service `diary` says."""
    return Publishing("diary", DIARY, (NoteWritten, NoteStruck, DraftSaved))


@dataclass(frozen=True, slots=True)
class MemoryHead:
    epoch: int
    position: int


class MemoryLog:
    """The log of `diary`."""

    def __init__(self, publishing: Publishing | None = None) -> None:
        self.publishing = publishing or diary()
        self.epoch = 1
        self.events: list[Recorded] = []
        self.away = False
        self._moved = asyncio.Event()

    def append(self, *facts: Fact, stream: str = "note-1") -> None:
        """Record facts."""
        for each in facts:
            position = len(self.events) + 1
            version = 1 + sum(1 for known in self.events if known.stream == stream)
            meta = Meta(BEGINNING, "operator:o", "correlation", "", "00-trace-span-00")
            self.events.append(
                Recorded("diary", self.epoch, position, stream, version, each.topic(), each, meta)
            )
        self._moved.set()
        self._moved = asyncio.Event()

    def restore(self, position: int) -> None:
        """Go back to a backup that ended at `position`, and begin a new epoch."""
        del self.events[position:]
        self.epoch += 1

    def public(self) -> list[Recorded]:
        """What others are to hear."""
        return [each for each in self.events if self.publishing.is_public(each)]

    async def head(self) -> MemoryHead:
        self._check()
        return MemoryHead(self.epoch, len(self.events))

    async def after(self, position: int, limit: int) -> Sequence[Recorded]:
        self._check()
        return self.events[position : position + limit]

    async def last_public_positions(
        self, topics: Collection[str], up_to: int | None = None
    ) -> Mapping[int, int]:
        self._check()
        return {
            each.partition: each.position
            for each in self.events[: len(self.events) if up_to is None else up_to]
            if each.topic in topics
        }

    async def committed(self, *, after: int, timeout_seconds: float) -> None:
        moved = self._moved
        try:
            async with asyncio.timeout(timeout_seconds):
                while len(self.events) <= after:
                    await moved.wait()
                    moved = self._moved
        except TimeoutError:
            return

    def _check(self) -> None:
        if self.away:
            raise Unavailable("STORE_AWAY", "the store is away")


class MemoryFeed:
    """`chassis.feed.Feed` of a log."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.away = False
        self.asked: list[tuple[int, tuple[int, ...]]] = []

    async def head(self) -> FeedHead:
        self._check()
        last = await self.log.last_public_positions(self.log.publishing.topics)
        return FeedHead(self.log.epoch, len(self.log.events), last)

    async def after(
        self, position: int, partitions: Collection[int], limit: int
    ) -> Sequence[Message]:
        self._check()
        self.asked.append((position, tuple(partitions)))
        found = [
            message
            for message in messages_of(self.log)
            if read(message).place.position > position
            and (not partitions or read(message).partition in partitions)
        ]
        return found[:limit]

    def _check(self) -> None:
        if self.away:
            raise Unavailable("FEED_UNAVAILABLE", "the feed answered UNAVAILABLE")


def messages_of(log: MemoryLog) -> list[Message]:
    """Every message that a relay would publish of a log."""
    chain = Chain({})
    return [log.publishing.message(each, chain.link(each)) for each in log.public()]


@command
class Remember(Command):
    note_id: str


class MemoryIntake:
    """`chassis.intake.Intake` of a listener. `refuse` may raise what a decision raises; `failures`
    are raised first, one a submission."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, Place], Inbox] = {}
        self.units: list[Work] = []
        self.submitted = 0
        self.ticks = 0
        self._waiting_works: list[tuple[Work, asyncio.Future[Outcome]]] = []
        self.applied: list[Command] = []
        self.waiting: dict[tuple[str, Place], Parked] = {}
        self.refuse: Callable[[Command], None] = lambda command: None
        self.failures: deque[Exception] = deque()
        self.under_way: dict[int, int] = {}
        self.most_under_way = 0
        """Units of one lane that were submitted at the same time."""
        self.began = asyncio.Event()

    async def watermarks(self, source: str) -> Mapping[int, Place]:
        found: dict[int, Place] = {}
        for (name, place), row in self.rows.items():
            if name == source:
                found[row.partition] = max(found.get(row.partition, NOWHERE), place)
        return found

    async def parked_streams(self, source: str) -> Collection[str]:
        return {each.inbox.stream for (name, _), each in self.waiting.items() if name == source}

    async def parked(self, source: str, stream: str, limit: int) -> Sequence[Parked]:
        return [
            self.waiting[key]
            for key in sorted(self.waiting)
            if key[0] == source and self.waiting[key].inbox.stream == stream
        ][:limit]

    async def submit(self, work: Work) -> Outcome:
        self.began.set()
        self.submitted += 1
        lanes = {row.partition for row in work.inbox}
        for lane in lanes:
            self.under_way[lane] = self.under_way.get(lane, 0) + 1
            self.most_under_way = max(self.most_under_way, self.under_way[lane])
        settled: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting_works.append((work, settled))
        if len(self._waiting_works) == 1:
            asyncio.get_running_loop().call_later(0.002, self._tick)
        try:
            return await settled
        finally:
            for lane in lanes:
                self.under_way[lane] -= 1

    def _tick(self) -> None:
        """Commit all that waits, in the order in which it was submitted."""
        self.ticks += 1
        batch, self._waiting_works = self._waiting_works, []
        for work, settled in batch:
            try:
                made = self._commit(work)
            except Exception as error:
                if not settled.done():
                    settled.set_exception(error)
            else:
                if not settled.done():
                    settled.set_result(made)

    def _commit(self, work: Work) -> Outcome:
        if self.failures:
            raise self.failures.popleft()
        fresh = [row for row in work.inbox if not self._is_done(row)]
        if fresh:
            self._check_order(fresh[0])
            for each in work.commands:
                self.refuse(each)
            self.applied += work.commands
            self.units.append(work)
        for row in fresh:
            key = _key(row)
            if row.outcome in (REDRIVEN, SKIPPED):
                del self.waiting[key]
            self.rows[key] = row
        return Outcome(b"", (), Receipt("", "", 0, 1, 0))

    def _check_order(self, row: Inbox) -> None:
        lane = [
            place
            for (name, place), known in self.rows.items()
            if name == row.source and known.partition == row.partition
        ]
        if isinstance(row, Following) and max(lane, default=NOWHERE) < row.after:
            raise Conflict("INBOX_OUT_OF_ORDER", "the lane is not so far")

    def _is_done(self, row: Inbox) -> bool:
        if row.outcome in (REDRIVEN, SKIPPED):
            return _key(row) not in self.waiting
        return _key(row) in self.rows

    async def park(self, parked: Parked) -> None:
        await asyncio.sleep(0.002)
        if self.failures:
            raise self.failures.popleft()
        key = _key(parked.inbox)
        if key in self.waiting:
            self.waiting[key] = replace(self.waiting[key], reason=parked.reason)
        elif key not in self.rows:
            self._check_order(parked.inbox)
            self.rows[key] = parked.inbox
            self.waiting[key] = parked

    def outcomes(self) -> dict[int, str]:
        """Position → outcome."""
        return {place.position: row.outcome for (_, place), row in sorted(self.rows.items())}

    def notes(self) -> list[str]:
        """The notes that commands were carried out for, in order."""
        return [each.note_id for each in self.applied if isinstance(each, Remember)]


def _key(row: Inbox) -> tuple[str, Place]:
    return row.source, Place(row.epoch, row.position)


def stream_in(partition: int, number: int = 0) -> str:
    """The name of a stream that lies in a partition; another for each number."""
    names = (
        name for name in (f"note-{each}" for each in count()) if ids.partition(name) == partition
    )
    return next(islice(names, number, None))
