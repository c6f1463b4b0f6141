"""How each fact of deferred balances changes the billing of an account; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.entries import entered
from services.accounts.domain.billing.state import Billing, Cycle
from services.accounts.domain.billing.statement import LineKind, StatementLine
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.deferring import events
from services.accounts.domain.deferring.state import DEFERRED, Deferral, Lapse

Lines = tuple[StatementLine, ...]


def _deferred(before: Billing, terms: BillingTerms, fact: events.PurchaseDeferred) -> Billing:
    """From now on it is as if it had been bought so: no statement has told it yet."""
    deferral = Deferral(
        deferral_id=fact.deferral_id,
        charge_id=fact.charge_id,
        promotion_code=fact.promotion_code,
        principal_minor=fact.principal.minor_units,
        apr_basis_points=fact.apr_basis_points,
        accrues_from=fact.accrues_from,
        ends_on=fact.ends_on,
        accrued_exact=fact.accrued_exact,
        ends_past_due=fact.ends_past_due,
    )
    return replace(
        before,
        lines=tuple(_purchase_in(chunk, fact, deferral.bucket) for chunk in before.lines),
        deferrals=(*before.deferrals, deferral),
    )


def _purchase_in(lines: Lines, fact: events.PurchaseDeferred, bucket: str) -> Lines:
    return tuple(
        replace(line, bucket=bucket)
        if line.charge_id == fact.charge_id and line.entry_id in fact.entries
        else line
        for line in lines
    )


def _payment_to(lines: Lines, payment_id: str, bucket: str) -> Lines:
    return tuple(
        replace(line, bucket=bucket)
        if line.kind is LineKind.PAYMENT and line.entry_id == payment_id
        else line
        for line in lines
    )


def _settled(before: Billing, fact: Any, charged_minor: int) -> Billing:
    return replace(
        before,
        deferrals=tuple(
            replace(
                each,
                settled=True,
                charged_minor=each.charged_minor + charged_minor,
                disputed_minor=fact.disputed.minor_units,
            )
            if each.deferral_id == fact.deferral_id
            else each
            for each in before.deferrals
        ),
    )


def _charged(before: Billing, terms: BillingTerms, fact: events.DeferredInterestCharged) -> Billing:
    return _booked(before, fact, fact.amount.minor_units)


def _reversed(
    before: Billing, terms: BillingTerms, fact: events.DeferredInterestReversed
) -> Billing:
    # As if it had not been charged: from the day on which it was.
    since = max(fact.ends_on + DAY, before.closed[0].opened_on if before.closed else fact.ends_on)
    return _booked(before, fact, -fact.amount.minor_units, effective_on=since)


def _booked(before: Billing, fact: Any, signed: int, **more: Any) -> Billing:
    after = entered(
        _settled(before, fact, signed),
        fact,
        LineKind.INTEREST,
        f"deferred {fact.deferral_id} {len(before.booked())}",
        signed,
        bucket=f"{DEFERRED}/{fact.deferral_id}",
        reason=DEFERRED,
        **more,
    )
    return replace(after, interest_of_year_minor=after.interest_of_year_minor + signed)


def _forgiven(before: Billing, terms: BillingTerms, fact: events.DeferredInterestWaived) -> Billing:
    return _settled(before, fact, 0)


def _directed(before: Billing, terms: BillingTerms, fact: events.PaymentDirected) -> Billing:
    bucket = f"{DEFERRED}/{fact.deferral_id}"
    return replace(
        before,
        lines=tuple(_payment_to(chunk, fact.payment_id, bucket) for chunk in before.lines),
        closed=tuple(
            replace(cycle, moves=_payment_to(cycle.moves, fact.payment_id, bucket))
            for cycle in before.closed
        ),
    )


def _with(before: Billing, fact: Any, changed: Callable[[Deferral], Deferral]) -> Billing:
    deferrals = (
        changed(each) if each.deferral_id == fact.deferral_id else each for each in before.deferrals
    )
    return replace(before, deferrals=tuple(deferrals))


def _cut_short(before: Billing, terms: BillingTerms, fact: events.DeferralShortened) -> Billing:
    def cut(deferral: Deferral) -> Deferral:
        return replace(deferral, ends_on=fact.ends_on, promised_until=fact.promised_until)

    return _with(before, fact, cut)


def _resumed(before: Billing, terms: BillingTerms, fact: events.DeferralResumed) -> Billing:
    def resumed(deferral: Deferral) -> Deferral:
        over_from = deferral.ends_on + DAY
        after = replace(
            deferral,
            ends_on=fact.ends_on,
            promised_until=None,
            settled=False,
            charged_minor=0,
            disputed_minor=0,
        )
        if fact.resumes_on <= over_from:
            return after
        lapse = Lapse(first_on=over_from, last_on=fact.resumes_on - DAY)
        return replace(
            after,
            lapses=(*after.lapses, lapse),
            accrues_from=fact.resumes_on,
            accrued_exact=0,
        )

    return _with(before, fact, resumed)


def remembered(
    before: Billing, closed: tuple[Cycle, ...], closing: tuple[Balance, ...]
) -> tuple[Deferral, ...]:
    """The deferrals after a close: with what accrued in the cycle that is forgotten, and without
    those that are over, paid, and in no cycle that can be recalculated."""
    gone = before.closed[0] if len(before.closed) == len(closed) else None
    exact = {each.bucket: each.exact for each in gone.deferred} if gone else {}
    mentioned = {each.bucket for each in closing}
    mentioned |= {each.bucket for cycle in closed for each in cycle.opening}
    return tuple(
        replace(each, accrued_exact=each.accrued_exact + exact.get(each.bucket, 0))
        if gone and gone.closed_on >= each.accrues_from
        else each
        for each in before.deferrals
        if each.bucket in mentioned or not each.settled or each.ends_on >= closed[0].opened_on
    )


BILLED: dict[type[Fact], Callable[[Billing, BillingTerms, Any], Billing]] = {
    events.PurchaseDeferred: _deferred,
    events.DeferredInterestCharged: _charged,
    events.DeferredInterestWaived: _forgiven,
    events.DeferredInterestReversed: _reversed,
    events.PaymentDirected: _directed,
    events.DeferralShortened: _cut_short,
    events.DeferralResumed: _resumed,
}
