"""How each fact changes what is known about payments to be confirmed; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.collecting import events
from services.accounts.domain.collecting.state import Payment, PaymentStatus
from services.accounts.domain.repaying.evolve import accounted_for


def _initiated(before: Billing, terms: BillingTerms, fact: events.PaymentInitiated) -> Billing:
    minor = fact.amount.minor_units
    payment = Payment(
        payment_id=fact.payment_id,
        source=fact.source,
        minor=minor,
        initiated_on=fact.transaction_date,
    )
    known = before.collecting
    after = replace(
        known,
        known=known.known.set(payment.payment_id, payment),
        pending=(*known.pending, payment),
    )
    return accounted_for(replace(before, collecting=after), fact.source, minor)


def _ended(before: Billing, payment_id: str, status: PaymentStatus) -> Billing:
    known = before.collecting
    payment = replace(known.known[payment_id], status=status)
    left = tuple(each for each in known.pending if each.payment_id != payment_id)
    known = replace(known, known=known.known.set(payment_id, payment), pending=left)
    return replace(before, collecting=known)


def _settled(before: Billing, terms: BillingTerms, fact: events.PaymentSettled) -> Billing:
    return _ended(before, fact.payment_id, PaymentStatus.SETTLED)


def _failed(before: Billing, terms: BillingTerms, fact: events.PaymentCollectionFailed) -> Billing:
    return _ended(before, fact.payment_id, PaymentStatus.RETURNED)


BILLED: dict[type[Fact], Callable[[Billing, BillingTerms, Any], Billing]] = {
    events.PaymentInitiated: _initiated,
    events.PaymentSettled: _settled,
    events.PaymentCollectionFailed: _failed,
}
"""What each fact does to billing."""
