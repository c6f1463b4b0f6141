"""One relational database behind a service: SQLite or PostgreSQL, by one SQLAlchemy Core path."""

import asyncio
import json
from collections import namedtuple
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from chassis.kernel.errors import Unavailable

T = TypeVar("T")

POOL_SIZE = 8
READERS = 4
POOL_TIMEOUT_SECONDS = 0.5
BUSY_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 15_000
LOCK_TIMEOUT_MS = 5_000
CHECKPOINT_PAGES = 4_000
"""SQLite copies its log of 16 MiB back at once: a page that many commits changed is copied once."""
ROWS_PER_STATEMENT = 64
STATEMENTS_KEPT = 512
"""SQLite: a statement for each number of rows and table."""
CONNECT_TIMEOUT_SECONDS = 2
"""The least that libpq accepts; a refused connection fails at once all the same."""


class Runner(Protocol):
    """Where blocking work runs: threads in production, in line under virtual time."""

    async def write(self, work: Callable[[], T]) -> T:
        """Run on the one writer."""
        ...

    async def read(self, work: Callable[[], T]) -> T:
        """Run on one of the readers."""
        ...

    def close(self) -> None:
        """Wait for what runs and take no more."""
        ...


class ThreadRunner:
    """One writer thread and a few readers."""

    def __init__(self) -> None:
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def write(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def read(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    def close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()


class InlineRunner:
    """Runs in line: for tests, tools and simulations, where nothing else may run meanwhile."""

    async def write(self, work: Callable[[], T]) -> T:
        return work()

    async def read(self, work: Callable[[], T]) -> T:
        return work()

    def close(self) -> None:
        return None


def open_engine(url: str, creator: Callable[[], Any] | None = None) -> Engine:
    """An engine for `sqlite:///path`, `sqlite://` (in memory) or `postgresql+psycopg://…`.

    SQLite runs in WAL mode with synchronous FULL. `creator` gives the one connection of an
    in-memory database.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        memory = parsed.database in (None, "", ":memory:")
        options: dict[str, Any] = {
            "connect_args": {
                "check_same_thread": False,
                "cached_statements": STATEMENTS_KEPT,
            }
        }
        if memory:
            options["poolclass"] = StaticPool
        if creator is not None:
            options["creator"] = creator
        engine = create_engine(parsed, **options)
        _prepare_sqlite(engine, memory)
        return engine
    options_line = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
        " -c synchronous_commit=on"
    )
    return create_engine(
        parsed,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "options": options_line},
    )


def _prepare_sqlite(engine: Engine, memory: bool) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: we say BEGIN, and which kind.
        connection.isolation_level = None
        if not memory:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute("PRAGMA foreign_keys=ON")
        # A destroyed key must not be left in a free page.
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("writing"):
            run_statement(connection, "BEGIN")
            return
        synchronous = "NORMAL" if options.get("relaxed") else "FULL"
        if not memory and connection.info.get("synchronous", "FULL") != synchronous:
            connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
            connection.info["synchronous"] = synchronous
        run_statement(connection, "BEGIN IMMEDIATE")


class Database:
    """Asynchronous access to an engine: `read` on a reader, `write` on the writer."""

    def __init__(self, engine: Engine, runner: Runner | None = None) -> None:
        self.engine = engine
        self.writing = engine.execution_options(writing=True)
        self._relaxed = engine.execution_options(writing=True, relaxed=True)
        self.runner: Runner = runner or ThreadRunner()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read transaction. Raises Unavailable when the database is away."""

        def run() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return await self._guard(self.runner.read, run)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a write transaction. Raises Unavailable when the database is away."""

        def run() -> T:
            with self.writing.begin() as connection:
                return work(connection)

        return await self._guard(self.runner.write, run)

    async def write_derived(self, work: Callable[[Connection], T]) -> T:
        """Like `write`, for what can be made again from the log: whole or not at all and in order
        with everything else, but a loss of power may take the last moments of it back."""

        def run() -> T:
            with self._relaxed.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                return work(connection)

        return await self._guard(self.runner.write, run)

    async def _guard(self, where: Any, run: Callable[[], T]) -> T:
        try:
            result: T = await where(run)
            return result
        except DBAPIError as error:
            if is_away(error):
                raise Unavailable("STORE_AWAY", "the store cannot be reached; try later") from error
            raise
        except TimeoutError as error:
            raise Unavailable("STORE_BUSY", "the store has no connection free") from error

    def close(self) -> None:
        """Let what runs finish and give the connections back."""
        self.runner.close()
        self.engine.dispose()


AWAY_STATES = ("08", "57P", "53", "55P03", "57014", "40")
"""SQLSTATE classes after which the same work may be tried again: connection, shutdown,
resources, lock not available, time-out, serialisation."""


def is_away(error: DBAPIError) -> bool:
    """Whether the database was away, full or busy, rather than asked something wrong."""
    if error.connection_invalidated:
        return True
    original = error.orig
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return str(state).startswith(AWAY_STATES)
    name = type(original).__name__
    text = str(original)
    if "no such table" in text or "syntax error" in text or "no such column" in text:
        return False
    return name in ("OperationalError", "InterfaceError", "AdminShutdown", "ConnectionTimeout")


def run_statement(
    connection: Connection, sql: str, parameters: Sequence[Any] = (), *, reading: bool = False
) -> Sequence[Any]:
    """Run a statement in the driver's own words and return what it found, if it is `reading`. For
    what every transaction does: the way through SQLAlchemy costs more than the statement."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if reading else []
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told_by_sqlalchemy(connection, sql, error) from error
    finally:
        cursor.close()


def _told_by_sqlalchemy(connection: Connection, sql: str, error: Any) -> DBAPIError:
    """The driver's error as SQLAlchemy would raise it; a connection that is lost is given up."""
    driver = connection.connection.dbapi_connection
    lost = bool(connection.dialect.is_disconnect(error, driver, None))
    if lost:
        connection.invalidate(error)
    base = connection.dialect.loaded_dbapi.Error
    told: DBAPIError = DBAPIError.instance(sql, None, error, base, connection_invalidated=lost)
    return told


@cache
def _row_type(table: Table) -> Any:
    return namedtuple("Row", [column.name for column in table.columns])


_ARRAY_TYPES = {
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "TEXT": "text",
    "BLOB": "bytea",
    "BYTEA": "bytea",
    "BOOLEAN": "boolean",
}


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, each a tuple in the order of the table's columns, in one round trip.

    PostgreSQL gets each column as one array, the cheapest way for a few hundred rows; SQLite a
    statement with all of them. Only integers, text, bytes and booleans.
    """
    _insert(connection, table, rows, ())


def replace_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], key: tuple[str, ...]
) -> None:
    """Like `insert_rows`; a row whose `key` (a primary key) is there already takes its place.
    No two of the rows may have the same key."""
    _insert(connection, table, rows, key)


def _insert(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], key: tuple[str, ...]
) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        run_statement(connection, _insert_arrays(table, key), columns)
        return
    # Not executemany: the driver gives up the interpreter's lock for every row, and a thread that
    # has it back only after its turn gets nowhere while another one is busy.
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        some = rows[start : start + ROWS_PER_STATEMENT]
        sql = _insert_values(table, key, len(some))
        run_statement(connection, sql, tuple(chain.from_iterable(some)))


@cache
def _insert_arrays(table: Table, key: tuple[str, ...]) -> str:
    types = (_ARRAY_TYPES[_type_name(column.type)] for column in table.columns)
    arrays = ", ".join(f"%s::{each}[]" for each in types)
    return _insert_into(table, f"SELECT * FROM unnest({arrays})", key)


@cache
def _insert_values(table: Table, key: tuple[str, ...], rows: int) -> str:
    marks = ", ".join("?" for _ in table.columns)
    return _insert_into(table, "VALUES " + ", ".join([f"({marks})"] * rows), key)


def _insert_into(table: Table, source: str, key: tuple[str, ...]) -> str:
    names = ", ".join(column.name for column in table.columns)
    others = [column.name for column in table.columns if column.name not in key]
    updates = ", ".join(f"{name} = excluded.{name}" for name in others)
    replacing = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}" if key else ""
    return f"INSERT INTO {table.name} ({names}) {source}{replacing}"


def rows_among(
    connection: Connection, table: Table, key: str, wanted: Sequence[str]
) -> Sequence[Any]:
    """The rows of `table` whose text column `key` is one of `wanted`, as named tuples.

    The list is one parameter, so that the statement is the same for one and for hundreds: it is
    composed and planned once.
    """
    dialect = connection.dialect.name
    names = ", ".join(column.name for column in table.columns)
    sql = f"SELECT {names} FROM {table.name} WHERE {_among(dialect, key)}"
    found = run_statement(connection, sql, (_as_parameter(dialect, wanted),), reading=True)
    return [_row_type(table)(*row) for row in found] if found else []


def delete_among(connection: Connection, table: Table, key: str, wanted: Sequence[str]) -> None:
    """Delete the rows of `table` whose text column `key` is one of `wanted`."""
    if wanted:
        dialect = connection.dialect.name
        sql = f"DELETE FROM {table.name} WHERE {_among(dialect, key)}"
        run_statement(connection, sql, (_as_parameter(dialect, wanted),))


def _among(dialect: str, key: str) -> str:
    if dialect == "postgresql":
        return f"{key} = ANY(%s::text[])"
    return f"{key} IN (SELECT value FROM json_each(?))"


def _as_parameter(dialect: str, wanted: Sequence[str]) -> Any:
    return list(wanted) if dialect == "postgresql" else json.dumps(list(wanted))


def _type_name(of: Any) -> str:
    name = str(of.__visit_name__).upper()
    return {"LARGE_BINARY": "BYTEA", "BIG_INTEGER": "BIGINT"}.get(name, name)
