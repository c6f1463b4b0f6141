"""What facts do to the queue of applications."""

from typing import Any

from sqlalchemy import Connection

from chassis.event_store.rows import micros
from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain.applications import events
from services.accounts.domain.applications.application import ApplicationStatus
from services.accounts.tables.applications import applications


@projects(events.ApplicationSubmitted)
def list_submitted(connection: Connection, event: Recorded) -> None:
    """A new line; the rules decide it in the same unit."""
    fact: Any = event.fact
    connection.execute(
        applications.insert().values(
            application_id=fact.application_id,
            position=event.position,
            customer_id=fact.customer_id,
            programme_id=fact.programme_id,
            status=str(ApplicationStatus.SUBMITTED),
            reasons="",
            requested_minor=fact.requested_limit.minor_units,
            currency=fact.requested_limit.currency,
            submitted_at_micros=micros(fact.submitted_at),
        )
    )


def _move(
    connection: Connection, fact: Any, status: ApplicationStatus, reasons: tuple[str, ...]
) -> None:
    connection.execute(
        applications.update()
        .where(applications.c.application_id == fact.application_id)
        .values(status=str(status), reasons=" ".join(reasons))
    )


@projects(events.ApplicationReferred)
def list_referred(connection: Connection, event: Recorded) -> None:
    """It waits for people."""
    fact: Any = event.fact
    _move(connection, fact, ApplicationStatus.REFERRED, fact.reasons)


@projects(events.ApplicationApprovalProposed)
def list_proposed(connection: Connection, event: Recorded) -> None:
    """It waits for another."""
    _move(connection, event.fact, ApplicationStatus.APPROVAL_PROPOSED, ())


@projects(events.ApplicationApproved)
def list_approved(connection: Connection, event: Recorded) -> None:
    """It is decided."""
    _move(connection, event.fact, ApplicationStatus.APPROVED, ())


@projects(events.ApplicationDeclined)
def list_declined(connection: Connection, event: Recorded) -> None:
    """It is decided, for these reasons."""
    fact: Any = event.fact
    _move(connection, fact, ApplicationStatus.DECLINED, fact.reasons)


@projects(events.ApplicationWithdrawn)
def list_withdrawn(connection: Connection, event: Recorded) -> None:
    """It is taken back."""
    fact: Any = event.fact
    _move(connection, fact, ApplicationStatus.WITHDRAWN, (fact.reason,))


PROJECTIONS = (
    Projection(
        "applications",
        (applications,),
        (
            list_submitted,
            list_referred,
            list_proposed,
            list_approved,
            list_declined,
            list_withdrawn,
        ),
    ),
)
