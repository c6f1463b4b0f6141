"""Two relays and two workers of a listener on a real NATS server that is killed and wiped: the
stream equals the log, and every fact is taken in once and in order."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chassis.background import Background
from chassis.bus import Message
from chassis.envelope import read
from chassis.jetstream import JetStreamBus
from chassis.kernel.events import Command
from chassis.policies import About, Policy
from chassis.relay import Relay
from chassis.subscriber import Share, Subscriber
from chassis.testing.servers import NatsServer
from chassis.tests.messaging import (
    DIARY,
    DraftSaved,
    MemoryFeed,
    MemoryIntake,
    MemoryLog,
    NoteStruck,
    NoteWritten,
    Remember,
    messages_of,
)
from tests.integration.messaging import STREAM, bus_on

pytestmark = [pytest.mark.serial, pytest.mark.timeout(400)]

STREAMS = 12
PATIENCE_SECONDS = 180.0


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def remember(message: Any, about: About) -> Iterable[Command]:
    yield Remember(note_id=message.note_id)


class System:
    """A diary with two relays, and a listener with two workers on one store."""

    def __init__(self, server: NatsServer, buses: list[JetStreamBus]) -> None:
        self.server = server
        self.log = MemoryLog()
        self.intake = MemoryIntake()
        self.written = 0
        self._buses = buses
        self._running: dict[str, tuple[Background, asyncio.Task[None]]] = {}

    def start(self, *names: str) -> None:
        for name in names:
            number = int(name[-1])
            made = self._relay(number) if name.startswith("relay") else self._worker(number)
            self._running[name] = (made, asyncio.create_task(made.run()))

    def _relay(self, number: int) -> Background:
        return Relay(self.log, self._buses[number], self.log.publishing, RealClock())

    def _worker(self, number: int) -> Background:
        return Subscriber(
            "memory",
            "diary",
            [Policy(DIARY.NoteWritten, remember)],
            self._buses[2],
            MemoryFeed(self.log),
            self.intake,
            RealClock(),
            share=Share(number, 2),
            reconcile_seconds=10.0,
        )

    async def crash(self, name: str) -> None:
        """Tear it out of whatever it does."""
        _, task = self._running.pop(name)
        task.cancel()
        await asyncio.wait([task])

    async def stop(self) -> None:
        for background, task in self._running.values():
            await background.stop(5.0)
            await task

    async def write(self, seconds: float) -> None:
        """About 400 facts a second, a third of them nobody's business or not reacted to."""
        kinds = (NoteWritten, NoteWritten, NoteStruck, NoteWritten, DraftSaved)
        for _ in range(int(seconds * 100)):
            for _ in range(4):
                self.written += 1
                kind = kinds[self.written % len(kinds)]
                stream = f"note-{self.written % STREAMS}"
                self.log.append(kind(note_id=f"{self.written}"), stream=stream)
            await asyncio.sleep(0.01)

    async def converged(self) -> None:
        """Wait until all that is public is published and taken in."""
        wanted = {each.position for each in self.log.public()}
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if self.intake.outcomes().keys() == wanted:
                    return
                await asyncio.sleep(0.1)

    async def stored(self) -> list[Message]:
        """All that is in the stream."""
        last = await self._buses[0].last_message(STREAM)
        following = self._buses[0].follow(STREAM, 0)
        return [(await anext(following)).message for _ in range(last.sequence)]

    def check_effects(self) -> None:
        """Once each, and in order in each stream."""
        for number in range(STREAMS):
            stream = f"note-{number}"
            told = [
                each.fact.note_id
                for each in self.log.public()
                if each.stream == stream and isinstance(each.fact, NoteWritten)
            ]
            mine = set(told)
            assert [note for note in self.intake.notes() if note in mine] == told
        assert self.intake.waiting == {}
        assert self.intake.most_under_way == 1


@asynccontextmanager
async def system(folder: Path) -> AsyncIterator[System]:
    with NatsServer(folder) as server:
        async with bus_on(server) as first, bus_on(server) as second, bus_on(server) as third:
            made = System(server, [first, second, third])
            made.start("relay 0", "relay 1", "worker 0", "worker 1")
            yield made
            await made.stop()


def places(messages: list[Message]) -> list[int]:
    return [read(each).place.position for each in messages]


async def test_kills_of_server_relay_and_worker_lose_and_double_nothing(tmp_path: Path) -> None:
    async with system(tmp_path) as running:
        writing = asyncio.create_task(running.write(5.0))
        await asyncio.sleep(1.0)
        running.server.kill()
        running.server.start()
        await asyncio.sleep(0.7)
        await running.crash("relay 0")
        await running.crash("worker 1")
        await asyncio.sleep(0.3)
        running.start("relay 0", "worker 1")
        await asyncio.sleep(1.0)
        running.server.kill()
        await asyncio.sleep(0.5)
        running.server.start()
        await writing
        await running.converged()
        stored = await running.stored()
        assert places(stored) == [each.position for each in running.log.public()]
        assert [each.payload for each in stored] == [
            each.payload for each in messages_of(running.log)
        ]
        running.check_effects()


async def test_a_wiped_server_is_filled_again_and_nothing_is_done_twice(tmp_path: Path) -> None:
    async with system(tmp_path) as running:
        await running.write(1.0)
        await running.converged()
        writing = asyncio.create_task(running.write(3.0))
        await asyncio.sleep(1.0)
        running.server.kill()
        running.server.delete_data()
        running.server.start()
        await writing
        await running.converged()
        assert places(await running.stored()) == [each.position for each in running.log.public()]
        running.check_effects()


async def test_a_lost_place_is_made_again_and_nothing_is_done_twice(tmp_path: Path) -> None:
    async with system(tmp_path) as running:
        await running.write(1.0)
        await running.converged()
        js = running._buses[0].client.jetstream()
        await js.delete_consumer(STREAM, "memory-0-of-2")
        await running.write(1.0)
        await js.delete_consumer(STREAM, "memory-1-of-2")
        await running.write(1.0)
        await running.converged()
        running.check_effects()
