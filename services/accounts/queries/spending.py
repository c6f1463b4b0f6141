"""What an account spent on what, by what its holder calls things, beside the period before."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, or_, select

from services.accounts.domain.transactions.kinds import SIGNS, SPENDING
from services.accounts.tables.books import transactions
from services.accounts.tables.search import transaction_search

GROUPS: dict[str, ColumnElement[str]] = {
    "CATEGORY": transaction_search.c.category,
    "MERCHANT": transaction_search.c.merchant,
    "MONTH": func.substr(transactions.c.transaction_date, 1, 7),
    "CARD": transactions.c.card_id,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Periods:
    """Days (YYYY-MM-DD) from and to, both included, empty for any; and those of before, empty
    where nothing is compared."""

    first: str = ""
    last: str = ""
    before_first: str = ""
    before_last: str = ""

    def now(self) -> ColumnElement[bool]:
        """What is in the period."""
        return _within(self.first, self.last)

    def before(self) -> ColumnElement[bool]:
        """What is in the period before."""
        return _within(self.before_first, self.before_last) if self.before_first else false()


def _within(first: str, last: str) -> ColumnElement[bool]:
    day = transactions.c.transaction_date
    return and_(day >= first, day <= last) if last else day >= first


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendingRow:
    """In minor units of the account's currency; `transactions` counts those of the period."""

    name: str
    spent_minor: int
    before_minor: int
    transactions: int


def spending(
    connection: Connection, account_id: str, periods: Periods, group: str, limit: int
) -> tuple[list[SpendingRow], int, int]:
    """The largest `limit` lines; and the sums over all of the period and of the one before."""
    columns = transactions.c
    signed = columns.posted_minor * case(SIGNS, value=columns.kind, else_=0)
    now, before = periods.now(), periods.before()
    spent = func.coalesce(func.sum(case((now, signed), else_=0)), 0)
    spent_before = func.coalesce(func.sum(case((before, signed), else_=0)), 0)
    count = func.coalesce(func.sum(case((now, 1), else_=0)), 0)
    which = and_(
        columns.account_id == account_id,
        columns.posted_minor > 0,
        columns.kind.in_(SPENDING),
        or_(now, before),
    )
    name = GROUPS[group].label("name")
    joined = transactions.join(
        transaction_search, transaction_search.c.position == columns.position
    )
    lines = (
        select(name, spent, spent_before, count)
        .select_from(joined)
        .where(which)
        .group_by(name)
        .order_by(case((count > 0, 0), else_=1), spent.desc(), spent_before.desc(), name)
        .limit(limit)
    )
    sums = select(spent, spent_before).select_from(joined).where(which)
    total, total_before = connection.execute(sums).one()
    rows = [
        SpendingRow(
            name=found,
            spent_minor=int(minor),
            before_minor=int(earlier),
            transactions=int(how_many),
        )
        for found, minor, earlier, how_many in connection.execute(lines)
    ]
    return rows, int(total), int(total_before)
