"""What accrued on deferred balances, and what of it is to be charged at the end of a promotion."""

from collections.abc import Sequence
from datetime import date

from services.accounts.domain.billing.buckets import Balance, RateBook
from services.accounts.domain.billing.calendar import DAY, months_later
from services.accounts.domain.billing.interest import compute
from services.accounts.domain.billing.positions import standing_on
from services.accounts.domain.billing.rounding import day_interest, half_up
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.statement import DeferredBalance, LineKind, StatementLine
from services.accounts.domain.billing.terms import BillingTerms, DeferredPromotion
from services.accounts.domain.deferring.state import Accrual, Deferral


def last_day(promotion: DeferredPromotion, bought_on: date) -> date:
    """By when a purchase must be paid in full."""
    return promotion.ends_on or months_later(bought_on, promotion.months) - DAY


def accrued_before_booking(
    lines: Sequence[StatementLine], since: date, apr_basis_points: int, book: RateBook
) -> int:
    """What accrues between the transaction and the day from which on it is booked, exactly."""
    total = 0
    for line in lines:
        for place in range((line.effective_on - since).days):
            year = book.days_of_year(since + place * DAY)
            total += day_interest(line.amount_minor, apr_basis_points, year)
    return total


def accrued_in_closed(billing: Billing, deferral: Deferral) -> int:
    """What accrued up to the close of the last cycle, exactly."""
    return deferral.accrued_exact + sum(
        each.exact
        for cycle in billing.closed
        for each in cycle.deferred
        if each.bucket == deferral.bucket and cycle.closed_on >= deferral.accrues_from
    )


def accrued_by(
    billing: Billing,
    terms: BillingTerms,
    deferral: Deferral,
    day: date,
    disputed: tuple[Balance, ...] = (),
) -> int:
    """What accrued by the end of a day of the open cycle, in minor units."""
    exact = accrued_in_closed(billing, deferral)
    if day >= billing.cycle_opened_on:
        so_far = compute(billing.sheet(terms, until=day, disputed=disputed)).deferred
        exact += sum(each.exact for each in so_far if each.bucket == deferral.bucket)
    return half_up(exact)


def owed_at_end(
    billing: Billing, terms: BillingTerms, deferral: Deferral, disputed: tuple[Balance, ...] = ()
) -> int | None:
    """What of it was not paid on its last day; None where that cannot be known any more."""
    standing = standing_on(billing, terms, deferral.ends_on, disputed)
    if standing is None:
        return None
    return sum(each.minor for each in standing if each.bucket == deferral.bucket)


def told(
    billing: Billing, closing: Sequence[Balance], accrued: Sequence[Accrual]
) -> tuple[DeferredBalance, ...]:
    """What a statement says of balances whose promotions go on after its close."""
    owed = {each.bucket: each.minor for each in closing}
    in_cycle = {each.bucket: each.exact for each in accrued}
    return tuple(
        _told(billing, deferral, owed[deferral.bucket], in_cycle.get(deferral.bucket, 0))
        for deferral in billing.deferrals
        if deferral.ends_on > billing.closes_on and owed.get(deferral.bucket)
    )


def _told(billing: Billing, deferral: Deferral, owed: int, in_cycle: int) -> DeferredBalance:
    # In its first cycle it accrued before it was booked, too.
    first = any(
        line.kind is LineKind.CHARGE and line.bucket == deferral.bucket for line in billing.booked()
    )
    before = accrued_in_closed(billing, deferral)
    accrued = half_up(before + in_cycle)
    return DeferredBalance(
        deferral_id=deferral.deferral_id,
        charge_id=deferral.charge_id,
        promotion_code=deferral.promotion_code,
        ends_on=deferral.ends_on,
        accrues_from=deferral.accrues_from,
        apr_basis_points=deferral.apr_basis_points,
        balance_minor=owed,
        interest_minor=accrued - (0 if first else half_up(before)),
        accrued_minor=accrued,
    )
