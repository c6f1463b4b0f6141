"""The few statements that are written out by hand, on both databases; and what is synced when."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Table,
    Text,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.database import (
    ROWS_PER_STATEMENT,
    Database,
    delete_among,
    insert_rows,
    is_away,
    open_engine,
    replace_rows,
    rows_among,
    run_statement,
)

METADATA = MetaData()
THINGS = Table(
    "test_things",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
NAMES = [f"Änne's “thing” {number}" for number in range(2 * ROWS_PER_STATEMENT + 3)]
ROWS = [(name, number, bytes([number % 256])) for number, name in enumerate(NAMES)]


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    engine = open_engine(store_url)
    METADATA.drop_all(engine)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


def contents(connection: Connection) -> list[tuple[str, int, bytes]]:
    found = connection.execute(select(THINGS).order_by(THINGS.c.size)).all()
    return [(row.name, row.size, bytes(row.content)) for row in found]


def test_all_rows_are_inserted_however_many_there_are(engine: Engine) -> None:
    with engine.begin() as connection:
        insert_rows(connection, THINGS, [])
        insert_rows(connection, THINGS, ROWS)
        assert contents(connection) == ROWS


def test_a_row_takes_the_place_of_the_one_with_its_key(engine: Engine) -> None:
    with engine.begin() as connection:
        insert_rows(connection, THINGS, ROWS[:2])
        replace_rows(connection, THINGS, [(NAMES[1], 7, b"new"), *ROWS[2:4]], ("name",))
        assert contents(connection) == [ROWS[0], ROWS[2], ROWS[3], (NAMES[1], 7, b"new")]


def test_rows_are_found_and_deleted_by_a_list_of_keys(engine: Engine) -> None:
    wanted = [*NAMES[:70], "nobody"]
    with engine.begin() as connection:
        insert_rows(connection, THINGS, ROWS)
        found = rows_among(connection, THINGS, "name", wanted)
        assert sorted(row.size for row in found) == list(range(70))
        assert rows_among(connection, THINGS, "name", []) == []
        delete_among(connection, THINGS, "name", wanted)
        delete_among(connection, THINGS, "name", [])
        assert contents(connection) == ROWS[70:]


def test_a_statement_in_the_drivers_words_fails_as_any_other(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        insert_rows(connection, THINGS, [ROWS[0], ROWS[0]])
    with pytest.raises(DBAPIError) as asked_wrong, engine.begin() as connection:
        run_statement(connection, "SELECT * FROM nothing")
    assert not is_away(asked_wrong.value)


def test_a_connection_that_is_lost_is_given_up(postgres_url: str) -> None:
    engine = open_engine(postgres_url)

    def end_itself(connection: Connection) -> None:
        run_statement(connection, "SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DBAPIError) as lost, engine.begin() as connection:
        end_itself(connection)
    assert lost.value.connection_invalidated
    assert is_away(lost.value)
    with engine.begin() as connection:
        assert run_statement(connection, "SELECT 1", reading=True) == [(1,)]
    engine.dispose()


def test_what_is_derived_from_the_log_waits_for_no_disk_and_all_else_does(tmp_path: Path) -> None:
    def synchronous(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    async def in_turn(database: Database) -> list[int]:
        full, normal = database.write, database.write_derived
        return [await each(synchronous) for each in (full, normal, normal, full, normal, full)]

    with closing(Database(open_engine(f"sqlite:///{tmp_path / 'store.db'}"))) as database:
        assert asyncio.run(in_turn(database)) == [2, 1, 1, 2, 1, 2]
