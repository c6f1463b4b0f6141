"""Lines of facts that are no charge, credit or payment: fees, interest, disputes, losses."""

from typing import Any

from sqlalchemy import Connection

from chassis.kernel import ids
from chassis.kernel.money import Money
from chassis.projector import projects
from chassis.recorded import Recorded
from services.accounts.domain import events
from services.accounts.domain.categories import FEES
from services.accounts.domain.charging import events as charging
from services.accounts.domain.ledger import FINANCIAL
from services.accounts.domain.transactions.kinds import COSTS, money_line
from services.accounts.projections.lines import NO_MERCHANT, POSTED, insert_line

LISTED_BY_THEMSELVES = (
    events.ChargeCleared,
    events.ChargeRefunded,
    events.PaymentRecorded,
    charging.RefundReversed,
    charging.OriginalCreditPosted,
)
"""These have handlers of their own, because they change lines that are there."""


@projects(*(each for each in FINANCIAL if each not in LISTED_BY_THEMSELVES))
def list_money(connection: Connection, event: Recorded) -> None:
    """A posted line of its own, whatever the fact: who owes another amount sees why."""
    fact: Any = event.fact
    line = money_line(fact)
    if line is None:
        return
    merchant = getattr(fact, "merchant", None) or getattr(fact, "sender", NO_MERCHANT)
    more = {"category": FEES} if line.kind in COSTS else {}
    insert_line(
        connection,
        event,
        line.kind,
        # One business id may have several such lines; a place in the log has one.
        ids.derive("line", fact.account_id, line.kind, str(event.position)),
        POSTED,
        Money(line.amount_minor, line.currency),
        card_id=getattr(fact, "card_id", ""),
        charge_id=getattr(fact, "charge_id", ""),
        merchant=merchant,
        reason=line.reason,
        posted_minor=line.amount_minor,
        posting_date=fact.posting_date.isoformat(),
        **more,
    )
