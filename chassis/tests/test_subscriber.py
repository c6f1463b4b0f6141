"""The subscriber: every public fact is taken in once, in order in its partition, whatever the bus
does; what is refused is parked, and its stream waits."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.bus import Message
from chassis.envelope import Place, read
from chassis.intake import APPLIED, BEHIND, IGNORED, PARKED, REDRIVEN, row
from chassis.kernel import ids
from chassis.kernel.errors import Exhausted, Refused, Unavailable
from chassis.kernel.events import Command
from chassis.policies import About, Policy
from chassis.simulation.world import World
from chassis.subscriber import WHOLE, Share, Subscriber
from chassis.tests.messaging import (
    DIARY,
    MemoryBus,
    MemoryFeed,
    MemoryIntake,
    MemoryLog,
    NoteStruck,
    NoteWritten,
    Remember,
    messages_of,
    stream_in,
)

ONE, OTHER, THIRD = stream_in(3), stream_in(4), stream_in(3, 1)


def remember_what_is_written(message: Any, about: About) -> Iterable[Command]:
    yield Remember(note_id=message.note_id)


def remember_the_stream(message: Any, about: About) -> Iterable[Command]:
    yield Remember(note_id=about.stream)


POLICIES = (Policy(DIARY.NoteWritten, remember_what_is_written),)


@dataclass
class Scene:
    """A producer and one listener in virtual time."""

    world: World = field(default_factory=lambda: World(0))
    log: MemoryLog = field(default_factory=MemoryLog)
    bus: MemoryBus = field(default_factory=MemoryBus)
    intake: MemoryIntake = field(default_factory=MemoryIntake)
    policies: Sequence[Policy] = POLICIES
    lags: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.feed = MemoryFeed(self.log)

    def subscriber(self, share: Share = WHOLE) -> Subscriber:
        return Subscriber(
            "memory",
            "diary",
            self.policies,
            self.bus,
            self.feed,
            self.intake,
            self.world.clock(),
            share=share,
            on_applied=lambda source, lag: self.lags.append((source, lag)),
        )

    def write(self, *note_ids: str, stream: str = ONE) -> None:
        self.log.append(*(NoteWritten(note_id=each) for each in note_ids), stream=stream)

    def publish(self, messages: Sequence[Message] | None = None) -> None:
        """Bring to the stream what it does not have, or just these."""
        if messages is None:
            known = len(self.bus.streams["DIARY"].messages) if self.bus.streams else 0
            messages = messages_of(self.log)[known:]
        self.bus.put("DIARY", messages)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with self.world:
            return self.world.run(coroutine)

    async def listen(self, seconds: float = 2.0, share: Share = WHOLE) -> None:
        subscriber = self.subscriber(share)
        task = asyncio.create_task(subscriber.run())
        await asyncio.sleep(seconds)
        await subscriber.stop(5.0)
        await task


# ------------------------------------------------------------------------------ when all is well


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


# ------------------------------------------------------------------------- what the bus leaves out


def test_a_gap_is_filled_from_the_feed_before_going_on() -> None:
    here = Scene()
    here.write("a", "b", "c", "d")
    first, _, third, fourth = messages_of(here.log)
    here.publish([first, third, fourth])
    here.run(here.listen())
    assert here.intake.notes() == ["a", "b", "c", "d"]
    assert here.feed.asked == [(1, (3,))]


def test_the_last_message_lost_is_fetched_when_the_heads_are_compared() -> None:
    here = Scene()
    here.write("a", "b")
    here.publish(messages_of(here.log)[:1])

    async def go() -> None:
        listening = asyncio.create_task(here.listen(200))
        await asyncio.sleep(1)
        # It is compared at the start.
        assert here.intake.notes() == ["a", "b"]
        here.write("c")
        await asyncio.sleep(30)
        assert here.intake.notes() == ["a", "b"]
        await asyncio.sleep(31)
        assert here.intake.notes() == ["a", "b", "c"]
        await listening

    here.run(go())


def test_while_messages_go_on_coming_a_lost_one_is_found_all_the_same() -> None:
    here = Scene()
    here.write("lost")
    here.bus.lose = lambda message: read(message).place.position == 1

    async def go() -> None:
        listening = asyncio.create_task(here.listen(20))
        for number in range(1000):
            here.write(f"{number}", stream=OTHER)
            here.publish()
            await asyncio.sleep(0.01)
            if "lost" in here.intake.notes():
                break
        assert here.world.loop.time() < 1.0
        await listening

    here.run(go())


def test_messages_from_a_consumer_that_began_late_are_completed() -> None:
    here = Scene()
    here.write(*(f"{number}" for number in range(50)))
    here.publish(messages_of(here.log)[30:])
    here.run(here.listen())
    assert here.intake.notes() == [f"{number}" for number in range(50)]


def test_without_a_bus_everything_still_arrives_from_the_feed() -> None:
    here = Scene()
    here.bus.away = True
    here.write("a", "b")

    async def go() -> None:
        listening = asyncio.create_task(here.listen(130))
        await asyncio.sleep(1)
        assert here.intake.notes() == ["a", "b"]
        here.write("c")
        await asyncio.sleep(61)
        assert here.intake.notes() == ["a", "b", "c"]
        await listening

    here.run(go())


def test_when_the_bus_loses_everything_nothing_is_lost_or_done_again() -> None:
    here = Scene()
    here.write("a", "b")
    here.publish()

    async def go() -> None:
        listening = asyncio.create_task(here.listen(30))
        await asyncio.sleep(1)
        here.bus.streams.clear()
        here.write("c", "d")
        await asyncio.sleep(1)
        # The relay publishes again, a little of what was known too.
        here.publish(messages_of(here.log)[1:])
        await listening

    here.run(go())
    assert here.intake.notes() == ["a", "b", "c", "d"]


def test_other_lanes_go_on_while_the_feed_is_away() -> None:
    here = Scene()
    here.write("a", "b", "c")
    here.write("x", stream=OTHER)
    first, _, third, other = messages_of(here.log)
    here.publish([first, third, other])
    here.feed.away = True

    async def go() -> None:
        listening = asyncio.create_task(here.listen(20))
        await asyncio.sleep(5)
        assert sorted(here.intake.notes()) == ["a", "x"]
        here.feed.away = False
        await listening

    here.run(go())
    assert sorted(here.intake.notes()) == ["a", "b", "c", "x"]


def test_a_message_that_cannot_be_understood_is_fetched_again() -> None:
    here = Scene()
    here.write("a", "b")
    first, second = messages_of(here.log)
    here.publish([Message(first.subject, {}, b""), second])
    here.run(here.listen())
    assert here.intake.notes() == ["a", "b"]


def test_a_fact_that_is_not_public_any_longer_is_no_gap() -> None:
    here = Scene()
    here.write("a", "b")
    here.publish()

    async def go() -> None:
        await here.listen()
        here.write("c")
        last = messages_of(here.log)[-1]
        headers = {**last.headers, "Cards-Previous-Position": "1"}
        here.publish([Message(last.subject, headers, last.payload)])
        here.feed.away = True
        await here.listen()

    here.run(go())
    assert here.intake.notes() == ["a", "b", "c"]


def test_a_fact_that_another_worker_took_in_is_not_done_again() -> None:
    here = Scene()
    here.write("a")
    here.publish()

    async def go() -> None:
        listening = asyncio.create_task(here.listen(30))
        await asyncio.sleep(10)
        here.write("b", "c")
        _, second, third = messages_of(here.log)
        # Another process shares the durable place and got the second.
        incoming = read(second)
        here.intake.rows["diary", incoming.place] = row(incoming, APPLIED)
        here.publish([third])
        await listening

    here.run(go())
    assert here.intake.notes() == ["a", "c"]
    assert here.feed.asked == [(2, (3,))]


# ---------------------------------------------------------------------------- a producer restored


@pytest.mark.parametrize("taken_in", [0, 3, 8])
@pytest.mark.parametrize("added", [1, 4, 9])
def test_a_restored_producer_is_followed_into_its_new_epoch(taken_in: int, added: int) -> None:
    """It had eight facts, its backup five; the listener may know facts that are no more."""
    here = Scene()
    here.write(*(f"old {number}" for number in range(8)))
    here.publish(messages_of(here.log)[:taken_in])
    here.feed.away = True

    async def go() -> None:
        await here.listen()
        here.feed.away = False
        here.log.restore(5)
        here.write(*(f"new {number}" for number in range(added)))
        # The relay publishes what is behind its last message.
        here.publish(messages_of(here.log)[-added:])
        await here.listen(10)
        here.feed.asked.clear()
        await here.listen(150)

    here.run(go())
    known = max(taken_in, 5)
    assert here.intake.notes() == [
        *(f"old {number}" for number in range(known)),
        *(f"new {number}" for number in range(added)),
    ]
    # Once it is known where the old epoch ended, nothing is read again and again.
    assert all(position >= 5 for position, _ in here.feed.asked)


def test_a_lane_without_new_facts_is_not_read_again_every_minute() -> None:
    here = Scene()
    here.write("a")
    here.write("x", stream=OTHER)
    here.publish()

    async def go() -> None:
        await here.listen()
        here.log.restore(2)
        here.write("b")
        here.publish()
        listening = asyncio.create_task(here.listen(400))
        await asyncio.sleep(100)
        here.feed.asked.clear()
        await listening

    here.run(go())
    assert here.intake.notes() == ["a", "x", "b"]
    assert here.feed.asked == []


# ----------------------------------------------------------------------------------------- poison


def refuse(*note_ids: str) -> Any:
    def refusing(command: Command) -> None:
        if isinstance(command, Remember) and command.note_id in note_ids:
            raise Refused("ACCOUNT_CLOSED", "holder Ms Example")

    return refusing


def test_what_is_refused_is_parked_and_its_stream_waits_behind_it() -> None:
    here = Scene()
    here.intake.refuse = refuse("bad")
    here.write("a", "bad", "b", stream=ONE)
    here.write("c", stream=THIRD)
    here.write("x", stream=OTHER)
    here.write("d", stream=ONE)
    here.publish()
    here.run(here.listen())

    assert sorted(here.intake.notes()) == ["a", "c", "x"]
    waiting = [(each.inbox.position, each.reason) for each in here.intake.waiting.values()]
    assert waiting == [(2, "Refused:ACCOUNT_CLOSED"), (3, BEHIND), (6, BEHIND)]
    assert here.intake.outcomes()[2] == PARKED
    assert "Example" not in repr([each.reason for each in here.intake.waiting.values()])


def test_a_policy_that_fails_and_a_payload_that_is_broken_are_parked_too() -> None:
    def stumble(message: Any, about: About) -> Iterable[Command]:
        raise KeyError("Ms Example")

    here = Scene(policies=(Policy(DIARY.NoteWritten, stumble),))
    here.write("a", stream=ONE)
    here.write("b", stream=OTHER)
    good, second = messages_of(here.log)
    here.publish([good, Message(second.subject, second.headers, b"\xff\xff")])
    here.run(here.listen())
    assert [each.reason for each in here.intake.waiting.values()] == ["KeyError", "DecodeError"]


def test_what_nobody_reacts_to_does_not_wait_behind_poison() -> None:
    here = Scene()
    here.intake.refuse = refuse("bad")
    here.log.append(NoteStruck(note_id="x"), stream=ONE)
    here.write("bad")
    here.log.append(NoteStruck(note_id="y"), stream=ONE)
    here.publish()
    here.run(here.listen())
    assert here.intake.outcomes() == {1: IGNORED, 2: PARKED, 3: IGNORED}


def test_a_stream_that_waits_still_waits_after_a_restart() -> None:
    here = Scene()
    here.intake.refuse = refuse("bad")
    here.write("bad")
    here.publish()

    async def go() -> None:
        await here.listen()
        here.write("a")
        here.publish()
        await here.listen()

    here.run(go())
    assert here.intake.notes() == []
    assert [each.reason for each in here.intake.waiting.values()] == [
        "Refused:ACCOUNT_CLOSED",
        BEHIND,
    ]


def test_a_message_parked_behind_what_was_redriven_meanwhile_goes_on_by_itself() -> None:
    here = Scene()
    here.intake.refuse = refuse("bad")
    here.write("bad")
    here.publish()

    async def go() -> None:
        await here.listen()
        here.intake.refuse = refuse()
        listening = asyncio.create_task(here.listen(5))
        await asyncio.sleep(1)
        parked_streams = here.intake.parked_streams

        async def redriven_just_after(source: str) -> Any:
            """An operator's redrive ends between our looking and our parking."""
            found = await parked_streams(source)
            for key, parked in list(here.intake.waiting.items()):
                here.intake.applied.append(Remember(note_id="bad"))
                here.intake.rows[key] = parked.inbox
                del here.intake.waiting[key]
            here.intake.parked_streams = parked_streams  # type: ignore[method-assign]
            return found

        here.intake.parked_streams = redriven_just_after  # type: ignore[method-assign]
        here.write("a")
        here.publish()
        await listening

    here.run(go())
    assert here.intake.notes() == ["bad", "a"]
    assert here.intake.waiting == {}
    assert here.intake.outcomes()[2] == REDRIVEN


# ------------------------------------------------------------------------------- what is transient


def test_what_is_transient_is_tried_again_for_ever_and_not_acknowledged() -> None:
    here = Scene()
    here.write("a", "b")
    here.publish()
    here.intake.failures.extend(Unavailable("STORE_AWAY", "away") for _ in range(200))

    async def go() -> None:
        listening = asyncio.create_task(here.listen(600))
        await asyncio.sleep(60)
        assert here.intake.rows == {}
        assert here.bus.streams["DIARY"].places["memory-0-of-1"].floor == 0
        # The delay is capped at two seconds.
        assert 30 < 200 - len(here.intake.failures) < 50
        await listening

    here.run(go())
    assert here.intake.notes() == ["a", "b"]


def test_a_limit_that_stays_reached_is_parked_in_the_end() -> None:
    here = Scene()

    def full(command: Command) -> None:
        raise Exhausted("TOO_MANY_NOTES", "no more notes")

    here.intake.refuse = full
    here.write("a")
    here.publish()

    async def go() -> None:
        listening = asyncio.create_task(here.listen(60))
        await asyncio.sleep(5)
        assert here.intake.waiting == {}
        await listening

    here.run(go())
    assert [each.reason for each in here.intake.waiting.values()] == ["Exhausted:TOO_MANY_NOTES"]


# -------------------------------------------------------------------------- sharing, and stopping


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


# -------------------------------------------------------------------------------------------- law


LAW_STREAMS = (ONE, THIRD, OTHER)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    facts=st.lists(st.tuples(st.sampled_from(LAW_STREAMS), st.booleans()), min_size=1, max_size=25),
    delivered=st.lists(st.integers(0, 24), max_size=60),
    poison=st.sets(st.integers(0, 24)),
    failures=st.integers(0, 6),
    restarts=st.integers(0, 3),
)
def test_law_whatever_the_bus_does_each_fact_is_taken_in_once_and_in_order(
    seed: int,
    facts: list[tuple[str, bool]],
    delivered: list[int],
    poison: set[int],
    failures: int,
    restarts: int,
) -> None:
    here = Scene(World(seed))
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
    assert here.intake.most_under_way == 1
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
