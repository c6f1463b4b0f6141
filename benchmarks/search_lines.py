"""Lines to search: real merchants' names in their real frequency, over many accounts and years."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from psycopg import sql
from rich.progress import track
from sqlalchemy import Engine

from chassis.database import insert_rows
from chassis.event_store.tables import tracking
from chassis.kernel.money import Money
from chassis.recorded import Meta, Recorded
from services.accounts.domain.categories import category_of
from services.accounts.domain.events import ChargeAuthorised
from services.accounts.domain.values import EntryMode, Merchant
from services.accounts.projections import search_rows
from services.accounts.projections.books import PROJECTIONS
from services.accounts.projections.search import (
    Labelled,
    indexed_line,
    with_vector,
    with_words,
)
from services.accounts.tables.books import transactions
from services.accounts.tables.search import POSTGRESQL, transaction_search

DATA = Path(__file__).resolve().parents[1] / "data" / "purchase_cards"
LINES = next(each for each in PROJECTIONS if each.name == "transactions")
FIRST_DAY = date(2020, 1, 1)
DAYS = 6 * 365
FACTS_PER_LINE = 2
"""A charge and its clearing: between two lines there is a position of the log."""
CHUNK = 5_000
AFTERWARDS = ("VACUUM ANALYZE transactions", "VACUUM ANALYZE transaction_search")
STATUSES = ("POSTED",) * 93 + ("DECLINED",) * 4 + ("REVERSED",) * 2 + ("EXPIRED",)


class Row(NamedTuple):
    """A row of `transactions`, with what the search knows of it, which is nothing yet."""

    account_id: str
    kind: str
    transaction_id: str
    position: int
    status: str
    card_id: str
    charge_id: str
    currency: str
    authorised_minor: int
    posted_minor: int
    amount_minor: int
    original_minor: int
    original_currency: str
    merchant_id: str
    merchant_name: str
    merchant_folded: str
    merchant_country: str
    mcc: str
    category: str
    reason: str
    transaction_date: str
    posting_date: str
    recorded_at_micros: int
    first_name: str | None = None


def shops() -> list[tuple[str, str]]:
    """Name and category code of the merchant of every row of the sample months."""
    with (DATA / "mcc_by_merchant.csv").open(encoding="utf-8", newline="") as file:
        codes = {row["merchant"]: row["mcc"] for row in csv.DictReader(file)}
    found = []
    for path in sorted(DATA.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                name = row["merchant"]
                found.append((name, codes.get(name, "5999")))
    return found


@dataclass
class Ledger:
    """Makes lines, in the order of their positions."""

    accounts: int
    random: Random
    position: int = 0
    made: int = 0
    shops: list[tuple[str, str]] = field(default_factory=shops)

    def account(self, number: int) -> str:
        """One of the accounts."""
        return f"{number % self.accounts:032x}"

    def rows(self, count: int) -> Iterator[Row]:
        """So many lines, spread evenly over the years."""
        chance = self.random
        for number in range(count):
            self.position += FACTS_PER_LINE
            self.made += 1
            name, mcc = chance.choice(self.shops)
            amount = int(chance.lognormvariate(8, 1.2)) + 1
            day = (FIRST_DAY + timedelta(days=number * DAYS // count)).isoformat()
            status = chance.choice(STATUSES)
            owner = chance.randrange(self.accounts)
            yield Row(
                account_id=self.account(owner),
                kind="CHARGE",
                transaction_id=f"{self.made:032x}",
                position=self.position,
                status=status,
                card_id=f"{owner + 2**64:032x}",
                charge_id="",
                currency="GBP",
                authorised_minor=amount,
                posted_minor=amount if status == "POSTED" else 0,
                amount_minor=amount,
                original_minor=0,
                original_currency="",
                merchant_id="M",
                merchant_name=name,
                merchant_folded=name.casefold(),
                merchant_country="GB",
                mcc=mcc,
                category=category_of(mcc),
                reason="",
                transaction_date=day,
                posting_date=day,
                recorded_at_micros=0,
            )

    def arrive(self, engine: Engine, count: int) -> None:
        """More lines, as the projector takes them in."""
        assert LINES.finish is not None
        meta, page = Meta(datetime(2026, 1, 1, tzinfo=UTC), "bench"), []
        for _ in range(count):
            self.position += 1
            place = self.position
            page.append(Recorded("accounts", 1, place, "bench", place, "", self._charge(), meta))
        with engine.execution_options(writing=True).begin() as connection:
            for each in page:
                LINES.apply(connection, each)
            LINES.finish(connection, page)
            connection.execute(
                tracking.update()
                .where(tracking.c.application_name == LINES.cursor)
                .values(notification_id=self.position)
            )

    def _charge(self) -> ChargeAuthorised:
        self.made += 1
        name, mcc = self.random.choice(self.shops)
        owner = self.random.randrange(self.accounts)
        amount = Money(int(self.random.lognormvariate(8, 1.2)) + 1, "GBP")
        now = datetime(2026, 1, 1, tzinfo=UTC)
        return ChargeAuthorised(
            account_id=self.account(owner),
            customer_id="",
            card_id=f"{owner + 2**64:032x}",
            charge_id=f"{self.made:032x}",
            amount=amount,
            held=amount,
            original_amount=None,
            rate="",
            merchant=Merchant(id="M", name=name, mcc=mcc, country="GB"),
            entry_mode=EntryMode.CHIP,
            response_code="00",
            available=amount,
            stand_in=False,
            assessment_id="",
            hold_expires_at=now,
            transaction_date=now.date(),
            transaction_at=now,
        )


def _begin_tracking(engine: Engine, position: int) -> None:
    with engine.begin() as connection:
        place = tracking.insert().values(application_name=LINES.cursor, notification_id=position)
        connection.execute(place)


def _columns(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def fill_postgresql(engine: Engine, ledger: Ledger, count: int) -> None:
    """By COPY; the index is made behind it, as a restore would."""
    ours = tuple(column.name for column in transactions.columns)
    theirs = (*(column.name for column in transaction_search.columns), "document")
    raw: Any = engine.raw_connection()
    with raw.cursor() as cursor:
        cursor.execute("DROP INDEX transaction_search_document")
        cursor.execute("SET statement_timeout = 0")
    rows, nothing = ledger.rows(count), Labelled()
    for _ in track(range(0, count, CHUNK), "loading"):
        some = list(islice(rows, CHUNK))
        with raw.cursor() as cursor:
            copy = sql.SQL("COPY {} ({}) FROM STDIN")
            with cursor.copy(copy.format(sql.Identifier("transactions"), _columns(ours))) as to:
                for row in some:
                    to.write_row(row[: len(ours)])
            table = sql.Identifier("transaction_search")
            with cursor.copy(copy.format(table, _columns(theirs))) as to:
                for row in some:
                    to.write_row(with_vector(indexed_line(row, nothing, {})))
    raw.commit()
    raw.driver_connection.autocommit = True
    with raw.cursor() as cursor:
        for statement in (*POSTGRESQL, *AFTERWARDS):
            cursor.execute(statement)
    raw.driver_connection.autocommit = False
    raw.close()
    _begin_tracking(engine, ledger.position)


def fill_sqlite(engine: Engine, ledger: Ledger, count: int) -> None:
    """By large statements in one transaction."""
    ours = len(transactions.columns)
    rows, nothing = ledger.rows(count), Labelled()
    with engine.execution_options(writing=True).begin() as connection:
        for _ in track(range(0, count, CHUNK), "loading"):
            some = list(islice(rows, CHUNK))
            made = [indexed_line(row, nothing, {}) for row in some]
            insert_rows(connection, transactions, [row[:ours] for row in some])
            insert_rows(connection, transaction_search, [each.row() for each in made])
            search_rows.replace_words(connection, [], [with_words(each) for each in made])
    _begin_tracking(engine, ledger.position)
