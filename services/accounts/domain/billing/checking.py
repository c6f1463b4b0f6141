"""What the billing of a programme must fulfil: 12 CFR 1026.5, .52, .55, and that it says one thing.

Programmes that are stored already are not checked again.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from chassis.kernel.errors import Invalid
from services.accounts.domain.billing.calendar import DAY, GRACE_DAYS_LEAST, months_later
from services.accounts.domain.billing.terms import (
    AutopayKind,
    BalanceType,
    BillingTerms,
    DeferredPromotion,
    FeeKind,
    Rate,
    RateKind,
)

PROMOTION_MONTHS_LEAST = 6
"""Of a temporary rate or a deferred-interest program: 1026.55(b)(1)."""
FIRST_YEAR_FEES_MOST = 2_500
"""Basis points of the first limit: 1026.52(a)(1)."""

PATH = "programme.billing"


def check_billing(terms: BillingTerms, foreign_markup_basis_points: int) -> None:
    """Raises Invalid with the path of the field in a request."""
    _check_cycle(terms)
    _check_rates(terms)
    _check_fees(terms, foreign_markup_basis_points)
    _check_payments(terms)
    _check_promotions(terms.deferred_promotions)


def _at(field: str) -> str:
    return f"{PATH}.{field}"


def _check_cycle(terms: BillingTerms) -> None:
    if terms.grace_days < GRACE_DAYS_LEAST:
        raise Invalid(
            "GRACE_TOO_SHORT",
            f"a payment is due at least {GRACE_DAYS_LEAST} days after the close",
            field=_at("grace_days"),
        )
    # No payment is due after the next close, so a cycle must be as long as that.
    if 0 < terms.cycle_length_days < terms.grace_days:
        raise Invalid(
            "CYCLE_TOO_SHORT",
            "a cycle is at least as long as the grace",
            field=_at("cycle_length_days"),
        )


def _check_rates(terms: BillingTerms) -> None:
    standard = [each for each in terms.rates if each.kind is RateKind.STANDARD]
    if not any(each.balance_type is BalanceType.PURCHASE for each in standard):
        raise Invalid("STANDARD_RATE_MISSING", "purchases have a standard rate", field=_at("rates"))
    keys = ((each.balance_type, each.kind, each.effective_from) for each in terms.rates)
    _check_once("rates", keys)
    for place, each in enumerate(terms.rates):
        if each.balance_type is BalanceType.DEFERRED:
            raise Invalid(
                "RATE_OF_PROMOTION",
                "promotions have their rates",
                field=_at(f"rates[{place}].balance_type"),
            )
        _check_period(each, f"rates[{place}]")
        against = [other for other in standard if other.balance_type is each.balance_type]
        known = against or [o for o in standard if o.balance_type is BalanceType.PURCHASE]
        _check_level(each, max(other.apr_basis_points for other in known), place)


def _check_period(each: Rate, at: str) -> None:
    since, until = each.effective_from, each.effective_until
    if since and until and until < since:
        raise Invalid(
            "PERIOD_BACKWARDS", "a rate ends before it begins", field=_at(f"{at}.effective_until")
        )
    if each.kind is not RateKind.PROMO:
        return
    if not each.months_from_opening and not (since and until):
        raise Invalid(
            "PROMOTION_WITHOUT_END",
            "a promotion has months, or a first and a last day",
            field=_at(at),
        )
    months = each.months_from_opening
    if 0 < months < PROMOTION_MONTHS_LEAST:
        raise _short(f"{at}.months_from_opening")
    if since and until and _is_short(since, until):
        raise _short(f"{at}.effective_until")


def _is_short(since: date, until: date) -> bool:
    return until < months_later(since, PROMOTION_MONTHS_LEAST) - DAY


def _short(field: str) -> Invalid:
    message = f"a promotion lasts at least {PROMOTION_MONTHS_LEAST} months"
    return Invalid("PROMOTION_TOO_SHORT", message, field=_at(field))


def _check_level(each: Rate, standard: int, place: int) -> None:
    at = f"rates[{place}].apr_basis_points"
    if each.kind is RateKind.PENALTY and each.apr_basis_points < standard:
        raise Invalid("PENALTY_BELOW_STANDARD", "a penalty rate is no lower rate", field=_at(at))
    if each.kind is RateKind.PROMO and each.apr_basis_points > standard:
        raise Invalid("PROMOTION_ABOVE_STANDARD", "a promotion is no higher rate", field=_at(at))


def _check_fees(terms: BillingTerms, foreign_markup_basis_points: int) -> None:
    keys = ((each.kind, each.effective_from) for each in terms.fees)
    _check_once("fees", keys)
    keys = ((each.kind, each.effective_from) for each in terms.fee_caps)
    _check_once("fee_caps", keys)
    for place, each in enumerate(terms.fees):
        if each.kind is FeeKind.FOREIGN and foreign_markup_basis_points:
            raise Invalid(
                "FOREIGN_CHARGED_TWICE",
                "a charge in another currency costs a mark-up or a fee, not both",
                field=_at(f"fees[{place}].kind"),
            )
    for place, cap in enumerate(terms.fee_caps):
        if cap.repeated_minor < cap.first_minor:
            at = f"fee_caps[{place}].repeated_minor"
            raise Invalid("FEE_CAP_FALLS", "a repeated violation is capped no lower", field=_at(at))
    if terms.first_year_fee_limit_basis_points > FIRST_YEAR_FEES_MOST:
        raise Invalid(
            "FIRST_YEAR_FEES_TOO_HIGH",
            "fees of the first year are at most a quarter of the limit",
            field=_at("first_year_fee_limit_basis_points"),
        )


def _check_payments(terms: BillingTerms) -> None:
    if terms.autopay is AutopayKind.FIXED and terms.autopay_fixed_minor <= 0:
        raise Invalid(
            "AMOUNT_MISSING", "a fixed amount must be told", field=_at("autopay_fixed_minor")
        )
    months = (each.months for each in terms.instalment_products)
    _check_once("instalments", months)


def _check_promotions(promotions: Sequence[DeferredPromotion]) -> None:
    codes = (each.code for each in promotions)
    _check_once("deferred_promotions", codes)
    for place, each in enumerate(promotions):
        for wrong in _of_promotion(each, _at(f"deferred_promotions[{place}]")):
            raise wrong


def _of_promotion(each: DeferredPromotion, at: str) -> Iterator[Invalid]:
    short = f"a promotion lasts at least {PROMOTION_MONTHS_LEAST} months"
    since, until = each.offered_from, each.offered_until
    if bool(each.months) == bool(each.ends_on):
        yield Invalid("PROMOTION_END", "a promotion has months or a last day", field=f"{at}.months")
    if 0 < each.months < PROMOTION_MONTHS_LEAST:
        yield Invalid("PROMOTION_TOO_SHORT", short, field=f"{at}.months")
    if since and until and until < since:
        yield Invalid(
            "PERIOD_BACKWARDS", "an offer ends before it begins", field=f"{at}.offered_until"
        )
    if each.ends_on and not since:
        yield Invalid(
            "OFFER_BEGIN_MISSING", "with a last day it begins on a day", field=f"{at}.offered_from"
        )
    if each.ends_on and since and _is_short(since, each.ends_on):
        yield Invalid("PROMOTION_TOO_SHORT", short, field=f"{at}.ends_on")
    if each.ends_on and until and each.ends_on < until:
        yield Invalid(
            "PERIOD_BACKWARDS",
            "it is to be paid before it is offered no more",
            field=f"{at}.ends_on",
        )


def _check_once(field: str, keys: Iterable[Any]) -> None:
    seen = set()
    for place, key in enumerate(keys):
        if key in seen:
            raise Invalid(
                "TERM_REPEATED",
                "of two such terms one would never apply",
                field=_at(f"{field}[{place}]"),
            )
        seen.add(key)
