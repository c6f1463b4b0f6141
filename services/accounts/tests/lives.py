"""What the laws of accounts share: any life, given by machines that hypothesis drives."""

import os
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis.codec import StateCodec
from chassis.kernel.errors import Error
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import commands as billing
from services.accounts.domain.billing.agenda import next_due_on
from services.accounts.domain.billing.explaining import by_day
from services.accounts.domain.billing.interest import compute
from services.accounts.domain.billing.posting import terms_of
from services.accounts.domain.billing.recalculating import corrected, recalculate
from services.accounts.domain.billing.statement import LineKind, Statement
from services.accounts.domain.charging import events as credits
from services.accounts.domain.charging.commands import ExpireRefund
from services.accounts.domain.disputes.commands import CheckDispute
from services.accounts.domain.ledger import FINANCIAL, LedgerAccount, postings
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.tests.billing_stories import CASH_MACHINE
from services.accounts.tests.stories import GROCER, Story

LARGER = int(os.environ.get("CARDS_LAWS", "1"))
"""So many times as many lives are tried as usual."""

CODEC = StateCodec(CreditAccount)
AMOUNTS = st.integers(1, 90_000).map(lambda minor: Money(minor, "GBP"))
IDS = st.sampled_from(["a", "b", "c", "d"])

ANY_TIME = (
    billing.SetAutopay,
    billing.GrantHardship,
    commands.SuspendAccount,
    commands.ReinstateAccount,
    commands.BlockCard,
    commands.UnblockCard,
    MigrateAccount,
    billing.ProcessBillingDay,
    commands.ExpireHold,
    ExpireRefund,
    CheckDispute,
)
"""Commands without an id of their own: what was asked for once may be asked for again later, of a
day that is over more may be known, and what a timer asks in vain may have come about since."""


def tried(examples: int, steps: int) -> settings:
    """How many lives of how many steps are tried."""
    return settings(
        max_examples=examples * LARGER,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


class Life(RuleBasedStateMachine):
    """Commands are given; whatever they are, the ledger is zero and nothing happens twice."""

    story: Story
    tolerance = 0

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Command] = []
        self.sums: Counter[tuple[str, str]] = Counter()
        self.read = 0
        self.versions: list[tuple[int, CreditAccount, bytes]] = []

    @property
    def today(self) -> date:
        """The day it is."""
        return self.story.now.date()

    def give(self, command: Command) -> bool:
        """Carry it out; a refusal must change nothing, a repetition must do nothing."""
        before = self.story.state
        try:
            facts = self.story.when(command)
        except Error:
            assert self.story.state == before
            return False
        self.given.append(command)
        for fact in facts:
            self.check(fact, before)
        return True

    def check(self, fact: Fact, before: CreditAccount) -> None:
        """What is true of every fact by itself."""
        lines = postings(fact)
        assert sum(line.amount.minor_units for line in lines) == 0
        assert isinstance(fact, FINANCIAL) or not lines
        if isinstance(fact, events.ChargeAuthorised) and fact.held and not fact.decided_by_network:
            assert fact.held.minor_units <= before.available_minor + self.tolerance
        if isinstance(fact, credits.AuthorisationMatched) and fact.held:
            posted = before.charges[fact.charge_id].captured_minor
            room = before.available_minor + posted + self.tolerance
            assert fact.decided_by_network or fact.held.minor_units + posted <= room
        if isinstance(fact, events.ChargeIncremented):
            more = before.available_minor - fact.available.minor_units
            assert more <= before.available_minor + self.tolerance
        if isinstance(fact, events.ChargeAuthorised | events.ChargeCleared) and fact.markup:
            assert 0 < fact.markup.minor_units < fact.amount.minor_units

    @rule(choice=st.integers(0, 1_000))
    def ask_again(self, choice: int) -> None:
        """What was asked for earlier is asked for again: nothing follows."""
        asked = [each for each in self.given if not isinstance(each, ANY_TIME)]
        if not asked:
            return
        command = asked[choice % len(asked)]
        with suppress(Error):  # nothing follows from a refusal either
            assert list(self.story.decide(command)) == [], command

    @rule()
    def remember(self) -> None:
        """The account as it is now, to be compared in the end."""
        state = self.story.state
        self.versions.append((len(self.story.facts), state, CODEC.encode(state)))

    @invariant()
    def the_ledger_is_zero_and_says_what_is_owed(self) -> None:
        for fact in self.story.facts[self.read :]:
            for posting in postings(fact):
                where = posting.amount.currency, posting.ledger_account
                self.sums[where] += posting.amount.minor_units
            for currency in {currency for currency, _ in self.sums}:
                assert sum(each for key, each in self.sums.items() if key[0] == currency) == 0
        self.read = len(self.story.facts)
        receivable = sum(n for (_, a), n in self.sums.items() if a is LedgerAccount.RECEIVABLE)
        assert receivable == self.story.state.posted_minor

    @invariant()
    def the_last_fact_says_what_may_be_spent(self) -> None:
        available = getattr(self.story.facts[-1], "available", None)
        if available is not None:
            assert available == self.story.state.money(self.story.state.available_minor)

    def teardown(self) -> None:
        if not hasattr(self, "story"):
            return
        fold = self.story.decider.fold
        for length, state, stored in self.versions:
            assert CODEC.encode(state) == stored
            assert fold(self.story.facts[:length]) == state
        assert fold(self.story.facts) == self.story.state
        assert CODEC.decode(CODEC.encode(self.story.state)) == self.story.state


class BilledLife(Life):
    """Charges, payments, refunds, returns on any day; days go on and statements are cut."""

    def __init__(self) -> None:
        super().__init__()
        self.begun_with_minor = 0
        self.payments: list[str] = []
        self.purchases: list[str] = []

    def earlier(self, days: int) -> date:
        """A day, but none before the account was opened."""
        opened_on = self.story.state.billing.opened_on or self.today
        return max(self.today - timedelta(days=days), opened_on)

    def _new(self, kind: str) -> str:
        return f"{kind} {len(self.story.facts)} {len(self.given)}"

    @rule(amount=AMOUNTS, cash=st.booleans(), days_ago=st.sampled_from([0, 0, 1, 3]))
    def buy_on_a_day(self, amount: Money, cash: bool, days_ago: int) -> None:
        on, clearing_id = self.earlier(days_ago), self._new("charge")
        given = self.give(
            commands.ClearCharge(
                account_id="account",
                clearing_id=clearing_id,
                charge_id="",
                card_id="card",
                amount=amount,
                merchant=CASH_MACHINE if cash else GROCER,
                transaction_date=on,
                posting_date=on,
            )
        )
        self.purchases += [clearing_id] if given else []

    @rule(amount=AMOUNTS, days_ago=st.sampled_from([0, 0, 0, 2, 20, 45, 400]))
    def pay_on_a_day(self, amount: Money, days_ago: int) -> None:
        on, payment_id = self.earlier(days_ago), self._new("payment")
        given = self.give(
            commands.RecordPayment(
                account_id="account",
                payment_id=payment_id,
                amount=amount,
                transaction_date=on,
                posting_date=on,
            )
        )
        self.payments += [payment_id] if given else []

    @rule(amount=AMOUNTS, days_ago=st.sampled_from([0, 5, 40]), choice=st.integers(0, 50))
    def refund_on_a_day(self, amount: Money, days_ago: int, choice: int) -> None:
        on, linked = self.earlier(days_ago), self.purchases and choice % 2
        self.give(
            commands.RefundCharge(
                account_id="account",
                refund_id=self._new("refund"),
                charge_id=self.purchases[choice % len(self.purchases)] if linked else "",
                card_id="card",
                amount=amount,
                merchant=GROCER,
                transaction_date=on,
                posting_date=on,
            )
        )

    @rule(choice=st.integers(0, 50))
    def bounce(self, choice: int) -> None:
        if self.payments:
            self.give(
                billing.ReturnPayment(
                    account_id="account",
                    payment_id=self.payments.pop(choice % len(self.payments)),
                    reason="INSUFFICIENT_FUNDS",
                    transaction_date=self.today,
                    posting_date=self.today,
                )
            )

    @rule(days=st.sampled_from([1, 3, 10, 31, 70]), late=st.booleans())
    def time_goes_on(self, days: int, late: bool) -> None:
        self.story.later(days=days)
        if late:
            return
        self.give(billing.ProcessBillingDay(account_id="account", business_date=self.today))
        terms = terms_of(self.story.state)
        due = next_due_on(self.story.state.billing, terms) if terms else None
        assert due is None or due > self.today

    @invariant()
    def buckets_add_up_to_what_is_owed(self) -> None:
        state = self.story.state
        terms = terms_of(state)
        if terms is None:
            return
        booked = sum(line.amount_minor for line in state.billing.booked())
        assert sum(each.minor for each in state.billing.told) + booked == state.posted_minor
        far = max([state.billing.closes_on, *(x.effective_on for x in state.billing.booked())])
        now = compute(state.billing.sheet(terms, until=far))
        owed = sum(each.minor for each in now.closing) - now.interest_minor
        assert owed == state.posted_minor
        assert all(each.minor > 0 or each.bucket == "CREDIT" for each in now.closing)

    @invariant()
    def closed_cycles_are_what_they_are_when_they_are_computed_again(self) -> None:
        state = self.story.state
        terms = terms_of(state)
        if terms is not None:
            again, last = recalculate(state.billing, terms)
            assert corrected(state.billing.closed, again) == ()
            assert last is None or last.closing == state.billing.opening

    def teardown(self) -> None:
        if hasattr(self, "story"):
            closing, buckets = self.begun_with_minor, dict[str, int]()
            if closing:
                buckets = {"PURCHASE" if closing > 0 else "CREDIT": closing}
            for told in statements(self.story.facts):
                explains_itself(told, closing, buckets)
                closing = told.closing_minor
                buckets = {b.bucket: b.closing_minor for b in told.balances if b.closing_minor}
            self._days_add_up()
        super().teardown()

    def _days_add_up(self) -> None:
        terms = terms_of(self.story.state)
        for told in statements(self.story.facts) if terms else ():
            assert terms
            days = by_day(told.interest, self.story.state.billing.book(terms))
            charged = sum(line.interest_minor for line in told.balances)
            assert sum(day.interest_minor for day in days) == charged


def statements(facts: list[Fact]) -> list[Statement]:
    """All that were told, in order."""
    return [fact.statement for fact in facts if hasattr(fact, "statement")]


def explains_itself(told: Statement, closing: int, before: dict[str, int]) -> None:
    """A statement opens as the one before closed, in all and by balance, and adds up."""
    assert told.opening_minor == closing
    assert {b.bucket: b.opening_minor for b in told.balances if b.opening_minor} == before
    charged = sum(line.interest_minor for line in told.balances)
    assert sum(line.interest_minor for line in told.interest) == charged
    booked = (LineKind.INTEREST, LineKind.INTEREST_ADJUSTED)
    adjusted = sum(line.amount_minor for line in told.lines if line.kind in booked)
    assert told.interest_minor == charged + adjusted
    for line in told.balances:
        movement = line.debits_minor - line.credits_minor + line.interest_minor
        assert line.closing_minor == line.opening_minor + movement
    assert told.closing_minor == sum(line.closing_minor for line in told.balances)
    assert told.closing_minor == (
        told.opening_minor
        + told.purchases_minor
        + told.cash_advances_minor
        + told.balance_transfers_minor
        + told.other_debits_minor
        - told.refunds_minor
        - told.payments_minor
        + told.fees_minor
        + told.interest_minor
    )
    assert 0 <= told.minimum.total_minor <= max(0, told.closing_minor)
    for each in told.deferred:
        assert 0 < each.balance_minor <= max(0, told.closing_minor)
        assert each.interest_minor <= each.accrued_minor
