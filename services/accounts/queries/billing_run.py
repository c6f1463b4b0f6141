"""Reading what is due on a business day, and what was done on it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from chassis.event_store.tables import tracking
from services.accounts.tables.billing_run import billing_progress

FOLLOWED = ("projection:business_days",)
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


def progress(connection: Connection, programme_id: str, on: date) -> Progress:
    """What was done on a day so far, and what is to be done."""
    query = select(billing_progress).where(
        billing_progress.c.programme_id == programme_id,
        billing_progress.c.business_date == on.isoformat(),
    )
    row = connection.execute(query).first()
    if row is None:
        return NOTHING
    return Progress(
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
