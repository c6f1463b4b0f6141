"""The limit of a durable command: the bare echo with nothing behind it but a group commit of one
event and one answer a call; no door, no decision, no reading back. Prints its port."""

import asyncio
import hashlib
import sqlite3
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import grpc
import psycopg
import uvloop
from cards.accounts.v1 import accounts_service_pb2 as pb

Row = tuple[int, str, str, bytes, str, bytes]
"""Position, stream, topic and state of an event; key and answer of its request."""
Write = Callable[[Sequence[Row]], None]
Waiting = tuple[pb.AuthoriseChargeRequest, "asyncio.Future[pb.AuthoriseChargeRequest]"]

BATCH_LIMIT = 256
STATE_BYTES = 700
"""About what a stored ChargeAuthorised takes."""
TABLES = (
    "CREATE TABLE events (position {integer} PRIMARY KEY, stream TEXT, topic TEXT, state {blob})",
    "CREATE TABLE answers (key TEXT PRIMARY KEY, answer {blob})",
)


def sqlite_store(path: str) -> Write:
    """Batches into a new SQLite file, in WAL mode with synchronous FULL."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    for table in TABLES:
        connection.execute(table.format(integer="INTEGER", blob="BLOB"))

    def write(rows: Sequence[Row]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        events, answers = ",".join(["(?,?,?,?)"] * len(rows)), ",".join(["(?,?)"] * len(rows))
        of_events = tuple(chain.from_iterable(row[:4] for row in rows))
        of_answers = tuple(chain.from_iterable(row[4:] for row in rows))
        connection.execute(f"INSERT INTO events VALUES {events}", of_events)
        connection.execute(f"INSERT INTO answers VALUES {answers}", of_answers)
        connection.execute("COMMIT")

    return write


def postgres_store(url: str) -> Write:
    """Batches into new tables of a PostgreSQL database, a column an array."""
    connection = psycopg.connect(url)
    for table in TABLES:
        connection.execute(table.format(integer="BIGINT", blob="BYTEA"))
    connection.commit()

    def write(rows: Sequence[Row]) -> None:
        columns = [list(column) for column in zip(*rows, strict=True)]
        events = "SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bytea[])"
        connection.execute(f"INSERT INTO events {events}", columns[:4])
        answers = "INSERT INTO answers SELECT * FROM unnest(%s::text[], %s::bytea[])"
        connection.execute(answers, columns[4:])
        connection.commit()

    return write


class GroupCommit:
    """Whatever waits when the last batch is stored is the next one."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._writer = ThreadPoolExecutor(1)
        self._waiting: list[Waiting] = []
        self._running: asyncio.Task[None] | None = None
        self._position = 0

    async def submit(self, request: pb.AuthoriseChargeRequest) -> pb.AuthoriseChargeRequest:
        """The request, once it is stored."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        stored: pb.AuthoriseChargeRequest = await future
        return stored

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = (
                    self._waiting[:BATCH_LIMIT],
                    self._waiting[BATCH_LIMIT:],
                )
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._writer, self._store, batch)
                for request, future in batch:
                    if not future.done():
                        future.set_result(request)
        finally:
            self._running = None

    def _store(self, batch: Sequence[Waiting]) -> None:
        rows: list[Row] = []
        for request, _ in batch:
            self._position += 1
            answer = request.SerializeToString(deterministic=True)
            key = hashlib.sha256(answer).hexdigest()
            state = answer.ljust(STATE_BYTES, b" ")
            rows.append((self._position, request.card_id, "event.v1", state, key, answer))
        self._write(rows)


async def serve(store: str) -> None:
    """Serve until killed."""
    write = postgres_store(store) if store.startswith("postgresql:") else sqlite_store(store)
    commit = GroupCommit(write)

    async def echo(request: pb.AuthoriseChargeRequest, context: object) -> object:
        return await commit.submit(request)

    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(
        echo, pb.AuthoriseChargeRequest.FromString, pb.AuthoriseChargeRequest.SerializeToString
    )
    service = grpc.method_handlers_generic_handler("bench.Echo", {"Echo": handler})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
