"""Parked messages: tried again or given up, in order, each with its inbox row, on record."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import pytest

from chassis.envelope import read
from chassis.intake import BEHIND, PARKED, REDRIVEN, SKIPPED, Parked, row
from chassis.kernel.clock import FixedClock
from chassis.kernel.errors import NotFound, Refused, Unavailable
from chassis.kernel.events import Command
from chassis.parking import PARKED_PAGE, Parking, Redriven
from chassis.policies import About, Policy
from chassis.taking_in import reactions_to
from chassis.tests.messaging import (
    DIARY,
    MemoryIntake,
    MemoryLog,
    NoteWritten,
    Remember,
    messages_of,
)
from chassis.work import Audit

BY_OPERATOR = Audit("operator:o", "", "redrive", "diary/note-1", "127.0.0.1", "c")


def remember(message: Any, about: About) -> Iterable[Command]:
    yield Remember(note_id=message.note_id)


REACTIONS = reactions_to([Policy(DIARY.NoteWritten, remember)])


def parked(*note_ids: str) -> MemoryIntake:
    """A listener whose store keeps these notes of stream note-1 parked."""
    log, intake = MemoryLog(), MemoryIntake()
    log.append(*(NoteWritten(note_id=each) for each in note_ids))
    for index, message in enumerate(messages_of(log)):
        incoming = read(message)
        reason = BEHIND if index else "Refused:ACCOUNT_CLOSED"
        key = ("diary", incoming.place)
        intake.waiting[key] = Parked(row(incoming, PARKED), reason, message)
        intake.rows[key] = row(incoming, PARKED)
    return intake


def parking(intake: MemoryIntake) -> Parking:
    return Parking(REACTIONS, intake, FixedClock())


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def refuse(note_id: str) -> Any:
    def refusing(command: Command) -> None:
        if isinstance(command, Remember) and command.note_id == note_id:
            raise Refused("ACCOUNT_CLOSED", "no")

    return refusing


def test_a_stream_is_redriven_in_order() -> None:
    notes = [f"{number}" for number in range(PARKED_PAGE + 5)]
    intake = parked(*notes)
    assert run(parking(intake).redrive("diary", "note-1", BY_OPERATOR)) == Redriven(len(notes))
    assert intake.notes() == notes
    assert set(intake.outcomes().values()) == {REDRIVEN}
    assert {unit.audit for unit in intake.units} == {BY_OPERATOR}
    assert intake.waiting == {}


def test_redriving_twice_does_nothing_more() -> None:
    intake = parked("a", "b")
    run(parking(intake).redrive("diary", "note-1"))
    assert run(parking(intake).redrive("diary", "note-1")) == Redriven(0)
    assert intake.notes() == ["a", "b"]


def test_two_who_redrive_at_once_do_each_message_once() -> None:
    intake = parked("a", "b", "c")

    async def both() -> None:
        one, other = parking(intake), parking(intake)
        await asyncio.gather(one.redrive("diary", "note-1"), other.redrive("diary", "note-1"))

    run(both())
    assert intake.notes() == ["a", "b", "c"]


def test_what_is_refused_again_stays_with_the_new_reason_and_those_behind_wait() -> None:
    intake = parked("a", "b", "c")
    intake.refuse = refuse("b")
    result = run(parking(intake).redrive("diary", "note-1"))
    assert result == Redriven(1, "Refused:ACCOUNT_CLOSED")
    assert intake.notes() == ["a"]
    reasons = [each.reason for each in intake.waiting.values()]
    assert reasons == ["Refused:ACCOUNT_CLOSED", BEHIND]


def test_skipping_gives_up_the_first_and_tries_those_behind() -> None:
    intake = parked("a", "b", "c")
    intake.refuse = refuse("a")
    assert run(parking(intake).skip("diary", "note-1", BY_OPERATOR)) == Redriven(3)
    assert intake.notes() == ["b", "c"]
    assert list(intake.outcomes().values()) == [SKIPPED, REDRIVEN, REDRIVEN]
    assert intake.units[0].audit == BY_OPERATOR


def test_nothing_can_be_skipped_where_nothing_waits() -> None:
    with pytest.raises(NotFound, match="NOTHING_PARKED"):
        run(parking(MemoryIntake()).skip("diary", "note-1", BY_OPERATOR))


def test_a_store_that_is_away_is_said_so_and_nothing_changes() -> None:
    intake = parked("a")
    intake.failures.append(Unavailable("STORE_AWAY", "away"))
    with pytest.raises(Unavailable):
        run(parking(intake).redrive("diary", "note-1"))
    assert len(intake.waiting) == 1


def test_what_nobody_reacts_to_any_longer_is_let_through() -> None:
    intake = parked("a")
    nobody = Parking({}, intake, FixedClock())
    assert run(nobody.redrive("diary", "note-1")) == Redriven(1)
    assert intake.notes() == []
