"""Billing terms that no programme may have: each is refused with the path of its field."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chassis.kernel.errors import Invalid
from services.accounts.domain.billing.terms import (
    AutopayKind,
    BalanceType,
    DeferredPromotion,
    Fee,
    FeeCap,
    FeeKind,
    InstalmentProduct,
    Rate,
    RateKind,
)
from services.accounts.domain.programmes.checking import check_terms
from services.accounts.tests.billing_stories import STANDARD
from services.accounts.tests.stories import terms
from services.accounts.tests.test_billing_terms import EVERYTHING

PURCHASE = Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=1_500)
JANUARY = date(2026, 1, 1)


def promo(**changes: Any) -> Rate:
    fields: dict[str, Any] = {"kind": RateKind.PROMO, "apr_basis_points": 0, **changes}
    return replace(PURCHASE, **fields)


def rates(*more: Rate) -> dict[str, Any]:
    return {"rates": (PURCHASE, *more)}


def fee(**changes: Any) -> Fee:
    return Fee(kind=FeeKind.LATE, amount_minor=25_00, **changes)


def cap(first: int, repeated: int) -> FeeCap:
    return FeeCap(
        kind=FeeKind.LATE,
        effective_from=JANUARY,
        first_minor=first,
        repeated_minor=repeated,
    )


def offers(*found: DeferredPromotion) -> dict[str, Any]:
    return {"deferred_promotions": found}


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("GRACE_TOO_SHORT", "grace_days", {"grace_days": 20}),
    ("CYCLE_TOO_SHORT", "cycle_length_days", {"cycle_length_days": 24}),
    (
        "STANDARD_RATE_MISSING",
        "rates",
        {"rates": (replace(PURCHASE, balance_type=BalanceType.CASH_ADVANCE),)},
    ),
    ("TERM_REPEATED", "rates[1]", rates(replace(PURCHASE, apr_basis_points=1))),
    (
        "RATE_OF_PROMOTION",
        "rates[1].balance_type",
        rates(replace(PURCHASE, balance_type=BalanceType.DEFERRED)),
    ),
    (
        "PERIOD_BACKWARDS",
        "rates[1].effective_until",
        rates(promo(effective_from=JANUARY, effective_until=date(2025, 12, 31))),
    ),
    ("PROMOTION_WITHOUT_END", "rates[1]", rates(promo())),
    (
        "PROMOTION_TOO_SHORT",
        "rates[1].months_from_opening",
        rates(promo(months_from_opening=5)),
    ),
    (
        "PROMOTION_TOO_SHORT",
        "rates[1].effective_until",
        rates(promo(effective_from=JANUARY, effective_until=date(2026, 6, 29))),
    ),
    (
        "PENALTY_BELOW_STANDARD",
        "rates[1].apr_basis_points",
        rates(replace(PURCHASE, kind=RateKind.PENALTY, apr_basis_points=1_499)),
    ),
    (
        "PROMOTION_ABOVE_STANDARD",
        "rates[1].apr_basis_points",
        rates(promo(months_from_opening=6, apr_basis_points=1_501)),
    ),
    ("TERM_REPEATED", "fees[1]", {"fees": (fee(), fee())}),
    ("TERM_REPEATED", "fee_caps[1]", {"fee_caps": (cap(1, 1), cap(2, 2))}),
    ("FEE_CAP_FALLS", "fee_caps[0].repeated_minor", {"fee_caps": (cap(2, 1),)}),
    (
        "FIRST_YEAR_FEES_TOO_HIGH",
        "first_year_fee_limit_basis_points",
        {"first_year_fee_limit_basis_points": 2_501},
    ),
    ("AMOUNT_MISSING", "autopay_fixed_minor", {"autopay": AutopayKind.FIXED}),
    (
        "TERM_REPEATED",
        "instalments[1]",
        {"instalment_products": (InstalmentProduct(months=3), InstalmentProduct(months=3))},
    ),
    (
        "TERM_REPEATED",
        "deferred_promotions[1]",
        offers(*[DeferredPromotion(code="A", months=6)] * 2),
    ),
    ("PROMOTION_END", "deferred_promotions[0].months", offers(DeferredPromotion(code="A"))),
    (
        "PROMOTION_TOO_SHORT",
        "deferred_promotions[0].months",
        offers(DeferredPromotion(code="A", months=5)),
    ),
    (
        "OFFER_BEGIN_MISSING",
        "deferred_promotions[0].offered_from",
        offers(DeferredPromotion(code="A", ends_on=date(2026, 6, 30))),
    ),
    (
        "PROMOTION_TOO_SHORT",
        "deferred_promotions[0].ends_on",
        offers(DeferredPromotion(code="A", ends_on=date(2026, 6, 29), offered_from=JANUARY)),
    ),
    (
        "PERIOD_BACKWARDS",
        "deferred_promotions[0].offered_until",
        offers(
            DeferredPromotion(
                code="A", months=6, offered_from=JANUARY, offered_until=date(2025, 1, 1)
            )
        ),
    ),
    (
        "PERIOD_BACKWARDS",
        "deferred_promotions[0].ends_on",
        offers(
            DeferredPromotion(
                code="A",
                ends_on=date(2026, 12, 31),
                offered_from=JANUARY,
                offered_until=date(2027, 1, 1),
            )
        ),
    ),
]


@pytest.mark.parametrize(
    ("reason", "field", "changes"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES]
)
def test_terms_that_are_refused(reason: str, field: str, changes: dict[str, Any]) -> None:
    """1026.5(b)(2)(ii): 21 days; 1026.52(a)(1): a quarter; 1026.55(b)(1): six months."""
    with pytest.raises(Invalid) as error:
        check_terms(terms(billing=replace(STANDARD, **changes)))
    assert (error.value.reason, error.value.field) == (reason, f"programme.billing.{field}")


@pytest.mark.parametrize(
    "changes",
    [
        {"grace_days": 21},
        {"cycle_length_days": 25},
        rates(promo(months_from_opening=6)),
        rates(promo(effective_from=JANUARY, effective_until=date(2026, 6, 30))),
        offers(DeferredPromotion(code="A", ends_on=date(2026, 6, 30), offered_from=JANUARY)),
    ],
)
def test_terms_that_are_just_allowed(changes: dict[str, Any]) -> None:
    """Comment 55(b)(1)-2.i: January to June are six months."""
    check_terms(terms(billing=replace(STANDARD, **changes)))


def test_a_charge_in_another_currency_costs_a_mark_up_or_a_fee() -> None:
    foreign = replace(STANDARD, fees=(Fee(kind=FeeKind.FOREIGN, basis_points=300),))
    check_terms(terms(billing=foreign))
    with pytest.raises(Invalid) as error:
        check_terms(terms(billing=foreign, foreign_markup_basis_points=275))
    assert (error.value.reason, error.value.field) == (
        "FOREIGN_CHARGED_TWICE",
        "programme.billing.fees[0].kind",
    )


def test_a_programme_with_everything_is_allowed() -> None:
    with_begin = replace(EVERYTHING.deferred_promotions[1], offered_from=JANUARY)
    promotions = (EVERYTHING.deferred_promotions[0], with_begin)
    check_terms(terms(billing=replace(EVERYTHING, deferred_promotions=promotions)))
