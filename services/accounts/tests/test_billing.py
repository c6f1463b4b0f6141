"""The billing of an account, told as holders and operators live it."""

from datetime import date
from typing import Any

import pytest

from chassis.kernel.errors import Error
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agenda import Step
from services.accounts.domain.billing.commands import (
    AgreeInstalmentPlan,
    ChangeCreditLine,
    GrantHardship,
    ProcessBillingDay,
    RefundCreditBalance,
)
from services.accounts.domain.billing.day import STEPS
from services.accounts.domain.billing.events import StatementCut
from services.accounts.domain.billing.explaining import by_day
from services.accounts.domain.billing.statement import GraceStatus
from services.accounts.domain.billing.terms import AutopayKind, Fee, FeeKind, InstalmentProduct
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.values import AccountStatus, AccountSubStatus
from services.accounts.tests.billing_stories import CASH_MACHINE, BilledStory, amounts
from services.accounts.tests.stories import AccountStory, pounds


def names(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def test_a_month_is_bought_told_and_paid_in_full_without_interest() -> None:
    story = BilledStory()
    story.on(1, 10).buy(300)
    facts = story.run(1, 31)
    assert names(facts) == ["StatementCut", "BillingAgendaSet"]
    first = story.statement(1)
    assert (first.opening_minor, first.purchases_minor, first.closing_minor) == (0, 300_00, 300_00)
    assert first.due_on == date(2026, 2, 25)
    assert first.minimum.total_minor == 25_00
    agenda: Any = facts[-1]
    assert agenda.next_due_on == date(2026, 2, 26)
    story.on(2, 25).pay(300)
    story.run(2, 28)
    second = story.statement(2)
    assert second.opening_minor == 300_00
    assert second.closing_minor == second.interest_minor == 0
    assert second.grace is GraceStatus.KEPT


def test_comment_54_a_1_6_i_is_what_the_account_charges() -> None:
    """600 in March, 150 on April 10, 500 on April 25: interest of 1.23 + 1.30 in April."""
    story = BilledStory(on=date(2026, 2, 1))
    for day, amount in ((10, 100), (15, 200), (20, 300)):
        story.on(3, day)
        story.run(3, day)
        story.buy(amount)
    story.run(3, 31)
    story.on(4, 10).buy(150)
    story.on(4, 25).pay(500)
    facts = story.run(4, 30)
    assert amounts(facts, "InterestCharged") == [2.53]
    assert story.owed == 600 + 150 - 500 + 2.53
    assert story.statement(3).grace is GraceStatus.LOST


def test_a_missed_minimum_costs_a_late_fee_and_makes_the_account_delinquent() -> None:
    story = BilledStory()
    story.on(1, 10).buy(300)
    facts = story.run(2, 26)
    assert names(facts) == [
        "StatementCut",
        "DueDatePassed",
        "FeeCharged",
        "DelinquencyAged",
        "AccountStandingChanged",
        "BillingAgendaSet",
    ]
    assert amounts(facts, "FeeCharged") == [25]
    assert story.state.sub_statuses == (AccountSubStatus.DELINQUENT,)
    facts = story.on(2, 27).pay(25)
    assert names(facts)[:3] == ["PaymentRecorded", "DelinquencyCured", "AccountStandingChanged"]
    assert not story.state.sub_statuses


def test_what_is_paid_after_the_due_date_does_not_take_the_late_fee_back() -> None:
    story = BilledStory()
    story.on(1, 10).buy(300)
    story.run(2, 26)
    assert "FeeWaived" not in names(story.on(2, 27).pay(325))


def test_what_is_refunded_need_not_be_paid() -> None:
    story = BilledStory()
    story.on(1, 10).buy(300)
    story.run(1, 31)
    story.on(2, 20).refund(300)
    assert amounts(story.run(3, 26), "FeeCharged") == []


def test_a_late_fee_is_never_above_the_minimum_that_was_missed() -> None:
    """Comment 52(b)(2)(i)-1.i: a minimum of 15 is missed; the fee is 15, not 25."""
    story = BilledStory()
    story.on(1, 10).buy(15)
    assert amounts(story.run(2, 26), "FeeCharged") == [15]


def test_a_second_late_payment_costs_more_and_the_past_due_is_added() -> None:
    """Comment 52(b)(2)(ii)-1.i.A: 35 when the next minimum, with what was past due, is missed."""
    story = BilledStory()
    story.on(1, 10).buy(300)
    story.run(2, 28)
    second = story.statement(2)
    assert second.minimum.past_due_minor == 25_00
    assert second.minimum.total_minor == 25_00 + second.minimum.regular_minor
    assert amounts(story.run(3, 26), "FeeCharged") == [35]


def test_after_six_cycles_without_a_violation_the_fee_is_the_first_one_again() -> None:
    """Comment 52(b)(1)(ii)-1.iii.A.2: late in March, in time April to September: 25 in October."""
    story = BilledStory(limit=5000, on=date(2026, 2, 1))
    story.on(2, 10).buy(3000)
    assert amounts(story.run(3, 26), "FeeCharged") == [25]
    story.on(3, 30).pay(200)
    for month in range(4, 10):
        story.on(month, 20)
        story.run(month, 20)
        assert amounts(story.pay(200), "FeeCharged") == []
    assert amounts(story.run(10, 26), "FeeCharged") == [25]


def test_one_event_has_one_fee() -> None:
    """Comment 52(b)(2)(ii)-1.ii.A: paid on the due date, returned two days later: late or
    returned, not both."""
    story = BilledStory(on=date(2026, 2, 1))
    story.on(2, 10).buy(300)
    story.run(2, 28)
    story.on(3, 25).pay(50, payment_id="cheque")
    story.run(3, 26)
    story.on(3, 27)
    assert amounts(story.bounce("cheque"), "FeeCharged") == [25]
    assert amounts(story.run(3, 30), "FeeCharged") == []
    assert story.owed == 325


def test_a_payment_returned_before_the_due_date_is_its_own_event() -> None:
    """Comment 52(b)(2)(ii)-1.iii and vi: 25 for the first return; late or returned, 35, after."""
    story = BilledStory(on=date(2026, 2, 1))
    story.on(2, 10).buy(4990)
    story.run(2, 28)
    story.on(3, 20).pay(50, payment_id="first")
    story.on(3, 22)
    assert amounts(story.bounce("first"), "FeeCharged") == [25]
    story.on(3, 25).pay(50, payment_id="second")
    story.run(3, 26)
    story.on(3, 27)
    assert amounts(story.bounce("second"), "FeeCharged") == [35]
    assert amounts(story.run(3, 30), "FeeCharged") == []


def test_a_back_dated_payment_gives_interest_and_late_fee_back() -> None:
    story = BilledStory()
    story.on(1, 10).buy(365)
    story.run(3, 1)
    second = story.statement(2)
    assert second.interest_minor == 4_20  # 365.00 at 15 % for the 28 days of February
    assert story.owed == 365 + 25 + 4.20
    facts = story.on(3, 5).pay(365, credited=date(2026, 2, 20))
    recalculated = next(fact for fact in facts if hasattr(fact, "corrected"))
    assert [(c.number, c.before_minor, c.after_minor) for c in recalculated.corrected] == [
        (2, 4_20, 0)
    ]
    assert amounts(facts, "InterestAdjusted") == [-4.20]
    assert amounts(facts, "FeeWaived") == [25]
    assert story.owed == 0
    story.run(3, 31)
    third = story.statement(3)
    assert (third.opening_minor, third.closing_minor) == (394_20, 0)
    assert third.interest_minor == -4_20


def test_a_returned_payment_is_as_if_it_had_never_been() -> None:
    """12 CFR 1026.54(b)(2): interest may be adjusted when a payment is returned."""
    paid, never = BilledStory(), BilledStory()
    for story in (paid, never):
        story.on(1, 10).buy(365)
        story.run(1, 31)
    paid.on(2, 20).pay(365, payment_id="cheque")
    for story in (paid, never):
        story.run(2, 28)
    paid.on(3, 2)
    facts = paid.bounce("cheque")
    assert amounts(facts, "InterestAdjusted") == [4.20]
    never.on(3, 2)
    assert paid.owed == never.owed == 394.20
    for story in (paid, never):
        story.run(3, 31)
    ours, theirs = paid.statement(3), never.statement(3)
    assert ours.interest == theirs.interest
    assert ours.balances[-1].closing_minor == theirs.balances[-1].closing_minor == 373_90


def test_cash_bears_interest_at_once_and_costs_a_fee() -> None:
    """Comment 52(a)(1)-1.i: 120 at opening and 5 for cash leave no room for 2.50 more."""
    cash = Fee(kind=FeeKind.CASH_ADVANCE, basis_points=500)
    annual = Fee(kind=FeeKind.ANNUAL, amount_minor=120_00)
    story = BilledStory(limit=500, fees=(cash, annual))
    assert amounts(story.run(1, 1), "FeeCharged") == [120]
    story.on(1, 15).buy(100, CASH_MACHINE)
    story.on(1, 16).buy(50, CASH_MACHINE)
    assert amounts(story.facts, "FeeCharged") == [120, 5]
    story.run(1, 31)
    (cash_line,) = [line for line in story.statement(1).interest if line.bucket == "CASH_ADVANCE"][
        :1
    ]
    assert cash_line.first_on == date(2026, 1, 15)


def test_fees_that_a_lower_limit_does_not_allow_are_given_back() -> None:
    """Comment 52(a)(1)-3.ii.B: 75 + 50 at a limit of 500; cut to 250, 62.50 come back."""
    annual = Fee(kind=FeeKind.ANNUAL, amount_minor=75_00)
    cash = Fee(kind=FeeKind.CASH_ADVANCE, amount_minor=50_00)
    story = BilledStory(limit=500, on=date(2026, 7, 1), fees=(annual, cash))
    story.run(7, 1)
    story.on(7, 2).buy(20, CASH_MACHINE)
    assert amounts(story.facts, "FeeCharged") == [75, 50]
    story.on(2, 15, 2027)
    facts = story.when(
        ChangeCreditLine(
            account_id="account",
            change_id="cut",
            limit=pounds(250),
            reason="REVIEW",
            by="operator:olga",
            transaction_date=story.today,
        )
    )
    assert names(facts)[0] == "LimitChanged"
    assert sum(amounts(facts, "FeeWaived")) == 62.50
    assert story.state.limit_minor == 250_00


def test_interest_is_explained_day_by_day_to_the_cent() -> None:
    story = BilledStory()
    story.on(1, 12).buy(80.37, CASH_MACHINE)
    story.on(1, 20).buy(211.11, CASH_MACHINE)
    story.run(1, 31)
    told = story.statement(1)
    terms = story.state.in_force.billing
    assert terms is not None
    days = list(by_day(told.interest, story.state.billing.book(terms)))
    assert len(days) == 20
    assert all(day.days == 1 for day in days)
    assert sum(day.interest_minor for day in days) == told.interest_minor


def test_autopay_pays_the_statement_on_the_due_date() -> None:
    story = BilledStory(autopay=AutopayKind.STATEMENT)
    story.on(1, 10).buy(300)
    story.run(1, 31)
    story.on(2, 3).buy(40)
    facts = story.run(2, 25)
    assert amounts(facts, "PaymentRecorded") == [300]
    assert story.owed == 40
    assert names(story.run(2, 26)) == ["DueDatePassed", "BillingAgendaSet"]


def test_what_is_six_months_past_due_is_charged_off_and_may_be_recovered() -> None:
    story = BilledStory()
    story.on(1, 10).buy(300)
    facts: list[Any] = story.run(9, 30)
    days = [fact.days for fact in facts if type(fact).__name__ == "DelinquencyAged"]
    assert days == [1, 30, 60, 90, 120, 150, 180]
    assert "AccountChargedOff" in names(facts)
    assert story.state.status is AccountStatus.CHARGED_OFF
    assert story.owed == 0
    assert names(story.on(10, 5).pay(50))[:2] == ["PaymentRecorded", "RecoveryRecorded"]
    assert story.owed == 0
    assert story.run(12, 31) == []


def test_a_pause_in_hardship_bears_neither_interest_nor_fees_and_ends_by_itself() -> None:
    story = BilledStory()
    story.on(1, 10).buy(365)
    story.run(1, 31)
    story.on(2, 1)
    story.when(
        GrantHardship(account_id="account", days=28, reason="ILLNESS", transaction_date=story.today)
    )
    assert AccountSubStatus.INTEREST_AND_FEES_PAUSED in story.state.sub_statuses
    facts = story.run(2, 28)
    assert amounts(facts, "FeeCharged") == amounts(facts, "InterestCharged") == []
    assert "HardshipEnded" in names(facts)
    assert AccountSubStatus.INTEREST_AND_FEES_PAUSED not in story.state.sub_statuses
    assert amounts(story.run(3, 31), "InterestCharged") == [4.65]


def test_a_purchase_is_paid_off_in_instalments_beside_the_minimum() -> None:
    product = InstalmentProduct(months=3, fee_basis_points=200)
    story = BilledStory(instalment_products=(product,))
    bought = story.on(1, 10).buy(300)
    story.on(1, 12).buy(100)
    facts = story.when(
        AgreeInstalmentPlan(
            account_id="account",
            plan_id="plan",
            charge_id=bought,
            months=3,
            transaction_date=story.today,
        )
    )
    assert amounts(facts, "FeeCharged") == [6]
    story.run(1, 31)
    told = story.statement(1)
    assert (told.closing_minor, told.purchases_minor, told.refunds_minor) == (406_00, 400_00, 0)
    assert told.minimum.instalments_minor == 100_00
    for month in (2, 3, 4):
        story.on(month, 20)
        story.run(month, 20)
        story.pay(story.state.billing.dues[-1].minimum_minor / 100)
    story.run(4, 30)
    assert [s.minimum.instalments_minor for s in story.statements()] == [100_00] * 3 + [0]
    assert [plan.bucket for plan in story.state.billing.plans] == ["PURCHASE/plan"]
    # It is known as long as its cycles can be recalculated.
    story.run(10, 31)
    assert story.state.billing.plans == ()


def test_a_credit_balance_is_paid_out() -> None:
    story = BilledStory()
    story.on(1, 10).buy(20)
    story.pay(50)
    command = RefundCreditBalance(
        account_id="account", refund_id="refund", transaction_date=story.today
    )
    assert amounts(story.when(command), "CreditBalanceRefunded") == [30]
    story.run(1, 31)
    assert story.owed == story.statement(1).closing_minor == 0


def test_many_days_at_once_are_the_same_as_each_day_in_turn() -> None:
    at_once, in_turn = BilledStory(), BilledStory()
    for story in (at_once, in_turn):
        story.on(1, 10).buy(300)
    at_once.run(4, 30)
    for month, last in ((1, 31), (2, 28), (3, 31), (4, 30)):
        for day in range(1, last + 1):
            in_turn.run(month, day)
    assert at_once.statements() == in_turn.statements()
    assert at_once.state.posted_minor == in_turn.state.posted_minor


def test_a_step_that_would_stay_due_for_ever_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEPS, Step.CLOSE, lambda *_: ())
    with pytest.raises(Error, match="does nothing"):
        BilledStory().on(1, 10).run(2, 1)


def test_a_statement_is_cut_the_same_from_the_facts_before_it() -> None:
    story = BilledStory()
    story.on(1, 10).buy(300)
    story.on(1, 12).buy(80, CASH_MACHINE)
    story.run(3, 31)
    place = max(n for n, fact in enumerate(story.facts) if hasattr(fact, "statement"))
    again = BilledStory()
    again.state, again.facts = again.decider.fold(story.facts[: place - 1]), []
    again.run(3, 31)
    assert again.statements() == [story.statement(3)]


def test_billing_begins_with_what_is_owed_when_an_account_goes_over_to_terms_that_have_it() -> None:
    story, billed = AccountStory(), BilledStory()
    story.authorise(80)
    story.clear(80)
    version = Version(
        number=2, name="Billed", terms=billed.state.in_force, effective_on=story.now.date()
    )
    facts = story.when(
        MigrateAccount(
            account_id="account", programme_id="everyday", programme_version=2, version=version
        )
    )
    assert names(facts) == ["AccountMigrated", "BillingAgendaSet"]
    facts = story.when(ProcessBillingDay(account_id="account", business_date=date(2026, 3, 31)))
    (told,) = [fact for fact in facts if isinstance(fact, StatementCut)]
    assert told.statement.opening_minor == told.statement.closing_minor == 80_00


def test_an_account_without_billing_is_as_it_was() -> None:
    story = AccountStory()
    assert isinstance(story.state, CreditAccount)
    assert story.state.billing.number == 0
    story.pay(3)
    assert not story.state.billing.active
