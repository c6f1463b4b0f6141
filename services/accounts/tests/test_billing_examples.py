"""Examples of 12 CFR 1026.52 with figures that no other test has; docs/regulation.md lists all."""

from dataclasses import replace
from datetime import date

from services.accounts.domain.billing.commands import ChangeCreditLine
from services.accounts.domain.billing.fees import event_of_return
from services.accounts.domain.billing.terms import (
    REGULATION_Z_CAPS,
    Fee,
    FeeKind,
    MinimumPaymentRule,
)
from services.accounts.tests.billing_stories import CASH_MACHINE, STANDARD, BilledStory, amounts
from services.accounts.tests.stories import pounds

CASH = FeeKind.CASH_ADVANCE


def annual(amount: float) -> Fee:
    return Fee(kind=FeeKind.ANNUAL, amount_minor=round(amount * 100))


def test_a_quarter_of_the_limit_leaves_no_room_for_more_in_the_first_year() -> None:
    """Comment 52(a)(1)-1.ii: 125 at opening with a limit of 500, and then nothing."""
    cash = Fee(kind=FeeKind.CASH_ADVANCE, basis_points=500)
    story = BilledStory(limit=500, fees=(annual(125), cash))
    assert amounts(story.run(1, 1), "FeeCharged") == [125]
    story.on(1, 15).buy(100, CASH_MACHINE)
    assert amounts(story.facts, "FeeCharged") == [125]


def test_a_limit_cut_to_half_gives_half_of_the_fees_back() -> None:
    """Comment 52(a)(1)-3.ii.A: 250 at a limit of 1,000, cut to 500 on July 30: 125 come back, as
    25 % of 500 are 125; the text prints $175."""
    story = BilledStory(limit=1000, fees=(annual(250),))
    story.run(1, 1)
    story.on(1, 2).pay(250)
    story.run(7, 29)
    story.on(7, 30)
    cut = ChangeCreditLine(
        account_id="account",
        change_id="cut",
        limit=pounds(500),
        reason="REVIEW",
        by="operator:olga",
        transaction_date=story.today,
    )
    assert amounts(story.when(cut), "FeeWaived") == [125]


def test_a_higher_limit_leaves_no_more_room_for_fees() -> None:
    """Comment 52(a)(1)-3.i: 100 at a limit of 400, raised to 600 on July 1: no more fees."""
    story = BilledStory(limit=400, fees=(annual(100), Fee(kind=CASH, basis_points=500)))
    story.run(6, 30)
    story.on(7, 1)
    raised = ChangeCreditLine(
        account_id="account",
        change_id="raised",
        limit=pounds(600),
        reason="ASKED",
        by="operator:olga",
        transaction_date=story.today,
    )
    story.when(raised)
    story.on(7, 2).buy(200, CASH_MACHINE)
    assert amounts(story.facts, "FeeCharged") == [100]


def test_the_first_year_ends_a_year_after_an_account_that_was_opened_by_its_purchase() -> None:
    """Comment 52(a)(1)-4.ii.A: opened with a purchase of 500 on July 1; free on July 1 after."""
    cash = Fee(kind=CASH, basis_points=500)
    story = BilledStory(limit=1000, on=date(2026, 7, 1), fees=(annual(250), cash))
    story.run(7, 1)
    story.buy(500)
    story.on(8, 20).pay(750)
    story.on(6, 30, 2027).buy(100, CASH_MACHINE)
    assert amounts(story.facts, "FeeCharged") == [250]
    story.on(7, 1, 2027).buy(100, CASH_MACHINE)
    assert amounts(story.facts, "FeeCharged") == [250, 5]


def test_a_fee_by_costs_makes_the_first_one_under_the_caps_no_repeated_one() -> None:
    """Comment 52(b)(1)-1.i.C: 30 by costs in January, capped since: 25 in July, 35 in September."""
    by_costs = Fee(kind=FeeKind.LATE, amount_minor=30_00)
    story = BilledStory(
        limit=5000,
        on=date(2025, 12, 1),
        minimum_payment=MinimumPaymentRule(floor_minor=50_00),
        fees=(by_costs, replace(STANDARD.fees[0], effective_from=date(2026, 7, 1))),
        fee_caps=tuple(replace(c, effective_from=date(2026, 7, 1)) for c in REGULATION_Z_CAPS),
    )
    story.on(12, 10, 2025).buy(3000)
    story.run(1, 26)
    story.on(1, 30).pay(50)
    for month in (2, 3, 4, 5, 6):
        story.run(month, 19)
        story.on(month, 20).pay(50)
    story.run(7, 26)
    story.on(7, 30).pay(50)
    story.run(8, 19)
    story.on(8, 20).pay(50)
    story.run(9, 26)
    assert amounts(story.facts, "FeeCharged") == [30, 25, 35]


def test_a_late_fee_is_bounded_by_the_minimum_that_was_late_not_by_the_next() -> None:
    """Comment 52(b)(2)(i)-1.iii: 15 due on October 28 and 50 on November 28; the day is run on
    November 5 only, and the fee is 15."""
    rule = MinimumPaymentRule(floor_minor=35_00)
    story = BilledStory(limit=5000, on=date(2026, 9, 1), minimum_payment=rule, grace_days=28)
    story.on(9, 10).buy(15)
    story.run(10, 9)
    story.on(10, 10).buy(1000)
    facts = story.run(11, 5)
    assert [story.statement(number).minimum.total_minor for number in (1, 2)] == [15_00, 50_00]
    assert story.statement(2).due_on == date(2026, 11, 28)
    assert amounts(facts, "FeeCharged") == [15]


def test_a_late_fee_is_bounded_by_the_whole_minimum_not_by_what_is_left_of_it() -> None:
    """Comment 52(b)(2)(i)-1.ii: 10 of a minimum of 15 are paid; the fee is 15, not 5."""
    story = BilledStory()
    story.on(1, 10).buy(15)
    story.run(1, 31)
    story.on(2, 25).pay(10)
    assert amounts(story.run(2, 26), "FeeCharged") == [15]


def test_a_returned_payment_is_bounded_by_the_minimum_due_before_it_came_back() -> None:
    """Comment 52(b)(2)(i)-2.i and ii: 15 were due on March 25, whether a cheque of 100 of the 23rd
    comes back on the 26th or one of March 31 on April 2, though 30 are due on April 25."""
    story = BilledStory(on=date(2026, 2, 1))
    story.on(2, 10).buy(15)
    story.run(2, 28)
    story.on(3, 23).pay(100, payment_id="cheque")
    story.run(3, 26)
    assert amounts(story.bounce("cheque"), "FeeCharged") == [15]
    story.run(3, 31)
    story.on(4, 2)
    assert event_of_return(story.state.billing, "cheque", story.today) == ("due 1", 15_00)


def test_what_is_charged_off_may_be_recovered_in_several_payments() -> None:
    """Each is a recovery; nothing is owed before, between or afterwards."""
    story = BilledStory(fees=())
    story.on(1, 10).buy(500)
    story.run(9, 30)
    assert story.owed == 0
    (lost,) = amounts(story.facts, "AccountChargedOff")
    for day, amount in ((5, 100), (12, 250), (20, 50)):
        facts = story.on(10, day).pay(amount)
        assert amounts(facts, "RecoveryRecorded") == [amount]
        assert story.owed == 0
    assert sum(amounts(story.facts, "RecoveryRecorded")) == 400 < lost
