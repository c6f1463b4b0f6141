"""What the bus leaves out is fetched from the producer's feed, once and in order."""

import asyncio
from typing import Any

import pytest

from chassis.bus import Message
from chassis.envelope import Place, read
from chassis.intake import APPLIED, PARKED, row
from chassis.kernel.errors import Conflict
from chassis.taking_in import CONFLICT_ATTEMPTS
from chassis.tests.listening import ONE, OTHER, THIRD, Scene, refuse
from chassis.tests.messaging import MemoryFeed, messages_of


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


def test_messages_out_of_order_or_twice_in_a_batch_need_no_feed() -> None:
    here = Scene()
    here.write("a", "b", "c")
    first, second, third = messages_of(here.log)
    here.publish([third, first, second, first, third])
    here.feed.away = True
    here.run(here.listen())
    assert here.intake.notes() == ["a", "b", "c"]
    assert here.intake.submitted == 3


def test_after_a_disturbance_of_the_bus_the_heads_are_compared_at_once() -> None:
    here = Scene()
    here.write("a")
    here.publish()

    async def go() -> None:
        listening = asyncio.create_task(here.listen(60))
        await asyncio.sleep(20)
        # A message was on its way when the connection broke.
        here.write("b")
        here.bus.lose = lambda message: read(message).place.position == 2
        here.publish()
        await asyncio.sleep(1)
        here.bus.away = True
        await asyncio.sleep(6)
        here.bus.away = False
        await asyncio.sleep(6)
        assert here.intake.notes() == ["a", "b"]
        assert here.world.loop.time() < 40
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


@pytest.mark.parametrize("ahead", [1, 8])
def test_when_our_own_store_goes_back_what_it_forgot_is_taken_in_again(ahead: int) -> None:
    here = Scene(ahead=ahead)
    here.write("a", "b", "c")
    here.publish()

    async def go() -> None:
        listening = asyncio.create_task(here.listen(30))
        await asyncio.sleep(5)
        # A standby took over that had not heard of the last two commits.
        for key in sorted(here.intake.rows)[1:]:
            del here.intake.rows[key]
        del here.intake.applied[1:]
        here.write("d", "e")
        here.publish()
        await listening

    here.run(go())
    assert here.intake.notes() == ["a", "b", "c", "d", "e"]


def test_what_our_own_store_forgot_is_not_passed_over_by_parking() -> None:
    here = Scene()
    here.intake.refuse = refuse("bad")
    here.write("bad", stream=ONE)
    here.write("b", stream=THIRD)
    here.publish()

    async def go() -> None:
        listening = asyncio.create_task(here.listen(30))
        await asyncio.sleep(5)
        del here.intake.rows["diary", Place(1, 2)]
        here.intake.applied.clear()
        here.write("waits", stream=ONE)
        here.publish()
        await listening

    here.run(go())
    assert here.intake.notes() == ["b"]
    assert here.intake.outcomes() == {1: PARKED, 2: APPLIED, 3: PARKED}


def test_a_lane_that_cannot_be_mended_yet_is_mended_later() -> None:
    here = Scene()
    here.write("a", "b", "c")
    first, _, third = messages_of(here.log)
    here.publish([first, third])

    class Disturbing(MemoryFeed):
        async def after(self, position: int, partitions: Any, limit: int) -> Any:
            if not self.asked:
                conflicts = [Conflict("INBOX_OUT_OF_ORDER", "")] * CONFLICT_ATTEMPTS
                here.intake.failures.extend(conflicts)
            return await super().after(position, partitions, limit)

    here.feed = Disturbing(here.log)
    here.run(here.listen(10))
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


def test_a_new_epoch_is_completed_even_if_its_positions_seem_known() -> None:
    here = Scene()
    here.write(*(f"old {number}" for number in range(8)))
    here.publish()

    async def go() -> None:
        await here.listen()
        here.log.restore(5)
        here.write("new 5", "new 6", "new 7")
        # The stream brings the last only, and its predecessor's position is behind our watermark.
        here.publish(messages_of(here.log)[-1:])
        await here.listen(10)

    here.run(go())
    assert here.intake.notes()[8:] == ["new 5", "new 6", "new 7"]


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
    assert sorted(here.intake.notes()) == ["a", "b", "x"]
    assert here.feed.asked == []
