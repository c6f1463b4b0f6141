"""What the laws of accounts share: any life, given by machines that hypothesis drives."""

import os
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta
from typing import ClassVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chassis.codec import Codec, StateCodec
from chassis.kernel.errors import Error
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from chassis.recorded import Meta
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.account.as_of import AsOf
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import commands as billing
from services.accounts.domain.billing.agenda import next_due_on
from services.accounts.domain.billing.events import FeeCharged, InterestCharged
from services.accounts.domain.billing.explaining import by_day
from services.accounts.domain.billing.interest import compute
from services.accounts.domain.billing.posting import terms_of
from services.accounts.domain.billing.recalculating import corrected, recalculate
from services.accounts.domain.charging import events as credits
from services.accounts.domain.charging.commands import ExpireRefund
from services.accounts.domain.controls import commands as controls
from services.accounts.domain.disputes.commands import CheckDispute
from services.accounts.domain.ledger import FINANCIAL, LedgerAccount, postings
from services.accounts.domain.life import commands as life
from services.accounts.domain.over_limit.commands import RevokeOverLimitConsent
from services.accounts.domain.pins import commands as pins
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.repricing import commands as repricing
from services.accounts.domain.repricing.protecting import carried
from services.accounts.domain.standing.commands import MarkAccount
from services.accounts.domain.tokens.commands import ChangeDeviceToken
from services.accounts.domain.values import AccountStatus, Merchant
from services.accounts.tests.billing_stories import CASH_MACHINE
from services.accounts.tests.lives_told import explains_itself, statements
from services.accounts.tests.stories import GROCER, NOW, PUMP, Story

LARGER = int(os.environ.get("CARDS_LAWS", "1"))
"""So many times as many lives are tried as usual."""

CODEC = StateCodec(CreditAccount)
FACTS = Codec(CREDIT_ACCOUNT.facts)
META = Meta(NOW, "tester")
AMOUNTS = st.integers(1, 90_000).map(lambda minor: Money(minor, "GBP"))
IDS = st.sampled_from(["a", "b", "c", "d"])

ANY_TIME = (
    billing.SetAutopay,
    billing.GrantHardship,
    commands.SuspendAccount,
    commands.ReinstateAccount,
    commands.RestrictAccount,
    commands.BlockCardsHeldBy,
    commands.BlockCard,
    commands.UnblockCard,
    MigrateAccount,
    repricing.AnnounceMigration,
    repricing.RejectMigration,
    billing.ProcessBillingDay,
    commands.ExpireHold,
    ExpireRefund,
    CheckDispute,
    life.EndCardsHeldBy,
    life.PauseCard,
    life.ResumeCard,
    life.RenewInTime,
    life.ExpireCard,
    life.RecordDelivery,
    pins.SetPin,
    pins.UnblockPin,
    controls.SetControl,
    controls.RemoveControl,
    ChangeDeviceToken,
    MarkAccount,
    RevokeOverLimitConsent,
)
"""Commands without an id of their own: what was asked for once may be asked for again later, of a
day that is over more may be known, and what a timer asks in vain may have come about since."""

BLOCK = 10
"""After so many lives hypothesis begins to try copies of them with little changed: begun anew with
another seed, it makes up as many more that are unlike."""


def tried(examples: int, steps: int) -> settings:
    """How many lives of how many steps are tried."""
    return settings(
        max_examples=examples * LARGER,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def first_seed() -> int:
    """In CI the same lives are tried every time; elsewhere others, unless their seed is given."""
    given = os.environ.get("CARDS_LAWS_SEED", "0" if os.environ.get("CI") else "")
    return int(given) if given else random.randrange(1_000_000)


def try_lives(machine: type["Life"], lives: int, steps: int) -> None:
    """So many lives of so many steps, in blocks."""
    first = first_seed()
    for block in range(lives * LARGER // BLOCK):
        try_block(machine, first + block, steps)


def try_block(machine: type["Life"], number: int, steps: int) -> None:
    """The lives of a seed."""
    begun_anew = seed(number)(type(machine.__name__, (machine,), {}))
    of_block = settings(tried(BLOCK, steps), max_examples=BLOCK)
    try:
        run_state_machine_as_test(begun_anew, settings=of_block)
    except Exception as failure:
        failure.add_note(f"CARDS_LAWS_SEED={number} tries these lives again")
        raise


class Life(RuleBasedStateMachine):
    """Commands are given; whatever they are, the ledger is zero and nothing happens twice."""

    story: Story
    tolerance = 0
    driven: ClassVar[Counter[type[Command]]] = Counter()
    """How often commands of each kind brought something about, in all lives of this process."""

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
        self.driven[type(command)] += bool(facts)
        for fact in facts:
            self.check(fact, before)
            before = self.story.decider.evolve(before, fact)
            said = getattr(fact, "available", None)
            assert said is None or said.minor_units == before.available_minor, fact
            said = getattr(fact, "balance", None)
            assert said is None or said.minor_units == before.posted_minor, fact
        assert before == self.story.state
        return True

    def known(self, id: str, ids: Iterable[str]) -> str:
        """One of the latest of these; under the first of all ids, what nobody has heard of."""
        latest, place = list(ids)[-3:], "bcd".find(id)
        return latest[place % len(latest)] if latest and place >= 0 else id

    def a_charge(self, id: str) -> str:
        """One of the latest charges, or none."""
        return self.known(id, self.story.state.charges.keys()) if id else id

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
        if isinstance(fact, InterestCharged | FeeCharged):
            assert before.status is not AccountStatus.CHARGED_OFF
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

    def count_up(self) -> None:
        """The ledger up to the last fact, zero after each."""
        for fact in self.story.facts[self.read :]:
            for posting in postings(fact):
                where = posting.amount.currency, posting.ledger_account
                self.sums[where] += posting.amount.minor_units
            for currency in {currency for currency, _ in self.sums}:
                assert sum(each for key, each in self.sums.items() if key[0] == currency) == 0
        self.read = len(self.story.facts)

    @invariant()
    def the_ledger_says_what_is_owed(self) -> None:
        self.count_up()
        receivable = sum(n for (_, a), n in self.sums.items() if a is LedgerAccount.RECEIVABLE)
        assert receivable == self.story.state.posted_minor

    def teardown(self) -> None:
        if not hasattr(self, "story"):
            return
        fold = self.story.decider.fold
        for length, state, stored in self.versions:
            assert CODEC.encode(state) == stored
            assert fold(self.story.facts[:length]) == state
        log = [FACTS.encode(fact, META) for fact in self.story.facts]
        read = [FACTS.decode(topic, stored)[0] for topic, stored in log]
        assert fold(read) == self.story.state
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

    @rule(
        amount=AMOUNTS,
        merchant=st.sampled_from([GROCER, CASH_MACHINE, PUMP]),
        days_ago=st.sampled_from([0, 0, 1, 3, 40]),
    )
    def buy_on_a_day(self, amount: Money, merchant: Merchant, days_ago: int) -> None:
        on, clearing_id = self.earlier(days_ago), self._new("charge")
        given = self.give(
            commands.ClearCharge(
                account_id="account",
                clearing_id=clearing_id,
                charge_id="",
                card_id="card",
                amount=amount,
                merchant=merchant,
                transaction_date=on,
                posting_date=on,
            )
        )
        self.purchases += [clearing_id] if given else []

    @rule(amount=AMOUNTS, days_ago=st.sampled_from([0, 0, 0, 2, 20, 45, 400]), ahead=st.booleans())
    def pay_on_a_day(self, amount: Money, days_ago: int, ahead: bool = False) -> None:
        """On an earlier one, too; `ahead`: told as it is where business dates are ahead."""
        on, payment_id = self.earlier(days_ago), self._new("payment")
        paid = commands.RecordPayment(
            account_id="account",
            payment_id=payment_id,
            amount=amount,
            transaction_date=on,
            posting_date=on,
        )
        told = AsOf(account_id="account", moment=self.story.now, asked=paid)
        given = self.give(told if ahead else paid)
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

    @precondition(lambda self: self.payments)
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
        run = billing.ProcessBillingDay(account_id="account", business_date=self.today)
        assert self.give(run), "the billing of a day is never refused"
        of, terms = self.story.state.billing, terms_of(self.story.state)
        due = next_due_on(of, terms) if terms else None
        assert due is None or due > self.today

    @invariant()
    def no_more_is_recovered_than_was_lost(self) -> None:
        self.count_up()
        known, ledger = self.story.state.billing, LedgerAccount
        assert 0 <= known.recovered_minor <= known.charged_off_minor
        assert self.sums["GBP", ledger.CHARGE_OFF_LOSS] == known.charged_off_minor
        assert self.sums["GBP", ledger.RECOVERY_INCOME] == -known.recovered_minor

    @invariant()
    def buckets_add_up_to_what_is_owed(self) -> None:
        state, terms = self.story.state, terms_of(self.story.state)
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
        of, terms = self.story.state.billing, terms_of(self.story.state)
        if terms is not None:
            again, last = recalculate(of, terms)
            assert corrected(of.closed, again) == ()
            assert last is None or carried(of, of.number, last.closing) == of.opening

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
