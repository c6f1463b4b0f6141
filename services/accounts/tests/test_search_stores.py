"""Both stores find the same in the same order, and pages stay stable while everything changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from chassis.database import open_engine
from chassis.event_store.head import create_tables
from chassis.event_store.tables import tracking
from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from chassis.recorded import Meta, Recorded
from services.accounts.domain import events
from services.accounts.domain.transactions.query import parse
from services.accounts.domain.values import EntryMode, Merchant
from services.accounts.projections.books import PROJECTIONS
from services.accounts.queries import search as queries
from services.accounts.queries.search import Search, search_page
from services.accounts.tables import METADATA
from services.accounts.tests.conftest import opened
from services.accounts.tests.test_search import QUERIES, found, shopping, shops

LINES = next(each for each in PROJECTIONS if each.name == "transactions")
DAY = date(2026, 1, 2)
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
ACCOUNT = "a" * 32
NAMES = ("RIVER BANK", "BANK RIVER SIDE", "THE RIVERBOAT", "TESCO STORES 6025", "超市")


def gbp(minor_units: int) -> Money:
    return Money(minor_units, "GBP")


@dataclass
class Book:
    """The lines of one account, recorded one after another."""

    engine: Engine
    position: int = 0
    charges: list[str] = field(default_factory=list)

    def record(self, *facts: Fact) -> None:
        """Facts as the projector takes them: a page at once."""
        page = []
        for fact in facts:
            self.position += 1
            meta = Meta(NOW, "tester")
            recorded = Recorded("accounts", 1, self.position, "stream", 1, "", fact, meta)
            page.append(recorded)
        with self.engine.begin() as connection:
            for each in page:
                LINES.apply(connection, each)
            assert LINES.finish is not None
            LINES.finish(connection, page)
            connection.execute(
                tracking.update()
                .where(tracking.c.application_name == LINES.cursor)
                .values(notification_id=self.position)
            )

    def charge(self, name: str, minor_units: int) -> Fact:
        """A charge of the next id."""
        self.charges.append(f"{len(self.charges):032x}")
        return events.ChargeAuthorised(
            **self._ids(self.charges[-1]),
            amount=gbp(minor_units),
            held=gbp(minor_units),
            original_amount=None,
            rate="",
            merchant=Merchant(id="M", name=name, mcc="5411", country="GB"),
            entry_mode=EntryMode.CHIP,
            response_code="00",
            available=gbp(0),
            stand_in=False,
            assessment_id="",
            hold_expires_at=NOW,
            transaction_date=DAY,
            transaction_at=NOW,
        )

    def clearing(self, charge_id: str, name: str, minor_units: int) -> Fact:
        """A posting, perhaps of another amount at a merchant by another name."""
        self.clearings = getattr(self, "clearings", 0) + 1
        return events.ChargeCleared(
            **self._ids(charge_id),
            clearing_id=str(self.clearings),
            amount=gbp(minor_units),
            released=gbp(0),
            over_hold=gbp(0),
            final=False,
            forced=False,
            original_amount=None,
            rate="",
            merchant=Merchant(id="M", name=name, mcc="5411", country="GB"),
            available=gbp(0),
            balance=gbp(0),
            transaction_date=DAY,
            posting_date=DAY,
        )

    def expiry(self, charge_id: str) -> Fact:
        """A change of status alone."""
        return events.HoldExpired(
            **self._ids(charge_id), released=gbp(1), available=gbp(0), transaction_date=DAY
        )

    def _ids(self, charge_id: str) -> dict[str, Any]:
        ids = {"account_id": ACCOUNT, "customer_id": "b" * 32, "card_id": "c" * 32}
        return {**ids, "charge_id": charge_id}


def emptied(connection: Connection) -> None:
    for table in reversed(LINES.tables):
        connection.execute(table.delete())
    connection.execute(tracking.delete())
    connection.execute(tracking.insert().values(application_name=LINES.cursor, notification_id=0))


@contextmanager
def prepared(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    create_tables(engine)
    METADATA.create_all(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Engine]:
    with prepared("sqlite://") as engine:
        yield engine


@pytest.fixture(scope="module")
def postgresql(postgres_server: Any) -> Iterator[Engine]:
    name = "search_laws"
    with prepared(postgres_server.create_database(name)) as engine:
        yield engine
    postgres_server.drop_database(name)


amounts = st.integers(1, 3_000)
changes = st.one_of(
    st.tuples(st.just("charge"), st.sampled_from(NAMES), amounts),
    st.tuples(st.just("clear"), st.sampled_from(NAMES), amounts),
    st.tuples(st.just("expire"), st.just(""), st.just(1)),
)


def told(book: Book, change: tuple[str, str, int], pick: int) -> Fact:
    kind, name, minor_units = change
    if kind == "charge" or not book.charges:
        return book.charge(name or NAMES[0], minor_units)
    charge_id = book.charges[pick % len(book.charges)]
    return (
        book.expiry(charge_id) if kind == "expire" else book.clearing(charge_id, name, minor_units)
    )


def matching(engine: Engine, wanted: Search) -> set[str]:
    """All that match now, by one large page."""
    with engine.begin() as connection:
        page = search_page(connection, wanted, 10_000, None, by_relevance=False)
    assert page.cursor is None
    return {row.transaction_id for row in page.rows}


def pages_are_stable(engine: Engine, data: Any) -> None:
    """Whatever matches all the while is shown once; nothing twice; nothing that came later."""
    draw = data.draw
    with engine.begin() as connection:
        emptied(connection)
    book = Book(engine)
    start = draw(st.lists(changes, max_size=25))
    if start:
        book.record(*(told(book, each, place * 7) for place, each in enumerate(start)))
    wanted = Search(
        query=parse(draw(st.sampled_from(("river", "river bank", "bank", "超市", "tesco", "")))),
        account_id=draw(st.sampled_from((ACCOUNT, ""))),
        status=draw(st.sampled_from(("", "", "POSTED"))),
    )
    size, by_relevance = draw(st.integers(1, 6)), draw(st.booleans())
    newest, always, shown, cursor = book.position, matching(engine, wanted), [], None
    for turn in range(200):
        with engine.begin() as connection:
            page = search_page(connection, wanted, size, cursor, by_relevance=by_relevance)
        assert len(page.rows) <= size
        assert all(row.position <= newest for row in page.rows)
        shown += [row.transaction_id for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            break
        for change in draw(st.lists(changes, max_size=3)):
            book.record(told(book, change, turn * 5))
        always &= matching(engine, wanted)
    assert cursor is None
    assert len(shown) == len(set(shown))
    assert always <= set(shown)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such bounds that a few lines reach all of them."""
    from services.accounts.domain.transactions import document
    from services.accounts.queries import search_postgresql

    monkeypatch.setattr(queries, "RELEVANCE_LINES", 4)
    monkeypatch.setattr(search_postgresql, "LINES_LOOKED_AT", 6)
    monkeypatch.setattr(search_postgresql, "BLOCKS_TO_JUDGE_BY", 2)
    for module in (document, search_postgresql):
        monkeypatch.setattr(module, "BLOCK_POSITIONS", 4)


INSIDE = [HealthCheck.function_scoped_fixture]


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=INSIDE)
def test_pages_are_stable_on_sqlite(sqlite: Engine, small: None, data: Any) -> None:
    pages_are_stable(sqlite, data)


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=INSIDE)
def test_pages_are_stable_on_postgresql(postgresql: Engine, small: None, data: Any) -> None:
    pages_are_stable(postgresql, data)


@given(
    facts=st.lists(changes, min_size=1, max_size=40),
    text=st.sampled_from(
        (
            "river",
            "river bank",
            '"bank river"',
            "riverbo",
            "tesco 12",
            "超市",
            "超",
            "groceries",
            "20",
        )
    ),
    size=st.integers(1, 9),
    by_relevance=st.booleans(),
)
@settings(max_examples=40, suppress_health_check=INSIDE)
def test_both_stores_find_the_same_in_the_same_order(
    sqlite: Engine,
    postgresql: Engine,
    small: None,
    facts: list[Any],
    text: str,
    size: int,
    by_relevance: bool,
) -> None:
    found_by = []
    for engine in (sqlite, postgresql):
        with engine.begin() as connection:
            emptied(connection)
        book = Book(engine)
        book.record(*(told(book, each, place * 3) for place, each in enumerate(facts)))
        shown, cursor = [], None
        while True:
            with engine.begin() as connection:
                page = search_page(
                    connection,
                    Search(query=parse(text), account_id=ACCOUNT),
                    size,
                    cursor,
                    by_relevance=by_relevance,
                )
            shown += [(row.transaction_id, row.merchant, row.amount_minor) for row in page.rows]
            cursor = page.cursor
            if cursor is None:
                break
        found_by.append(sorted(shown) if by_relevance else shown)
    assert found_by[0] == found_by[1]


async def test_postgresql_finds_as_people_type(tmp_path: Path, postgres_url: str) -> None:
    async with opened(tmp_path, postgres_url) as door:
        account = await shopping(door)
        for query, expected in QUERIES:
            assert await found(door, account, query) == shops(*expected), query
