"""Examples of 12 CFR 1026.52 with figures that no other test has; others stand in test_billing.

Not for accounts: 52(a)(1)-1.iii and 3.ii.B's application fee (paid before there is an account);
52(b)(1)(i) (costs of a house), (ii)(C) (charge cards), 52(b)(2)(i)-4 to 6 (no such fees here).
"""

from datetime import date

from services.accounts.domain.billing.commands import ChangeCreditLine
from services.accounts.domain.billing.fees import event_of_return
from services.accounts.domain.billing.terms import Fee, FeeKind
from services.accounts.tests.billing_stories import CASH_MACHINE, BilledStory, amounts
from services.accounts.tests.stories import pounds


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
    """Comment 52(a)(1)-3.ii.A: 250 at a limit of 1,000, cut to 500 on July 30: 125 come back."""
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
        transaction_date=story.today,
    )
    assert amounts(story.when(cut), "FeeWaived") == [125]


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
