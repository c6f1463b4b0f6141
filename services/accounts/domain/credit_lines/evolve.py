"""How each fact changes what is known about other limits; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.credit_lines import events
from services.accounts.domain.credit_lines.state import (
    ChangeKind,
    CreditLine,
    Offer,
    Pending,
    Reduction,
)

REDUCTIONS_LIMIT = 8
"""Reductions that are remembered, the latest."""


def _with(before: Billing, **changes: Any) -> Billing:
    return replace(before, credit_line=replace(before.credit_line, **changes))


def _done(before: CreditLine, kind: str, change_id: str, asked: str) -> dict[str, Any]:
    return {"done": before.done.set(f"{kind} {change_id}", asked)}


def _requested(before: Billing, terms: BillingTerms, fact: events.CreditLineRequested) -> Billing:
    return _with(
        before,
        capacity_minor=fact.capacity.minor_units,
        capacity_on=fact.transaction_date,
        **_done(before.credit_line, "request", fact.request_id, fact.request_digest),
    )


def _request_declined(
    before: Billing, terms: BillingTerms, fact: events.CreditLineRequestDeclined
) -> Billing:
    done = _done(before.credit_line, "decision", fact.request_id, "decline")
    return _with(before, pending=None, **done)


def _referred(
    before: Billing, terms: BillingTerms, fact: events.CreditLineRequestReferred
) -> Billing:
    limit = fact.limit.minor_units
    waits = Pending(change_id=fact.request_id, kind=ChangeKind.REQUEST, limit_minor=limit)
    return _with(before, pending=waits)


def _proposed(
    before: Billing, terms: BillingTerms, fact: events.CreditLineChangeProposed
) -> Billing:
    waits = Pending(
        change_id=fact.change_id,
        kind=fact.kind,
        limit_minor=fact.limit.minor_units,
        proposed_by=fact.proposed_by,
    )
    done = {}
    if fact.kind is ChangeKind.OFFER:
        done = _done(before.credit_line, "offer", fact.change_id, str(waits.limit_minor))
    else:
        done = _done(before.credit_line, "decision", fact.change_id, "approve")
    return _with(before, pending=waits, **done)


def _confirmed(
    before: Billing, terms: BillingTerms, fact: events.CreditLineChangeConfirmed
) -> Billing:
    done = _done(before.credit_line, "confirmation", fact.change_id, "approve")
    return _with(before, pending=None, **done)


def _rejected(
    before: Billing, terms: BillingTerms, fact: events.CreditLineChangeRejected
) -> Billing:
    done = _done(before.credit_line, "confirmation", fact.change_id, "reject")
    return _with(before, pending=None, **done)


def _offered(before: Billing, terms: BillingTerms, fact: events.CreditLineOffered) -> Billing:
    limit = fact.limit.minor_units
    offer = Offer(offer_id=fact.offer_id, limit_minor=limit, expires_on=fact.expires_on)
    done = _done(before.credit_line, "offer", fact.offer_id, str(limit))
    return _with(before, offer=offer, **done)


def _accepted(
    before: Billing, terms: BillingTerms, fact: events.CreditLineOfferAccepted
) -> Billing:
    return _with(before, offer=None, **_done(before.credit_line, "answer", fact.offer_id, "accept"))


def _refused(before: Billing, terms: BillingTerms, fact: events.CreditLineOfferDeclined) -> Billing:
    done = _done(before.credit_line, "answer", fact.offer_id, "decline")
    return _with(before, offer=None, **done)


def _expired(before: Billing, terms: BillingTerms, fact: events.CreditLineOfferExpired) -> Billing:
    return _with(before, offer=None)


def _reviewed(before: Billing, terms: BillingTerms, fact: events.CreditLineReviewed) -> Billing:
    done = _done(before.credit_line, "review", fact.review_id, "")
    return _with(before, reviewed_on=fact.transaction_date, **done)


def _reduced(before: Billing, terms: BillingTerms, fact: events.CreditLineReduced) -> Billing:
    told = Reduction(
        previous_minor=fact.previous.minor_units, consequences_from=fact.consequences_from
    )
    known = before.credit_line.reductions[-(REDUCTIONS_LIMIT - 1) :]
    return _with(before, reductions=(*known, told))


BILLED: dict[type[Fact], Callable[[Billing, BillingTerms, Any], Billing]] = {
    events.CreditLineRequested: _requested,
    events.CreditLineRequestDeclined: _request_declined,
    events.CreditLineRequestReferred: _referred,
    events.CreditLineChangeProposed: _proposed,
    events.CreditLineChangeConfirmed: _confirmed,
    events.CreditLineChangeRejected: _rejected,
    events.CreditLineOffered: _offered,
    events.CreditLineOfferAccepted: _accepted,
    events.CreditLineOfferDeclined: _refused,
    events.CreditLineOfferExpired: _expired,
    events.CreditLineReviewed: _reviewed,
    events.CreditLineReduced: _reduced,
}
"""What each fact does to billing."""
