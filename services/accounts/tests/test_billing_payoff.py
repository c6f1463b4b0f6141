"""The repayment disclosures of 12 CFR 1026.7(b)(12), by the sample calculation of Appendix M2."""

from datetime import date

import pytest

from services.accounts.domain.billing.payoff import (
    PayingOff,
    disclose,
    minimum_payments,
    monthly_for_36,
    rounded_years,
)
from services.accounts.domain.billing.statement import PayoffDisclosure
from services.accounts.domain.billing.terms import MinimumPaymentRule
from services.accounts.tests.billing_stories import BilledStory

SAMPLE = (
    PayingOff(
        minor=500_00, apr_basis_points=0, promo_ends_in_month=6, apr_after_basis_points=1_700
    ),
    PayingOff(minor=250_00, apr_basis_points=1_700),
    PayingOff(minor=250_00, apr_basis_points=2_100),
)
RULE = MinimumPaymentRule(floor_minor=20_00, basis_points=200)


def test_the_sample_of_appendix_m2_is_exact_to_the_cent() -> None:
    """1000 at 0 % for six months (then 17 %), 17 % and 21 %; 2 % or 20: the figures that the SAS
    program of Appendix M2 prints when it is run."""
    assert minimum_payments(SAMPLE, RULE) == (94, 1_872_38)
    assert monthly_for_36(SAMPLE) == 35_45
    told = disclose(SAMPLE, RULE)
    assert told.total_for_36_minor == 1_276_20
    assert told.savings_minor == 1_872_38 - 1_276_20
    assert round(1_872.38) - round(1_276.20) == 596


@pytest.mark.parametrize(
    ("months", "years"),
    [
        pytest.param(28, 2, id="App. M1(b)(5): 28 months are 2 years"),
        pytest.param(30, 3, id="App. M1(b)(5): 30 months are 3 years"),
        pytest.param(32, 3, id="App. M1(b)(5): 32 months are 3 years"),
        pytest.param(38, 3, id="App. M1(b)(5): 38 months are 3 years"),
        pytest.param(41, 3, id="comment 7(b)(12)(i)(F)-1: 3 years 5 months are 3 years"),
        pytest.param(42, 4, id="comment 7(b)(12)(i)(F)-1: 3 years 6 months are not"),
    ],
)
def test_months_are_told_as_the_nearest_years(months: int, years: int) -> None:
    assert rounded_years(months) == years


def test_nothing_is_told_of_36_months_where_the_minimum_takes_three_years_or_less() -> None:
    """1026.7(b)(12)(i)(F)(2)(i)."""
    told = disclose((PayingOff(minor=300_00, apr_basis_points=1_500),), RULE)
    assert rounded_years(told.minimum_months) <= 3
    assert told.monthly_for_36_minor == told.savings_minor == 0


def test_nothing_is_told_of_36_months_where_the_minimum_asks_for_more_now() -> None:
    """1026.7(b)(12)(i)(F)(2)(ii): 35.45 a month are less than what is asked for now."""
    assert disclose(SAMPLE, RULE, 35_45).monthly_for_36_minor == 35_45
    told = disclose(SAMPLE, RULE, 35_46)
    assert told.minimum_months == 94
    assert told.monthly_for_36_minor == told.total_for_36_minor == told.savings_minor == 0


def test_nothing_is_told_where_the_minimum_pays_everything() -> None:
    """Comment 7(b)(12)(v)-1: 20 are owed, and the minimum is 20."""
    balances = (PayingOff(minor=20_00, apr_basis_points=1_500),)
    assert disclose(balances, RULE, 20_00) == PayoffDisclosure()
    assert disclose(balances, RULE, 19_99).minimum_months == 2


def test_a_payment_below_the_interest_never_pays_off() -> None:
    """1026.7(b)(12)(ii): negative amortisation; the 36-month payment is told all the same."""
    told = disclose(
        (PayingOff(minor=10_000_00, apr_basis_points=3_000),),
        MinimumPaymentRule(floor_minor=20_00, basis_points=200),
    )
    assert told.never_pays_off
    assert told.minimum_months == 0
    assert told.monthly_for_36_minor == 424_52


def test_a_statement_tells_what_paying_off_takes() -> None:
    story = BilledStory(limit=5_000, on=date(2026, 3, 1))
    story.on(3, 5).buy(3_000)
    story.run(3, 31)
    told = story.statement(1).payoff
    assert told.minimum_months > 36
    assert told.savings_minor == told.minimum_total_minor - told.total_for_36_minor > 0


def test_an_account_in_credit_has_nothing_to_pay_off() -> None:
    assert disclose((), RULE).minimum_months == 0
