"""Disputes of charges, by the rules of 12 CFR 1026.13; each test cites its paragraph."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from chassis.kernel.errors import Error
from chassis.kernel.events import Fact
from services.accounts.domain.billing.terms import BillingTerms, MinimumPaymentRule
from services.accounts.domain.disputes import commands, events, rules
from services.accounts.domain.disputes.commands import Deadline
from services.accounts.domain.disputes.state import (
    PARAGRAPHS,
    Dispute,
    DisputeReason,
    DisputeStatus,
)
from services.accounts.domain.ledger import LedgerAccount, postings
from services.accounts.domain.values import Channel
from services.accounts.tests.stories import TODAY, AccountStory, pounds

ON: dict[str, Any] = {"account_id": "account", "dispute_id": "dispute"}
RULES = rules.rules_on(TODAY)
MONTHLY = BillingTerms(
    rates=(), minimum_payment=MinimumPaymentRule(floor_minor=2_500), grace_days=25
)


class DisputeStory(AccountStory):
    """A charge of 100.00 is posted on 16 March 2026."""

    def __init__(self, amount: float = 100, **changes: Any) -> None:
        super().__init__(**changes)
        self.authorise(amount)
        self.clear(amount)

    @property
    def dispute(self) -> Dispute:
        return self.state.disputes.cases["dispute"]

    @property
    def owed(self) -> float:
        return self.state.posted_minor / 100

    def ledger(self) -> dict[str, float]:
        """What each ledger account has come to."""
        totals: dict[str, int] = {}
        for fact in self.facts:
            for line in postings(fact):
                name = str(line.ledger_account)
                totals[name] = totals.get(name, 0) + line.amount.minor_units
        assert sum(totals.values()) == 0
        return {name: total / 100 for name, total in totals.items() if total}

    def open(self, amount: float | None = None, on: date = TODAY, **more: Any) -> Fact:
        (fact,) = self.when(opening(amount, on, **more))
        return fact

    def credit(self) -> None:
        self.when(commands.GrantProvisionalCredit(**ON, posting_date=TODAY))

    def advance(self, *stages: DisputeStatus) -> None:
        for stage in stages:
            self.when(commands.AdvanceDispute(**ON, stage=stage, posting_date=TODAY))

    def resolve(self, outcome: DisputeStatus, **more: Any) -> events.DisputeResolved:
        command = commands.ResolveDispute(
            **ON, outcome=outcome, explanation="because", posting_date=TODAY, **more
        )
        (fact,) = self.when(command)
        assert isinstance(fact, events.DisputeResolved)
        return fact

    def check(self, deadline: Deadline, on: date) -> list[Fact]:
        self.now = datetime.combine(on, time(), UTC)
        return self.when(commands.CheckDispute(**ON, deadline=deadline))


def opening(amount: float | None = None, on: date = TODAY, **more: Any) -> commands.OpenDispute:
    fields: dict[str, Any] = {
        **ON,
        "charge_id": "charge",
        "reason": DisputeReason.NOT_RECEIVED,
        "amount": None if amount is None else pounds(amount),
        "received_on": on,
        "channel": Channel.HOLDER,
        **more,
    }
    return commands.OpenDispute(**fields)


def refusal_of(story: AccountStory, command: Any) -> str:
    with pytest.raises(Error) as refused:
        story.when(command)
    return refused.value.reason


WON, LOST, WRITTEN_OFF = DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.WRITTEN_OFF
CHARGED_BACK, REPRESENTED = DisputeStatus.CHARGED_BACK, DisputeStatus.REPRESENTED
PRE_ARBITRATION, ARBITRATION = DisputeStatus.PRE_ARBITRATION, DisputeStatus.ARBITRATION


@pytest.mark.parametrize("reason", list(DisputeReason))
def test_every_kind_of_billing_error_may_be_asserted(reason: DisputeReason) -> None:
    """1026.13(a)(1) to (6)."""
    story = DisputeStory()
    story.open(reason=reason)
    assert story.dispute.reason is reason
    assert PARAGRAPHS[reason].startswith("13(a)(")


@pytest.mark.parametrize(("days", "in_time"), [(0, True), (60, True), (61, False)])
def test_a_notice_comes_within_sixty_days_of_the_first_statement(days: int, in_time: bool) -> None:
    """1026.13(b)(1): no later than 60 days after the first statement with the error."""
    story, shown_on = DisputeStory(), date(2026, 3, 31)
    command = opening(on=shown_on + timedelta(days=days), statement_on=shown_on)
    if in_time:
        story.when(command)
        assert story.dispute.timely
    else:
        assert refusal_of(story, command) == "NOTICE_TOO_LATE"


def test_the_first_statement_is_that_of_the_cycle_in_which_the_charge_was_posted() -> None:
    """1026.13(b)(1): posted on 16 March, first shown on 31 March, so until 30 May."""
    story = DisputeStory(billing=MONTHLY)
    assert refusal_of(story, opening(on=date(2026, 5, 31))) == "NOTICE_TOO_LATE"
    fact = story.open(on=date(2026, 5, 30))
    assert isinstance(fact, events.DisputeOpened)
    assert fact.statement_on == date(2026, 3, 31)


def test_a_late_notice_may_be_taken_all_the_same() -> None:
    """1026.13(b)(1) binds the consumer, not the creditor's kindness."""
    story = DisputeStory(billing=MONTHLY)
    story.open(on=date(2026, 6, 30), accept_late=True)
    assert not story.dispute.timely


def test_a_notice_is_acknowledged_within_thirty_days() -> None:
    """1026.13(c)(1)."""
    story = DisputeStory()
    story.open()
    assert story.dispute.acknowledge_by == TODAY + timedelta(days=30)
    assert story.check(Deadline.ACKNOWLEDGE, TODAY + timedelta(days=30)) == []
    (missed,) = story.check(Deadline.ACKNOWLEDGE, TODAY + timedelta(days=31))
    assert isinstance(missed, events.DisputeDeadlineMissed)
    assert missed.due_on == TODAY + timedelta(days=30)


def test_what_was_acknowledged_or_resolved_in_time_is_not_missed() -> None:
    """1026.13(c)(1): unless it was resolved within the 30 days."""
    story = DisputeStory()
    story.open()
    story.when(commands.AcknowledgeDispute(**ON, transaction_date=TODAY))
    assert story.check(Deadline.ACKNOWLEDGE, TODAY + timedelta(days=31)) == []
    resolved = DisputeStory()
    resolved.open()
    resolved.resolve(LOST)
    assert resolved.check(Deadline.ACKNOWLEDGE, TODAY + timedelta(days=31)) == []


@pytest.mark.parametrize(
    ("received_on", "resolve_by"),
    [
        (date(2026, 3, 14), date(2026, 5, 31)),
        (date(2026, 1, 2), date(2026, 3, 31)),
        (date(2026, 7, 1), date(2026, 9, 29)),
        (date(2026, 3, 31), date(2026, 5, 31)),
        (date(2026, 12, 15), date(2027, 2, 28)),
    ],
    ids=["mid-cycle", "88 days", "90 days are less", "last day of a cycle", "over the year"],
)
def test_a_dispute_is_resolved_within_two_complete_cycles_and_ninety_days(
    received_on: date, resolve_by: date
) -> None:
    """1026.13(c)(2); comment 13(c)(2)-1: the remainder of the cycle and the next two full ones."""
    assert rules.resolve_by(RULES, MONTHLY, received_on) == resolve_by
    assert resolve_by <= received_on + timedelta(days=90)


def test_without_cycles_a_dispute_is_resolved_within_ninety_days() -> None:
    """1026.13(c)(2): in no event later than 90 days."""
    assert rules.resolve_by(RULES, None, TODAY) == TODAY + timedelta(days=90)


def test_a_dispute_not_resolved_in_time_is_the_holders_for_good() -> None:
    """Comment 13(c)(2)-2: the creditor then generally must credit, and may not take back."""
    story = DisputeStory(billing=MONTHLY)
    story.open(on=TODAY)
    story.advance(CHARGED_BACK, REPRESENTED)
    assert story.check(Deadline.RESOLVE, date(2026, 5, 30)) == []
    missed, credited, finalised = story.check(Deadline.RESOLVE, date(2026, 5, 31))
    assert isinstance(missed, events.DisputeDeadlineMissed)
    assert isinstance(credited, events.ProvisionalCreditGranted)
    assert isinstance(finalised, events.DisputeCreditFinalised)
    assert story.owed == 0
    fact = story.resolve(LOST)
    assert (fact.credit, fact.loss, fact.owed) == (pounds(0), pounds(100), pounds(0))
    assert story.ledger() == {"SETTLEMENT": -100, "DISPUTE_LOSS": 100}


def test_what_is_disputed_is_withheld_until_it_is_decided() -> None:
    """1026.13(d)(1): the consumer need not pay the disputed amount."""
    story = DisputeStory()
    story.open(60)
    assert story.state.disputes.disputed_of("charge") == 6_000
    assert story.state.disputes.disputed_charges() == (("charge", 6_000),)
    assert story.state.disputes.open_minor == 6_000
    story.resolve(LOST)
    assert story.state.disputes.disputed_of("charge") == 0
    assert story.state.disputes.open_minor == 0


def test_what_is_credited_already_is_not_withheld_twice() -> None:
    """1026.13(d)(1) and comment 13(c)-1: a provisional correction leaves nothing to be paid."""
    story = DisputeStory()
    story.open(60)
    story.credit()
    assert story.owed == 40
    assert story.state.disputes.disputed_of("charge") == 0


@pytest.mark.parametrize(
    ("received_on", "left_out"),
    [
        (date(2026, 4, 7), True),
        (date(2026, 4, 8), True),
        (date(2026, 4, 9), False),
        (date(2026, 4, 12), False),
    ],
)
def test_autopay_leaves_out_what_was_disputed_three_business_days_before(
    received_on: date, left_out: bool
) -> None:
    """1026.13(d)(1): due on Monday 13 April 2026, so until Wednesday the 8th."""
    assert rules.is_in_time_for_autopay(RULES, received_on, date(2026, 4, 13)) is left_out


def test_a_dispute_takes_no_credit_away_and_restricts_nothing() -> None:
    """1026.13(d)(3): the account is neither restricted nor closed because of it."""
    story = DisputeStory()
    before = (story.state.status, story.state.sub_statuses, story.available)
    story.open()
    assert (story.state.status, story.state.sub_statuses, story.available) == before


def test_an_error_that_occurred_is_credited_with_what_goes_with_it() -> None:
    """1026.13(e)(1): the disputed amount and related finance or other charges."""
    story = DisputeStory()
    story.open()
    fact = story.resolve(WRITTEN_OFF, related=pounds(2.34))
    assert (fact.corrected, fact.credit, fact.loss) == (
        pounds(100),
        pounds(102.34),
        pounds(102.34),
    )
    assert story.owed == -2.34
    assert story.ledger() == {"RECEIVABLE": -2.34, "SETTLEMENT": -100, "DISPUTE_LOSS": 102.34}


def test_a_different_error_is_corrected_as_it_was_found() -> None:
    """1026.13(f)(3); comment 13(f)-1.i: 55.00 is asserted, and 53.00 was the error."""
    story = DisputeStory()
    story.open(55)
    fact = story.resolve(WON, corrected=pounds(53))
    assert (fact.corrected, fact.credit, fact.owed) == (pounds(53), pounds(53), pounds(2))
    assert story.owed == 47


def test_what_is_owed_after_all_may_be_paid_in_the_time_a_statement_gives() -> None:
    """1026.13(g)(1) and (2): the holder is told when, and has the grace period of 25 days."""
    story = DisputeStory(billing=MONTHLY)
    story.open()
    fact = story.resolve(LOST)
    assert (fact.owed, fact.pay_by) == (pounds(100), TODAY + timedelta(days=25))
    assert fact.report_after == TODAY + timedelta(days=25)


def test_what_is_owed_after_all_is_not_reported_for_ten_days() -> None:
    """1026.13(g)(3): the period disclosed or 10 days, whichever is longer."""
    story = DisputeStory()
    story.open()
    assert story.resolve(LOST).report_after == TODAY + timedelta(days=10)


def test_the_same_error_is_not_asserted_again() -> None:
    """1026.13(h): no further responsibilities for substantially the same error."""
    story = DisputeStory()
    story.open()
    story.resolve(LOST)
    again = opening(dispute_id="again")
    assert refusal_of(story, again) == "DISPUTE_REASSERTED"
    story.when(opening(dispute_id="other", reason=DisputeReason.DUPLICATE))


def test_a_notice_may_be_withdrawn() -> None:
    """Comment 13(b)-1: what was credited is owed again."""
    story = DisputeStory()
    story.open()
    story.credit()
    story.when(commands.WithdrawDispute(**ON, posting_date=TODAY))
    assert (story.owed, story.dispute.status) == (100, DisputeStatus.WITHDRAWN)
    assert story.ledger() == {"RECEIVABLE": 100, "SETTLEMENT": -100}


def test_a_temporary_credit_does_not_end_the_procedure() -> None:
    """Comment 13(c)-1: the creditor is not excused from the time limits."""
    story = DisputeStory()
    story.open()
    story.credit()
    assert story.dispute.is_open
    (_, final) = story.check(Deadline.RESOLVE, TODAY + timedelta(days=90))
    assert isinstance(final, events.DisputeCreditFinalised)


@pytest.mark.parametrize("credited", [True, False])
@pytest.mark.parametrize(
    ("stages", "outcome", "owed", "ledger"),
    [
        ((CHARGED_BACK,), WON, 0, {}),
        ((CHARGED_BACK, REPRESENTED, PRE_ARBITRATION, ARBITRATION), WON, 0, {}),
        ((CHARGED_BACK, REPRESENTED), LOST, 100, {"RECEIVABLE": 100, "SETTLEMENT": -100}),
        ((CHARGED_BACK,), LOST, 100, {"RECEIVABLE": 100, "SETTLEMENT": -100}),
        (
            (CHARGED_BACK, REPRESENTED, PRE_ARBITRATION, ARBITRATION),
            WRITTEN_OFF,
            0,
            {"SETTLEMENT": -100, "DISPUTE_LOSS": 100},
        ),
    ],
)
def test_a_dispute_goes_its_way_and_leaves_nothing_open(
    stages: tuple[DisputeStatus, ...],
    outcome: DisputeStatus,
    owed: float,
    ledger: dict[str, float],
    credited: bool,
) -> None:
    """Whatever the way, DISPUTE_RECEIVABLE is zero at the end."""
    story = DisputeStory()
    story.open()
    if credited:
        story.credit()
    story.advance(*stages)
    story.resolve(outcome)
    assert (story.owed, story.ledger()) == (owed, ledger)
    assert str(LedgerAccount.DISPUTE_RECEIVABLE) not in story.ledger()


def test_stages_follow_one_another() -> None:
    story = DisputeStory()
    story.open()
    ahead = commands.AdvanceDispute(**ON, stage=ARBITRATION, posting_date=TODAY)
    assert refusal_of(story, ahead) == "STAGE_OUT_OF_ORDER"


def test_no_more_is_disputed_than_was_posted_and_is_not_decided() -> None:
    story = DisputeStory()
    story.refund(20)
    assert refusal_of(story, opening(80.01)) == "DISPUTE_EXCEEDS_CAPTURED"
    story.open(50)
    second = opening(30.01, dispute_id="second")
    assert refusal_of(story, second) == "DISPUTE_EXCEEDS_CAPTURED"
    story.when(opening(30, dispute_id="second"))
    third = opening(None, dispute_id="third")
    assert refusal_of(story, third) == "NOTHING_TO_DISPUTE"


def test_a_charge_that_is_only_held_is_not_disputed() -> None:
    story = AccountStory()
    story.authorise(10)
    assert refusal_of(story, opening()) == "NOTHING_TO_DISPUTE"


def test_an_id_with_other_content_is_refused() -> None:
    story = DisputeStory()
    story.open(50)
    assert refusal_of(story, opening(51)) == "DISPUTE_OPENED_DIFFERENTLY"


def test_the_rules_are_a_dated_table() -> None:
    """Part 1026 took effect on 30 December 2011."""
    dates = [each.effective_from for each in rules.REGULATION_Z]
    assert dates == sorted(dates)
    assert rules.rules_on(date(2011, 12, 30)) == rules.REGULATION_Z[0]
    assert (RULES.notice_days, RULES.acknowledge_days) == (60, 30)
    assert (RULES.resolve_days, RULES.resolve_cycles) == (90, 2)
