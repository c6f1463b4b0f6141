"""Terms of billing go through their message and come back the same."""

from datetime import date

from services.accounts.domain.billing.terms import (
    REGULATION_Z_CAPS,
    AutopayKind,
    BalanceType,
    BillingTerms,
    DayCount,
    DeferredPromotion,
    Fee,
    FeeKind,
    InstalmentProduct,
    InterestMethod,
    MinimumOrder,
    MinimumPaymentRule,
    Rate,
    RateKind,
)
from services.accounts.grpc_api.billing_terms import billing_terms, billing_terms_of

EVERYTHING = BillingTerms(
    rates=(
        Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=1_550),
        Rate(
            balance_type=BalanceType.BALANCE_TRANSFER,
            kind=RateKind.PROMO,
            apr_basis_points=0,
            effective_from=date(2026, 1, 1),
            effective_until=date(2026, 6, 30),
            months_from_opening=6,
        ),
    ),
    minimum_payment=MinimumPaymentRule(
        floor_minor=2_500, basis_points=100, includes_interest=True, includes_fees=True
    ),
    fees=(Fee(kind=FeeKind.LATE, amount_minor=2_500, repeated_minor=3_500),),
    fee_caps=REGULATION_Z_CAPS,
    interest_method=InterestMethod.DAILY_COMPOUNDING,
    day_count=DayCount.ACTUAL,
    cycle_day=5,
    grace_days=21,
    due_day=1,
    minimum_order=MinimumOrder.HIGHEST_APR_FIRST,
    autopay=AutopayKind.FIXED,
    autopay_fixed_minor=5_000,
    instalment_products=(InstalmentProduct(months=6, fee_basis_points=300),),
    deferred_promotions=(
        DeferredPromotion(
            code="SOFAS",
            months=12,
            apr_basis_points=2_999,
            offered_from=date(2026, 1, 1),
            offered_until=date(2026, 1, 31),
            least_amount_minor=10_000,
            merchant_ids=("SOFAS",),
            ends_past_due=True,
        ),
        DeferredPromotion(code="BY_JULY", ends_on=date(2026, 7, 31)),
    ),
)


def test_terms_come_back_from_their_message_as_they_were() -> None:
    assert billing_terms_of(billing_terms(EVERYTHING)) == EVERYTHING
