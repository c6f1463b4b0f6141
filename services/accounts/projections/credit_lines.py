"""What facts do to the read models of other credit limits."""

from typing import Any

from sqlalchemy import Connection, delete

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain.billing.events import LimitChanged
from services.accounts.domain.credit_lines import events
from services.accounts.domain.credit_lines.state import ChangeKind
from services.accounts.tables.credit_lines import credit_line_queue, credit_line_steps

DECIDERS = (
    *("declined_by", "proposed_by", "confirmed_by", "rejected_by"),
    *("decided_by", "offered_by"),
)
IDS = ("request_id", "change_id", "offer_id", "review_id")
STEPS = {
    events.CreditLineRequested: "REQUESTED",
    events.CreditLineRequestDeclined: "DECLINED",
    events.CreditLineRequestReferred: "REFERRED",
    events.CreditLineChangeProposed: "PROPOSED",
    events.CreditLineChangeConfirmed: "CONFIRMED",
    events.CreditLineChangeRejected: "REJECTED",
    events.CreditLineOffered: "OFFERED",
    events.CreditLineOfferAccepted: "ACCEPTED",
    events.CreditLineOfferDeclined: "OFFER_DECLINED",
    events.CreditLineOfferExpired: "OFFER_EXPIRED",
    events.CreditLineReviewed: "REVIEWED",
    events.CreditLineReduced: "REDUCED",
    LimitChanged: "CHANGED",
}
ENDING = (
    events.CreditLineRequestDeclined,
    events.CreditLineChangeConfirmed,
    events.CreditLineChangeRejected,
    LimitChanged,
)
"""After these nothing waits for people."""


def _first(fact: Any, names: tuple[str, ...]) -> str:
    return str(next((getattr(fact, name) for name in names if hasattr(fact, name)), ""))


def _step(connection: Connection, event: Recorded) -> None:
    """One more line of what happened; what has ended waits no more."""
    fact: Any = event.fact
    limit = getattr(fact, "limit", None)
    reasons = getattr(fact, "reasons", None) or (getattr(fact, "reason", ""),)
    connection.execute(
        credit_line_steps.insert().values(
            position=event.position,
            account_id=fact.account_id,
            step=STEPS[type(fact)],
            change_id=_first(fact, IDS),
            currency=limit.currency if limit else "",
            limit_minor=limit.minor_units if limit else 0,
            reasons=" ".join(each for each in reasons if each),
            decided_by=_first(fact, DECIDERS),
            on_date=fact.transaction_date.isoformat(),
        )
    )
    if isinstance(fact, ENDING):
        _forget(connection, fact.account_id)


def _forget(connection: Connection, account_id: str) -> None:
    queue = credit_line_queue
    connection.execute(delete(queue).where(queue.c.account_id == account_id))


def _wait(connection: Connection, event: Recorded) -> None:
    """Something waits for people."""
    fact: Any = event.fact
    _step(connection, event)
    _forget(connection, fact.account_id)
    connection.execute(
        credit_line_queue.insert().values(
            account_id=fact.account_id,
            change_id=_first(fact, IDS),
            kind=str(getattr(fact, "kind", ChangeKind.REQUEST)),
            currency=fact.limit.currency,
            limit_minor=fact.limit.minor_units,
            proposed_by=getattr(fact, "proposed_by", ""),
            position=event.position,
            since=fact.transaction_date.isoformat(),
        )
    )


WAITING = (events.CreditLineRequestReferred, events.CreditLineChangeProposed)


PROJECTIONS = (
    Projection(
        "credit_lines",
        (credit_line_queue, credit_line_steps),
        (
            projects(*(fact for fact in STEPS if fact not in WAITING))(_step),
            projects(*WAITING)(_wait),
        ),
    ),
)
