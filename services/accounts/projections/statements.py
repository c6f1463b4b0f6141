"""What facts do to the list of statements."""

from typing import Any

from sqlalchemy import Connection

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain.billing.events import StatementCut
from services.accounts.tables.statements import statements

_ROW = statements.insert()


@projects(StatementCut)
def list_statement(connection: Connection, event: Recorded) -> None:
    """One more statement."""
    fact: Any = event.fact
    connection.execute(
        _ROW,
        {
            "account_id": fact.account_id,
            "number": fact.number,
            "position": event.position,
            "opened_on": fact.opened_on.isoformat(),
            "closed_on": fact.closed_on.isoformat(),
            "due_on": fact.due_on.isoformat(),
            "currency": fact.closing.currency,
            "closing_minor": fact.closing.minor_units,
            "minimum_minor": fact.minimum.minor_units,
        },
    )


PROJECTIONS = (Projection("statements", (statements,), (list_statement,)),)
