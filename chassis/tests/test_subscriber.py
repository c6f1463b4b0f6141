"""The subscriber when all is well: each fact once, in order, in one unit; shared, stopped."""

import asyncio
from itertools import takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.bus import Message
from chassis.envelope import Place, read
from chassis.intake import APPLIED, IGNORED
from chassis.kernel import ids
from chassis.kernel.clock import FixedClock
from chassis.kernel.errors import Unavailable
from chassis.policies import Policy
from chassis.simulation.world import World
from chassis.subscriber import Share
from chassis.taking_in import TakingIn, reactions_to
from chassis.tests.listening import ONE, OTHER, POLICIES, THIRD, Scene, refuse, remember_the_stream
from chassis.tests.messaging import (
    DIARY,
    MemoryIntake,
    MemoryLog,
    NoteStruck,
    NoteWritten,
    Remember,
    messages_of,
    stream_in,
)


def test_a_message_becomes_a_command_and_an_inbox_row_in_one_unit() -> None:
    here = Scene()
    here.write("a")
    here.publish()
    here.run(here.listen())

    (unit,) = here.intake.units
    assert unit.commands == (Remember(note_id="a"),)
    assert [(row.position, row.outcome, row.stream) for row in unit.inbox] == [(1, APPLIED, ONE)]
    assert unit.meta.actor == "policy:remember_what_is_written"
    assert unit.meta.correlation_id == "correlation"
    assert unit.meta.causation_id == ids.event_id("diary", 1, 1)
    assert unit.meta.traceparent == "00-trace-span-00"
    assert here.bus.streams["DIARY"].places["memory-0-of-1"].floor == 1


def test_several_policies_about_one_message_are_one_unit() -> None:
    more = Policy(DIARY.NoteWritten, remember_the_stream)
    here = Scene(policies=(*POLICIES, more))
    here.write("a")
    here.publish()
    here.run(here.listen())
    (unit,) = here.intake.units
    assert unit.commands == (Remember(note_id="a"), Remember(note_id=ONE))


def test_what_nobody_reacts_to_is_noted_many_at_once_and_not_read() -> None:
    here = Scene()
    for number in range(200):
        here.log.append(NoteStruck(note_id="x"), stream=f"note-{number}")
    unreadable = [Message(each.subject, each.headers, b"\xff") for each in messages_of(here.log)]
    here.publish(unreadable)
    here.run(here.listen())
    (unit,) = here.intake.units
    assert unit.commands == ()
    assert here.intake.outcomes() == dict.fromkeys(range(1, 201), IGNORED)


def test_one_lane_is_in_order_and_lanes_go_side_by_side() -> None:
    here = Scene()
    for number in range(10):
        for partition in range(8):
            here.write(f"{partition}.{number}", stream=stream_in(partition))
    here.publish()

    async def go() -> None:
        await here.listen(0.1)
        return

    here.run(go())
    for partition in range(8):
        mine = [each for each in here.intake.notes() if each.startswith(f"{partition}.")]
        assert mine == [f"{partition}.{number}" for number in range(10)]
    assert here.intake.most_under_way == 1
    # Ten rounds of 2 ms, not eighty.
    assert len(here.intake.notes()) == 80


async def test_a_busy_lane_needs_no_commit_of_its_own_for_each_message() -> None:
    log, intake = MemoryLog(), MemoryIntake()
    for number in range(100):
        told = NoteStruck if number % 5 == 0 else NoteWritten
        log.append(told(note_id=f"{number}"), stream=ONE)
    taking = TakingIn("diary", reactions_to(POLICIES), intake, FixedClock(), ahead=20)
    await taking.load()
    assert await taking.take(map(read, messages_of(log)), dense=True) == set()
    assert intake.notes() == [f"{number}" for number in range(100) if number % 5]
    assert len(intake.rows) == 100
    assert intake.ticks <= 5


def test_a_new_subscriber_does_nothing_again() -> None:
    here = Scene()
    here.write("a", "b")
    here.publish()

    async def go() -> None:
        await here.listen()
        here.bus.streams["DIARY"].places.clear()
        here.write("c")
        here.publish()
        await here.listen()

    here.run(go())
    assert here.intake.notes() == ["a", "b", "c"]


def test_the_consumer_lag_is_the_age_of_what_was_applied() -> None:
    here = Scene()
    here.write("a")

    async def go() -> None:
        await asyncio.sleep(7)
        here.publish()
        await here.listen()

    here.run(go())
    ((source, lag),) = here.lags
    assert source == "diary"
    assert lag == pytest.approx(7, abs=0.1)


def test_workers_share_a_stream_by_partition() -> None:
    here = Scene()
    for partition in range(64):
        here.write(f"{partition}", stream=stream_in(partition))
    here.publish()
    here.run(here.listen(share=Share(1, 3)))
    assert sorted(map(int, here.intake.notes())) == list(range(1, 64, 3))
    place = here.bus.streams["DIARY"].places["memory-1-of-3"]
    assert place.subjects == tuple(f"cards.diary.*.*.{each}" for each in range(1, 64, 3))


def test_a_share_is_one_of_its_count() -> None:
    for index, count in ((2, 2), (-1, 3), (0, 65)):
        with pytest.raises(ValueError, match="index of count"):
            Share(index, count)


def test_stopping_finishes_the_batch_in_hand() -> None:
    here = Scene()
    here.write(*(f"{number}" for number in range(100)))
    here.publish()

    async def go() -> None:
        subscriber = here.subscriber()
        task = asyncio.create_task(subscriber.run())
        await here.intake.began.wait()
        await subscriber.stop(5.0)
        await task
        assert len(here.intake.notes()) == 100
        assert here.bus.streams["DIARY"].places["memory-0-of-1"].floor == 100
        assert here.world.loop.time() < 1

    here.run(go())


def test_stopping_does_not_wait_for_a_store_that_is_away() -> None:
    here = Scene()
    here.write("a")
    here.publish()
    here.intake.failures.extend(Unavailable("STORE_AWAY", "away") for _ in range(1000))

    async def go() -> None:
        subscriber = here.subscriber()
        task = asyncio.create_task(subscriber.run())
        await asyncio.sleep(5)
        await subscriber.stop(3.0)
        await task
        assert here.world.loop.time() == pytest.approx(8.0, abs=0.1)

    here.run(go())


LAW_STREAMS = (ONE, THIRD, OTHER)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    facts=st.lists(st.tuples(st.sampled_from(LAW_STREAMS), st.booleans()), min_size=1, max_size=25),
    delivered=st.lists(st.integers(0, 24), max_size=60),
    poison=st.sets(st.integers(0, 24)),
    failures=st.integers(0, 6),
    restarts=st.integers(0, 3),
    ahead=st.sampled_from([1, 2, 8]),
)
def test_law_whatever_the_bus_does_each_fact_is_taken_in_once_and_in_order(
    seed: int,
    facts: list[tuple[str, bool]],
    delivered: list[int],
    poison: set[int],
    failures: int,
    restarts: int,
    ahead: int,
) -> None:
    here = Scene(World(seed), ahead=ahead)
    for number, (stream, is_reacted_to) in enumerate(facts):
        told = NoteWritten if is_reacted_to else NoteStruck
        here.log.append(told(note_id=f"{number}"), stream=stream)
    messages = messages_of(here.log)
    deliveries = [messages[each] for each in delivered if each < len(messages)]
    here.intake.refuse = refuse(*map(str, poison))
    here.publish([])

    async def go() -> None:
        for part in range(restarts + 1):
            here.intake.failures.extend(Unavailable("AWAY", "") for _ in range(failures))
            size = len(deliveries) // (restarts + 1) + 1
            here.publish(deliveries[part * size : (part + 1) * size])
            await here.listen(0.05 if part < restarts else 60)

    here.run(go())
    public = here.log.public()
    assert set(here.intake.outcomes()) == {each.position for each in public}
    assert here.intake.most_under_way <= ahead
    for stream in LAW_STREAMS:
        written = [
            (each.position, each.fact.note_id)
            for each in public
            if each.stream == stream and isinstance(each.fact, NoteWritten)
        ]
        good = list(takewhile(lambda each: int(each[1]) not in poison, written))
        mine = {note for _, note in written}
        assert [note for note in here.intake.notes() if note in mine] == [note for _, note in good]
        waiting = {
            each.inbox.position
            for each in here.intake.waiting.values()
            if each.inbox.stream == stream
        }
        assert waiting == {position for position, _ in written[len(good) :]}


def test_places_are_ordered_by_epoch_first() -> None:
    assert Place(1, 500) < Place(2, 3) < Place(2, 4)
