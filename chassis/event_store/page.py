"""What one tick is about to write: everything decided, nothing stored yet."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_

from chassis.database import delete_among, insert_rows, replace_rows
from chassis.event_store.cache import Folded, Unloadable
from chassis.event_store.head import Head, move_head
from chassis.event_store.tables import (
    audit,
    events,
    idempotency,
    inbox,
    parked,
    timers,
    watermarks,
)
from chassis.kernel.events import Fact
from chassis.recorded import Recorded
from chassis.work import Inbox, Outcome

Row = tuple[Any, ...]
InboxKey = tuple[str, int, int]
"""Source, epoch and position of a message."""

SETTLE_PARKED = ("redriven", "skipped")
"""Outcomes by which a message that was parked is done with."""


class Decided:
    """The facts of one unit, and the folds they lead to."""

    __slots__ = ("facts", "folds", "last", "states")

    def __init__(self) -> None:
        self.facts: list[tuple[str, int, Fact]] = []
        self.folds: dict[str, Folded] = {}
        self.states: list[Any] = []
        self.last = ""


@dataclass(slots=True)
class Page:
    """Rows by table, and the states as they will be once the rows are stored."""

    head: Head
    now: datetime
    folds: dict[str, Folded | Unloadable] = field(default_factory=dict)
    written: dict[str, Folded] = field(default_factory=dict)
    recorded: list[Recorded] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    answers: dict[str, tuple[bytes, Outcome]] = field(default_factory=dict)
    idempotency: list[Row] = field(default_factory=list)
    inbox: list[Row] = field(default_factory=list)
    parked: set[InboxKey] = field(default_factory=set)
    unparked: list[tuple[InboxKey, str]] = field(default_factory=list)
    watermarks: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    moved: set[tuple[str, int]] = field(default_factory=set)
    timers: dict[str, Row | None] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)
    audit: list[Row] = field(default_factory=list)

    def has_taken(self, row: Inbox) -> bool:
        """Whether a message has had its effect. Below the watermark everything was taken in, but
        what was parked then may still be redriven, once."""
        if row.outcome in SETTLE_PARKED:
            return (row.source, row.epoch, row.position) not in self.parked
        mark = self.watermarks.get((row.source, row.partition), (0, 0))
        return (row.epoch, row.position) <= mark

    def settle_parked(self, row: Inbox) -> None:
        """A message that was parked is done with."""
        key = (row.source, row.epoch, row.position)
        self.parked.discard(key)
        self.unparked.append((key, row.outcome))

    def write(self, connection: Connection) -> None:
        """Store every row and the new head; the caller holds the head."""
        insert_rows(connection, events, self.events)
        insert_rows(connection, idempotency, self.idempotency)
        insert_rows(connection, inbox, self.inbox)
        insert_rows(connection, audit, self.audit)
        self._write_watermarks(connection)
        self._write_timers(connection)
        for key, outcome in self.unparked:
            connection.execute(inbox.update().where(_is(inbox, key)).values(outcome=outcome))
            connection.execute(parked.delete().where(_is(parked, key)))
        move_head(connection, self.head)

    def _write_watermarks(self, connection: Connection) -> None:
        rows = [(*key, *self.watermarks[key]) for key in sorted(self.moved)]
        replace_rows(connection, watermarks, rows, ("source", "partition"))

    def _write_timers(self, connection: Connection) -> None:
        gone = [timer_id for timer_id, row in self.timers.items() if row is None]
        delete_among(connection, timers, "timer_id", gone)
        kept = [row for row in self.timers.values() if row is not None]
        replace_rows(connection, timers, kept, ("timer_id",))


def _is(table: Table, key: InboxKey) -> ColumnElement[bool]:
    source, epoch, position = key
    columns = table.c
    return and_(columns.source == source, columns.epoch == epoch, columns.position == position)
