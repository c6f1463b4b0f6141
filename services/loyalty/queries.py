"""What can be read about points beyond the state of an account."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from services.loyalty.tables import AWARD_STEPS, LOTS, MOVEMENTS

STEPS_LIMIT = 200
"""Clearings and refunds shown of one charge; it has very few."""


def lots_of(
    connection: Connection,
    account_id: str,
    after: tuple[str, int] | None,
    limit: int,
    only_available: bool,
) -> Sequence[Row[Any]]:
    """Lots of an account by last day and age, after (last day, position)."""
    query = select(LOTS).where(LOTS.c.account_id == account_id)
    if after is not None:
        query = query.where(tuple_(LOTS.c.expires_on, LOTS.c.position) > tuple_(*after))
    if only_available:
        query = query.where(LOTS.c.available > 0)
    ordered = query.order_by(LOTS.c.expires_on, LOTS.c.position).limit(limit)
    return connection.execute(ordered).all()


def movements_of(
    connection: Connection, account_id: str, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """Movements of an account, latest first, before a position."""
    query = select(MOVEMENTS).where(MOVEMENTS.c.account_id == account_id)
    if before is not None:
        query = query.where(MOVEMENTS.c.position < before)
    return connection.execute(query.order_by(MOVEMENTS.c.position.desc()).limit(limit)).all()


def award_steps_of(connection: Connection, account_id: str, subject_id: str) -> Sequence[Row[Any]]:
    """The clearings and refunds of a charge, in order."""
    query = (
        select(AWARD_STEPS)
        .where(AWARD_STEPS.c.account_id == account_id, AWARD_STEPS.c.subject_id == subject_id)
        .order_by(AWARD_STEPS.c.position)
        .limit(STEPS_LIMIT)
    )
    return connection.execute(query).all()
