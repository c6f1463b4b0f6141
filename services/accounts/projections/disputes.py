"""What facts do to the read models of disputes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, update

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain.disputes import events
from services.accounts.domain.disputes.state import DisputeStatus
from services.accounts.tables.disputes import dispute_steps, disputes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _step(connection: Connection, event: Recorded, step: str, details: str = "") -> None:
    """One more line of the timeline, with the money that moved."""
    fact: Any = event.fact
    credit, recovered = getattr(fact, "credit", None), getattr(fact, "recovered", None)
    named = credit or recovered or getattr(fact, "amount", None)
    connection.execute(
        dispute_steps.insert().values(
            position=event.position,
            account_id=fact.account_id,
            dispute_id=fact.dispute_id,
            step=step,
            details=details,
            actor=event.meta.actor.partition(":")[0],
            on_date=fact.transaction_date.isoformat(),
            at_micros=(event.meta.occurred_at - _EPOCH) // _MICROSECOND,
            currency=named.currency if named else "",
            credit_minor=credit.minor_units if credit else 0,
            recovered_minor=recovered.minor_units if recovered else 0,
        )
    )


def _stands(connection: Connection, fact: Any, status: DisputeStatus) -> None:
    which = and_(disputes.c.account_id == fact.account_id, disputes.c.dispute_id == fact.dispute_id)
    connection.execute(update(disputes).where(which).values(status=str(status)))


@projects(events.DisputeOpened)
def list_dispute(connection: Connection, event: Recorded) -> None:
    """A dispute is there."""
    fact: Any = event.fact
    connection.execute(
        disputes.insert().values(
            account_id=fact.account_id,
            dispute_id=fact.dispute_id,
            position=event.position,
            charge_id=fact.charge_id,
            reason=str(fact.reason),
            status=str(DisputeStatus.OPENED),
            currency=fact.amount.currency,
            amount_minor=fact.amount.minor_units,
            received_on=fact.transaction_date.isoformat(),
            resolve_by=fact.resolve_by.isoformat(),
        )
    )
    _step(connection, event, "OPENED", str(fact.reason))


@projects(events.DisputeAdvanced)
def list_stage(connection: Connection, event: Recorded) -> None:
    """It went on."""
    fact: Any = event.fact
    _stands(connection, fact, fact.stage)
    _step(connection, event, str(fact.stage))


@projects(events.DisputeResolved)
def list_outcome(connection: Connection, event: Recorded) -> None:
    """It is decided."""
    fact: Any = event.fact
    _stands(connection, fact, fact.outcome)
    _step(connection, event, str(fact.outcome), fact.explanation)


@projects(events.DisputeAcknowledged)
def list_acknowledged(connection: Connection, event: Recorded) -> None:
    """The holder was told."""
    _step(connection, event, "ACKNOWLEDGED")


@projects(events.DisputeEvidenceAdded)
def list_evidence(connection: Connection, event: Recorded) -> None:
    """More was handed in."""
    fact: Any = event.fact
    _step(connection, event, "EVIDENCE_ADDED", " ".join(fact.evidence))


@projects(events.ProvisionalCreditGranted)
def list_credit(connection: Connection, event: Recorded) -> None:
    """The holder was credited for the time being."""
    _step(connection, event, "CREDITED")


@projects(events.DisputeCreditFinalised)
def list_final(connection: Connection, event: Recorded) -> None:
    """The holder was credited for good."""
    _step(connection, event, "CREDIT_FINALISED")


@projects(events.DisputeWindowWarned)
def list_ending(connection: Connection, event: Recorded) -> None:
    """The network's window is nearly over."""
    fact: Any = event.fact
    _step(connection, event, "WINDOW_ENDING", f"{fact.stage} {fact.ends_on.isoformat()}")


@projects(events.DisputeStageLapsed)
def list_lapsed(connection: Connection, event: Recorded) -> None:
    """A stage was not begun in time."""
    fact: Any = event.fact
    _step(connection, event, "STAGE_LAPSED", f"{fact.stage} {fact.in_favour_of}")


@projects(events.DisputeDeadlineMissed)
def list_missed(connection: Connection, event: Recorded) -> None:
    """Something was not done in time."""
    fact: Any = event.fact
    _step(connection, event, "DEADLINE_MISSED", fact.deadline)


PROJECTIONS = (
    Projection(
        "disputes",
        (disputes, dispute_steps),
        (
            list_dispute,
            list_stage,
            list_outcome,
            list_acknowledged,
            list_evidence,
            list_credit,
            list_final,
            list_ending,
            list_lapsed,
            list_missed,
        ),
    ),
)
