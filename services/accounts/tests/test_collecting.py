"""Payments that a bank has to confirm: initiated, settled or returned."""

from datetime import date
from typing import Any

import pytest

from chassis.kernel.errors import NotFound, Refused
from services.accounts.domain.billing.commands import SetAutopay
from services.accounts.domain.billing.terms import AutopayKind
from services.accounts.domain.collecting.commands import InitiatePayment
from services.accounts.domain.values import AccountStatus
from services.accounts.tests.billing_stories import BilledStory, amounts
from services.accounts.tests.repaying_stories import PayingStory, names
from services.accounts.tests.stories import TODAY, AccountStory, pounds
from services.accounts.use_cases.billing import Choice, chosen


def test_a_payment_is_credited_when_it_is_settled_and_as_of_its_own_day() -> None:
    """12 CFR 1026.10(a) and comment 10(a)-2.iv: received on the date on which the holder
    authorises it."""
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    story.on(1, 12).initiate(40)
    assert (story.owed, story.state.billing.collecting.pending_minor) == (100, 40_00)
    settled: Any = story.on(1, 15).report("q")
    assert names(settled)[:2] == ["PaymentSettled", "PaymentRecorded"]
    assert str(settled[1].posting_date) == "2026-01-12"
    assert (story.owed, story.state.billing.collecting.pending_minor) == (60, 0)


def test_a_payment_that_is_returned_was_never_credited_and_costs_its_fee() -> None:
    """The consequences of a returned payment: a fee, at most the minimum (1026.52(b)(2)(i))."""
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    story.run(1, 31)
    owed = story.owed
    story.on(2, 10).initiate(40)
    told = story.on(2, 12).report("q", settled=False)
    assert names(told)[:2] == ["PaymentCollectionFailed", "FeeCharged"]
    assert story.owed == owed + 12


def test_what_was_settled_may_still_come_back() -> None:
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    story.initiate(40)
    story.report("q")
    assert "PaymentReturned" in names(story.on(1, 20).report("q", settled=False))
    assert story.owed >= 100


def test_what_came_back_is_not_settled_and_what_never_was_is_not_found() -> None:
    story = PayingStory(confirmed=True)
    story.buy(100)
    story.initiate(40)
    story.report("q", settled=False)
    with pytest.raises(Refused, match="PAYMENT_CAME_BACK"):
        story.report("q")
    with pytest.raises(NotFound, match="PAYMENT_NOT_FOUND"):
        story.report("another")
    with pytest.raises(Refused, match="PAYMENT_RECORDED_DIFFERENTLY"):
        story.initiate(50)


@pytest.mark.parametrize("confirmed", [True, False])
def test_what_came_back_after_it_was_credited_is_not_settled_again(confirmed: bool) -> None:
    """That it is settled contradicts that it came back: nothing of it is credited any more."""
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    if confirmed:
        story.initiate(40)
        story.report("q")
    else:
        story.pay(40, payment_id="q")
    story.on(1, 20).report("q", settled=False)
    with pytest.raises(Refused, match="PAYMENT_CAME_BACK"):
        story.report("q")
    assert story.report("q", settled=False) == []


def test_what_was_charged_off_may_be_paid_by_a_bank_that_has_to_confirm() -> None:
    """The account has no cycles any more; what a bank pays is recovered."""
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    story.run(9, 30)
    assert story.state.status is AccountStatus.CHARGED_OFF
    story.initiate(40)
    assert amounts(story.on(10, 2).report("q"), "RecoveryRecorded") == [40]
    story.initiate(30, payment_id="nsf")
    assert names(story.report("nsf", settled=False)) == ["PaymentCollectionFailed"]
    lost, known = story.state.billing.charged_off_minor, story.state.billing
    assert (known.recovered_minor, known.collecting.pending) == (40_00, ())
    assert chosen(story.state, "new", Choice.BALANCE, None).minor_units == lost - 40_00


def test_without_billing_nothing_is_drawn() -> None:
    with pytest.raises(Refused, match="NO_BILLING"):
        AccountStory().when(
            InitiatePayment(
                account_id="account", payment_id="q", amount=pounds(1), transaction_date=TODAY
            )
        )


def test_a_payment_recorded_at_once_is_settled_already() -> None:
    story = PayingStory()
    story.buy(100)
    story.pay(40, payment_id="cash")
    assert story.report("cash") == []


# Autopay and due dates


def collecting(kind: AutopayKind = AutopayKind.MINIMUM) -> PayingStory:
    """100.00 bought in January; autopay draws on the 25th of February, and a bank confirms."""
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    story.when(SetAutopay(account_id="account", kind=kind, transaction_date=story.today))
    story.run(2, 25)
    return story


def test_autopay_initiates_a_payment_that_the_gateway_settles() -> None:
    story = collecting()
    (pending,) = story.state.billing.collecting.pending
    assert (pending.payment_id, pending.minor) == ("autopay 1", 25_00)
    assert story.owed == 100
    story.on(2, 27).report("autopay 1")
    assert story.owed == 75


def test_what_waits_to_be_confirmed_is_not_late() -> None:
    story = collecting()
    story.run(2, 28)
    assert "DueDatePassed" not in names(story.facts)
    story.on(3, 2).report("autopay 1")
    story.run(3, 10)
    passed: Any = next(f for f in story.facts if type(f).__name__ == "DueDatePassed")
    assert passed.met
    assert amounts(story.facts, "FeeCharged") == []


def test_what_comes_back_after_the_due_date_is_late_but_costs_one_fee() -> None:
    """Comment 52(b)(2)(ii)-1.iii: late and returned are one event."""
    story = collecting()
    story.on(3, 2).report("autopay 1", settled=False)
    story.run(3, 10)
    passed: Any = next(f for f in story.facts if type(f).__name__ == "DueDatePassed")
    assert not passed.met
    assert amounts(story.facts, "FeeCharged") == [12]
    assert story.state.billing.delinquency_days > 0


def test_nobody_waits_for_a_bank_for_ever() -> None:
    story = collecting()
    story.run(3, 7)
    passed: Any = next(f for f in story.facts if type(f).__name__ == "DueDatePassed")
    assert (passed.met, str(passed.transaction_date)) == (False, "2026-03-07")


def test_a_payment_that_is_too_little_does_not_keep_a_due_date_open() -> None:
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    story.run(2, 20)
    story.initiate(10)
    story.run(2, 26)
    assert "DueDatePassed" in names(story.facts)


def test_autopay_does_not_draw_what_is_on_its_way() -> None:
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    kind = AutopayKind.STATEMENT
    story.when(SetAutopay(account_id="account", kind=kind, transaction_date=story.today))
    story.run(2, 20)
    story.initiate(70)
    story.run(2, 25)
    assert [each.minor for each in story.state.billing.collecting.pending] == [70_00, 30_00]


def test_a_plan_initiates_its_payments_too() -> None:
    story = PayingStory(confirmed=True).on(1, 10)
    story.buy(100)
    story.plan(60, date(2026, 1, 20), 2)
    story.run(1, 20)
    (pending,) = story.state.billing.collecting.pending
    assert (pending.payment_id, pending.minor) == ("plan p 1", 30_00)
    assert story.state.billing.repayments[0].payments[0].status == "DRAWN"


def test_a_payment_that_was_in_time_for_two_due_dates_waives_both_fees() -> None:
    """12 CFR 1026.10(a): it counts from its day; what is owed is what the lines add up to."""
    story = PayingStory(cycle_day=1)
    story.buy(22)
    story.run(2, 28)
    story.pay(60, credited=date(2026, 1, 25))
    booked = sum(line.amount_minor for line in story.state.billing.booked())
    told = sum(each.minor for each in story.state.billing.told)
    assert told + booked == story.state.posted_minor
    assert len(amounts(story.facts, "FeeWaived")) == 2


def test_autopay_chosen_after_the_close_does_not_pay_into_the_closed_cycle() -> None:
    """Due on the last day of the cycle, which is told already when autopay is chosen, and not
    checked yet: what is collected belongs to the open cycle."""
    story = BilledStory(due_day=31)
    story.on(1, 10).buy(300)
    story.run(2, 28)
    assert story.statement(1).due_on == date(2026, 2, 28)
    story.on(3, 1)
    story.when(
        SetAutopay(
            account_id="account",
            kind=AutopayKind.STATEMENT,
            amount=None,
            transaction_date=story.today,
        )
    )
    assert amounts(story.run(3, 1), "PaymentCollected") == [300]
    story.run(3, 31)
    third = story.statement(3)
    # 300.00, and on the due date the interest of February.
    assert (third.payments_minor, third.closing_minor) == (303_45, round(story.owed * 100))
