"""What is told of other terms: each term that changes, as it was and as it will be (12 CFR
1026.9(c)(2)(iv)(A)(1)), from the first day on which the two differ."""

from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from services.accounts.domain.billing.buckets import RateBook
from services.accounts.domain.billing.calendar import months_later
from services.accounts.domain.billing.fees import cap, scheduled
from services.accounts.domain.billing.terms import (
    BillingTerms,
    DayCount,
    FeeKind,
    InterestMethod,
    RateKind,
)
from services.accounts.domain.repricing.comparing import CATEGORIES, MONTHS_AHEAD
from services.accounts.domain.values import Terms

Figure = Callable[[BillingTerms], int]


class Unit(StrEnum):
    """What a figure counts; YES_NO is 1 or 0."""

    BASIS_POINTS = "BASIS_POINTS"
    MINOR_UNITS = "MINOR_UNITS"
    DAYS = "DAYS"
    STATEMENTS = "STATEMENTS"
    YES_NO = "YES_NO"


@value
class ChangedTerm:
    """A term that is another from a day on; `term` is a name such as PURCHASE_RATE or LATE_FEE."""

    term: str
    unit: Unit
    before: int
    after: int
    from_on: date


def changes(old: Terms, new: Terms, opened_on: date, day: date) -> tuple[ChangedTerm, ...]:
    """Everything of the terms that is another on a day or, where dated, later; nothing where one
    of them has no billing."""
    before, after = old.billing, new.billing
    if before is None or after is None:
        return ()
    found = [
        *_rates(before, after, opened_on, day),
        *_fees(before, after, day),
        *_figures(before, after, day),
    ]
    markup = old.foreign_markup_basis_points, new.foreign_markup_basis_points
    if markup[0] != markup[1]:
        found.append(_changed("FOREIGN_MARKUP", Unit.BASIS_POINTS, markup, day))
    return tuple(found)


def _changed(term: str, unit: Unit, figures: tuple[int, int], day: date) -> ChangedTerm:
    return ChangedTerm(term=term, unit=unit, before=figures[0], after=figures[1], from_on=day)


def _rates(
    before: BillingTerms, after: BillingTerms, opened_on: date, day: date
) -> Iterator[ChangedTerm]:
    last = months_later(day, MONTHS_AHEAD)
    penalty = any(each.kind is RateKind.PENALTY for each in (*before.rates, *after.rates))
    books: tuple[tuple[str, date | None], ...] = (("RATE", None), ("PENALTY_RATE", date.min))
    for name, since in books if penalty else books[:1]:
        known = RateBook(terms=before, opened_on=opened_on, penalty_from=since)
        other = RateBook(terms=after, opened_on=opened_on, penalty_from=since)
        days = sorted({day, *known.changes(day, last), *other.changes(day, last)})
        for category in CATEGORIES:
            for on in days:
                figures = known.apr(category, on), other.apr(category, on)
                if figures[0] != figures[1]:
                    yield _changed(f"{category}_{name}", Unit.BASIS_POINTS, figures, on)
                    break


def _fees(before: BillingTerms, after: BillingTerms, day: date) -> Iterator[ChangedTerm]:
    dated = [each.effective_from for each in (*before.fees, *after.fees) if each.effective_from]
    dated += [each.effective_from for each in (*before.fee_caps, *after.fee_caps)]
    days = sorted({day, *(each for each in dated if each > day)})
    parts = (
        ("FEE", Unit.MINOR_UNITS, _first),
        ("FEE_REPEATED", Unit.MINOR_UNITS, _repeated),
        ("FEE_SHARE", Unit.BASIS_POINTS, _share),
    )
    for kind in FeeKind:
        for name, unit, figure in parts:
            for on in days:
                figures = figure(before, kind, on), figure(after, kind, on)
                if figures[0] != figures[1]:
                    yield _changed(f"{kind}_{name}", unit, figures, on)
                    break


def _first(terms: BillingTerms, kind: FeeKind, day: date) -> int:
    fee, capped = scheduled(terms, kind, day), cap(terms, kind, day)
    amount = fee.amount_minor if fee else 0
    return min(amount, capped.first_minor) if capped else amount


def _repeated(terms: BillingTerms, kind: FeeKind, day: date) -> int:
    """Nothing where a repeated violation costs what the first one does."""
    fee, capped = scheduled(terms, kind, day), cap(terms, kind, day)
    amount = fee.repeated_minor if fee else 0
    return min(amount, capped.repeated_minor) if capped else amount


def _share(terms: BillingTerms, kind: FeeKind, day: date) -> int:
    fee = scheduled(terms, kind, day)
    return fee.basis_points if fee else 0


FIGURES: tuple[tuple[str, Unit, Figure], ...] = (
    ("GRACE_DAYS", Unit.DAYS, lambda terms: terms.grace_days),
    ("GRACE_REGAINED", Unit.STATEMENTS, lambda terms: terms.grace_regained_after_statements),
    ("MINIMUM_PAYMENT_FLOOR", Unit.MINOR_UNITS, lambda terms: terms.minimum_payment.floor_minor),
    ("MINIMUM_PAYMENT_SHARE", Unit.BASIS_POINTS, lambda terms: terms.minimum_payment.basis_points),
    (
        "MINIMUM_PAYMENT_INCLUDES_INTEREST",
        Unit.YES_NO,
        lambda terms: int(terms.minimum_payment.includes_interest),
    ),
    (
        "MINIMUM_PAYMENT_INCLUDES_FEES",
        Unit.YES_NO,
        lambda terms: int(terms.minimum_payment.includes_fees),
    ),
    (
        "INTEREST_ON_INTEREST",
        Unit.YES_NO,
        lambda terms: int(terms.interest_method is InterestMethod.DAILY_COMPOUNDING),
    ),
    (
        "YEAR_OF_365_DAYS",
        Unit.YES_NO,
        lambda terms: int(terms.day_count is DayCount.FIXED_365),
    ),
)


def _figures(before: BillingTerms, after: BillingTerms, day: date) -> Iterator[ChangedTerm]:
    for term, unit, figure in FIGURES:
        figures = figure(before), figure(after)
        if figures[0] != figures[1]:
            yield _changed(term, unit, figures, day)
