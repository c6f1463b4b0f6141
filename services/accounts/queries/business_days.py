"""Reading the business days of programmes."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from services.accounts.tables.business_days import business_days


def list_days(connection: Connection, programme_id: str, before: str, limit: int) -> list[Row[Any]]:
    """The days of a programme, latest first, before a date unless that is empty."""
    query = (
        select(business_days)
        .where(business_days.c.programme_id == programme_id)
        .order_by(business_days.c.business_date.desc())
        .limit(limit)
    )
    if before:
        query = query.where(business_days.c.business_date < before)
    return list(connection.execute(query))


def closing_days(connection: Connection, limit: int) -> list[tuple[str, date]]:
    """Programmes with a day that is closing, and which day."""
    query = (
        select(business_days.c.programme_id, business_days.c.business_date)
        .where(business_days.c.phase == "CLOSING")
        .order_by(business_days.c.business_date, business_days.c.programme_id)
        .limit(limit)
    )
    return [(name, date.fromisoformat(on)) for name, on in connection.execute(query)]
