"""Questions to the queue of applications."""

from typing import Any

from sqlalchemy import Connection, Row, select

from services.accounts.tables.applications import applications


def list_applications(
    connection: Connection, status: str, programme_id: str, after_position: int, limit: int
) -> list[Row[Any]]:
    """Lines in the order in which they came in, after a position; empty words restrict nothing."""
    query = select(applications).where(applications.c.position > after_position)
    if status:
        query = query.where(applications.c.status == status)
    if programme_id:
        query = query.where(applications.c.programme_id == programme_id)
    return list(connection.execute(query.order_by(applications.c.position).limit(limit)))


def applications_of(connection: Connection, customer_id: str, limit: int) -> list[str]:
    """The applications that made somebody a customer."""
    query = (
        select(applications.c.application_id)
        .where(applications.c.customer_id == customer_id)
        .order_by(applications.c.position)
        .limit(limit)
    )
    return list(connection.scalars(query))
