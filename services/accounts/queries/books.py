"""Questions to the read models; each is a function of a connection."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from chassis.event_store.tables import tracking
from services.accounts.domain.ledger import LedgerAccount
from services.accounts.domain.transactions.kinds import SIGNS, SPENDING
from services.accounts.tables.books import (
    account_balances,
    ledger_entries,
    ledger_totals,
    transactions,
)
from services.accounts.tables.search import merchant_reindexing, transaction_search

LEDGER_CURSOR = "projection:ledger"


@dataclass(frozen=True, slots=True)
class Trades:
    """What the network calls the trade of each merchant category code."""

    names: dict[str, str]

    @classmethod
    def load(cls, path: Path) -> Self:
        """From a CSV file with the columns mcc and edited_description."""
        with path.open(encoding="utf-8", newline="") as file:
            return cls({row["mcc"]: row["edited_description"] for row in csv.DictReader(file)})

    def name_of(self, mcc: str) -> str:
        """The name of a trade; empty for a code that the table does not have."""
        return self.names.get(mcc, "")


AS_CALLED = transactions.join(
    transaction_search, transaction_search.c.position == transactions.c.position
)
"""Lines with the cleaned names of merchants and the categories that count."""


def is_recategorising(connection: Connection, account_id: str) -> bool:
    """Whether some lines of an account do not yet have the category of their merchant."""
    wanted = select(merchant_reindexing).where(merchant_reindexing.c.account_id == account_id)
    return connection.execute(wanted.limit(1)).first() is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which transactions; what is empty or 0 restricts nothing. Dates are YYYY-MM-DD."""

    account_id: str
    card_id: str = ""
    kind: str = ""
    status: str = ""
    category: str = ""
    merchant: str = ""
    from_date: str = ""
    to_date: str = ""
    minimum_minor: int = 0
    maximum_minor: int = 0

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a line must fulfil."""
        columns, search = transactions.c, transaction_search.c
        found: list[ColumnElement[bool]] = [columns.account_id == self.account_id]
        equal = (
            (columns.card_id, self.card_id),
            (columns.kind, self.kind),
            (columns.status, self.status),
            (search.category, self.category),
        )
        found += [column == wanted for column, wanted in equal if wanted]
        if self.merchant:
            part = self.merchant.casefold()
            found.append(
                or_(
                    columns.merchant_folded.contains(part, autoescape=True),
                    search.merchant_key.contains(part, autoescape=True),
                )
            )
        if self.from_date:
            found.append(columns.transaction_date >= self.from_date)
        if self.to_date:
            found.append(columns.transaction_date <= self.to_date)
        if self.minimum_minor:
            found.append(columns.amount_minor >= self.minimum_minor)
        if self.maximum_minor:
            found.append(columns.amount_minor <= self.maximum_minor)
        return found


def list_transactions(
    connection: Connection, wanted: Filter, before_position: int | None, limit: int
) -> list[Row[Any]]:
    """Lines, newest first, before a position of the log, as their holder calls them."""
    search = transaction_search.c
    called = (search.merchant, search.category.label("own_or_given_category"), search.own_category)
    query = select(transactions, *called).select_from(AS_CALLED).where(*wanted.conditions())
    if before_position is not None:
        query = query.where(transactions.c.position < before_position)
    return list(connection.execute(query.order_by(transactions.c.position.desc()).limit(limit)))


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendRow:
    """What was spent on one thing, in minor units of the account's currency."""

    name: str
    posted_minor: int
    refunded_minor: int
    transactions: int


GROUPS: dict[str, ColumnElement[str]] = {
    "CATEGORY": transaction_search.c.category,
    "MERCHANT": transaction_search.c.merchant,
    "MONTH": func.substr(transactions.c.transaction_date, 1, 7),
}


def spend_breakdown(
    connection: Connection, wanted: Filter, group: str, limit: int
) -> tuple[list[SpendRow], int]:
    """What was posted less refunds, largest first, at most `limit` lines; and the sum of all."""
    columns = transactions.c
    charged = case((columns.kind == "CHARGE", columns.posted_minor), else_=0)
    came_back = {kind: -SIGNS[kind] for kind in SPENDING if kind != "CHARGE"}
    refunded = columns.posted_minor * case(came_back, value=columns.kind, else_=0)
    spent = and_(
        *wanted.conditions(),
        columns.posted_minor > 0,
        columns.kind.in_(SPENDING),
    )
    name = GROUPS[group].label("name")
    difference = func.sum(charged - refunded)
    query = (
        select(name, func.sum(charged), func.sum(refunded), func.count())
        .select_from(AS_CALLED)
        .where(spent)
        .group_by(name)
        .order_by(difference.desc(), name)
        .limit(limit)
    )
    rows = [
        SpendRow(
            name=found,
            posted_minor=int(posted),
            refunded_minor=int(back),
            transactions=count,
        )
        for found, posted, back, count in connection.execute(query)
    ]
    total = connection.scalar(select(difference).select_from(AS_CALLED).where(spent))
    return rows, int(total or 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerRow:
    """One ledger account in one currency; debits and credits are both positive."""

    ledger_account: str
    currency: str
    debits_minor: int
    credits_minor: int
    entries: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialBalance:
    """Every ledger account at a position; `receivable` is what accounts owe, by currency, as
    their own decisions said."""

    rows: list[LedgerRow]
    receivable: list[tuple[str, int]]
    position: int


def ledger_position(connection: Connection) -> int:
    """The position of the log up to which facts are posted."""
    query = select(tracking.c.notification_id).where(tracking.c.application_name == LEDGER_CURSOR)
    return connection.scalar(query) or 0


def trial_balance(connection: Connection, position: int) -> TrialBalance:
    """The trial balance as of a position, or as of now when that is 0 or not reached yet."""
    head = ledger_position(connection)
    if position == 0 or position >= head:
        rows = list(
            connection.execute(
                select(ledger_totals).order_by(
                    ledger_totals.c.ledger_account, ledger_totals.c.currency
                )
            )
        )
        owed = (
            select(account_balances.c.currency, func.sum(account_balances.c.decided_minor))
            .group_by(account_balances.c.currency)
            .order_by(account_balances.c.currency)
        )
        position = head
    else:
        rows = _totals_at(connection, position)
        owed = (
            select(ledger_entries.c.currency, func.sum(ledger_entries.c.amount_minor))
            .where(
                ledger_entries.c.ledger_account == str(LedgerAccount.RECEIVABLE),
                ledger_entries.c.position <= position,
            )
            .group_by(ledger_entries.c.currency)
            .order_by(ledger_entries.c.currency)
        )
    receivable = [(currency, int(total)) for currency, total in connection.execute(owed)]
    return TrialBalance(
        rows=_with_zeros(rows, {currency for currency, _ in receivable}),
        receivable=receivable,
        position=position,
    )


def _with_zeros(rows: list[Row[Any]], currencies: set[str]) -> list[LedgerRow]:
    """Every ledger account in every currency: one without entries has no row, and is zero."""
    known = {
        (row.ledger_account, row.currency): LedgerRow(
            ledger_account=row.ledger_account,
            currency=row.currency,
            debits_minor=int(row.debits_minor),
            credits_minor=int(row.credits_minor),
            entries=int(row.entries),
        )
        for row in rows
    }
    for currency in currencies | {currency for _, currency in known}:
        for name in map(str, LedgerAccount):
            nothing = LedgerRow(
                ledger_account=name, currency=currency, debits_minor=0, credits_minor=0, entries=0
            )
            known.setdefault((name, currency), nothing)
    return [known[key] for key in sorted(known)]


def _totals_at(connection: Connection, position: int) -> list[Row[Any]]:
    entry = ledger_entries.c
    query = (
        select(
            entry.ledger_account,
            entry.currency,
            func.sum(case((entry.amount_minor > 0, entry.amount_minor), else_=0)).label(
                "debits_minor"
            ),
            func.sum(case((entry.amount_minor < 0, -entry.amount_minor), else_=0)).label(
                "credits_minor"
            ),
            func.count().label("entries"),
        )
        .where(entry.position <= position)
        .group_by(entry.ledger_account, entry.currency)
        .order_by(entry.ledger_account, entry.currency)
    )
    return list(connection.execute(query))


def balances(
    connection: Connection, after_account: str, limit: int, position: int
) -> tuple[list[tuple[str, str, int]], int]:
    """What accounts owe by the ledger: id, currency, minor units, in the order of ids; and the
    position of which that is true. An account without postings by then owes nothing."""
    head = ledger_position(connection)
    page = (
        select(account_balances)
        .where(account_balances.c.account_id > after_account)
        .order_by(account_balances.c.account_id)
        .limit(limit)
    )
    rows = list(connection.execute(page))
    if position == 0 or position >= head:
        return [(row.account_id, row.currency, int(row.ledger_minor)) for row in rows], head
    entry = ledger_entries.c
    then = dict(
        connection.execute(
            select(entry.account_id, func.sum(entry.amount_minor))
            .where(
                entry.ledger_account == str(LedgerAccount.RECEIVABLE),
                entry.account_id.in_([row.account_id for row in rows]),
                entry.position <= position,
            )
            .group_by(entry.account_id)
        ).all()
    )
    found = [(row.account_id, row.currency, int(then.get(row.account_id, 0))) for row in rows]
    return found, position
