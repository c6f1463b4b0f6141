"""How facts about cases become rows to be read."""

from enum import IntEnum
from typing import Any

from sqlalchemy import Connection, update

from chassis.event_store.rows import micros
from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.support.domain.events import (
    CaseAssigned,
    CaseClosed,
    CaseFactLinked,
    CaseOpened,
    CasePosted,
    CaseReopened,
    CaseState,
)
from services.support.tables import CASES, TIMELINE


class Entry(IntEnum):
    """What an entry tells: the numbers of the public enum TimelineKind."""

    OPENED = 1
    MESSAGE = 2
    NOTE = 3
    ASSIGNED = 4
    FACT = 5
    CLOSED = 6
    REOPENED = 7


def _enter(
    connection: Connection,
    event: Recorded,
    kind: Entry,
    actor: str,
    *,
    detail: str = "",
    **said: Any,
) -> None:
    """One more entry in the timeline of the case the fact is about."""
    fact: Any = event.fact
    nothing_said = {"message_id": "", "author": "", "internal": False, "sealed_body": ""}
    connection.execute(
        TIMELINE.insert().values(
            position=event.position,
            case_id=fact.case_id,
            kind=int(kind),
            occurred_at=micros(event.meta.occurred_at),
            actor=actor,
            detail=detail,
            **{**nothing_said, **said},
        )
    )


def _touch(connection: Connection, event: Recorded, **values: Any) -> None:
    """Something happened in the case, and changed these columns."""
    fact: Any = event.fact
    connection.execute(
        update(CASES)
        .where(CASES.c.case_id == fact.case_id)
        .values(
            updated_at=micros(event.meta.occurred_at), updated_position=event.position, **values
        )
    )


@projects(CaseOpened)
def add_case(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    now = micros(event.meta.occurred_at)
    connection.execute(
        CASES.insert().values(
            case_id=fact.case_id,
            customer_id=fact.customer_id,
            account_id=fact.account_id,
            kind=str(fact.kind),
            card_id=fact.card_id,
            charge_id=fact.charge_id,
            state=str(CaseState.OPEN),
            queue=fact.queue,
            priority=str(fact.priority),
            agent_id="",
            resolution="",
            opened_at=micros(fact.opened_at),
            updated_at=now,
            updated_position=event.position,
        )
    )
    _enter(connection, event, Entry.OPENED, fact.opened_by, detail=str(fact.kind))


@projects(CasePosted)
def add_message(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _enter(
        connection,
        event,
        Entry.NOTE if fact.internal else Entry.MESSAGE,
        fact.author_id,
        message_id=fact.message_id,
        author=str(fact.author),
        internal=fact.internal,
        sealed_body=fact.sealed_body,
    )
    _touch(connection, event)


@projects(CaseFactLinked)
def add_linked_fact(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _enter(connection, event, Entry.FACT, event.meta.actor, detail=fact.fact)
    _touch(connection, event)


@projects(CaseAssigned)
def note_assignment(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _enter(connection, event, Entry.ASSIGNED, fact.assigned_by, detail=fact.agent_id)
    _touch(connection, event, state=str(CaseState.ASSIGNED), agent_id=fact.agent_id)


@projects(CaseClosed)
def note_closing(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    resolution = str(fact.resolution)
    _enter(connection, event, Entry.CLOSED, fact.closed_by, detail=resolution)
    _touch(connection, event, state=str(CaseState.CLOSED), resolution=resolution)


@projects(CaseReopened)
def note_reopening(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _enter(connection, event, Entry.REOPENED, event.meta.actor)
    _touch(connection, event, state=str(CaseState.OPEN), resolution="")
    assigned = (CASES.c.case_id == fact.case_id) & (CASES.c.agent_id != "")
    connection.execute(update(CASES).where(assigned).values(state=str(CaseState.ASSIGNED)))


CASES_PROJECTION = Projection(
    "cases",
    (CASES, TIMELINE),
    (add_case, add_message, add_linked_fact, note_assignment, note_closing, note_reopening),
)
PROJECTIONS = (CASES_PROJECTION,)
