"""Who is to be looked for on lists, whom people have to look at, and the passes over all."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from services.accounts.tables.screening import (
    customer_screenings,
    rescreenings,
    screening_customers,
)


def customers(connection: Connection, after: str, limit: int) -> list[str]:
    """Customers after one, in the order of their ids."""
    column = screening_customers.c.customer_id
    query = select(column).where(column > after).order_by(column).limit(limit)
    return list(connection.scalars(query))


def due(connection: Connection, limit: int) -> list[tuple[str, int]]:
    """Customers who are due, longest waiting first, each with what made them due."""
    columns = screening_customers.c
    query = select(columns.customer_id, columns.due_position).where(columns.due_position > 0)
    rows = connection.execute(query.order_by(columns.due_position).limit(limit))
    return [(row.customer_id, row.due_position) for row in rows]


def unfinished(connection: Connection, limit: int) -> list[str]:
    """The passes that are not at their end, oldest first."""
    query = select(rescreenings.c.rescreening_id).where(rescreenings.c.completed.is_(False))
    return list(connection.scalars(query.order_by(rescreenings.c.position).limit(limit)))


def list_screenings(
    connection: Connection, status: str, after: int, limit: int
) -> Sequence[Row[Any]]:
    """Customers whom people have to look at or have looked at, longest waiting first."""
    query = select(customer_screenings).where(customer_screenings.c.position > after)
    if status:
        query = query.where(customer_screenings.c.status == status)
    return connection.execute(query.order_by(customer_screenings.c.position).limit(limit)).all()


def list_rescreenings(connection: Connection, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Passes, newest first."""
    query = select(rescreenings)
    if before is not None:
        query = query.where(rescreenings.c.position < before)
    return connection.execute(query.order_by(rescreenings.c.position.desc()).limit(limit)).all()
