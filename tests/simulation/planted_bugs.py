"""Mistakes that are easily made, each as a small change to a real part of the chassis.

A simulation that does not find them all is not worth much.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection

from chassis.bus import BusError, Delivery, Message
from chassis.envelope import Incoming
from chassis.event_store.cache import Folded
from chassis.event_store.intake import StoreIntake
from chassis.event_store.page import Page
from chassis.event_store.tables import timers
from chassis.event_store.tick import Ticker
from chassis.recorded import Meta, Recorded
from chassis.relay import Relay
from chassis.scheduler import Scheduler
from chassis.simulation.bus import SimulatedBus, SimulatedBusServer
from chassis.simulation.disk import SimulatedDisk
from chassis.simulation.services import SimulatedNode
from chassis.subscriber import Subscriber
from chassis.taking_in import TakingIn
from chassis.work import Outcome, Work
from tests.simulation.clients import Client

UNSYNCED_COMMITS = 4


class DecidesOnWhatItReadBefore(Ticker):
    """Check, then await: every unit of a batch is decided on the state from before the batch."""

    def _fold(self, stream: str, page: Page) -> Folded:
        fold = super()._fold(stream, page)
        before = page.folds.get(stream) or self.streams.cached(stream)
        return Folded(before.state, fold.version) if isinstance(before, Folded) else fold


class RemembersAnswersInMemory(Ticker):
    """The answers to retries live as long as the process."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._remembered: dict[str, Any] = {}

    def _prepare(self, connection: Connection, batch: Sequence[Work], page: Page) -> None:
        super()._prepare(connection, batch, page)
        page.answers.update(self._remembered)

    def _accept(self, work: Work, page: Page, decided: Any) -> Any:
        accepted = super()._accept(work, page, decided)
        page.idempotency.clear()
        self._remembered.update(page.answers)
        return accepted


class KeepsWhatWasRolledBack(Ticker):
    """Speculative states go into the cache before the batch is committed."""

    def _accept(self, work: Work, page: Page, decided: Any) -> Any:
        accepted = super()._accept(work, page, decided)
        self.streams.remember(decided.folds)
        return accepted


class HasNoInbox(StoreIntake):
    """What was taken in is not noted with the effects."""

    async def submit(self, work: Work) -> Outcome:
        return await super().submit(replace(work, inbox=()))


class MovesItsPlaceFirst(StoreIntake):
    """The watermark moves in one transaction, the effects follow in another."""

    async def submit(self, work: Work) -> Outcome:
        if work.inbox and work.commands:
            await super().submit(replace(work, commands=()))
            return await super().submit(replace(work, inbox=()))
        return await super().submit(work)


class RemembersItsPlaceInMemory(Relay):
    """A relay that starts goes on with what is committed from then on."""

    async def _position_behind(self, last: Any) -> int:
        return (await self._log.head()).position


class FiresAndThenForgets(Scheduler):
    """A timer's command is one transaction, taking the timer away another."""

    async def _carry_out(self, timer_id: str, topic: str, command: bytes, *rest: Any) -> bool:
        meta = Meta(self._clock.now(), f"timer:{topic}", "", timer_id)
        asked = self._codec.decode_command(topic, command)
        await self._committer.submit(Work(commands=(asked,), meta=meta))
        gone = timers.delete().where(timers.c.timer_id == timer_id)
        await self._database.write(lambda connection: connection.execute(gone))
        return True


class MendsNothing(Subscriber):
    """What the stream left out is never asked for."""

    async def _reconcile(self, *, quiet: bool) -> None:
        self._broken.clear()


class AcknowledgesFirst(MendsNothing):
    """A message is acknowledged when it arrives, and what is in hand at a crash is lost."""

    async def _open(self) -> Any:
        return _Eager(await super()._open())


class _Eager:
    """A consumer that acknowledges all that it fetches."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    async def fetch(self, limit: int, timeout_seconds: float) -> list[Delivery]:
        found: list[Delivery] = await self._consumer.fetch(limit, timeout_seconds)
        if found:
            await self._consumer.acknowledge(max(found, key=lambda each: each.sequence))
        return found

    async def acknowledge(self, delivery: Delivery) -> None:
        """That was done before."""

    async def close(self) -> None:
        await self._consumer.close()


class LetsOthersOvertake(TakingIn):
    """A message whose stream waits is taken in as if it did not."""

    async def _react(self, ignored: Sequence[Incoming], incoming: Incoming) -> set[int]:
        self._parked.discard(incoming.stream)
        return await super()._react(ignored, incoming)


class IsNotSynced(SimulatedDisk):
    """A commit is on the disk only some commits later, as with synchronous OFF."""

    _flushed: bytes | None = None

    def commit(self, connection: sqlite3.Connection, really: Callable[[], None]) -> None:
        super().commit(connection, really)
        if self._flushed is None or self.commits % UNSYNCED_COMMITS == 0:
            self._flushed = connection.serialize()

    def synced(self, connection: sqlite3.Connection) -> bytes | None:
        now = super().synced(connection)
        return self._flushed or now


class PublishesAtAnyPlace(SimulatedBus):
    """A publish does not say which sequence it follows."""

    async def publish_batch(
        self, stream: str, messages: Sequence[Message], expected_last_sequence: int
    ) -> int:
        def append() -> int:
            last = len(self.server.stream(stream).messages)
            return self.server.append(stream, messages, last, len(messages))

        return await self.ask(append)


class AsksUnderANewKey(Client):
    """A retry is a new request."""

    def key(self, note: str, attempt: int) -> str:
        return f"{note}-{attempt}"


class PublishesBeforeItCommits(SimulatedNode):
    """A dual write: each fact is sent off while its transaction is still open."""

    def __init__(self, *rooms: Any) -> None:
        super().__init__(*rooms)
        self.ticker._followers = (self._send_off,)
        self._last: dict[int, int] = {}

    def _send_off(self, connection: Connection, recorded: Recorded) -> None:
        bus = self.world.bus
        assert isinstance(bus, SimulatedBus)
        if self.publishing.is_public(recorded) and bus.reachable():
            previous = self._last.get(recorded.partition, 0)
            self._last[recorded.partition] = recorded.position
            message = self.publishing.message(recorded, previous)
            self._append(bus, recorded.service.upper(), message)

    @staticmethod
    def _append(bus: SimulatedBus, stream: str, message: Message) -> None:
        found = bus.server.streams.get(stream)
        if found is not None:
            bus.server.append(stream, [message], len(found.messages), 1)


class _EnsuresItsStream(Relay):
    """Makes the stream, and leaves the publishing to somebody else."""

    async def main(self) -> None:
        while True:
            with suppress(BusError):
                await self._bus.ensure_stream(self._spec)
            await asyncio.sleep(1)


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake: how it is made, and which clients go with it."""

    name: str
    plant: Callable[[], AbstractContextManager[Any]]
    client: type[Client] = Client


def _instead(where: str, what: Any) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: patch(where, what)


@contextmanager
def _dual_write() -> Iterator[None]:
    with (
        patch("chassis.simulation.services.SimulatedNode", PublishesBeforeItCommits),
        patch("chassis.node.Relay", _EnsuresItsStream),
    ):
        yield


def _client_that(kind: type[SimulatedBus]) -> Callable[[], AbstractContextManager[Any]]:
    def client(self: SimulatedBusServer, name: str) -> SimulatedBus:
        return kind(self, name)

    return lambda: patch.object(SimulatedBusServer, "client", client)


BUGS = (
    Bug("check then await", _instead("chassis.node.Ticker", DecidesOnWhatItReadBefore)),
    Bug("no inbox", _instead("chassis.node.StoreIntake", HasNoInbox)),
    Bug("acknowledged first", _instead("chassis.node.Subscriber", AcknowledgesFirst)),
    Bug("answers in memory only", _instead("chassis.node.Ticker", RemembersAnswersInMemory)),
    Bug("dual write", _dual_write),
    Bug("store not synced", _instead("chassis.simulation.cluster.SimulatedDisk", IsNotSynced)),
    Bug("place before effects", _instead("chassis.node.StoreIntake", MovesItsPlaceFirst)),
    Bug("relay's place in memory", _instead("chassis.node.Relay", RemembersItsPlaceInMemory)),
    Bug("no expected sequence", _client_that(PublishesAtAnyPlace)),
    Bug("timer fired, then removed", _instead("chassis.node.Scheduler", FiresAndThenForgets)),
    Bug("retry under a new key", nullcontext, AsksUnderANewKey),
    Bug("parked and overtaken", _instead("chassis.subscriber.TakingIn", LetsOthersOvertake)),
    Bug("gap not mended", _instead("chassis.node.Subscriber", MendsNothing)),
    Bug("rolled back but remembered", _instead("chassis.node.Ticker", KeepsWhatWasRolledBack)),
)
