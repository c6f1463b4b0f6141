"""The relay: what is public is in the stream, once each and in order, whatever goes wrong."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis import relay as relay_module
from chassis.bus import Away, Message
from chassis.envelope import read
from chassis.relay import LogRewoundError, Relay
from chassis.simulation.world import World
from chassis.tests.memory_bus import MemoryBus, MemoryStream
from chassis.tests.messaging import (
    DraftSaved,
    MemoryLog,
    NoteStruck,
    NoteWritten,
    messages_of,
)

SETTLED_SECONDS = 30.0


@dataclass
class Scene:
    """A log and a bus in virtual time."""

    world: World
    log: MemoryLog
    bus: MemoryBus
    lags: list[float]

    def relay(self) -> Relay:
        return Relay(
            self.log,
            self.bus,
            self.log.publishing,
            self.world.clock(),
            on_published=self.lags.append,
        )

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with self.world:
            return self.world.run(coroutine)

    @property
    def published(self) -> list[Message]:
        found = self.bus.streams.get("DIARY")
        return found.messages if found else []

    def positions(self) -> list[int]:
        return [read(each).place.position for each in self.published]


def scene(seed: int = 0) -> Scene:
    return Scene(World(seed), MemoryLog(), MemoryBus(), [])


def write(log: MemoryLog, count: int) -> None:
    """Public facts in several streams, with private ones between."""
    for number in range(count):
        stream = f"note-{number % 5}"
        log.append(NoteWritten(note_id=f"{number}"), stream=stream)
        if number % 3 == 0:
            log.append(DraftSaved(note_id="x"), stream=stream)


async def for_a_while(*relays: Relay, seconds: float = SETTLED_SECONDS) -> None:
    tasks = [asyncio.create_task(each.run()) for each in relays]
    await asyncio.sleep(seconds)
    for each in relays:
        await each.stop(1.0)
    await asyncio.gather(*tasks)


def test_the_public_facts_are_published_in_order() -> None:
    here = scene()
    write(here.log, 2000)
    here.run(for_a_while(here.relay()))
    assert here.published == messages_of(here.log)
    assert len(here.bus.batches) < 10


def test_what_is_committed_later_follows() -> None:
    here = scene()

    async def go() -> None:
        relay = here.relay()
        task = asyncio.create_task(relay.run())
        for number in range(20):
            here.log.append(NoteWritten(note_id=f"{number}"))
            await asyncio.sleep(0.05)
            assert len(here.published) == number + 1
        await relay.stop(1.0)
        await task

    here.run(go())


def test_a_new_relay_goes_on_behind_the_last_message() -> None:
    here = scene()
    write(here.log, 30)

    async def go() -> None:
        await for_a_while(here.relay())
        write(here.log, 30)
        await for_a_while(here.relay())

    here.run(go())
    assert here.published == messages_of(here.log)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), relays=st.integers(2, 3), faults=st.lists(st.integers(0, 3)))
def test_law_two_relays_neither_double_nor_interleave(
    seed: int, relays: int, faults: list[int]
) -> None:
    here = scene(seed)
    left = list(faults)

    def fail(stream: MemoryStream, messages: Sequence[Message]) -> None:
        """Lose the answer after storing none, some or all of a batch."""
        if left and (fault := left.pop()):
            stored = (len(messages) * (fault - 1)) // 2
            here.bus.put("DIARY", messages[:stored])
            raise Away("no answer")

    here.bus.on_publish = fail

    async def go() -> None:
        async def commit() -> None:
            for _ in range(20):
                write(here.log, 7)
                await asyncio.sleep(0.01)

        await asyncio.gather(commit(), for_a_while(*(here.relay() for _ in range(relays))))

    here.run(go())
    assert here.published == messages_of(here.log)


def test_an_empty_stream_is_filled_with_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "REPUBLISH_LIMIT", 20)
    here = scene()
    write(here.log, 100)

    async def go() -> None:
        relay = here.relay()
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(5)
        # The whole data directory is deleted.
        here.bus.streams.clear()
        write(here.log, 1)
        await asyncio.sleep(SETTLED_SECONDS)
        await relay.stop(1.0)
        await task

    here.run(go())
    head = len(here.log.events)
    newest = [each for each in messages_of(here.log) if read(each).place.position > head - 20 - 2]
    assert here.published[-len(newest) + 2 :] == newest[2:]
    assert here.positions()[0] > head - 25


@pytest.mark.parametrize("kept", [0, 1, 7])
def test_what_a_crash_of_the_server_lost_is_published_again_without_a_new_fact(kept: int) -> None:
    here = scene()
    write(here.log, 10)

    async def go() -> None:
        relay = here.relay()
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(5)
        del here.published[kept:]
        await asyncio.sleep(10)
        await relay.stop(1.0)
        await task

    here.run(go())
    assert here.published == messages_of(here.log)


def test_nothing_is_published_while_the_bus_is_away_and_all_of_it_after() -> None:
    here = scene()
    write(here.log, 10)

    async def go() -> None:
        here.bus.away = True
        relay = here.relay()
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(60)
        assert here.published == []
        here.bus.away, here.log.away = False, True
        await asyncio.sleep(60)
        assert here.published == []
        here.log.away = False
        await asyncio.sleep(5)
        assert here.published == messages_of(here.log)
        await relay.stop(1.0)
        await task

    here.run(go())


@pytest.mark.parametrize(("published", "kept", "added"), [(40, 25, 30), (40, 25, 2), (10, 25, 3)])
def test_after_a_restore_the_new_epoch_is_published(published: int, kept: int, added: int) -> None:
    here = scene()

    async def go() -> None:
        for number in range(published):
            here.log.append(NoteWritten(note_id=f"{number}"))
        await for_a_while(here.relay())
        for number in range(published, max(published, kept)):
            here.log.append(NoteWritten(note_id=f"{number}"))
        before = here.positions()
        here.log.restore(kept)
        for number in range(added):
            here.log.append(NoteStruck(note_id=f"new {number}"))
        await for_a_while(here.relay())
        assert here.positions()[: len(before)] == before

    here.run(go())
    behind = messages_of(here.log)[min(published, kept) :]
    assert here.published[published:] == behind
    assert all(read(each).place.epoch == 2 for each in behind[-added:])


def test_a_log_that_went_back_without_a_new_epoch_is_not_published() -> None:
    here = scene()
    write(here.log, 10)

    async def go() -> None:
        await for_a_while(here.relay())
        here.log.restore(5)
        here.log.epoch = 1
        with pytest.raises(LogRewoundError):
            await here.relay().run()

    here.run(go())


@pytest.mark.parametrize("ours", [0, 30])
def test_what_somebody_else_put_at_the_end_is_passed_over(
    ours: int, caplog: pytest.LogCaptureFixture
) -> None:
    here = scene()
    write(here.log, ours)
    strays = [
        Message("cards.diary.v1.note_written.3", {}, b"hello"),
        Message("cards.diary.v1.note_written.3", {"Cards-Epoch": "x"}, b""),
        Message("cards.diary.v1.x", {"Cards-Epoch": "1", "Cards-Position": "one"}, b""),
    ]

    async def go() -> None:
        await for_a_while(here.relay())
        here.bus.put("DIARY", strays)
        write(here.log, 30)
        await for_a_while(here.relay())

    here.run(go())
    assert [each for each in here.published if each not in strays] == messages_of(here.log)
    assert "message 1 in the stream DIARY is no relay's" in caplog.text or ours


def test_strays_that_come_while_a_relay_runs_do_not_end_it() -> None:
    here = scene()
    write(here.log, 3)
    stray = Message("cards.diary.v1.note_written.3", {}, b"hello")

    async def go() -> None:
        relay = here.relay()
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(1.0)
        here.bus.put("DIARY", [stray])
        write(here.log, 3)
        await asyncio.sleep(SETTLED_SECONDS)
        await relay.stop(1.0)
        await task

    here.run(go())
    assert [each for each in here.published if each != stray] == messages_of(here.log)


def test_the_lag_is_the_age_of_the_first_of_a_batch() -> None:
    here = scene()

    async def go() -> None:
        await asyncio.sleep(5)
        here.log.append(NoteWritten(note_id="a"))
        await for_a_while(here.relay())

    here.run(go())
    assert here.lags == [pytest.approx(5, abs=0.1)]


def test_stopping_lets_the_batch_in_hand_arrive() -> None:
    here = scene()
    write(here.log, 3)

    async def go() -> None:
        relay = here.relay()
        task = asyncio.create_task(relay.run())
        here.bus.publish_seconds = 0.5
        await here.bus.publishing.wait()
        await relay.stop(1.0)
        await task
        assert here.world.loop.time() == pytest.approx(0.5, abs=0.01)

    here.run(go())
    assert here.published == messages_of(here.log)


def test_a_batch_that_takes_too_long_is_given_up() -> None:
    here = scene()
    write(here.log, 3)

    async def go() -> None:
        relay = here.relay()
        task = asyncio.create_task(relay.run())
        here.bus.publish_seconds = 100.0
        await here.bus.publishing.wait()
        await relay.stop(2.0)
        await task
        assert here.world.loop.time() == pytest.approx(2.0, abs=0.01)

    here.run(go())
    assert here.published == []


def test_a_relay_that_waits_stops_at_once() -> None:
    here = scene()

    async def go() -> None:
        relay = here.relay()
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(1)
        await relay.stop(10.0)
        assert here.world.loop.time() == pytest.approx(1.0)
        await task

    here.run(go())
