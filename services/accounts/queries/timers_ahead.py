"""Timers that the calendar has not come to yet, for clocks that have."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from chassis.event_store.rows import instant, micros
from chassis.event_store.tables import timers


class Timer(NamedTuple):
    """A timer: when it is due, its name, and the command it carries, by name and as stored."""

    due_at: datetime
    timer_id: str
    topic: str
    command: bytes


Place = tuple[datetime, str]
"""When a timer is due, and its name: the order in which they come."""


def timers_until(
    connection: Connection, after: Place | None, until: datetime, limit: int
) -> list[Timer]:
    """Timers due by an instant that come after a place, in order."""
    at, name = timers.c.due_at, timers.c.timer_id
    query = select(at, name, timers.c.topic, timers.c.command).where(at <= micros(until))
    if after is not None:
        due_at, timer_id = micros(after[0]), after[1]
        query = query.where((at > due_at) | ((at == due_at) & (name > timer_id)))
    rows = connection.execute(query.order_by(at, name).limit(limit))
    return [Timer(instant(due), timer, topic, bytes(data)) for due, timer, topic, data in rows]


def forget(connection: Connection, timer: Timer) -> None:
    """Take away a timer that was carried out, unless it was set anew."""
    same = (timers.c.timer_id == timer.timer_id, timers.c.due_at == micros(timer.due_at))
    connection.execute(delete(timers).where(*same))
