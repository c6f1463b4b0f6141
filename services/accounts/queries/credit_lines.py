"""Reading what waits and what happened about other credit limits."""

from typing import Any

from sqlalchemy import Connection, Row, select

from services.accounts.tables.credit_lines import credit_line_queue, credit_line_steps


def queue(connection: Connection, after: int, limit: int) -> list[Row[Any]]:
    """What waits for people, oldest first, after a position."""
    query = select(credit_line_queue).where(credit_line_queue.c.position > after)
    return list(connection.execute(query.order_by(credit_line_queue.c.position).limit(limit)))


def steps(connection: Connection, account_id: str, before: int, limit: int) -> list[Row[Any]]:
    """What happened on an account, latest first, before a position unless that is 0."""
    table = credit_line_steps
    query = select(table).where(table.c.account_id == account_id)
    if before:
        query = query.where(table.c.position < before)
    return list(connection.execute(query.order_by(table.c.position.desc()).limit(limit)))
