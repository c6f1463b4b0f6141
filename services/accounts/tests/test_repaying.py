"""A holder's plan of payments: drawn on its days, changed, skipped, cancelled, completed."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.kernel.errors import Error, Invalid, NotFound, Refused
from services.accounts.domain.billing.commands import SetAutopay
from services.accounts.domain.billing.terms import AutopayKind
from services.accounts.domain.ledger import postings
from services.accounts.domain.repaying.state import (
    Frequency,
    PlannedPayment,
    PlanStatus,
    dates,
    spread,
)
from services.accounts.tests.billing_stories import amounts
from services.accounts.tests.repaying_stories import PayingStory, names


def drawn(story: PayingStory) -> list[tuple[str, float]]:
    """The days and amounts of what was drawn."""
    found: list[Any] = [f for f in story.facts if type(f).__name__ == "PaymentCollected"]
    return [(str(each.transaction_date), each.amount.minor_units / 100) for each in found]


def test_a_plan_is_drawn_on_its_days_and_completed() -> None:
    story = PayingStory().on(1, 10)
    story.buy(300)
    story.plan(100, date(2026, 1, 20), 3)
    story.run(4, 1)
    assert drawn(story) == [("2026-01-20", 33.34), ("2026-02-20", 33.33), ("2026-03-20", 33.33)]
    completed: Any = next(f for f in story.facts if type(f).__name__ == "RepaymentPlanCompleted")
    assert completed.drawn.minor_units == 100_00
    assert story.state.billing.repayments[0].status is PlanStatus.COMPLETED


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        (Frequency.WEEKLY, ["2026-01-31", "2026-02-07", "2026-02-14"]),
        (Frequency.FORTNIGHTLY, ["2026-01-31", "2026-02-14", "2026-02-28"]),
        (Frequency.MONTHLY, ["2026-01-31", "2026-02-28", "2026-03-31"]),
    ],
)
def test_the_days_of_a_plan(frequency: Frequency, expected: list[str]) -> None:
    assert [str(day) for day in dates(date(2026, 1, 31), frequency, 3)] == expected


def test_no_more_is_drawn_than_is_owed() -> None:
    story = PayingStory().on(1, 10)
    story.buy(50)
    story.plan(100, date(2026, 1, 20), 3, Frequency.WEEKLY)
    story.run(1, 31)
    assert drawn(story) == [("2026-01-20", 33.34), ("2026-01-27", 16.66)]
    story.run(2, 28)
    skipped: Any = next(f for f in story.facts if type(f).__name__ == "RepaymentSkipped")
    assert (skipped.number, skipped.reason) == (3, "NOTHING_OWED")
    assert story.owed == 0


def test_a_payment_is_skipped_and_the_plan_goes_on() -> None:
    story = PayingStory().on(1, 10)
    story.buy(300)
    story.plan(90, date(2026, 1, 20), 3, Frequency.WEEKLY)
    story.skip(2)
    story.run(2, 10)
    assert drawn(story) == [("2026-01-20", 30), ("2026-02-03", 30)]
    with pytest.raises(Refused, match="REPAYMENT_PLAN_ENDED"):
        story.skip(1)
    with pytest.raises(NotFound, match="REPAYMENT_NOT_FOUND"):
        story.skip(9)


def test_what_is_left_of_a_plan_is_changed() -> None:
    story = PayingStory().on(1, 10)
    story.buy(300)
    story.plan(90, date(2026, 1, 20), 3, Frequency.WEEKLY)
    story.run(1, 21)
    story.replan((PlannedPayment(on=date(2026, 2, 5), minor=75_00),))
    story.run(2, 28)
    assert drawn(story) == [("2026-01-20", 30), ("2026-02-05", 75)]
    assert "RepaymentPlanCompleted" in names(story.facts)
    with pytest.raises(Refused, match="REPAYMENT_PLAN_ENDED"):
        story.replan((PlannedPayment(on=date(2026, 3, 5), minor=1),), "y")


def test_a_cancelled_plan_draws_nothing_more_and_another_may_begin() -> None:
    story = PayingStory().on(1, 10)
    story.buy(300)
    story.plan(90, date(2026, 1, 20), 3, Frequency.WEEKLY)
    with pytest.raises(Refused, match="REPAYMENT_PLAN_ACTIVE"):
        story.plan(10, date(2026, 1, 20), 1, plan_id="other")
    story.run(1, 20)
    story.cancel()
    story.run(2, 20)
    assert drawn(story) == [("2026-01-20", 30)]
    story.plan(10, date(2026, 2, 21), 1, plan_id="other")
    with pytest.raises(Refused, match="REPAYMENTS_SCHEDULED_DIFFERENTLY"):
        story.plan(20, date(2026, 2, 21), 1, plan_id="other")


def test_a_plan_that_makes_no_sense_is_refused() -> None:
    story = PayingStory().on(1, 10)
    day = date(2026, 1, 20)
    with pytest.raises(Invalid, match="DATES_OUT_OF_ORDER"):
        story.planned((PlannedPayment(on=day, minor=1), PlannedPayment(on=day, minor=1)))
    with pytest.raises(Invalid, match="DATES_OUT_OF_ORDER"):
        story.planned((PlannedPayment(on=date(2026, 1, 9), minor=1),))
    with pytest.raises(Invalid, match="AMOUNT_NOT_POSITIVE"):
        story.planned((PlannedPayment(on=day, minor=0),))
    with pytest.raises(Invalid, match="PAYMENTS_OUT_OF_RANGE"):
        story.planned(())


# With autopay and payments of other kinds


def autopaying(kind: AutopayKind) -> PayingStory:
    """300.00 are bought in January; autopay collects on the 25th of February."""
    story = PayingStory().on(1, 10)
    story.buy(300)
    story.when(SetAutopay(account_id="account", kind=kind, transaction_date=story.today))
    return story


def test_autopay_collects_what_the_plan_has_left_of_the_minimum() -> None:
    story = autopaying(AutopayKind.MINIMUM)
    story.plan(10, date(2026, 2, 20), 1)
    story.run(2, 26)
    assert drawn(story) == [("2026-02-20", 10), ("2026-02-25", 15)]


def test_a_plan_on_the_due_date_is_drawn_before_autopay() -> None:
    story = autopaying(AutopayKind.STATEMENT)
    story.plan(100, date(2026, 2, 25), 1)
    story.run(2, 26)
    assert drawn(story) == [("2026-02-25", 100), ("2026-02-25", 200)]
    assert story.owed == 0


def test_a_plan_that_pays_the_minimum_leaves_nothing_for_autopay() -> None:
    story = autopaying(AutopayKind.MINIMUM)
    story.plan(25, date(2026, 2, 20), 1)
    told = story.run(2, 26)
    assert drawn(story) == [("2026-02-20", 25)]
    assert "AutopaySkipped" in names(told)
    assert amounts(story.facts, "FeeCharged") == []


def test_who_pays_off_everything_at_once_is_drawn_nothing_more() -> None:
    story = PayingStory().on(1, 10)
    story.buy(100)
    story.plan(90, date(2026, 1, 20), 3, Frequency.WEEKLY)
    story.pay(100)
    story.run(2, 10)
    assert drawn(story) == []
    assert story.state.billing.repayments[0].status is PlanStatus.COMPLETED


def test_a_payment_of_a_plan_may_come_back() -> None:
    story = PayingStory().on(1, 10)
    story.buy(300)
    story.plan(90, date(2026, 1, 20), 3, Frequency.WEEKLY)
    story.run(1, 20)
    owed = story.owed
    story.on(1, 22).report("plan p 1", settled=False)
    assert story.owed == owed + 30
    story.run(2, 10)
    assert len(drawn(story)) == 3, "the others are drawn all the same"


# Laws


@given(st.integers(1, 10**9), st.integers(1, 60))
def test_the_payments_of_a_plan_add_up_to_its_total(total: int, count: int) -> None:
    payments = spread(total, dates(date(2026, 1, 1), Frequency.WEEKLY, count))
    assert sum(each.minor for each in payments) == total
    assert max(each.minor for each in payments) - min(each.minor for each in payments) <= 1


ACTS = ("buy", "pay", "plan", "skip", "change", "cancel", "settle", "return", "run")
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 300)), max_size=30)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, confirmed=st.booleans())
def test_whatever_happens_plans_add_up_and_the_ledger_is_zero(
    steps: list[tuple[str, int]], confirmed: bool
) -> None:
    story, refusals = PayingStory(confirmed), set[str]()
    for number, (step, size) in enumerate(steps):
        story.later(days=5)
        pending = story.state.billing.collecting.pending
        try:
            match step:
                case "buy":
                    story.buy(size)
                case "pay":
                    story.initiate(size, f"q{number}") if confirmed else story.pay(size)
                case "plan":
                    story.plan(size, story.today, 1 + size % 6, Frequency.WEEKLY)
                case "skip":
                    story.skip(1 + size % 6)
                case "change":
                    first = story.today
                    days = dates(first, Frequency.FORTNIGHTLY, 1 + size % 3)
                    story.replan(spread(size * 100, days), f"x{number}")
                case "cancel":
                    story.cancel()
                case "settle" | "return" if pending:
                    story.report(pending[size % len(pending)].payment_id, step == "settle")
                case _:
                    story.run(story.today.month, story.today.day, story.today.year)
        except Error as refusal:
            refusals.add(str(refusal.reason))
    assert refusals <= {
        *("REPAYMENT_PLAN_NOT_FOUND", "REPAYMENT_PLAN_ENDED", "REPAYMENT_PLAN_ACTIVE"),
        *("REPAYMENT_NOT_FOUND", "REPAYMENTS_SCHEDULED_DIFFERENTLY", "NO_BILLING"),
    }
    entries = [line for fact in story.facts for line in postings(fact)]
    assert sum(line.amount.minor_units for line in entries) == 0
    owed = sum(e.amount.minor_units for e in entries if e.ledger_account == "RECEIVABLE")
    assert owed == story.state.posted_minor
    known = story.state.billing.collecting
    on_its_way = [p for p in known.known.values() if p.status == "INITIATED"]
    assert sum(p.minor for p in on_its_way) == known.pending_minor
    for plan in story.state.billing.repayments:
        for each in plan.payments:
            assert 0 <= each.drawn_minor <= each.minor
        if plan.status is PlanStatus.COMPLETED:
            assert not plan.open
