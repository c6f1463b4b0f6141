"""A small aggregate for the tests of the store: a sum with a limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection

from chassis.codec import Codec
from chassis.committer import Committer
from chassis.database import Database, InlineRunner, Runner, ThreadRunner, open_engine
from chassis.event_store.head import create_tables
from chassis.event_store.log import Log
from chassis.event_store.tick import Ticker
from chassis.kernel.clock import FixedClock
from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact, command, fact, value
from chassis.policies import TimerRule
from chassis.recorded import Meta
from chassis.work import Audit, Cancel, Idempotency, Inbox, Schedule, Settled, Work

LIMIT = 1_000
EXPIRY = timedelta(hours=1)


@fact
class NumberAdded(Fact):
    sum_id: str
    key: str
    number: int


@fact
class SumCleared(Fact):
    sum_id: str


@command
class AddNumber(Command):
    sum_id: str
    key: str
    number: int


@command
class ClearSum(Command):
    sum_id: str


@value
class Sum:
    total: int = 0
    keys: tuple[str, ...] = ()


def decide(state: Sum, asked: AddNumber | ClearSum, _context: Context) -> Sequence[Fact]:
    if isinstance(asked, ClearSum):
        return [SumCleared(sum_id=asked.sum_id)] if state.total else []
    if asked.key in state.keys:
        return []
    if state.total + asked.number > LIMIT:
        raise Refused("LIMIT_EXCEEDED", "the sum would be too large")
    return [NumberAdded(sum_id=asked.sum_id, key=asked.key, number=asked.number)]


def evolve(state: Sum, happened: NumberAdded | SumCleared) -> Sum:
    if isinstance(happened, SumCleared):
        return Sum(total=0, keys=state.keys)
    return Sum(total=state.total + happened.number, keys=(*state.keys, happened.key))


SUM = Decider(
    category="sum",
    state=Sum,
    initial=Sum(),
    decide=decide,
    evolve=evolve,
    identify=lambda asked: asked.sum_id,
    commands=(AddNumber, ClearSum),
    facts=(NumberAdded, SumCleared),
)


def clear_later(happened: NumberAdded, meta: Meta) -> list[Schedule | Cancel]:
    """A sum is cleared an hour after the last addition."""
    timer = f"clear-{happened.sum_id}"
    return [Schedule(timer, meta.occurred_at + EXPIRY, ClearSum(sum_id=happened.sum_id))]


class Numbered:
    """Ids in order."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        return f"id{next(self._numbers)}"


@dataclass
class Store:
    """One process on a store."""

    clock: FixedClock
    database: Database
    ticker: Ticker
    committer: Committer
    log: Log
    codec: Codec

    def close(self) -> None:
        self.database.close()


def open_store(url: str, *, threads: bool = False, clock: FixedClock | None = None) -> Store:
    """A process on the store at `url`, which is created if it is not there."""
    engine = open_engine(url)
    create_tables(engine)
    runner: Runner = ThreadRunner() if threads else InlineRunner()
    clock = clock or FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    codec = Codec(SUM.facts, SUM.commands)
    ticker = Ticker(
        service="sums",
        engine=engine,
        deciders=[SUM],
        codec=codec,
        clock=clock,
        ids=Numbered(),
        timer_rules=[TimerRule(NumberAdded, clear_later)],
    )
    database = Database(engine, runner)
    log = Log("sums", database, codec, alone=False)
    committer = Committer(ticker, runner, on_commit=log.notify)
    return Store(clock, database, ticker, committer, log, codec)


def work(
    *commands: Command,
    key: str | None = None,
    body: bytes = b"body",
    inbox: tuple[Inbox, ...] = (),
    timer: str | None = None,
    inside: Callable[[Any, Settled], None] | None = None,
) -> Work:
    """A unit that adds to sums and answers with the total."""
    return Work(
        commands=commands,
        meta=Meta(datetime(2026, 1, 1, tzinfo=UTC), "tester"),
        idempotency=None if key is None else Idempotency("tester", "sums.Add", key, body),
        inbox=inbox,
        timer=timer,
        render=_answer if commands else None,
        audit=Audit("tester", "", "sums.Add", "sum", "here", ""),
        inside=inside,
    )


def _answer(settled: Settled) -> bytes:
    return f"{settled.state.total}@{settled.receipt.position}".encode()


def add(number: int, key: str, sum_id: str = "a") -> AddNumber:
    return AddNumber(sum_id=sum_id, key=key, number=number)


def rows(store: Store, table: Any) -> list[Any]:
    """Everything in a table."""

    def read(connection: Connection) -> list[Any]:
        return list(connection.execute(table.select()).all())

    with store.database.engine.begin() as connection:
        return read(connection)
