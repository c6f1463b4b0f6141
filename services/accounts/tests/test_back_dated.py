"""What was paid or given back on an earlier day than it is recorded on counts from that day."""

from datetime import date
from typing import Any

from services.accounts.domain.account import commands
from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.domain.billing.positions import standing_on
from services.accounts.domain.billing.terms import MinimumPaymentRule
from services.accounts.domain.disputes.commands import OpenDispute
from services.accounts.domain.disputes.state import DisputeReason
from services.accounts.domain.statements.rebuilding import known_on
from services.accounts.domain.values import Channel
from services.accounts.tests.billing_stories import CASH_MACHINE, BilledStory, amounts
from services.accounts.tests.stories import pounds

TODAY = date(2026, 3, 10)


def billed() -> BilledStory:
    """365.00 are bought in January and not paid by February 25."""
    story = BilledStory(fees=())
    story.on(1, 10).buy(365)
    story.run(2, 28)
    return story.on(3, 10)


def paid(story: BilledStory, amount: float, on: date, today: date = TODAY) -> list[Any]:
    return story.when(
        commands.RecordPayment(
            account_id="account",
            payment_id="payment",
            amount=pounds(amount),
            transaction_date=on,
            posting_date=today,
            today=today,
        )
    )


def test_a_payment_counts_from_the_day_on_which_it_was_received() -> None:
    """12 CFR 1026.10(a): credited as of the date of receipt. What is received by the due date keeps
    the grace: 28 days of 365.00 at 15 % are 4.20, and come back."""
    story = billed()
    assert story.statement(2).interest_minor == 420
    facts = paid(story, 365, on=date(2026, 2, 20))
    assert amounts(facts, "InterestAdjusted") == [-4.2]
    (recorded,) = [fact for fact in facts if type(fact).__name__ == "PaymentRecorded"]
    assert (recorded.credited_on, recorded.posting_date) == (date(2026, 2, 20), TODAY)


def test_what_a_payment_changes_is_booked_on_the_business_day() -> None:
    """The business day of a programme may be ahead of the calendar."""
    story, ahead = billed(), date(2026, 3, 17)
    facts = paid(story, 365, on=date(2026, 2, 20), today=ahead)
    (adjusted,) = [fact for fact in facts if type(fact).__name__ == "InterestAdjusted"]
    assert adjusted.posting_date == ahead


def refunded(story: BilledStory, on: date, posted: date, back_dated: bool) -> list[Any]:
    charge_id = story.state.charges.keys()[-1]
    return story.when(
        commands.RefundCharge(
            account_id="account",
            refund_id="refund",
            charge_id=charge_id,
            card_id=story.state.charges[charge_id].card_id,
            amount=pounds(65),
            transaction_date=on,
            posting_date=posted,
            back_dated=back_dated,
            today=TODAY,
        )
    )


def test_a_refund_of_an_earlier_day_shows_the_difference() -> None:
    """300.00 for 28 days at 15 % are 3.45 instead of 4.20."""
    facts = refunded(billed(), on=date(2026, 1, 20), posted=TODAY, back_dated=True)
    assert amounts(facts, "InterestAdjusted") == [-0.75]


def test_a_refund_counts_from_its_posting_where_that_is_told() -> None:
    facts = refunded(billed(), on=date(2026, 1, 20), posted=TODAY, back_dated=False)
    assert amounts(facts, "InterestAdjusted") == []


def test_a_refund_never_counts_before_its_purchase_does() -> None:
    facts = refunded(billed(), on=date(2026, 1, 2), posted=TODAY, back_dated=True)
    (recorded,) = [fact for fact in facts if type(fact).__name__ == "ChargeRefunded"]
    assert recorded.credited_on == date(2026, 1, 10)


def test_what_was_owed_on_a_day_is_told_as_it_is_known() -> None:
    """Before and after a payment of that time is known: time travel in both directions."""
    story, day = billed(), date(2026, 2, 25)
    assert known_on(story.state, day) == (Balance(bucket="PURCHASE", minor=36_500),)
    paid(story, 65, on=date(2026, 2, 20))
    assert known_on(story.state, day) == (Balance(bucket="PURCHASE", minor=30_000),)
    assert known_on(story.state, date(2025, 12, 31)) is None
    assert known_on(story.state, date.max) is None


def test_balances_show_that_what_is_disputed_is_paid_last() -> None:
    """Comment 53-3: cash 500.00 at 25 % with 200.00 in dispute, purchases 1,000.00 at 15 %: of
    900.00 cash gets 300.00 and purchases 600.00, as the open cycle tells it too."""
    story = BilledStory(limit=5_000, minimum_payment=MinimumPaymentRule(floor_minor=0))
    story.on(1, 10).buy(500, CASH_MACHINE)
    cash = story.state.charges.keys()[-1]
    story.buy(1_000)
    story.when(
        OpenDispute(
            account_id="account",
            dispute_id="dispute",
            charge_id=cash,
            reason=DisputeReason.WRONG_AMOUNT,
            amount=pounds(200),
            received_on=story.today,
            channel=Channel.HOLDER,
        )
    )
    story.pay(900)
    billing, terms = story.state.billing, story.state.in_force.billing
    assert terms is not None
    found = standing_on(billing, terms, story.today, disputed_in(story.state)) or ()
    assert {each.bucket: each.minor for each in found} == {
        "CASH_ADVANCE": 20_000,
        "PURCHASE": 40_000,
    }
