"""What credits do to the list of transactions."""

from typing import Any

from sqlalchemy import Connection, and_, case, update

from chassis.projector import projects
from chassis.recorded import Recorded
from services.accounts.domain.charging import events
from services.accounts.domain.events import ChargeRefunded
from services.accounts.projections.lines import (
    CREDIT,
    DECLINED,
    EXPIRED,
    PENDING,
    POSTED,
    REFUND,
    REFUND_REVERSAL,
    REVERSED,
    insert_line,
)
from services.accounts.tables.books import transactions


def _change_refund(connection: Connection, fact: Any, **values: Any) -> bool:
    """Change the line of the fact's refund; whether there is one."""
    columns = transactions.c
    which = and_(
        columns.account_id == fact.account_id,
        columns.kind == REFUND,
        columns.transaction_id == fact.refund_id,
    )
    return connection.execute(update(transactions).where(which).values(values)).rowcount > 0


@projects(events.RefundAuthorised)
def list_promised(connection: Connection, event: Recorded) -> None:
    """A pending line, unless the refund is posted already."""
    fact: Any = event.fact
    if _change_refund(connection, fact, authorised_minor=fact.amount.minor_units):
        return
    insert_line(
        connection,
        event,
        REFUND,
        fact.refund_id,
        PENDING if fact.pending else REVERSED,
        fact.amount,
        card_id=fact.card_id,
        charge_id=fact.charge_id,
        merchant=fact.merchant,
        original_amount=fact.original_amount,
    )


@projects(events.RefundDeclined)
def list_refund_declined(connection: Connection, event: Recorded) -> None:
    """A declined line, unless the refund is posted all the same."""
    fact: Any = event.fact
    if _change_refund(connection, fact, reason=str(fact.reason)):
        return
    insert_line(
        connection,
        event,
        REFUND,
        fact.refund_id,
        DECLINED,
        fact.amount,
        card_id=fact.card_id,
        charge_id=fact.charge_id,
        merchant=fact.merchant,
        reason=str(fact.reason),
    )


@projects(events.RefundWithdrawn)
def list_withdrawn(connection: Connection, event: Recorded) -> None:
    """Less is awaited, or nothing."""
    fact: Any = event.fact
    left = transactions.c.amount_minor - fact.amount.minor_units
    status = case((left > 0, PENDING), else_=REVERSED)
    shown = case((left > 0, left), else_=transactions.c.amount_minor)
    _change_refund(connection, fact, status=status, amount_minor=shown)


@projects(events.PendingRefundExpired)
def list_refund_expired(connection: Connection, event: Recorded) -> None:
    """It is no longer awaited."""
    _change_refund(connection, event.fact, status=EXPIRED)


@projects(ChargeRefunded)
def list_refunded(connection: Connection, event: Recorded) -> None:
    """A refund is a line of its own, and may have been promised."""
    fact: Any = event.fact
    amount, posting_date = fact.amount.minor_units, fact.posting_date.isoformat()
    if _change_refund(
        connection,
        fact,
        status=POSTED,
        posted_minor=amount,
        amount_minor=amount,
        posting_date=posting_date,
    ):
        return
    insert_line(
        connection,
        event,
        REFUND,
        fact.refund_id,
        POSTED,
        fact.amount,
        card_id=fact.card_id,
        charge_id=fact.charge_id,
        merchant=fact.merchant,
        original_amount=fact.original_amount,
        posted_minor=amount,
        posting_date=posting_date,
    )


@projects(events.RefundReversed)
def list_refund_reversed(connection: Connection, event: Recorded) -> None:
    """What is taken away again is a line of its own."""
    fact: Any = event.fact
    insert_line(
        connection,
        event,
        REFUND_REVERSAL,
        fact.reversal_id,
        POSTED,
        fact.amount,
        card_id=fact.card_id,
        charge_id=fact.charge_id,
        merchant=fact.merchant,
        posted_minor=fact.amount.minor_units,
        posting_date=fact.posting_date.isoformat(),
    )


@projects(events.OriginalCreditPosted)
def list_credit(connection: Connection, event: Recorded) -> None:
    """Money that somebody sent is a line of its own."""
    fact: Any = event.fact
    insert_line(
        connection,
        event,
        CREDIT,
        fact.credit_id,
        POSTED,
        fact.amount,
        card_id=fact.card_id,
        merchant=fact.sender,
        original_amount=fact.original_amount,
        posted_minor=fact.amount.minor_units,
        posting_date=fact.posting_date.isoformat(),
    )


LINES = (
    list_promised,
    list_refund_declined,
    list_withdrawn,
    list_refund_expired,
    list_refunded,
    list_refund_reversed,
    list_credit,
)
