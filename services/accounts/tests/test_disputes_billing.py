"""What billing does about disputes, with figures; each test cites its paragraph of 12 CFR 1026.13.

The account: minimum 25.00 or 1% with interest and fees, purchases at 15%, months, due on the 25th.
"""

from datetime import date

import pytest

from services.accounts.domain.billing import commands as billing
from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.domain.billing.events import DelinquencyCured, DueDatePassed, FeeCharged
from services.accounts.domain.billing.terms import (
    AutopayKind,
    InstalmentProduct,
)
from services.accounts.domain.disputes import commands
from services.accounts.domain.disputes.events import DisputeResolved, RequiredPaymentChanged
from services.accounts.domain.disputes.state import DisputeStatus
from services.accounts.domain.statements.rebuilding import Verification
from services.accounts.tests.billing_stories import BilledStory, amounts
from services.accounts.tests.disputing import TEN_PERCENT, Disputing
from services.accounts.tests.stories import pounds
from services.accounts.tests.test_disputes import MONTHLY, DisputeStory
from services.accounts.use_cases.billing import Choice, chosen

WON, LOST = DisputeStatus.WON, DisputeStatus.LOST


def test_billing_leaves_out_by_bucket_what_is_disputed_and_books_what_is_credited() -> None:
    """1026.13(d)(1): what is in dispute is known to interest, minimum payment and autopay."""
    story = DisputeStory(billing=MONTHLY)
    assert disputed_in(story.state) == ()
    story.open(60)
    assert disputed_in(story.state) == (Balance(bucket="PURCHASE", minor=6_000),)
    story.credit()
    assert disputed_in(story.state) == ()
    booked = sum(line.amount_minor for line in story.state.billing.booked())
    assert booked == story.state.posted_minor == 4_000


def test_a_dispute_lowers_the_minimum_of_a_statement_that_is_cut_already() -> None:
    """(d)(1): the consumer need not pay any portion of a required payment that is related to the
    disputed amount: of 500.00 owed 300.00 are disputed, so 20.00 are required and not 50.00."""
    story = Disputing()
    assert (story.statement(1).minimum.total_minor, story.required) == (5_000, 50)
    told = story.dispute(story.dear)
    (changed,) = [fact for fact in told if isinstance(fact, RequiredPaymentChanged)]
    assert (changed.told, changed.required, changed.left_out) == (
        pounds(50),
        pounds(20),
        pounds(30),
    )
    assert (changed.number, changed.due_on) == (1, date(2026, 2, 25))
    assert story.required == 20
    assert story.statement(1).minimum.total_minor == 5_000
    assert chosen(story.state, "new", Choice.MINIMUM, None) == pounds(20)
    assert chosen(story.state, "new", Choice.STATEMENT, None) == pounds(200)


def test_interest_on_what_is_disputed_need_not_be_paid_either() -> None:
    """(d)(1): "including related finance or other charges". In January nothing is paid, so
    February's interest is on 300.00 and 200.00 at 15%; with 300.00 of it in dispute the minimum is
    that of a cycle with 200.00 alone: 10% of 200.00 and its interest, and that interest."""
    whole, alone = Disputing(fees=()), BilledStory(minimum_payment=TEN_PERCENT, fees=())
    alone.on(1, 10).buy(200)
    for story in (whole, alone):
        story.run(2, 28)
        story.on(3, 5)
    whole.dispute(whole.dear)
    told = alone.statement(2)
    interest = told.balances[0].interest_minor
    assert interest > 0
    new_with_it = whole.due(2).required_minor - whole.due(2).left_out_minor
    assert new_with_it == told.minimum.regular_minor
    assert whole.required == 20
    assert whole.due(2).minimum_now == told.minimum.total_minor == new_with_it + 2_000


def test_who_pays_the_lowered_minimum_in_time_is_not_late() -> None:
    """(d)(1) and (d)(2): no late mark, no late fee, no delinquency for what is withheld."""
    story = Disputing()
    story.dispute(story.dear)
    story.on(2, 20).pay(20)
    told = story.run(2, 27)
    (passed,) = [fact for fact in told if isinstance(fact, DueDatePassed)]
    assert (passed.met, passed.minimum, passed.paid) == (True, pounds(20), pounds(20))
    assert amounts(told, "FeeCharged") == []
    story.run(3, 27)
    assert story.state.billing.past_due_minor(date(2026, 3, 20)) == 0


def test_who_pays_less_than_the_lowered_minimum_is_late_with_the_rest_of_it() -> None:
    """(d)(1) is about the disputed amount only: of 20.00 required 15.00 are paid; the fee is at
    most what was missed of, 1026.52(b)(2)(i)(A): the required 20.00 and not 50.00."""
    story = Disputing()
    story.dispute(story.dear)
    story.on(2, 20).pay(15)
    told = story.run(2, 26)
    assert amounts(told, "FeeCharged") == [20]
    assert story.state.billing.past_due_minor(story.today) == 500


def test_without_a_dispute_the_same_payment_is_late() -> None:
    """The counter-example to the two above."""
    story = Disputing()
    story.on(2, 20).pay(20)
    assert amounts(story.run(2, 26), "FeeCharged") == [25]
    assert story.state.billing.past_due_minor(story.today) == 3_000


@pytest.mark.parametrize(("kind", "collected"), [("MINIMUM", [20]), ("STATEMENT", [200])])
def test_autopay_leaves_out_what_is_disputed_whatever_was_bought_since(
    kind: str, collected: list[float]
) -> None:
    """(d)(1): not deducted from an account of the consumer's, although 400.00 more are owed."""
    story = Disputing()
    story.when(
        billing.SetAutopay(
            account_id="account",
            kind=AutopayKind(kind),
            amount=None,
            transaction_date=story.today,
        )
    )
    story.dispute(story.dear)
    story.buy(400)
    assert amounts(story.run(2, 25), "PaymentCollected") == collected


def test_what_was_disputed_before_the_close_is_left_out_of_statement_autopay_too() -> None:
    """(d)(1): the same where the statement told already that 300.00 are in dispute."""
    story = BilledStory(minimum_payment=TEN_PERCENT, autopay=AutopayKind.STATEMENT)
    disputing = Disputing.bought
    story.on(1, 10)
    dear = disputing(story, 300)  # type: ignore[arg-type]
    disputing(story, 200)  # type: ignore[arg-type]
    Disputing.dispute(story, dear)  # type: ignore[arg-type]
    story.run(1, 31)
    assert story.statement(1).minimum.total_minor == 2_000
    story.on(2, 5).buy(400)
    assert amounts(story.run(2, 25), "PaymentCollected") == [200]


def test_a_provisional_credit_changes_nothing_of_what_is_required() -> None:
    """Comment 13(c)-1: credited or withheld, 20.00 are required; autopay of the statement takes
    what is neither, once: 500.00 less the credit of 300.00."""
    story = Disputing()
    story.dispute(story.dear)
    told = story.credit()
    assert story.required == 20
    assert [type(fact).__name__ for fact in told if "Required" in type(fact).__name__] == [
        "RequiredPaymentChanged"
    ]
    assert story.due().disputed_minor == 0
    assert chosen(story.state, "new", Choice.STATEMENT, None) == pounds(200)


def test_what_was_won_for_the_holder_is_never_required() -> None:
    """(e)(1): the error is corrected; the statement's minimum stays without it."""
    story = Disputing()
    story.dispute(story.dear)
    story.on(2, 10).resolve(WON)
    assert story.required == 20
    story.on(2, 20).pay(20)
    told = story.run(2, 27)
    assert [fact.met for fact in told if isinstance(fact, DueDatePassed)] == [True]
    story.run(3, 20)
    assert story.required == 20
    assert story.state.billing.past_due_minor(story.today) == 0


@pytest.mark.parametrize("corrected", [None, 100])
def test_the_interest_on_an_error_goes_with_its_correction(corrected: float | None) -> None:
    """(e)(1): "credit ... any disputed amount and related finance or other charges". In February
    500.00 bore interest, or what bears it without the error; the difference is credited too."""
    right = 300 - (corrected or 300)
    whole, without = Disputing(fees=()), BilledStory(minimum_payment=TEN_PERCENT, fees=())
    without.on(1, 10).buy(200 + right)
    for story in (whole, without):
        story.run(2, 28)
        story.on(3, 5)
    related = whole.statement(2).interest_minor - without.statement(2).interest_minor
    assert related > 0
    whole.dispute(whole.dear)
    whole.run(3, 31)
    whole.on(4, 10)
    told = whole.resolve(WON, corrected)
    (resolved,) = [fact for fact in told if isinstance(fact, DisputeResolved)]
    assert resolved.related.minor_units == related
    assert resolved.credit.minor_units == related + (30_000 - right * 100)


def test_the_issuer_may_say_what_goes_with_an_error() -> None:
    """(e)(1): nothing where nothing was charged on it, or what was found by hand."""
    story = Disputing()
    story.run(2, 28)
    story.on(3, 5)
    story.dispute(story.dear)
    story.when(
        commands.ResolveDispute(
            account_id="account",
            dispute_id="dispute",
            outcome=WON,
            related=pounds(0),
            explanation="so it is",
            posting_date=story.today,
        )
    )
    assert story.state.disputes.cases["dispute"].credited_minor == 30_000


def test_what_the_issuer_wins_is_required_again_when_its_time_is_over() -> None:
    """(g)(1), (g)(2): decided on 10 February, to be paid within the 25 days of the grace period:
    by 7 March. The due date of 25 February passes with 20.00; from 8 March 50.00 are required, and
    what is missing is past due since the 7th, not since the due date."""
    story = Disputing()
    story.dispute(story.dear)
    told = story.on(2, 10).resolve(LOST)
    (resolved,) = [fact for fact in told if isinstance(fact, DisputeResolved)]
    assert resolved.pay_by == date(2026, 3, 7)
    assert (story.required, story.due().restored_by) == (20, date(2026, 3, 7))
    story.on(2, 20).pay(20)
    assert [each.met for each in story.run(2, 28) if isinstance(each, DueDatePassed)] == [True]
    assert story.statement(2).minimum.past_due_minor == 0
    assert story.state.billing.past_due_minor(date(2026, 3, 7)) == 0
    told = story.run(3, 8)
    (restored,) = [
        fact for fact in told if isinstance(fact, RequiredPaymentChanged) and fact.number == 1
    ]
    assert (restored.required, restored.restored_by) == (pounds(50), None)
    billed = story.state.billing
    assert billed.past_due_minor(date(2026, 3, 8)) == 3_000
    assert billed.due_since(date(2026, 3, 8)) == date(2026, 3, 7)
    assert billed.delinquency_days == 1
    assert amounts(told, "FeeCharged") == []


def test_what_the_issuer_wins_and_is_paid_in_its_time_is_never_late() -> None:
    """(g)(2), (g)(3)(i): paid by 7 March, nothing is past due and nothing is reported."""
    story = Disputing()
    story.dispute(story.dear)
    story.on(2, 10).resolve(LOST)
    story.on(2, 20).pay(20)
    story.run(2, 28)
    story.on(3, 6).pay(500)
    story.run(3, 31)
    assert story.required == 50
    assert story.state.billing.delinquency_days == 0
    assert all(fact.met for fact in story.facts if isinstance(fact, DueDatePassed))
    assert not any(isinstance(fact, FeeCharged) for fact in story.facts)


def test_what_is_decided_long_before_the_due_date_is_required_by_it() -> None:
    """(g)(2) gives 25 days; a due date that is later than those needs no other."""
    story = Disputing(grace_days=5, due_day=25)
    story.dispute(story.dear)
    assert story.required == 20
    story.on(2, 10)
    (resolved, *_) = [fact for fact in story.resolve(LOST) if isinstance(fact, DisputeResolved)]
    assert resolved.pay_by == date(2026, 2, 15)
    assert (story.required, story.due().restored_by) == (50, None)


def test_what_is_owed_in_part_is_required_in_part() -> None:
    """(f)(3): 300.00 were asserted and 100.00 was the error; of 400.00 the rule asks 40.00."""
    story = Disputing(grace_days=5, due_day=25)
    story.dispute(story.dear)
    story.on(2, 10).resolve(WON, corrected=100)
    assert story.required == 40


def test_a_withdrawn_dispute_restores_the_minimum() -> None:
    """Comment 13(b)-1, with the same time."""
    story = Disputing(grace_days=5, due_day=25)
    story.dispute(story.dear)
    story.on(2, 10).withdraw()
    assert story.required == 50


def test_a_dispute_after_the_due_date_takes_no_fee_back_but_ends_the_delinquency() -> None:
    """(d)(1) begins with the notice: what was late before was late. (d)(2): from then on the amount
    is not delinquent, though the fee for 25 February stands."""
    story = Disputing()
    story.on(2, 20).pay(20)
    story.run(2, 26)
    assert story.state.billing.past_due_minor(date(2026, 2, 27)) == 3_000
    story.on(2, 27)
    told = story.dispute(story.dear)
    assert any(isinstance(fact, DelinquencyCured) for fact in told)
    assert story.state.billing.past_due_minor(story.today) == 0
    story.on(2, 28).pay(1)
    assert not any(type(fact).__name__ == "FeeWaived" for fact in story.facts)


def test_what_was_past_due_of_an_earlier_statement_is_left_out_of_the_later_one_too() -> None:
    """(d)(1): two statements have 50.00 each of the same 500.00, nothing is paid; with 300.00 in
    dispute 20.00 of the first are past due, and the second asks for no more of it."""
    story = Disputing()
    story.run(2, 28)
    before = story.due(2)
    assert story.statement(2).minimum.past_due_minor == 5_000
    story.on(3, 5)
    story.dispute(story.dear)
    after = story.due(2)
    assert story.required == 20
    assert after.minimum_now == after.required_minor - after.left_out_minor + 2_000
    assert after.minimum_now < before.minimum_minor
    assert story.state.billing.past_due_minor(date(2026, 3, 5)) == 2_000


def test_a_payment_is_not_used_up_by_what_is_withheld() -> None:
    """(d)(1): of the first statement 20.00 are required; what is paid above goes to the second."""
    story = Disputing()
    story.dispute(story.dear)
    story.run(2, 28)
    story.on(3, 5).pay(40)
    assert story.due(1).unpaid_minor == 0
    assert story.due(2).remaining_minor == story.due(2).required_minor - 2_000
    assert story.due(1).remaining_minor == 3_000


def test_a_charge_of_the_open_cycle_lowers_no_statement() -> None:
    """Its amount is in no required payment yet."""
    story = Disputing()
    later = story.bought(50)
    told = story.dispute(later)
    assert not any(isinstance(fact, RequiredPaymentChanged) for fact in told)
    assert story.required == 50


@pytest.mark.parametrize("disputed_on", [date(2026, 2, 3), date(2026, 3, 5)])
def test_an_instalment_of_what_is_disputed_is_not_required(disputed_on: date) -> None:
    """(d)(1): 300.00 are in a plan of three months. Disputed before the statement of February, or
    after it: of that statement only 10% of the other 200.00 are required, and no instalment."""
    story = Disputing(
        fees=(),
        rates=(),
        instalment_products=(InstalmentProduct(months=3),),
    )
    plan = billing.AgreeInstalmentPlan(
        account_id="account",
        plan_id="plan",
        charge_id=story.dear,
        months=3,
        transaction_date=date(2026, 2, 2),
    )
    story.on(2, 2).when(plan)
    if disputed_on < date(2026, 2, 28):
        story.on(2, 3).dispute(story.dear)
    story.run(2, 28)
    if disputed_on > date(2026, 2, 28):
        assert story.statement(2).minimum.instalments_minor == 10_000
        story.on(3, 5).dispute(story.dear)
    second = story.due(2)
    assert second.required_minor - second.left_out_minor == 2_000


def test_two_disputes_lower_twice_and_end_one_by_one() -> None:
    """(d)(1): all 500.00 in dispute, nothing is required; one lost, its part comes back."""
    story = Disputing(grace_days=5, due_day=25)
    story.dispute(story.dear)
    story.dispute(story.cheap, "other")
    assert story.required == 0
    story.on(2, 10).resolve(LOST)
    assert story.required == 30


def test_statements_are_worked_out_again_as_they_were_told() -> None:
    """Whatever was disputed, credited, lost and restored since: every statement byte for byte."""
    story = Disputing()
    story.dispute(story.dear)
    story.run(2, 28)
    story.on(3, 3)
    story.credit()
    story.run(3, 31)
    story.on(4, 2)
    story.resolve(LOST)
    story.run(5, 31)
    pairs = list(Verification().pairs(story.facts))
    assert len(pairs) == 5
    for told, again in pairs:
        assert told == again
