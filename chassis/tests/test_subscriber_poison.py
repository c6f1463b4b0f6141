"""What is refused is parked and its stream waits; what is transient is waited out."""

import asyncio
from collections.abc import Iterable
from typing import Any

from chassis.bus import Message
from chassis.intake import BEHIND, IGNORED, PARKED, REDRIVEN
from chassis.kernel.errors import Exhausted, Unavailable
from chassis.kernel.events import Command
from chassis.policies import About, Policy
from chassis.tests.listening import ONE, OTHER, THIRD, Scene, refuse
from chassis.tests.messaging import DIARY, NoteStruck, Remember, messages_of


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
