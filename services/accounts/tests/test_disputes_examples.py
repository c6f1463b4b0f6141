"""Examples of the commentary on 12 CFR 1026.13 with figures, as they are billed."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chassis.kernel.events import Fact
from services.accounts.domain.billing.statement import GraceStatus
from services.accounts.domain.disputes import commands
from services.accounts.domain.disputes.events import DisputeResolved
from services.accounts.domain.disputes.state import DisputeReason, DisputeStatus
from services.accounts.domain.statements.rebuilding import Verification
from services.accounts.domain.values import Channel
from services.accounts.tests.billing_stories import BilledStory, amounts
from services.accounts.tests.disputing import Disputing
from services.accounts.tests.stories import Story

LOST, WON = DisputeStatus.LOST, DisputeStatus.WON


class TwoDollars(Disputing):
    """A bill of 300.00 in January, of which an item of 2.00 is disputed on February 5."""

    def __init__(self) -> None:
        BilledStory.__init__(self)
        self.on(1, 10).buy(298)
        self.item = self.bought(2)
        self.run(1, 31)
        self.on(2, 5).dispute(self.item)


@pytest.mark.parametrize("outcome", [LOST, WON])
def test_who_pays_all_but_what_is_disputed_keeps_the_grace(outcome: DisputeStatus) -> None:
    """Comment 13(d)(1)-3: 298 of 300 are paid in time; no interest on what is bought since, even
    if there was no error."""
    story = TwoDollars()
    story.on(2, 10).buy(100)
    story.on(2, 24).pay(298)
    story.run(2, 28)
    assert story.statement(2).grace is GraceStatus.KEPT
    assert story.statement(2).interest_minor == 0
    assert story.on(3, 2).resolve(outcome)
    story.on(3, 20).pay(story.owed)
    story.run(4, 30)
    assert amounts(story.facts, "InterestCharged") == amounts(story.facts, "FeeCharged") == []
    assert story.owed == 0


class NoError(Disputing):
    """A bill of 365.00 in January, all of it disputed on February 10, within its time to pay, and
    lost on March 20: to be paid within the 25 days of the grace period, by April 14."""

    def __init__(self, paid_before: bool = True, **changes: Any) -> None:
        BilledStory.__init__(self, **changes)
        if not paid_before:
            self.on(1, 5).buy(100)
            self.run(2, 28)
        month = 1 if paid_before else 3
        self.on(month, 10)
        self.item = self.bought(365)
        self.run(month, 31)
        self.on(month + 1, 10).dispute(self.item)
        self.run(month + 2, 19)
        self.on(month + 2, 20).resolve(LOST)

    @property
    def interest(self) -> list[float]:
        """What was charged, cycle by cycle."""
        return [each.interest_minor / 100 for each in self.statements()]


@pytest.mark.parametrize(("month", "day"), [(3, 28), (4, 10), (4, 14)])
def test_who_pays_in_the_time_after_no_error_pays_no_interest(month: int, day: int) -> None:
    """Comment 13(g)(2)-1: the holder had grace and is given all of it anew; March closes before it
    is over. Paid in it, nothing is charged, and 100.00 bought since keep their grace."""
    story = NoError()
    assert story.state.disputes.cases["dispute"].pay_by == date(2026, 4, 14)
    story.on(3, 22).buy(100)
    if (month, day) == (3, 28):
        story.pay(365)
    story.run(3, 31)
    if month == 4:
        story.on(month, day).pay(365)
    story.on(4, 24).pay(100)
    story.run(5, 31)
    assert amounts(story.facts, "InterestCharged") == amounts(story.facts, "FeeCharged") == []
    assert story.owed == 0
    told = story.statement(3)
    assert (told.grace, told.disputed_minor) == (GraceStatus.KEPT, 0)
    assert told.minimum.regular_minor == min(2_500, told.closing_minor)


def test_who_does_not_pay_in_the_time_after_no_error_is_charged_from_the_cycle_it_ends_in() -> None:
    """13(g)(2): without charges only in that time. It ends on April 14; the bill of March is not
    paid by April 25 either: 365.00 at 15% for the 30 days of April, and for May with that."""
    story = NoError()
    story.run(4, 30)
    assert story.interest == [0, 0, 0, 4.50]
    assert story.statement(4).grace is GraceStatus.LOST


def test_the_time_after_no_error_may_end_between_the_due_date_and_the_close() -> None:
    """13(g)(2): lost on March 2, to be paid by March 27; the due date is March 25."""
    story = Disputing()
    story.dispute(story.dear)
    story.on(2, 20).pay(200)
    story.run(2, 28)
    story.on(3, 2).resolve(LOST)
    assert story.state.disputes.cases["dispute"].pay_by == date(2026, 3, 27)
    story.run(3, 26)
    story.on(3, 27).pay(300)
    story.run(4, 30)
    assert amounts(story.facts, "InterestCharged") == []


def test_the_time_after_no_error_frees_only_what_was_in_dispute() -> None:
    """13(d)(4), (g)(2): of 500.00 300.00 were in dispute and are lost on February 10, to be paid by
    March 7. 200.00 are not paid by February 25: 15% for 28 days on 200.00, 2.30."""
    story = Disputing(fees=())
    story.dispute(story.dear)
    story.on(2, 10).resolve(LOST)
    story.run(2, 28)
    assert story.statement(2).interest_minor == 230


def test_what_is_in_dispute_once_more_is_not_left_out_twice() -> None:
    """13(g)(2), (h): 300.00 of 500.00 are lost on February 10, and disputed again for another
    reason on February 12: 200.00 that are not paid bear interest as above."""
    story = Disputing(fees=())
    story.dispute(story.dear)
    story.on(2, 10).resolve(LOST)
    story.on(2, 12).when(
        commands.OpenDispute(
            account_id="account",
            dispute_id="again",
            charge_id=story.dear,
            reason=DisputeReason.NOT_AS_AGREED,
            received_on=story.today,
            channel=Channel.HOLDER,
        )
    )
    story.run(2, 28)
    assert story.statement(2).disputed_minor == 30_000
    assert story.statement(2).interest_minor == 230


def test_who_had_no_grace_at_the_notice_has_none_after_no_error() -> None:
    """Comment 13(g)(2)-1, last sentence: the bill before the notice was not paid. In April only
    107.04 bear interest, in May, with the decision, 472.04: 31 days at 15% are 6.01."""
    story = NoError(paid_before=False)
    story.run(5, 31)
    assert story.interest == [0, 1.15, 4.59, 1.30, 6.01]


def test_statements_with_time_after_no_error_are_worked_out_again() -> None:
    """As they were told, and again after a payment that is dated back into the time to pay."""
    story = NoError()
    story.run(5, 5)
    assert story.interest == [0, 0, 0, 4.50]
    story.pay(365, credited=date(2026, 4, 14))
    assert amounts(story.facts, "InterestAdjusted") == [-4.50]
    story.run(5, 31)
    for told, again in Verification().pairs(story.facts):
        assert told == again


class DecidedBefore(NoError):
    """The same, where the decision was stored before it told what is awaited."""

    def given(self, *told: Fact) -> Story:
        old = [replace(f, awaited=None) if isinstance(f, DisputeResolved) else f for f in told]
        return super().given(*old)


def test_statements_after_an_older_decision_are_worked_out_as_they_were_told() -> None:
    """What was charged then, 15% on 365.00 for 31 days of March, is what the facts still say."""
    story = DecidedBefore()
    story.run(3, 31)
    story.on(4, 10).pay(369.65)
    story.run(4, 30)
    assert story.interest == [0, 0, 4.65, 1.37]
    pairs = list(Verification().pairs(story.facts))
    assert len(pairs) == 4
    for told, again in pairs:
        assert told == again
