"""The `eventsourcing` library's ProcessRecorder on SQLAlchemy Core, for SQLite and PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    DatabaseError,
    IntegrityError,
    InterfaceError,
    Notification,
    OperationalError,
    PersistenceError,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Subscription,
    Tracking,
)
from sqlalchemy import Connection, Engine, Row, Select, exc, func, select

from chassis.database import insert_rows
from chassis.event_store.head import Head, create_tables, move_head, take_head
from chassis.event_store.tables import events, tracking

SUBSCRIPTION_POLL_SECONDS = 0.05
SUBSCRIPTION_PAGE = 500

_ERRORS: tuple[tuple[type[exc.SQLAlchemyError], type[PersistenceError]], ...] = (
    (exc.IntegrityError, IntegrityError),
    (exc.OperationalError, OperationalError),
    (exc.InterfaceError, InterfaceError),
    (exc.ProgrammingError, ProgrammingError),
    (exc.SQLAlchemyError, DatabaseError),
)


@contextmanager
def library_errors() -> Iterator[None]:
    """Turn SQLAlchemy's errors into the library's."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        kind = next(ours for theirs, ours in _ERRORS if isinstance(error, theirs))
        raise kind(error) from error


def _text(originator_id: UUID | str) -> str:
    return originator_id if isinstance(originator_id, str) else str(originator_id)


class SqlRecorder(ProcessRecorder):
    """Records events, notifications and tracking in the tables of the event store.

    Positions are gap-free and in commit order, because the head row is held while events are
    inserted. `insert_stored` is what the committer uses inside its own transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writing=True)

    def create_table(self) -> None:
        """Create the tables that are missing."""
        create_tables(self._engine)

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events, and `tracking` if given, in one transaction; returns positions.

        Raises IntegrityError if a stream has that version already or if tracking goes back.
        """
        with library_errors(), self._writing.begin() as connection:
            head = take_head(connection)
            positions = insert_stored(connection, stored_events, head.position)
            position: Tracking | None = kwargs.get("tracking")
            if position is not None:
                _move_tracking(connection, position)
            last = positions[-1] if positions else head.position
            move_head(connection, Head(head.epoch, last, head.audit_size, head.audit_frontier))
            return positions

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of one stream by version."""
        version = events.c.originator_version
        query = select(events).where(events.c.originator_id == _text(originator_id))
        if gt is not None:
            query = query.where(version > gt)
        if lte is not None:
            query = query.where(version <= lte)
        query = query.order_by(version.desc() if desc else version.asc())
        if limit is not None:
            query = query.limit(limit)
        return [
            StoredEvent(row.originator_id, row.originator_version, row.topic, bytes(row.state))
            for row in self._rows(query)
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events of the whole log by position."""
        query = select(events).order_by(events.c.position).limit(limit)
        if start is not None:
            after = start - 1 if inclusive_of_start else start
            query = query.where(events.c.position > after)
        if stop is not None:
            query = query.where(events.c.position <= stop)
        if topics:
            query = query.where(events.c.topic.in_(list(topics)))
        return [
            Notification(
                row.originator_id,
                row.originator_version,
                row.topic,
                bytes(row.state),
                row.position,
            )
            for row in self._rows(query)
        ]

    def max_notification_id(self) -> int | None:
        """Position of the last event, None in an empty log."""
        found: int | None = self._rows(select(func.max(events.c.position)))[0][0]
        return found

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Notifications after `gt`, and then every new one as it is recorded."""
        return PollingSubscription(self, gt=gt, topics=topics)

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record how far a follower has come; raises IntegrityError if that goes back."""
        with library_errors(), self._writing.begin() as connection:
            _move_tracking(connection, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """How far a follower has come, None if it never began."""
        query = select(tracking.c.notification_id).where(
            tracking.c.application_name == application_name
        )
        rows = self._rows(query)
        return rows[0][0] if rows else None

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with library_errors(), self._engine.begin() as connection:
            return connection.execute(query).all()


def insert_stored(connection: Connection, stored: Sequence[StoredEvent], after: int) -> list[int]:
    """Insert events at the positions that follow `after`; the caller holds the head."""
    rows = [
        (after + i, _text(each.originator_id), each.originator_version, each.topic, each.state)
        for i, each in enumerate(stored, 1)
    ]
    insert_rows(connection, events, rows)
    return [row[0] for row in rows]


def _move_tracking(connection: Connection, to: Tracking) -> None:
    name = tracking.c.application_name == to.application_name
    moved = connection.execute(
        tracking.update()
        .where(name, tracking.c.notification_id < to.notification_id)
        .values(notification_id=to.notification_id)
    )
    if moved.rowcount:
        return
    # Inserting meets the primary key when there is a row that stands as far or farther.
    connection.execute(
        tracking.insert().values(
            application_name=to.application_name, notification_id=to.notification_id
        )
    )


class PollingSubscription(Subscription[ApplicationRecorder]):
    """Follows the log by polling; NOTIFY would serialise commits."""

    def __init__(
        self, recorder: ApplicationRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt=gt, topics=topics)
        self._page: list[Notification] = []
        self._stopped = Event()

    def stop(self) -> None:
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._page:
            if self._stopped.is_set():
                raise StopIteration
            found = self._recorder.select_notifications(
                self._last_notification_id,
                SUBSCRIPTION_PAGE,
                topics=self._topics,
                inclusive_of_start=False,
            )
            self._page = list(found)
            if not self._page:
                self._stopped.wait(SUBSCRIPTION_POLL_SECONDS)
        if self._stopped.is_set():
            raise StopIteration
        first = self._page.pop(0)
        self._last_notification_id = first.id
        return first
