"""Deferred-interest promotions, told as the commentary to Regulation Z (12 CFR 1026) tells them."""

from datetime import date

import pytest

from chassis.kernel.errors import Error
from services.accounts.domain.account.commands import ClearCharge, RefundCharge
from services.accounts.domain.billing.statement import GraceStatus, InterestCause
from services.accounts.domain.billing.terms import (
    BalanceType,
    DeferredPromotion,
    MinimumPaymentRule,
    Rate,
)
from services.accounts.domain.values import Merchant
from services.accounts.tests.billing_stories import CASH_MACHINE, amounts
from services.accounts.tests.deferring_stories import AT_15, BY_JULY, FREE, DeferringStory, a_sofa
from services.accounts.tests.stories import GROCER, pounds


def refused(story: DeferringStory, *asked: str) -> str:
    with pytest.raises(Error) as error:
        story.defer(*asked)
    return error.value.reason


def other_purchases(story: DeferringStory, paid: dict[int, float]) -> list[dict[str, float]]:
    """200 is bought at the end of each month, and so much paid on the 25th; what is owed then."""
    found = []
    for month, last in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30)):
        if month in paid:
            story.run(month, 24)
            story.on(month, 25).pay(paid[month], payment_id=f"payment of {month}")
        story.on(month, 27).buy(200)
        story.run(month, last)
        found.append(story.balances(month))
    return found


# Payments: 1026.53(b)(1)


def test_payments_go_to_other_balances_but_for_the_last_two_cycles() -> None:
    """Comment 53-5.v.A: 200 to the other purchases and 200 to the deferred balance on the 25th of
    February, March and April; 400 to the deferred balance in May; in June its last 200."""
    story = a_sofa(rates=FREE)
    balances = other_purchases(story, dict.fromkeys((2, 3, 4, 5, 6), 400))
    assert [each.get("DEFERRED/sofa", 0) for each in balances] == [1200, 1000, 800, 600, 200, 0]
    assert [each["PURCHASE"] for each in balances] == [200, 200, 200, 200, 400, 400]
    # 1,200 for 55 days, 1,000 for 28, 800 for 31, 600 for 30 and 200 for 31 at 15 %.
    facts = story.run(7, 1)
    assert amounts(facts, "DeferredInterestWaived") == [58.77]
    assert story.owed == 400


def test_what_is_above_the_minimum_goes_where_its_holder_asks() -> None:
    """Comment 53-5.v.B: on April 25 the holder asks that 800 pay off the deferred 800."""
    asked = a_sofa(rates=FREE)
    for month, last in ((1, 31), (2, 28), (3, 31)):
        if month > 1:
            asked.on(month, 25).pay(400)
        asked.on(month, 27).buy(200)
        asked.run(month, last)
    assert asked.balances(3) == {"PURCHASE": 200, "DEFERRED/sofa": 800}
    asked.on(4, 25).pay(800, payment_id="cheque")
    asked.direct("cheque")
    asked.run(4, 30)
    assert asked.balances(4) == {"PURCHASE": 200}


def test_a_holder_may_ask_when_the_payment_has_gone_elsewhere_already() -> None:
    """Comment 53(b)-3.ii.C: a payment that was allocated by the rule is allocated anew."""
    story = a_sofa(rates=FREE)
    story.on(1, 20).buy(300)
    story.run(1, 31)
    story.on(2, 10).pay(300, payment_id="cheque")
    story.run(2, 28)
    assert story.balances(2) == {"DEFERRED/sofa": 1200}
    facts = story.on(3, 3).direct("cheque")
    assert [type(fact).__name__ for fact in facts] == ["PaymentDirected", "CyclesRecalculated"]
    story.run(3, 31)
    assert story.balances(3) == {"DEFERRED/sofa": 900, "PURCHASE": 300}


@pytest.mark.parametrize(
    ("ends_on", "first_month"),
    [(date(2026, 6, 15), 4), (date(2026, 6, 25), 5), (date(2026, 6, 30), 5)],
)
def test_the_cycle_a_promotion_ends_in_counts_from_the_due_date_on(
    ends_on: date, first_month: int
) -> None:
    """Comment 53(b)-2: due on the 25th; a promotion until June 15 is paid first in April, May and
    before June 15, one until June 25 or 30 in May and June."""
    promotion = DeferredPromotion(code="SIX", ends_on=ends_on, offered_from=date(2025, 12, 1))
    story, paid_first = a_sofa(promotion, rates=FREE, due_day=25, grace_days=21), []
    story.on(1, 2).buy(1000)
    for month in (2, 3, 4, 5, 6):
        story.run(month, 9)
        before = story.deferred_now()
        story.on(month, 10).pay(10)
        if story.deferred_now() < before:
            paid_first.append(month)
    assert paid_first == list(range(first_month, 7))


def test_a_deferred_balance_counts_as_having_no_rate() -> None:
    """Comment 53-4: of 1,000 of purchases and 2,000 deferred until July 1, both at 15 %, the
    purchases are paid first but for the last two cycles."""
    until = DeferredPromotion(code="SIX", ends_on=date(2026, 7, 1), offered_from=date(2026, 1, 1))
    story = DeferringStory(until)
    story.defer(story.on(1, 2).buy(2000))
    story.on(1, 3).buy(1000)
    story.run(1, 31)
    story.on(2, 20).pay(1200)
    story.run(2, 28)
    assert story.balances(2) == {"DEFERRED/sofa": 1800}
    story.on(6, 1).buy(100)
    story.run(6, 5)
    story.on(6, 6).pay(100)
    story.run(6, 30)
    assert story.balances(6) == {"DEFERRED/sofa": 1700, "PURCHASE": 100}


# The end of a promotion


def test_unpaid_by_its_end_it_is_charged_from_the_transaction_on() -> None:
    """Comment 7(b)-1: 500 in January, to be paid by July 31. Nothing is charged and nothing bears
    interest until then; 500 at 15 % from January 10 to July 31 are 203 days: 41.71."""
    story = DeferringStory(BY_JULY)
    story.defer(story.on(1, 10).buy(500), "JULY")
    story.run(7, 31)
    for statement in story.statements()[:6]:
        assert statement.interest_minor == 0
        assert [b.average_daily_balance_minor for b in statement.balances] == [0]
        (told,) = statement.deferred
        assert (told.balance_minor, told.ends_on) == (500_00, date(2026, 7, 31))
        assert told.apr_basis_points == 1_500
    assert story.told(1).accrued_minor == story.told(1).interest_minor == 4_52
    assert story.told(6).accrued_minor == 35_34
    assert story.owed == 500
    assert amounts(story.run(8, 1), "DeferredInterestCharged") == [41.71]
    story.run(8, 31)
    last = story.statement(8)
    assert last.deferred == ()
    (line,) = last.interest
    assert (line.cause, line.days, line.balance_minor) == (
        InterestCause.DEFERRAL_ENDED,
        31,
        541_71,
    )
    assert last.interest_minor == 41_71 + line.interest_minor == 41_71 + 6_90
    assert story.owed == 500 + 41.71 + 6.90
    assert last.year_to_date_interest_minor == 48_61


def test_paid_by_its_end_nothing_is_ever_charged() -> None:
    """Comment 7(b)-1: no interest charge if the 500 are paid by July 31."""
    story = DeferringStory(BY_JULY)
    story.defer(story.on(1, 10).buy(500), "JULY")
    story.run(7, 30)
    story.on(7, 31).pay(500)
    facts = story.run(8, 31)
    assert amounts(facts, "DeferredInterestWaived") == [41.51]  # 202 days: none for July 31
    assert amounts(story.facts, "DeferredInterestCharged") == []
    assert story.owed == sum(each.interest_minor for each in story.statements()) == 0


def due_on_the_first(promotion: DeferredPromotion, apr: int, on: date) -> DeferringStory:
    """The payment due date is the first of the month; minimum payments are to be made."""
    return DeferringStory(
        promotion,
        on=on,
        cycle_day=5,
        due_day=1,
        rates=(Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=apr),),
        minimum_payment=MinimumPaymentRule(floor_minor=25_00),
    )


@pytest.mark.parametrize("paid", [True, False])
def test_being_late_does_not_end_an_offer_of_the_opening(paid: bool) -> None:
    """Comment 55(b)(1)-3.ii.A: 2,000 on January 15 at 20 % by December 31; the payment due on
    April 1 comes on April 10. Nothing is charged then, nor ever if it is paid in time."""
    offer = DeferredPromotion(
        code="SIX",
        apr_basis_points=2_000,
        ends_on=date(2026, 12, 31),
        offered_from=date(2026, 1, 1),
        offered_until=date(2026, 1, 31),
    )
    story = due_on_the_first(offer, 2_000, date(2026, 1, 1))
    story.defer(story.on(1, 15).buy(2000))
    story.run(3, 1)
    story.on(3, 1).pay(25)
    story.run(4, 9)
    story.on(4, 10).pay(25)
    for month in range(5, 13):
        story.on(month, 1)
        story.run(month, 1)
        story.pay(25)
    assert story.owed == 1750
    if paid:
        story.on(12, 31).pay(1750)
    facts = story.run(1, 1, 2027)
    # 2,000 for 45 days, 1,975 for 40, 1,950 for 21, then 25 less on each first, to December 31.
    days = [(2000, 45), (1975, 40), (1950, 21)]
    lengths = (31, 30, 31, 31, 30, 31, 30, 31)
    days += [(1925 - 25 * place, length) for place, length in enumerate(lengths)]
    assert sum(length for _, length in days) == 351
    expected = round(sum(owed * length for owed, length in days) * 0.2 / 365, 2)
    assert expected == 361.73
    assert amounts(facts, "DeferredInterestCharged") == ([] if paid else [expected])
    assert story.owed == (0 if paid else 1750 + expected)


def test_an_offer_after_the_opening_is_forgiven_when_it_is_paid() -> None:
    """Comment 55(b)(1)-3.ii.B: 1,000 on June 30 of year two at the rate of purchases, by December
    31 of year three; September's payment is late. Paid on the last day, nothing is charged."""
    offer = DeferredPromotion(
        code="SIX", ends_on=date(2028, 12, 31), offered_from=date(2027, 6, 30)
    )
    story = due_on_the_first(offer, 1_800, date(2026, 1, 1))
    story.run(6, 30, 2027)
    story.defer(story.on(6, 30, 2027).buy(1000))
    story.run(8, 1, 2027)
    story.pay(25)
    story.run(9, 6, 2027)
    story.pay(25)
    for year, months in ((2027, range(10, 13)), (2028, range(1, 13))):
        for month in months:
            story.on(month, 1, year)
            story.run(month, 1, year)
            story.pay(25)
    assert story.owed == 1000 - 17 * 25
    story.on(12, 31, 2028).pay(story.owed)
    story.run(1, 31, 2029)
    assert story.owed == 0
    assert amounts(story.facts, "DeferredInterestCharged") == []
    assert len(amounts(story.facts, "DeferredInterestWaived")) == 1


def test_accrued_interest_is_charged_though_purchases_have_grace() -> None:
    """Comment 54(a)(1)-2.i: a deferred-interest program is no grace period. All other purchases
    are paid in full in time and bear no interest; 1,200 for 181 days at 15 % are charged."""
    story = a_sofa()
    for month in range(1, 5):
        story.on(month, 3)
        story.run(month, 3)
        story.buy(100)
        story.on(month, 4).pay(100)
    facts = story.run(7, 1)
    assert amounts(facts, "DeferredInterestCharged") == [89.26]
    assert all(each.interest_minor == 0 for each in story.statements())
    assert story.statement(6).grace is GraceStatus.KEPT


# Which purchases


def test_a_promotion_may_be_that_of_a_shop() -> None:
    """Its purchases are under it by themselves, others are not."""
    shop = Merchant(id="SOFAS", name="Sofas", mcc="5712", country="GB")
    offer = DeferredPromotion(
        code="SHOP", months=12, merchant_ids=("SOFAS",), least_amount_minor=100_00
    )
    story = DeferringStory(offer)
    story.on(1, 10)
    clearing_id = story.buy(400, shop)
    story.buy(99, shop)
    story.buy(400, GROCER)
    story.run(1, 31)
    assert story.balances(1) == {f"DEFERRED/{clearing_id}": 400, "PURCHASE": 499}
    assert story.told(1).ends_on == date(2027, 1, 9)
    assert story.statement(1).purchases_minor == 899_00


def test_what_cannot_be_deferred() -> None:
    """Cash, what a statement has told, what a promotion is not for, and nothing twice."""
    story = DeferringStory(AT_15, BY_JULY)
    cash = story.on(1, 10).buy(100, CASH_MACHINE)
    small = story.buy(499)
    assert refused(story, cash) == "NOT_DEFERRABLE"
    assert refused(story, small, "JULY") == "PROMOTION_NOT_FOR_THIS"
    assert refused(story, small, "NONE") == "PROMOTION_NOT_FOUND"
    assert refused(story, "unknown") == "CHARGE_NOT_FOUND"
    story.defer(small)
    assert refused(story, small, "SIX", "again") == "NOT_DEFERRABLE"
    assert refused(story, small, "JULY") == "PURCHASE_DEFERRED_DIFFERENTLY"
    late = story.buy(600, posted=date(2026, 1, 11))
    story.run(1, 31)
    assert refused(story, late, "JULY", "late") == "NOT_DEFERRABLE"


def test_what_comes_back_of_a_deferred_purchase_lowers_its_balance() -> None:
    """The refund goes to no other balance."""
    story = DeferringStory(AT_15)
    charge_id = story.on(1, 10).buy(500)
    story.buy(300)
    story.defer(charge_id)
    story.when(
        RefundCharge(
            account_id="account",
            refund_id="refund",
            charge_id=charge_id,
            card_id="card",
            amount=pounds(200),
            merchant=GROCER,
            transaction_date=story.today,
            posting_date=story.today,
        )
    )
    story.run(1, 31)
    assert story.balances(1) == {"DEFERRED/sofa": 300, "PURCHASE": 300}


def test_interest_accrues_from_the_transaction_though_it_is_posted_later() -> None:
    """365.00 at 15 % is 0.15 a day: bought on January 10, posted on the 12th: 22 days, not 20."""
    story = DeferringStory(AT_15)
    story.on(1, 12)
    story.when(
        ClearCharge(
            account_id="account",
            clearing_id="late",
            charge_id="",
            card_id="card",
            amount=pounds(365),
            merchant=GROCER,
            transaction_date=date(2026, 1, 10),
            posting_date=story.today,
        )
    )
    story.defer("late")
    story.run(1, 31)
    assert story.told(1).accrued_minor == story.told(1).interest_minor == 22 * 15
    assert story.told(1).ends_on == date(2026, 7, 9)
