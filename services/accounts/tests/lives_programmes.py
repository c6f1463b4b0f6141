"""The programmes of any life."""

from dataclasses import replace

from hypothesis import strategies as st

from services.accounts.domain.billing.terms import (
    REGULATION_Z_CAPS,
    AutopayKind,
    BillingTerms,
    DayCount,
    DeferredPromotion,
    Fee,
    FeeKind,
    InstalmentProduct,
    InterestMethod,
    MinimumOrder,
    MinimumPaymentRule,
)
from services.accounts.domain.collecting.state import Settlement
from services.accounts.domain.credit_lines.rules import CreditLineRules
from services.accounts.domain.transfers.offers import TransferOffer
from services.accounts.tests.test_billing_laws import POINTS, rates

PROMOTIONS = (
    DeferredPromotion(code="SIX", months=6, apr_basis_points=2_999),
    DeferredPromotion(code="YEAR", months=12, least_amount_minor=200_00),
)
IN_TIME = tuple(replace(each, ends_past_due=True) for each in PROMOTIONS)
"""The same, which end early in arrears."""
BY_ITSELF = DeferredPromotion(code="FUEL", months=4, merchant_ids=("M-2",))
PLANS = (InstalmentProduct(months=3), InstalmentProduct(months=6, apr_basis_points=900))
FEES = (
    Fee(kind=FeeKind.LATE, amount_minor=25_00, repeated_minor=35_00),
    Fee(kind=FeeKind.RETURNED_PAYMENT, amount_minor=20_00),
    Fee(kind=FeeKind.CASH_ADVANCE, amount_minor=1_00, basis_points=300),
    Fee(kind=FeeKind.ANNUAL, amount_minor=12_00),
    Fee(kind=FeeKind.INSTALMENT_PLAN, amount_minor=1_00),
    Fee(kind=FeeKind.OVER_LIMIT, amount_minor=25_00, repeated_minor=35_00),
    Fee(kind=FeeKind.BALANCE_TRANSFER, amount_minor=5_00, basis_points=300),
)
OFFERS = (
    TransferOffer(code="ZERO", months=6),
    TransferOffer(code="SMALL", apr_basis_points=599, largest_amount_minor=300_00),
)
RULES = CreditLineRules(
    largest_limit_minor=30_000_00,
    least_limit_minor=200_00,
    two_people_above_minor=3_000_00,
    months_between_changes=1,
    least_age_months=1,
    review_every_months=4,
    raise_from_utilisation_basis_points=1_000,
    raise_by_basis_points=2_500,
    lower_at_days_past_due=60,
    lower_below_utilisation_basis_points=500,
    lower_by_basis_points=5_000,
)
EAGER = replace(RULES, months_between_changes=0, least_age_months=0, raises_without_asking=True)
BILLINGS = st.builds(
    BillingTerms,
    rates=st.builds(rates, POINTS, POINTS, POINTS, POINTS, transfers=POINTS),
    minimum_payment=st.builds(
        MinimumPaymentRule,
        floor_minor=st.sampled_from([0, 25_00]),
        basis_points=st.integers(0, 500),
        includes_interest=st.booleans(),
        includes_fees=st.booleans(),
    ),
    fees=st.just(FEES),
    fee_caps=st.sampled_from([(), REGULATION_Z_CAPS]),
    interest_method=st.sampled_from(InterestMethod),
    day_count=st.sampled_from(DayCount),
    cycle_day=st.sampled_from([1, 15, 28, 31]),
    cycle_length_days=st.sampled_from([0, 0, 0, 30]),
    grace_days=st.sampled_from([21, 25]),
    due_day=st.sampled_from([0, 0, 10]),
    grace_regained_after_statements=st.sampled_from([1, 2]),
    fees_bear_interest=st.booleans(),
    minimum_order=st.sampled_from(MinimumOrder),
    charge_off_after_days=st.sampled_from([180, 180, 90]),
    promotions_end_past_due=st.booleans(),
    autopay=st.sampled_from([AutopayKind.NONE, AutopayKind.MINIMUM, AutopayKind.STATEMENT]),
    deferred_promotions=st.sampled_from([PROMOTIONS, (*IN_TIME, BY_ITSELF), IN_TIME]),
    instalment_products=st.just(PLANS),
    credit_line=st.sampled_from([EAGER, RULES, EAGER, None]),
    transfer_offers=st.just(OFFERS),
    settlement=st.sampled_from(Settlement),
)
