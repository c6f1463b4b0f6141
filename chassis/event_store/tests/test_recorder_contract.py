"""The library's own recorder contract, run against ours on SQLite and on PostgreSQL."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
)
from sqlalchemy import Engine, event

from chassis.database import open_engine
from chassis.event_store.recorder import SqlRecorder
from chassis.event_store.tables import METADATA


class _OnSqlite:
    """Gives each contract test a recorder on its own file."""

    engine: Engine

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> Any:
        self.engine = open_engine(f"sqlite:///{tmp_path / 'events.db'}")
        yield
        self.engine.dispose()

    def new_originator_id(self) -> str:
        return str(uuid4())

    def create_recorder(self) -> SqlRecorder:
        recorder = SqlRecorder(self.engine)
        recorder.create_table()
        return recorder


THREAD_SECONDS = 60.0


class _OnPostgres(_OnSqlite):
    """The same on a database of its own in a real server."""

    @pytest.fixture(autouse=True)
    def _file(self, postgres_url: str) -> Any:
        self.engine = open_engine(postgres_url)
        opened: list[Any] = []
        event.listen(self.engine, "connect", lambda connection, _record: opened.append(connection))
        before = set(threading.enumerate())
        yield
        # Threads of the library's tests outlive them for a while. Whoever closed a connection that
        # they have in hand would give its number to the next one, and they would read from that.
        for each in set(threading.enumerate()) - before:
            each.join(THREAD_SECONDS)
        self.engine.dispose()
        for connection in opened:
            connection.close()

    def create_recorder(self) -> SqlRecorder:
        METADATA.drop_all(self.engine)
        return super().create_recorder()


class _WithoutPositions(SqlRecorder):
    """As the library's aggregate recorders are: they keep no log and so tell no positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)


class TestAggregateRecorderOnSqlite(_OnSqlite, AggregateRecorderTestCase):
    def create_recorder(self) -> SqlRecorder:
        recorder = _WithoutPositions(self.engine)
        recorder.create_table()
        return recorder


class TestApplicationRecorderOnSqlite(_OnSqlite, ApplicationRecorderTestCase[SqlRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestProcessRecorderOnSqlite(_OnSqlite, ProcessRecorderTestCase):
    pass


class TestNonInterleavingOnSqlite(_OnSqlite, NonInterleavingNotificationIDsBaseCase):
    pass


class TestAggregateRecorderOnPostgres(_OnPostgres, AggregateRecorderTestCase):
    def create_recorder(self) -> SqlRecorder:
        METADATA.drop_all(self.engine)
        recorder = _WithoutPositions(self.engine)
        recorder.create_table()
        return recorder


class TestApplicationRecorderOnPostgres(_OnPostgres, ApplicationRecorderTestCase[SqlRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestProcessRecorderOnPostgres(_OnPostgres, ProcessRecorderTestCase):
    pass


class TestNonInterleavingOnPostgres(_OnPostgres, NonInterleavingNotificationIDsBaseCase):
    pass
