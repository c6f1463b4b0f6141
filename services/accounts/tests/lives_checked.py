"""What a banker would ask of any life, besides what every part asks of itself."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chassis.kernel.decider import Context
from chassis.kernel.errors import Error
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import commands as asked_of_billing
from services.accounts.domain.billing import events as billing
from services.accounts.domain.billing.commands import ProcessBillingDay
from services.accounts.domain.billing.posting import terms_of
from services.accounts.domain.billing.terms import FeeKind
from services.accounts.domain.charging import commands as asks
from services.accounts.domain.charging import events as charging
from services.accounts.domain.collecting.commands import InitiatePayment
from services.accounts.domain.credit_lines.commands import OfferCreditLine
from services.accounts.domain.disputes.commands import OpenDispute
from services.accounts.domain.transfers.events import BalanceTransferred
from services.accounts.tests.lives import BilledLife
from services.accounts.tests.lives_told import statements

ONCE: dict[type[Fact], str] = {
    events.ChargeCleared: "clearing_id",
    events.ChargeRefunded: "refund_id",
    events.PaymentRecorded: "payment_id",
    charging.OriginalCreditPosted: "credit_id",
    charging.RefundReversed: "reversal_id",
    charging.OriginalCreditReversed: "reversal_id",
    billing.PaymentReturned: "payment_id",
    billing.FeeCharged: "fee_id",
    billing.FeeWaived: "waiver_id",
    billing.CreditBalanceRefunded: "refund_id",
    BalanceTransferred: "transfer_id",
}
"""Under which id a fact that moves money is there once at most."""

OTHERWISE: dict[type[Command], str] = {
    commands.AuthoriseCharge: "amount",
    commands.AdviseCharge: "amount",
    commands.ReverseCharge: "amount",
    commands.ClearCharge: "amount",
    commands.RefundCharge: "amount",
    commands.RecordPayment: "amount",
    asks.AuthoriseRefund: "amount",
    asks.ReverseRefund: "amount",
    asks.PostOriginalCredit: "amount",
    asks.ReverseOriginalCredit: "amount",
    asked_of_billing.WaiveFee: "amount",
    asked_of_billing.ChangeCreditLine: "limit",
    InitiatePayment: "amount",
    OpenDispute: "amount",
    OfferCreditLine: "limit",
}
"""What else may be asked for under the same id, and is refused: it is another matter."""

MISSED_DAYS = 45
"""So many days may pass before anybody runs the billing of the day."""


def _as_promised(state: CreditAccount) -> CreditAccount:
    """Without the days that depend on when it is known that a payment is missing: then there is
    notice of a penalty rate, or of the early end of a promotion."""
    billing = state.billing
    deferrals = tuple(
        replace(each, ends_on=each.promised_until or each.ends_on, promised_until=None)
        for each in billing.deferrals
    )
    penalty_from = billing.penalty_from and date.max
    known = replace(billing, penalty_from=penalty_from, deferrals=deferrals)
    return replace(state, billing=known)


class CheckedLife(BilledLife):
    """Nothing twice, no minimum above the balance, no interest in a pause, no day forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str]] = set()

    def check(self, fact: Fact, before: CreditAccount) -> None:
        super().check(fact, before)
        name = ONCE.get(type(fact))
        if name is not None:
            key = fact.topic(), getattr(fact, name)
            assert key not in self.seen, f"{key} twice"
            self.seen.add(key)
        if isinstance(fact, billing.FeeCharged) and fact.kind is FeeKind.OVER_LIMIT:
            assert before.billing.over_limit.consents, "nobody consented to the fee"

    @precondition(lambda self: any(type(each) in OTHERWISE for each in self.given))
    @rule(choice=st.integers(0, 1_000))
    def ask_otherwise(self, choice: int) -> None:
        """What was done is asked for again under the same id, but for another amount."""
        done = [each for each in self.given if type(each) in OTHERWISE]
        command: Any = done[choice % len(done)]
        name = OTHERWISE[type(command)]
        amount = getattr(command, name)
        other = Money(amount.minor_units + 1 if amount else 1, "GBP")
        with pytest.raises(Error):
            self.story.decide(replace(command, **{name: other}))

    @invariant()
    def no_more_is_required_than_was_told(self) -> None:
        for due in self.story.state.billing.dues:
            assert 0 <= due.minimum_now <= due.minimum_minor <= max(0, due.closing_minor)
            assert 0 <= due.left_out_minor <= due.required_minor
            assert 0 <= due.unpaid_minor <= due.remaining_minor <= due.required_minor

    @invariant()
    def no_more_of_a_fee_is_given_back_than_it_was(self) -> None:
        for fee in self.story.state.billing.fees:
            assert 0 <= fee.waived_minor <= fee.minor

    @invariant()
    def who_is_delinquent_has_missed_a_payment(self) -> None:
        state = self.story.state
        if state.billing.delinquency_days and terms_of(state):
            assert any(due.checked and due.unpaid_minor for due in state.billing.dues)

    def teardown(self) -> None:
        if hasattr(self, "story"):
            self._no_interest_in_a_pause()
            self._years_add_up()
            self._missed_days_are_made_up_for()
        super().teardown()

    def _no_interest_in_a_pause(self) -> None:
        pauses = [f for f in self.story.facts if isinstance(f, billing.HardshipGranted)]
        for told in statements(self.story.facts):
            for line in told.interest:
                last_on = line.first_on + timedelta(days=line.days - 1)
                for pause in pauses:
                    apart = last_on < pause.starts_on or pause.ends_on < line.first_on
                    assert apart or not line.interest_minor, (line, pause)

    def _years_add_up(self) -> None:
        """Interest and fees of the year so far are those of its statements."""
        year, interest, fees = 0, 0, 0
        for told in statements(self.story.facts):
            if told.opened_on.year != year:
                year, interest, fees = told.opened_on.year, 0, 0
            interest += told.interest_minor
            fees += told.fees_minor
            assert told.year_to_date_interest_minor == interest
            assert told.year_to_date_fees_minor == fees

    def _missed_days_are_made_up_for(self) -> None:
        """Billing that was not run for weeks does what it would have done day by day."""
        begun = self._run(self.story.state, 0, 1)
        late = self._run(begun, MISSED_DAYS, MISSED_DAYS)
        daily = self._run(begun, MISSED_DAYS, 1)
        assert _as_promised(daily) == _as_promised(late)

    def _run(self, state: CreditAccount, days: int, step: int) -> CreditAccount:
        today: date = self.story.now.date()
        for ahead in range(step if days else 0, days + 1, step):
            day = today + timedelta(days=ahead)
            context = Context(
                now=self.story.now + timedelta(days=ahead), actor="tester", new_id=lambda: ""
            )
            run: Any = ProcessBillingDay(account_id="account", business_date=day)
            for fact in CREDIT_ACCOUNT.decide(state, run, context):
                state = CREDIT_ACCOUNT.evolve(state, fact)
        return state
