"""How facts about messages become rows to be read. Nothing here can send anything."""

from enum import IntEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, update

from chassis.event_store.rows import micros
from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.notify.domain.events import (
    Channel,
    MessageAbandoned,
    MessageRead,
    MessageReleased,
    MessageReplayed,
    NoticeDecided,
    SendClaimed,
    SendFailed,
    SendSucceeded,
    Verdict,
)
from services.notify.tables import MESSAGES


class State(IntEnum):
    """What became of a message: the numbers of the public enum DeliveryState."""

    WITHHELD = 1
    WAITING = 2
    CLAIMED = 3
    SENT = 4
    ABANDONED = 5


@projects(NoticeDecided)
def add_messages(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    decided_at = micros(event.meta.occurred_at)
    rows = []
    for decision in fact.decisions:
        state = State.WITHHELD
        if decision.verdict is Verdict.SEND:
            # An in-app message stands in the inbox from the moment of the decision.
            state = State.SENT if decision.channel is Channel.IN_APP else State.WAITING
        rows.append(
            {
                "message_id": decision.message_id,
                "position": event.position,
                "customer_id": fact.customer_id,
                "event_id": fact.event_id,
                "channel": str(decision.channel),
                "template": str(fact.template),
                "details": msgspec.json.encode(fact.details).decode(),
                "happened_at": micros(fact.details.happened_at),
                "rule": decision.rule,
                "state": int(state),
                "attempts": 0,
                "failure": "",
                "due_at": decided_at,
                "decided_at": decided_at,
                "sent_at": decided_at if state is State.SENT else None,
                "is_read": False,
            }
        )
    connection.execute(MESSAGES.insert(), rows)


def _change(connection: Connection, message_id: str, **values: Any) -> None:
    connection.execute(update(MESSAGES).where(MESSAGES.c.message_id == message_id).values(**values))


@projects(MessageReleased)
def note_release(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    now = micros(event.meta.occurred_at)
    _change(connection, fact.message_id, state=State.WAITING, rule=fact.rule, due_at=now)


@projects(MessageRead)
def mark_read(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _change(connection, fact.message_id, is_read=True)


@projects(SendClaimed)
def note_claim(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    until = micros(fact.claimed_until)
    _change(connection, fact.message_id, state=State.CLAIMED, attempts=fact.attempt, due_at=until)


@projects(SendSucceeded)
def note_success(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    sent_at = micros(event.meta.occurred_at)
    _change(connection, fact.message_id, state=State.SENT, failure="", sent_at=sent_at)


@projects(SendFailed)
def note_failure(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    retry_at = micros(fact.retry_at)
    _change(connection, fact.message_id, state=State.WAITING, failure=fact.reason, due_at=retry_at)


@projects(MessageAbandoned)
def note_abandonment(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    _change(connection, fact.message_id, state=State.ABANDONED, failure=fact.reason)


@projects(MessageReplayed)
def note_replay(connection: Connection, event: Recorded) -> None:
    fact: Any = event.fact
    now = micros(event.meta.occurred_at)
    _change(connection, fact.message_id, state=State.WAITING, attempts=0, due_at=now)


MESSAGES_PROJECTION = Projection(
    "messages",
    (MESSAGES,),
    (
        add_messages,
        note_release,
        mark_read,
        note_claim,
        note_success,
        note_failure,
        note_abandonment,
        note_replay,
    ),
)
PROJECTIONS = (MESSAGES_PROJECTION,)
