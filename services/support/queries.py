"""What can be read about cases."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from services.support.domain.events import CaseState
from services.support.projections import Entry
from services.support.tables import CASES, TIMELINE

OF_CUSTOMER = "customer_id"
OF_AGENT = "agent_id"
IN_QUEUE = "queue"


def case(connection: Connection, case_id: str) -> Row[Any] | None:
    """One case, if it is known here already."""
    return connection.execute(select(CASES).where(CASES.c.case_id == case_id)).first()


def cases(
    connection: Connection,
    whose: str,
    id: str,
    before: int | None,
    limit: int,
    include_closed: bool,
) -> Sequence[Row[Any]]:
    """Cases of a customer, of an agent, or that wait in a queue; latest activity first."""
    wanted: list[ColumnElement[bool]] = [CASES.c[whose] == id]
    if whose == IN_QUEUE:
        wanted.append(CASES.c.agent_id == "")
    if not include_closed:
        wanted.append(CASES.c.state != str(CaseState.CLOSED))
    if before is not None:
        wanted.append(CASES.c.updated_position < before)
    query = select(CASES).where(*wanted).order_by(CASES.c.updated_position.desc()).limit(limit)
    return connection.execute(query).all()


def timeline(
    connection: Connection, case_id: str, after: int, limit: int, *, with_notes: bool
) -> Sequence[Row[Any]]:
    """What happened in a case after a position, oldest first."""
    query = select(TIMELINE).where(TIMELINE.c.case_id == case_id, TIMELINE.c.position > after)
    if not with_notes:
        query = query.where(TIMELINE.c.kind != int(Entry.NOTE))
    return connection.execute(query.order_by(TIMELINE.c.position).limit(limit)).all()


def messages(
    connection: Connection, case_id: str, after: int, limit: int, *, with_notes: bool
) -> Sequence[Row[Any]]:
    """What was said in a case after a position, oldest first."""
    kinds = [int(Entry.MESSAGE), *([int(Entry.NOTE)] if with_notes else [])]
    query = select(TIMELINE).where(
        TIMELINE.c.case_id == case_id, TIMELINE.c.position > after, TIMELINE.c.kind.in_(kinds)
    )
    return connection.execute(query.order_by(TIMELINE.c.position).limit(limit)).all()
