"""How the facts of this part change a credit account; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import Act, CreditAccount, act_key
from services.accounts.domain.charging import events
from services.accounts.domain.charging.early import of_credit, of_refund
from services.accounts.domain.charging.state import (
    Early,
    EarlyKind,
    EarlyMessage,
    Refund,
    RefundStatus,
)
from services.accounts.domain.events import ChargeRefunded
from services.accounts.domain.values import ChargeStatus


def _matched(state: CreditAccount, fact: events.AuthorisationMatched) -> CreditAccount:
    before = state.charges[fact.charge_id]
    held = fact.held.minor_units
    charge = replace(
        before,
        card_id=fact.card_id,
        status=ChargeStatus.HELD if held else ChargeStatus.CLEARED,
        requested=fact.requested,
        amount_minor=fact.amount.minor_units,
        held_minor=held,
        markup_minor=fact.markup.minor_units if fact.markup else 0,
        original_amount=fact.original_amount,
        rate=fact.rate,
        merchant=fact.merchant,
        entry_mode=fact.entry_mode,
        network=fact.network,
        response_code=fact.response_code,
        reason=fact.reason,
        stand_in=fact.stand_in,
        decided_by_network=fact.decided_by_network,
        forced=not fact.amount.minor_units,
        hold_expires_at=fact.hold_expires_at,
        transaction_date=fact.transaction_date,
    )
    return replace(
        state,
        held_minor=state.held_minor + held,
        charges=state.charges.set(fact.charge_id, charge),
    )


def _kept(state: CreditAccount, charge_id: str, message: EarlyMessage) -> CreditAccount:
    before = state.charging.early.get(charge_id)
    messages = (*before.messages, message) if before else (message,)
    early = state.charging.early.set(charge_id, Early(messages=messages))
    return replace(state, charging=replace(state.charging, early=early))


def _advice_kept(state: CreditAccount, fact: events.EarlyAdviceKept) -> CreditAccount:
    message = EarlyMessage(
        kind=EarlyKind.ADVICE,
        id=fact.advice_id,
        amount=fact.amount,
        transaction_date=fact.transaction_date,
    )
    return _kept(state, fact.charge_id, message)


def _reversal_kept(state: CreditAccount, fact: events.EarlyReversalKept) -> CreditAccount:
    message = EarlyMessage(
        kind=EarlyKind.REVERSAL,
        id=fact.reversal_id,
        amount=fact.amount,
        transaction_date=fact.transaction_date,
    )
    return _kept(state, fact.charge_id, message)


def _refund_reversal_kept(
    state: CreditAccount, fact: events.EarlyRefundReversalKept
) -> CreditAccount:
    message = EarlyMessage(
        kind=EarlyKind.REFUND_REVERSAL,
        id=fact.reversal_id,
        amount=fact.amount,
        transaction_date=fact.transaction_date,
    )
    return _kept(state, of_refund(fact.refund_id), message)


def _credit_reversal_kept(
    state: CreditAccount, fact: events.EarlyCreditReversalKept
) -> CreditAccount:
    message = EarlyMessage(
        kind=EarlyKind.CREDIT_REVERSAL,
        id=fact.reversal_id,
        amount=fact.amount,
        transaction_date=fact.transaction_date,
    )
    return _kept(state, of_credit(fact.credit_id), message)


def _with_refund(state: CreditAccount, refund: Refund, pending_minor: int) -> CreditAccount:
    """The account with a refund, and so much more or less awaited."""
    charging = state.charging
    # A refund may be posted to another charge than the one it was promised to.
    before = charging.refunds.get(refund.refund_id)
    charge_id = (before or refund).charge_id
    promised = charging.promised
    if charge_id and pending_minor:
        promised = promised.set(charge_id, (promised.get(charge_id) or 0) + pending_minor)
    return replace(
        state,
        charging=replace(
            charging,
            refunds=charging.refunds.set(refund.refund_id, refund),
            promised=promised,
            pending_minor=charging.pending_minor + pending_minor,
        ),
    )


def _refund_authorised(state: CreditAccount, fact: events.RefundAuthorised) -> CreditAccount:
    before = state.charging.refunds.get(fact.refund_id)
    pending = fact.pending.minor_units
    status = RefundStatus.PENDING if pending else RefundStatus.WITHDRAWN
    refund = Refund(
        refund_id=fact.refund_id,
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        status=before.status if before else status,
        requested_minor=fact.amount.minor_units,
        pending_minor=pending,
        posted_minor=before.posted_minor if before else 0,
        reversed_minor=before.reversed_minor if before else 0,
        merchant=fact.merchant,
        response_code=fact.response_code,
        expires_at=fact.expires_at if pending else None,
        transaction_date=fact.transaction_date,
    )
    return _with_refund(state, refund, pending)


def _refund_declined(state: CreditAccount, fact: events.RefundDeclined) -> CreditAccount:
    refund = Refund(
        refund_id=fact.refund_id,
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        status=RefundStatus.DECLINED,
        requested_minor=fact.amount.minor_units,
        merchant=fact.merchant,
        response_code=fact.response_code,
        reason=fact.reason,
        transaction_date=fact.transaction_date,
    )
    before = state.charging.refunds.get(fact.refund_id)
    if before is not None:
        refund = replace(
            before,
            requested_minor=refund.requested_minor,
            response_code=refund.response_code,
            reason=refund.reason,
        )
    return _with_refund(state, refund, 0)


def _refund_withdrawn(state: CreditAccount, fact: events.RefundWithdrawn) -> CreditAccount:
    before = state.charging.refunds[fact.refund_id]
    amount = fact.amount.minor_units
    left = before.pending_minor - amount
    status = RefundStatus.PENDING if left else RefundStatus.WITHDRAWN
    expires_at = before.expires_at if left else None
    refund = replace(before, status=status, pending_minor=left, expires_at=expires_at)
    return _with_refund(state, refund, -amount)


def _refund_expired(state: CreditAccount, fact: events.PendingRefundExpired) -> CreditAccount:
    before = state.charging.refunds[fact.refund_id]
    refund = replace(before, status=RefundStatus.EXPIRED, pending_minor=0, expires_at=None)
    return _with_refund(state, refund, -fact.amount.minor_units)


def posted(state: CreditAccount, fact: ChargeRefunded) -> CreditAccount:
    """The account with a refund that is posted; nothing more is awaited of it."""
    before = state.charging.refunds.get(fact.refund_id) or Refund(
        refund_id=fact.refund_id,
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        status=RefundStatus.POSTED,
        merchant=fact.merchant,
        transaction_date=fact.transaction_date,
    )
    refund = replace(
        before,
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        status=RefundStatus.POSTED,
        pending_minor=0,
        posted_minor=before.posted_minor + fact.amount.minor_units,
        expires_at=None,
    )
    return _with_refund(state, refund, -before.pending_minor)


def _refund_reversed(state: CreditAccount, fact: events.RefundReversed) -> CreditAccount:
    amount = fact.amount.minor_units
    before = state.charging.refunds[fact.refund_id]
    refund = replace(before, reversed_minor=before.reversed_minor + amount)
    charges = state.charges
    if fact.charge_id:
        charge = charges[fact.charge_id]
        less = replace(charge, refunded_minor=charge.refunded_minor - amount)
        charges = charges.set(fact.charge_id, less)
    act = Act(charge_id=fact.refund_id, asked=str(fact.asked_minor))
    state = replace(
        state,
        posted_minor=state.posted_minor + amount,
        charges=charges,
        acts=state.acts.set(act_key("refund_reversal", fact.reversal_id), act),
    )
    return _with_refund(state, refund, 0)


def _with_credit(state: CreditAccount, credit: Refund) -> CreditAccount:
    credits = state.charging.credits.set(credit.refund_id, credit)
    return replace(state, charging=replace(state.charging, credits=credits))


def _credit_posted(state: CreditAccount, fact: events.OriginalCreditPosted) -> CreditAccount:
    amount = fact.amount.minor_units
    credit = Refund(
        refund_id=fact.credit_id,
        card_id=fact.card_id,
        status=RefundStatus.POSTED,
        requested_minor=amount,
        posted_minor=amount,
        merchant=fact.sender,
        response_code=fact.response_code,
        transaction_date=fact.transaction_date,
    )
    return _with_credit(replace(state, posted_minor=state.posted_minor - amount), credit)


def _credit_declined(state: CreditAccount, fact: events.OriginalCreditDeclined) -> CreditAccount:
    credit = Refund(
        refund_id=fact.credit_id,
        card_id=fact.card_id,
        status=RefundStatus.DECLINED,
        requested_minor=fact.amount.minor_units,
        merchant=fact.sender,
        response_code=fact.response_code,
        reason=fact.reason,
        transaction_date=fact.transaction_date,
    )
    return _with_credit(state, credit)


def _credit_reversed(state: CreditAccount, fact: events.OriginalCreditReversed) -> CreditAccount:
    amount = fact.amount.minor_units
    before = state.charging.credits[fact.credit_id]
    act = Act(charge_id=fact.credit_id, asked=str(fact.asked_minor))
    state = replace(
        state,
        posted_minor=state.posted_minor + amount,
        acts=state.acts.set(act_key("credit_reversal", fact.reversal_id), act),
    )
    return _with_credit(state, replace(before, reversed_minor=before.reversed_minor + amount))


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.AuthorisationMatched: _matched,
    events.EarlyAdviceKept: _advice_kept,
    events.EarlyReversalKept: _reversal_kept,
    events.EarlyRefundReversalKept: _refund_reversal_kept,
    events.RefundAuthorised: _refund_authorised,
    events.RefundDeclined: _refund_declined,
    events.RefundWithdrawn: _refund_withdrawn,
    events.PendingRefundExpired: _refund_expired,
    events.RefundReversed: _refund_reversed,
    events.OriginalCreditPosted: _credit_posted,
    events.OriginalCreditDeclined: _credit_declined,
    events.OriginalCreditReversed: _credit_reversed,
    events.EarlyCreditReversalKept: _credit_reversal_kept,
}
