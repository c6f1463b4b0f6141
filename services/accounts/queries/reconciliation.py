"""Questions to the books that are compared at a day's end, and to the general ledger."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, or_, select

from chassis.event_store.tables import tracking
from services.accounts.domain.reconciliation.events import (
    AccountDifference,
    DayFigures,
    DayLine,
)
from services.accounts.tables.books import ledger_entries
from services.accounts.tables.reconciliation import (
    customer_days,
    customer_totals,
    day_ends,
    ledger_days,
    network_days,
)

CURSOR = "projection:reconciliation"
LEDGER_CURSOR = "projection:ledger"
DIFFERENCES_LIMIT = 50
"""So many differing accounts a proof names; it says how many there are."""


def position(connection: Connection, cursor: str = CURSOR) -> int:
    """The position of the log that the books contain."""
    query = select(tracking.c.notification_id).where(tracking.c.application_name == cursor)
    return connection.scalar(query) or 0


def figures(connection: Connection, programme_id: str, currency: str, day: date) -> DayFigures:
    """What the books say of a day."""
    on = day.isoformat()
    charged, refunded, online = _network(connection, programme_id, currency, on)
    opening, movement = _customers(connection, programme_id, currency, on)
    differing, count = _differing(connection, programme_id, currency, on)
    return DayFigures(
        lines=tuple(_lines(connection, programme_id, currency, on)),
        files_charged_minor=charged,
        files_refunded_minor=refunded,
        online_minor=online,
        customers_opening_minor=opening,
        customers_movement_minor=movement,
        accounts=tuple(differing),
        accounts_differing=count,
    )


def _lines(connection: Connection, programme_id: str, currency: str, on: str) -> list[DayLine]:
    columns = ledger_days.c
    today = columns.posting_date == on
    moved = columns.debits_minor - columns.credits_minor
    query = (
        select(
            columns.ledger_account,
            func.sum(case((today, 0), else_=moved)).label("opening"),
            func.sum(case((today, columns.debits_minor), else_=0)).label("debits"),
            func.sum(case((today, columns.credits_minor), else_=0)).label("credits"),
        )
        .where(
            columns.programme_id == programme_id,
            columns.currency == currency,
            columns.posting_date <= on,
        )
        .group_by(columns.ledger_account)
        .order_by(columns.ledger_account)
    )
    return [
        DayLine(
            ledger_account=row.ledger_account,
            opening_minor=int(row.opening),
            debits_minor=int(row.debits),
            credits_minor=int(row.credits),
        )
        for row in connection.execute(query)
    ]


def _network(
    connection: Connection, programme_id: str, currency: str, on: str
) -> tuple[int, int, int]:
    """By files: charged and refunded; and what came one by one, net."""
    columns = network_days.c
    query = select(columns.channel, columns.charged_minor, columns.refunded_minor).where(
        columns.programme_id == programme_id,
        columns.currency == currency,
        columns.posting_date == on,
    )
    charged = refunded = online = 0
    for row in connection.execute(query):
        if row.channel == "FILE":
            charged, refunded = row.charged_minor, row.refunded_minor
        else:
            online = row.charged_minor - row.refunded_minor
    return charged, refunded, online


def _customers(
    connection: Connection, programme_id: str, currency: str, on: str
) -> tuple[int, int]:
    columns = customer_totals.c
    today = columns.posting_date == on
    query = select(
        func.sum(case((today, 0), else_=columns.decided_minor)),
        func.sum(case((today, columns.decided_minor), else_=0)),
    ).where(
        columns.programme_id == programme_id,
        columns.currency == currency,
        columns.posting_date <= on,
    )
    opening, movement = connection.execute(query).one()
    return int(opening or 0), int(movement or 0)


def _differing(
    connection: Connection, programme_id: str, currency: str, on: str
) -> tuple[list[AccountDifference], int]:
    columns = customer_days.c
    differ = and_(
        columns.programme_id == programme_id,
        columns.currency == currency,
        columns.posting_date == on,
        columns.ledger_minor != columns.decided_minor,
    )
    query = (
        select(columns.account_id, columns.ledger_minor, columns.decided_minor)
        .where(differ)
        .order_by(columns.account_id)
        .limit(DIFFERENCES_LIMIT)
    )
    found = [
        AccountDifference(
            account_id=row.account_id,
            ledger_minor=row.ledger_minor,
            decided_minor=row.decided_minor,
        )
        for row in connection.execute(query)
    ]
    if len(found) < DIFFERENCES_LIMIT:
        return found, len(found)
    return found, connection.scalar(select(func.count()).where(differ)) or 0


# Lists


def proved(
    connection: Connection,
    *,
    programme_id: str,
    differing_only: bool,
    before: tuple[str, str, str] | None,
    limit: int,
) -> list[tuple[str, str, str]]:
    """Date, programme and currency of proved days, newest first, before one of them."""
    columns = day_ends.c
    query = select(columns.posting_date, columns.programme_id, columns.currency)
    if programme_id:
        query = query.where(columns.programme_id == programme_id)
    if differing_only:
        query = query.where(columns.balanced == 0)
    if before is not None:
        day, programme, currency = before
        after_in_day = or_(
            columns.programme_id > programme,
            and_(columns.programme_id == programme, columns.currency > currency),
        )
        query = query.where(
            or_(columns.posting_date < day, and_(columns.posting_date == day, after_in_day))
        )
    query = query.order_by(
        columns.posting_date.desc(), columns.programme_id, columns.currency
    ).limit(limit)
    return [(row.posting_date, row.programme_id, row.currency) for row in connection.execute(query)]


def balances_on(connection: Connection, on: str) -> list[Row[Any]]:
    """Every ledger account with the sums of all days up to one, that included, by currency."""
    columns = ledger_days.c
    query = (
        select(
            columns.ledger_account,
            columns.currency,
            func.sum(columns.debits_minor).label("debits_minor"),
            func.sum(columns.credits_minor).label("credits_minor"),
            func.sum(columns.entries).label("entries"),
        )
        .where(columns.posting_date <= on)
        .group_by(columns.ledger_account, columns.currency)
        .order_by(columns.ledger_account, columns.currency)
    )
    return list(connection.execute(query))


def journal(
    connection: Connection,
    from_date: str,
    to_date: str,
    after: tuple[str, int, int],
    limit: int,
) -> list[Row[Any]]:
    """Postings of days from one to another, by day, position and line, after a place."""
    columns = ledger_entries.c
    day, position, line = after
    later = or_(
        columns.posting_date > day,
        and_(columns.posting_date == day, columns.position > position),
        and_(columns.posting_date == day, columns.position == position, columns.line > line),
    )
    query = (
        select(ledger_entries)
        .where(columns.posting_date.between(from_date, to_date), later)
        .order_by(columns.posting_date, columns.position, columns.line)
        .limit(limit)
    )
    return list(connection.execute(query))
