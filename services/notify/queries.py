"""What can be read about messages."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from services.notify.domain.events import Channel
from services.notify.projections import State
from services.notify.tables import MESSAGES

MESSAGES_OF_EVENT_LIMIT = 20
"""One for each channel; there are few."""


def _inbox(customer_id: str) -> Select[Any]:
    return select(MESSAGES).where(
        MESSAGES.c.customer_id == customer_id,
        MESSAGES.c.channel == str(Channel.IN_APP),
        MESSAGES.c.state == int(State.SENT),
    )


def inbox_after(
    connection: Connection, customer_id: str, after: int, limit: int
) -> Sequence[Row[Any]]:
    """In-app messages after a cursor, oldest first."""
    query = _inbox(customer_id).where(MESSAGES.c.position > after)
    return connection.execute(query.order_by(MESSAGES.c.position).limit(limit)).all()


def inbox_before(
    connection: Connection, customer_id: str, before: int | None, limit: int, only_unread: bool
) -> Sequence[Row[Any]]:
    """In-app messages before a cursor, latest first."""
    query = _inbox(customer_id)
    if before is not None:
        query = query.where(MESSAGES.c.position < before)
    if only_unread:
        query = query.where(MESSAGES.c.is_read.is_(False))
    return connection.execute(query.order_by(MESSAGES.c.position.desc()).limit(limit)).all()


def unread(connection: Connection, customer_id: str) -> int:
    """How many in-app messages are not read."""
    rows = _inbox(customer_id).where(MESSAGES.c.is_read.is_(False)).subquery()
    return connection.scalar(select(func.count()).select_from(rows)) or 0


def about_event(connection: Connection, customer_id: str, event_id: str) -> Sequence[Row[Any]]:
    """The messages about a fact, one for each channel."""
    query = (
        select(MESSAGES)
        .where(MESSAGES.c.customer_id == customer_id, MESSAGES.c.event_id == event_id)
        .order_by(MESSAGES.c.channel.desc())
        .limit(MESSAGES_OF_EVENT_LIMIT)
    )
    return connection.execute(query).all()


def messages_before(
    connection: Connection, customer_id: str, before: tuple[int, str] | None, limit: int
) -> Sequence[Row[Any]]:
    """Messages on all channels before (position, channel), latest first."""
    query = select(MESSAGES).where(MESSAGES.c.customer_id == customer_id)
    if before is not None:
        position, channel = before
        query = query.where(
            (MESSAGES.c.position < position)
            | ((MESSAGES.c.position == position) & (MESSAGES.c.channel < channel))
        )
    ordered = query.order_by(MESSAGES.c.position.desc(), MESSAGES.c.channel.desc())
    return connection.execute(ordered.limit(limit)).all()


def due_emails(connection: Connection, now: int, limit: int) -> Sequence[Row[Any]]:
    """E-mail that may be sent now: it waits, or the claim on it ran out. Longest due first."""
    query = (
        select(MESSAGES)
        .where(
            MESSAGES.c.channel == str(Channel.EMAIL),
            MESSAGES.c.state.in_([int(State.WAITING), int(State.CLAIMED)]),
            MESSAGES.c.due_at <= now,
        )
        .order_by(MESSAGES.c.due_at, MESSAGES.c.position)
        .limit(limit)
    )
    return connection.execute(query).all()


def message(connection: Connection, message_id: str) -> Row[Any] | None:
    """One message, if there is such."""
    return connection.execute(select(MESSAGES).where(MESSAGES.c.message_id == message_id)).first()
