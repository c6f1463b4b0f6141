"""Reading what is due on a business day, and what was done on it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from chassis.event_store.tables import tracking
from services.accounts.tables.billing_run import billing_agenda, billing_progress

FOLLOWED = ("projection:billing_run", "projection:business_days")
"""The cursors of the read models that the run reads."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the billing run of a day is; amounts in minor units of `currency`."""

    due: int = 0
    accounts: int = 0
    statements: int = 0
    interest_minor: int = 0
    fees_minor: int = 0
    currency: str = ""


NOTHING = Progress()


def position(connection: Connection) -> int:
    """The position of the log up to which everything that the run reads is true."""
    query = select(func.min(tracking.c.notification_id), func.count()).where(
        tracking.c.application_name.in_(FOLLOWED)
    )
    found, known = connection.execute(query).one()
    return int(found) if known == len(FOLLOWED) else 0


def due(connection: Connection, programme_id: str, on: date, after: str, limit: int) -> list[str]:
    """Accounts of a programme on which something is due by a date, in the order of ids."""
    query = (
        select(billing_agenda.c.account_id)
        .where(*_due(programme_id, on), billing_agenda.c.account_id > after)
        .order_by(billing_agenda.c.account_id)
        .limit(limit)
    )
    return [row[0] for row in connection.execute(query)]


def count_due(connection: Connection, programme_id: str, on: date) -> int:
    """On how many accounts of a programme something is due by a date."""
    query = select(func.count()).select_from(billing_agenda).where(*_due(programme_id, on))
    return connection.scalar(query) or 0


def _due(programme_id: str, on: date) -> tuple[ColumnElement[bool], ...]:
    return (
        billing_agenda.c.programme_id == programme_id,
        billing_agenda.c.next_due_on <= on.isoformat(),
    )


def progress(connection: Connection, programme_id: str, on: date) -> Progress:
    """What was done on a day so far, and what is to be done."""
    query = select(billing_progress).where(
        billing_progress.c.programme_id == programme_id,
        billing_progress.c.business_date == on.isoformat(),
    )
    row = connection.execute(query).first()
    waiting = count_due(connection, programme_id, on)
    if row is None:
        return Progress(due=waiting)
    return Progress(
        due=waiting,
        accounts=row.accounts,
        statements=row.statements,
        interest_minor=row.interest_minor,
        fees_minor=row.fees_minor,
        currency=row.currency,
    )


def progress_of(connection: Connection, row: Any) -> Progress:
    """The same for a row of `business_days`: a closed day has the figures it was closed with."""
    match row.phase:
        case "OPEN":
            return NOTHING
        case "CLOSING":
            return progress(connection, row.programme_id, date.fromisoformat(row.business_date))
    return Progress(
        accounts=row.accounts,
        statements=row.statements,
        interest_minor=row.interest_minor,
        fees_minor=row.fees_minor,
        currency=row.currency,
    )
