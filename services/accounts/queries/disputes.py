"""Reading disputes."""

from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from services.accounts.domain.disputes.state import CLOSED
from services.accounts.tables.disputes import dispute_steps, disputes

STEPS_LIMIT = 200
"""Lines of one timeline that are shown."""

_CLOSED = tuple(str(each) for each in CLOSED)


def of_account(
    connection: Connection, account_id: str, before: int, limit: int, open_only: bool
) -> list[Row[Any]]:
    """The disputes of an account, newest first, before a position unless that is 0."""
    query = select(disputes).where(disputes.c.account_id == account_id)
    if before:
        query = query.where(disputes.c.position < before)
    if open_only:
        query = query.where(disputes.c.status.not_in(_CLOSED))
    return list(connection.execute(query.order_by(disputes.c.position.desc()).limit(limit)))


def queue(connection: Connection, after: tuple[str, int] | None, limit: int) -> list[Row[Any]]:
    """What is not decided, most urgent first, after a date and position."""
    columns = disputes.c
    query = select(disputes).where(columns.status.not_in(_CLOSED))
    if after:
        due, position = after
        later = and_(columns.resolve_by == due, columns.position > position)
        query = query.where(or_(columns.resolve_by > due, later))
    return list(
        connection.execute(query.order_by(columns.resolve_by, columns.position).limit(limit))
    )


def timeline(connection: Connection, account_id: str, dispute_id: str) -> list[Row[Any]]:
    """What happened to a dispute, in order."""
    columns = dispute_steps.c
    query = (
        select(dispute_steps)
        .where(and_(columns.account_id == account_id, columns.dispute_id == dispute_id))
        .order_by(columns.position)
        .limit(STEPS_LIMIT)
    )
    return list(connection.execute(query))
