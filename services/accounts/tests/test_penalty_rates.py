"""Rates that rise, or promotions that end, when a payment is more than 60 days late: 55(b)(4)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.kernel.money import Money
from services.accounts.domain.billing.events import (
    InterestAdjusted,
    PenaltyRateImposed,
    PenaltyRateLifted,
    StatementCut,
)
from services.accounts.domain.billing.terms import (
    BalanceType,
    MinimumPaymentRule,
    Rate,
    RateKind,
)
from services.accounts.domain.life.commands import ActivateCard
from services.accounts.domain.transfers.commands import TransferBalance
from services.accounts.domain.transfers.offers import TransferOffer
from services.accounts.domain.values import Channel
from services.accounts.tests.billing_stories import BilledStory

PURCHASE, TRANSFER = BalanceType.PURCHASE, BalanceType.BALANCE_TRANSFER
FLOOR = MinimumPaymentRule(floor_minor=50_00)


def apr(percent: int, kind: RateKind = RateKind.STANDARD, **more: Any) -> Rate:
    return Rate(
        **{"balance_type": PURCHASE, "kind": kind, "apr_basis_points": 100 * percent, **more}
    )


def due_on_the_fifteenth(on: date, *rates: Rate, **changes: Any) -> BilledStory:
    """Months end on the 20th, and payment is due on the 15th of the next; no fees."""
    fields: dict[str, Any] = {
        "rates": rates,
        "fees": (),
        "minimum_payment": FLOOR,
        "cycle_day": 20,
        "grace_days": 22,
        "due_day": 15,
        "charge_off_after_days": 400,
        **changes,
    }
    return BilledStory(limit=10_000, on=on, **fields)


def imposed(story: BilledStory) -> list[tuple[date, date]]:
    """When there was notice of a penalty rate, and from when on it applies."""
    found = [fact for fact in story.facts if isinstance(fact, PenaltyRateImposed)]
    return [(fact.transaction_date, fact.effective_from) for fact in found]


def rate_on(story: BilledStory, day: date, bucket: str = "PURCHASE") -> int:
    """At which rate a balance bore interest on a day, as statements tell it; 0 where at none."""
    told = [fact.statement for fact in story.facts if isinstance(fact, StatementCut)]
    (of_day,) = [each for each in told if each.opened_on <= day <= each.closed_on]
    for line in of_day.interest:
        if line.bucket == bucket and 0 <= (day - line.first_on).days < line.days:
            return line.apr_basis_points
    return 0


@pytest.mark.parametrize(
    ("day", "paid", "expected"),
    [
        pytest.param(14, 50, [], id="50 on May 14"),
        pytest.param(14, 40, [(date(2026, 5, 15), date(2026, 6, 29))], id="40 on May 14"),
        pytest.param(15, 50, [(date(2026, 5, 15), date(2026, 6, 29))], id="50 on May 15"),
        pytest.param(16, 50, [(date(2026, 5, 15), date(2026, 6, 29))], id="50 after May 15"),
    ],
)
def test_the_first_minimum_is_paid_within_sixty_days_or_not(
    day: int, paid: float, expected: list[tuple[date, date]]
) -> None:
    """Comment 55(b)(4)-1: 50 are due on March 15, 150 on April 15; the sixtieth day is May 14."""
    rule = MinimumPaymentRule(floor_minor=50_00, basis_points=1_000)
    story = due_on_the_fifteenth(
        date(2026, 1, 21), apr(0), apr(28, RateKind.PENALTY), minimum_payment=rule
    )
    story.on(2, 10).buy(500)
    story.run(2, 20)
    story.on(3, 1).buy(500)
    story.run(3, 20)
    assert [each.minimum.total_minor for each in story.statements()] == [50_00, 150_00]
    assert [each.due_on for each in story.statements()] == [date(2026, 3, 15), date(2026, 4, 15)]
    story.run(5, 13)
    for today in (14, 15, 16, 17):
        if today == day:
            story.on(5, day).pay(paid)
        story.run(5, today)
    assert imposed(story) == expected


def fifty_of_march() -> BilledStory:
    """1,000 at 15 %, or 28 % in arrears; 50 are due on March 15 and are not paid, nor what follows,
    so that on May 15 there is notice."""
    story = due_on_the_fifteenth(date(2026, 1, 21), apr(15), apr(28, RateKind.PENALTY))
    story.on(2, 10).buy(1000)
    story.run(5, 14)
    story.run(5, 15)
    assert imposed(story) == [(date(2026, 5, 15), date(2026, 6, 29))]
    return story


@pytest.mark.parametrize("told_in", [5, 8])
def test_a_payment_that_is_told_late_counts_by_its_date(told_in: int) -> None:
    """Comment 55(b)(4)-1: 50 that were received on May 14 were in time, whenever that is told; what
    was charged at the penalty rate since is given back."""
    story = fifty_of_march()
    story.run(told_in, 17)
    told = story.pay(50, credited=date(2026, 5, 14))
    assert "PenaltyRateWithdrawn" in [type(fact).__name__ for fact in told]
    assert story.state.billing.penalty_from is None
    adjusted = [fact for fact in told if isinstance(fact, InterestAdjusted)]
    assert bool(adjusted) is (told_in == 8)
    assert all(fact.amount.minor_units < 0 for fact in adjusted)


@pytest.mark.parametrize(("amount", "on"), [(50, 15), (49, 14)])
def test_a_payment_that_is_told_late_and_was_too_late_or_too_little_changes_nothing(
    amount: float, on: int
) -> None:
    story = fifty_of_march()
    story.run(5, 17)
    story.pay(amount, credited=date(2026, 5, on))
    story.run(7, 20)
    assert imposed(story) == [(date(2026, 5, 15), date(2026, 6, 29))]
    assert rate_on(story, date(2026, 7, 1)) == 2_800


@settings(max_examples=60, deadline=None)
@given(
    amount=st.sampled_from([49, 50, 60]),
    on=st.dates(date(2026, 4, 30), date(2026, 5, 20)),
    later=st.integers(0, 18),
    run_first=st.booleans(),
)
def test_a_payment_is_judged_by_its_date_whenever_it_is_told(
    amount: int, on: date, later: int, run_first: bool
) -> None:
    """Comment 55(b)(4)-1: of 50 that are due on March 15, all must come by May 14."""
    story = due_on_the_fifteenth(date(2026, 1, 21), apr(15), apr(28, RateKind.PENALTY))
    story.on(2, 10).buy(1000)
    story.run(4, 29)
    day, told = date(2026, 4, 30), on + timedelta(days=later)
    while day <= date(2026, 6, 8):
        if run_first:
            story.run(day.month, day.day)
        if day == told:
            story.on(day.month, day.day).pay(amount, credited=on)
        story.run(day.month, day.day)
        day += timedelta(days=1)
    in_time = amount >= 50 and on <= date(2026, 5, 14)
    assert (story.state.billing.penalty_from is None) is in_time


def test_there_is_notice_on_the_first_day_that_is_more_than_sixty_days_late() -> None:
    """Comment 55(a)-1.iii.B: a payment of June 15 is not received by August 15, the first day that
    is more than 60 days late: 28 % on all balances from September 29 on."""
    story = due_on_the_fifteenth(date(2026, 4, 21), apr(15), apr(28, RateKind.PENALTY))
    story.on(5, 10).buy(1500)
    for month, day in ((8, 14), (8, 15), (9, 20), (10, 20)):
        story.run(month, day)
    assert imposed(story) == [(date(2026, 8, 15), date(2026, 9, 29))]
    assert rate_on(story, date(2026, 9, 28)) == 1_500
    assert rate_on(story, date(2026, 9, 29)) == 2_800


STEP_UP = {
    "A": ((apr(15),), (1_500, 1_500)),
    "B": ((apr(15), apr(20, effective_from=date(2026, 8, 1))), (2_000, 2_000)),
    "C": ((apr(15), apr(20, effective_from=date(2027, 3, 1))), (1_500, 2_000)),
}


@pytest.mark.parametrize("example", STEP_UP)
def test_six_payments_in_a_row_bring_back_the_rates_that_would_apply(example: str) -> None:
    """Comment 55(b)(4)-3.iv: payments of March to May are missed, 28 % apply in July, those of July
    to December are made; in January it is 15 % again, or what it would be by the terms: 20 % (B:
    from August on, C: from March of year two on). Here it is so for new purchases, too."""
    rates, (january, march) = STEP_UP[example]
    story = due_on_the_fifteenth(date(2026, 1, 21), *rates, apr(28, RateKind.PENALTY))
    story.on(2, 10).buy(5000)
    story.run(5, 14)
    story.run(5, 15)
    story.run(6, 1)
    story.pay(400)
    for month in range(6, 13):
        story.run(month, 14)
        story.pay(300)
    for month in (1, 2, 3, 4):
        story.run(month, 10, 2027)
        story.pay(200)
    story.run(4, 20, 2027)
    assert imposed(story) == [(date(2026, 5, 15), date(2026, 6, 29))]
    assert rate_on(story, date(2026, 7, 1)) == 2_800
    assert rate_on(story, date(2027, 1, 1)) == january
    assert rate_on(story, date(2027, 3, 2)) == march
    (lifted,) = [fact for fact in story.facts if isinstance(fact, PenaltyRateLifted)]
    assert lifted.transaction_date <= date(2026, 12, 16)


def transferred(ends: bool, months: int = 12) -> BilledStory:
    """1,000 are taken over at 0 % for a time; other transfers bear 18 %."""
    story = due_on_the_fifteenth(
        date(2026, 1, 21),
        apr(15),
        apr(18, balance_type=TRANSFER),
        transfer_offers=(TransferOffer(code="ZERO", months=months),),
        promotions_end_past_due=ends,
    )
    story.on(2, 10).when(
        TransferBalance(
            account_id="account",
            transfer_id="debt",
            creditor="Other",
            last_four="1111",
            sealed_number="sealed",
            digest="digest",
            offer="ZERO",
            amount=Money(1_000_00, "GBP"),
            transaction_date=story.today,
        )
    )
    return story


OFFER = "BALANCE_TRANSFER/debt"


def test_a_promotion_does_not_end_before_a_payment_is_more_than_sixty_days_late() -> None:
    """Comments 55(e)-1.i and 55(b)(1)-4: a payment that is sixty days late ends no promotion."""
    story = transferred(ends=True)
    story.run(5, 13)
    story.on(5, 14).pay(150)
    story.run(12, 20)
    assert imposed(story)[:1] != [(date(2026, 5, 15), date(2026, 6, 29))]
    assert rate_on(story, date(2026, 7, 15), OFFER) == 0


def test_a_promotion_ends_early_where_the_terms_say_so_and_after_notice() -> None:
    """55(b)(4) and comment 55(e)-1.i: forty-five days after notice; where they do not, it stays."""
    ends, stays = transferred(ends=True), transferred(ends=False)
    for story in (ends, stays):
        story.run(5, 14)
        story.run(5, 15)
        story.run(8, 20)
    assert imposed(ends) == [(date(2026, 5, 15), date(2026, 6, 29))]
    assert imposed(stays) == []
    assert rate_on(ends, date(2026, 6, 28), OFFER) == 0
    assert rate_on(ends, date(2026, 6, 29), OFFER) == 1_800
    assert rate_on(stays, date(2026, 8, 1), OFFER) == 0


def test_a_promotion_that_ended_early_comes_back_for_what_is_left_of_it() -> None:
    """55(b)(4)(ii) and comment 55(b)(4)-3.ii: six payments in a row, and 0 % until its own end."""
    story = transferred(ends=True, months=18)
    story.run(5, 14)
    story.run(5, 15)
    story.run(6, 1)
    story.pay(200)
    for month in range(6, 13):
        story.run(month, 14)
        story.pay(60)
    story.run(9, 20, 2027)
    assert rate_on(story, date(2026, 7, 15), OFFER) == 1_800
    assert rate_on(story, date(2027, 1, 5), OFFER) == 0
    assert rate_on(story, date(2027, 8, 15), OFFER) == 1_800


def test_a_lower_rate_for_purchases_ends_early_too() -> None:
    lower = apr(5, RateKind.PROMO, months_from_opening=12)
    story = due_on_the_fifteenth(date(2026, 1, 21), apr(15), lower, promotions_end_past_due=True)
    story.on(2, 10).buy(1500)
    story.run(5, 14)
    story.run(5, 15)
    story.run(8, 20)
    assert rate_on(story, date(2026, 6, 28)) == 500
    assert rate_on(story, date(2026, 6, 29)) == 1_500


def test_the_months_of_a_lower_rate_begin_when_the_account_can_be_used() -> None:
    """Comment 55(b)(1)-2: six months at least from the day on which it can be used for what it is
    for: opened on January 1, activated on February 10, 5 % up to August 9."""
    lower = apr(5, RateKind.PROMO, months_from_opening=6)
    story = BilledStory(
        on=date(2026, 1, 1), pending=True, rates=(apr(15), lower), fees=(), limit=5000
    )
    story.on(2, 10).when(
        ActivateCard(account_id="account", card_id="card", reason="HERE", channel=Channel.HOLDER)
    )
    story.buy(1000)
    for month in range(3, 10):
        story.run(month, 20)
        story.pay(40)
    story.run(9, 30)
    assert rate_on(story, date(2026, 8, 9)) == 500
    assert rate_on(story, date(2026, 8, 10)) == 1_500
