"""What of some terms is dearer than of others, today or on any day that is known already."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from services.accounts.domain.billing.buckets import (
    CASH_ADVANCE,
    FEE,
    PURCHASE,
    RateBook,
)
from services.accounts.domain.billing.calendar import months_later
from services.accounts.domain.billing.fees import cap, scheduled
from services.accounts.domain.billing.terms import (
    BillingTerms,
    DayCount,
    FeeKind,
    InterestMethod,
)
from services.accounts.domain.repricing.state import Raised
from services.accounts.domain.transfers.offers import BALANCE_TRANSFER
from services.accounts.domain.values import Terms

MONTHS_AHEAD = 360
"""So far ahead steps of rates are compared."""

CATEGORIES = (PURCHASE, CASH_ADVANCE, BALANCE_TRANSFER, FEE)


def raised(old: Terms, new: Terms, opened_on: date, day: date) -> tuple[Raised, ...]:
    """What of the new terms is dearer; nothing where one of them has no billing."""
    before, after = old.billing, new.billing
    if before is None or after is None:
        return ()
    markup = new.foreign_markup_basis_points > old.foreign_markup_basis_points
    others = [kind for kind in FeeKind if kind is not FeeKind.ANNUAL]
    found = {
        Raised.RATES: bool(dearer_categories(before, after, opened_on, day))
        or not set(after.cash_advance_mccs) <= set(before.cash_advance_mccs),
        Raised.ANNUAL_FEE: _is_fee_higher(before, after, FeeKind.ANNUAL, day),
        Raised.FEES: markup or any(_is_fee_higher(before, after, each, day) for each in others),
        Raised.GRACE: after.grace_days < before.grace_days
        or after.grace_regained_after_statements > before.grace_regained_after_statements,
        Raised.MINIMUM_PAYMENT: _asks_for_more(before, after),
        Raised.INTEREST_METHOD: _counts_dearer(before, after),
    }
    return tuple(each for each, so in found.items() if so)


def dearer_categories(
    before: BillingTerms, after: BillingTerms, opened_on: date, day: date
) -> tuple[str, ...]:
    """The categories of transactions that would bear more on some day, in arrears or not."""
    known = RateBook(terms=before, opened_on=opened_on)
    other = RateBook(terms=after, opened_on=opened_on)
    last = months_later(day, MONTHS_AHEAD)
    days = {day, *known.changes(day, last), *other.changes(day, last)}
    # Transfers under an offer have no rate of the terms that might be compared.
    ends_offers = after.promotions_end_past_due and not before.promotions_end_past_due
    return tuple(
        each
        for each in CATEGORIES
        if (ends_offers and each == BALANCE_TRANSFER)
        or any(
            replace(other, penalty_from=since).apr(each, on)
            > replace(known, penalty_from=since).apr(each, on)
            for since in (None, date.min)
            for on in days
        )
    )


def _is_fee_higher(before: BillingTerms, after: BillingTerms, kind: FeeKind, day: date) -> bool:
    dated = (*before.fees, *after.fees)
    days = {each.effective_from for each in dated if each.effective_from}
    days |= {each.effective_from for each in (*before.fee_caps, *after.fee_caps)}
    return any(
        now > was
        for on in {day, *(each for each in days if each > day)}
        for was, now in zip(_fee(before, kind, on), _fee(after, kind, on), strict=True)
    )


def _fee(terms: BillingTerms, kind: FeeKind, day: date) -> Iterator[int]:
    """What it can be: the first time, repeated, and as a share."""
    fee, capped = scheduled(terms, kind, day), cap(terms, kind, day)
    first = fee.amount_minor if fee else 0
    again = (fee.repeated_minor or first) if fee else 0
    yield min(first, capped.first_minor) if capped else first
    yield min(again, capped.repeated_minor) if capped else again
    yield fee.basis_points if fee else 0


def _asks_for_more(before: BillingTerms, after: BillingTerms) -> bool:
    was, now = before.minimum_payment, after.minimum_payment
    return (
        now.floor_minor > was.floor_minor
        or now.basis_points > was.basis_points
        or (now.includes_interest and not was.includes_interest)
        or (now.includes_fees and not was.includes_fees)
    )


def repays_otherwise(before: BillingTerms, after: BillingTerms) -> bool:
    """Whether protected balances would have to be repaid by a method that is less beneficial than
    those of 1026.55(c)(2): more than twice the share, or anything else more than before."""
    was = before.minimum_payment
    twice = replace(was, basis_points=2 * was.basis_points)
    return _asks_for_more(replace(before, minimum_payment=twice), after)


def _counts_dearer(before: BillingTerms, after: BillingTerms) -> bool:
    """Interest on interest, or fewer days in a year."""
    compounding = InterestMethod.DAILY_COMPOUNDING
    return (after.interest_method is compounding and before.interest_method is not compounding) or (
        after.day_count is DayCount.FIXED_365 and before.day_count is DayCount.ACTUAL
    )
