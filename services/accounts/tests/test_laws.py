"""Laws of the credit account, over histories that hypothesis makes up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from chassis.kernel.money import Money
from services.accounts.domain.account import commands
from services.accounts.domain.account.at_once import PostApprovedCharge
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.charging import commands as asks
from services.accounts.domain.values import (
    Assessment,
    AssessmentOutcome,
    CardKind,
    Channel,
    ChargeStatus,
    LossKind,
    Original,
)
from services.accounts.tests.lives import Life, try_lives
from services.accounts.tests.stories import GROCER, PUMP, TODAY, AccountStory

ids = st.sampled_from(["a", "b", "c", "d"])
amounts = st.integers(0, 90_000).map(lambda minor: Money(minor, "GBP"))
TOLERANCE_MINOR = 2_500
DOLLARS = Original(amount=Money(500, "USD"), rate="0.8")


class AnyHistory(Life):
    """Any commands in any order, many under the same ids; refusals are part of life."""

    @initialize(
        tolerance=st.sampled_from([0, TOLERANCE_MINOR]),
        threshold=st.sampled_from([None, 30_000]),
        markup=st.sampled_from([0, 1, 275]),
        lifetime=st.integers(1, 200),
    )
    def begin(self, tolerance: int, threshold: int | None, markup: int, lifetime: int) -> None:
        self.tolerance = tolerance
        self.story = AccountStory(
            over_limit_tolerance_minor=tolerance,
            assessment_threshold_minor=threshold,
            stand_in_limit_minor=50_000,
            foreign_markup_basis_points=markup,
            hold_lifetime_hours=lifetime,
        )

    @rule(
        charge_id=ids,
        amount=amounts,
        estimated=st.booleans(),
        partial_approval_allowed=st.booleans(),
        original=st.sampled_from([None, DOLLARS]),
        merchant=st.sampled_from([GROCER, PUMP]),
        outcome=st.sampled_from([None, *AssessmentOutcome]),
        card_id=st.sampled_from(["card", "new", "other"]),
    )
    def authorise(self, outcome: AssessmentOutcome | None, **fields: object) -> None:
        command = commands.AuthoriseCharge(
            account_id="account",
            assessment=Assessment(outcome=outcome) if outcome else None,
            transaction_date=TODAY,
            transaction_at=self.story.now,
            **fields,  # type: ignore[arg-type]
        )
        self.give(command)

    @precondition(lambda self: self.story.state.charges.keys())
    @rule(charge_id=ids, advice_id=ids, amount=amounts)
    def advise(self, charge_id: str, advice_id: str, amount: Money) -> None:
        self.give(
            commands.AdviseCharge(
                account_id="account",
                charge_id=self.a_charge(charge_id),
                advice_id=advice_id,
                amount=amount,
                transaction_date=TODAY,
            )
        )

    @precondition(lambda self: self.story.state.charges.keys())
    @rule(charge_id=ids, increment_id=ids, amount=amounts, delta=st.booleans())
    def increment(self, charge_id: str, increment_id: str, amount: Money, delta: bool) -> None:
        self.give(
            commands.IncrementCharge(
                account_id="account",
                charge_id=self.a_charge(charge_id),
                increment_id=increment_id,
                by=amount if delta else None,
                to=None if delta else amount,
                transaction_date=TODAY,
            )
        )

    @precondition(lambda self: self.story.state.charges.keys())
    @rule(charge_id=ids, reversal_id=ids, amount=st.none() | amounts)
    def reverse(self, charge_id: str, reversal_id: str, amount: Money | None) -> None:
        self.give(
            commands.ReverseCharge(
                account_id="account",
                charge_id=self.a_charge(charge_id),
                reversal_id=reversal_id,
                amount=amount,
                transaction_date=TODAY,
            )
        )

    @rule(charge_id=ids | st.just(""), clearing_id=ids, amount=amounts, final=st.booleans())
    def clear(self, charge_id: str, clearing_id: str, amount: Money, final: bool) -> None:
        self.give(
            commands.ClearCharge(
                account_id="account",
                clearing_id=clearing_id,
                charge_id=self.a_charge(charge_id),
                card_id="card",
                amount=amount,
                merchant=GROCER,
                final=final,
                transaction_date=TODAY,
                posting_date=TODAY,
            )
        )

    @rule(charge_id=ids | st.just(""), refund_id=ids, amount=amounts)
    def refund(self, charge_id: str, refund_id: str, amount: Money) -> None:
        self.give(
            commands.RefundCharge(
                account_id="account",
                refund_id=refund_id,
                charge_id=self.a_charge(charge_id),
                card_id="card",
                amount=amount,
                merchant=GROCER,
                transaction_date=TODAY,
                posting_date=TODAY,
            )
        )

    @rule(charge_id=ids, amount=amounts, code=st.sampled_from(["00", "91"]))
    def stand_in(self, charge_id: str, amount: Money, code: str) -> None:
        charge = commands.AuthoriseCharge(
            account_id="account",
            charge_id=charge_id,
            card_id="card",
            amount=amount,
            merchant=GROCER,
            transaction_date=TODAY,
            transaction_at=self.story.now,
        )
        known = self.story.state.charges.get(charge_id)
        if known is not None and known.merchant == GROCER and known.requested.currency == "GBP":
            charge = replace(charge, amount=known.requested, card_id=known.card_id)
        self.give(asks.RecordStandIn(account_id="account", charge=charge, response_code=code))

    @rule(charge_id=ids | st.just(""), refund_id=ids, amount=amounts)
    def promise(self, charge_id: str, refund_id: str, amount: Money) -> None:
        self.give(
            asks.AuthoriseRefund(
                account_id="account",
                refund_id=refund_id,
                charge_id=self.a_charge(charge_id),
                card_id="card",
                amount=amount,
                merchant=GROCER,
                transaction_date=TODAY,
            )
        )

    @rule(refund_id=ids, reversal_id=ids, amount=st.none() | amounts)
    def take_back(self, refund_id: str, reversal_id: str, amount: Money | None) -> None:
        self.give(
            asks.ReverseRefund(
                account_id="account",
                refund_id=self.known(refund_id, self.story.state.charging.refunds.keys()),
                reversal_id=reversal_id,
                amount=amount,
                transaction_date=TODAY,
                posting_date=TODAY,
            )
        )

    @precondition(lambda self: self.story.state.charging.refunds.keys())
    @rule(refund_id=ids, days=st.integers(0, 40))
    def expire_refund(self, refund_id: str, days: int) -> None:
        self.story.now += timedelta(days=days)
        refund_id = self.known(refund_id, self.story.state.charging.refunds.keys())
        self.give(asks.ExpireRefund(account_id="account", refund_id=refund_id))

    @rule(credit_id=ids, amount=amounts, card_id=st.sampled_from(["card", "new"]))
    def send(self, credit_id: str, amount: Money, card_id: str) -> None:
        self.give(
            asks.PostOriginalCredit(
                account_id="account",
                credit_id=credit_id,
                card_id=card_id,
                amount=amount,
                sender=GROCER,
                transaction_date=TODAY,
                posting_date=TODAY,
            )
        )

    @rule(credit_id=ids, reversal_id=ids, amount=st.none() | amounts)
    def take_back_what_was_sent(
        self, credit_id: str, reversal_id: str, amount: Money | None
    ) -> None:
        self.give(
            asks.ReverseOriginalCredit(
                account_id="account",
                credit_id=self.known(credit_id, self.story.state.charging.credits.keys()),
                reversal_id=reversal_id,
                amount=amount,
                transaction_date=TODAY,
                posting_date=TODAY,
            )
        )

    @precondition(lambda self: self.story.state.charges.keys())
    @rule(charge_id=ids)
    def post_what_was_approved(self, charge_id: str) -> None:
        self.give(PostApprovedCharge(account_id="account", charge_id=charge_id, posting_date=TODAY))

    @rule(payment_id=ids, amount=amounts)
    def pay(self, payment_id: str, amount: Money) -> None:
        self.give(
            commands.RecordPayment(
                account_id="account",
                payment_id=payment_id,
                amount=amount,
                transaction_date=TODAY,
                posting_date=TODAY,
            )
        )

    @precondition(lambda self: self.story.state.charges.keys())
    @rule(charge_id=ids, hours=st.integers(0, 200))
    def expire(self, charge_id: str, hours: int) -> None:
        self.story.now += timedelta(hours=hours)
        self.give(commands.ExpireHold(account_id="account", charge_id=self.a_charge(charge_id)))

    @rule(channel=st.sampled_from(list(Channel)), blocked=st.booleans())
    def block(self, channel: Channel, blocked: bool) -> None:
        kind = commands.BlockCard if blocked else commands.UnblockCard
        self.give(kind(account_id="account", card_id="card", reason="ANY", channel=channel))

    @rule(channel=st.sampled_from(list(Channel)), suspended=st.booleans())
    def suspend(self, channel: Channel, suspended: bool) -> None:
        kind = commands.SuspendAccount if suspended else commands.ReinstateAccount
        self.give(kind(account_id="account", reason="ANY", channel=channel))

    @precondition(lambda self: not self.story.state.find_card("new"))
    @rule()
    def lose(self) -> None:
        self.give(
            commands.ReportCardLost(
                account_id="account",
                card_id="card",
                kind=LossKind.LOST,
                channel=Channel.HOLDER,
                replacement=commands.NewCard(
                    card_id="new", last_four="1881", kind=CardKind.VIRTUAL
                ),
            )
        )

    @invariant()
    def holds_are_what_charges_hold_and_never_negative(self) -> None:
        charges = self.story.state.charges.values()
        assert all(charge.held_minor >= 0 for charge in charges)
        assert self.story.state.held_minor == sum(charge.held_minor for charge in charges)

    @invariant()
    def only_held_charges_hold(self) -> None:
        for charge in self.story.state.charges.values():
            assert (charge.status is ChargeStatus.HELD) == (charge.held_minor > 0)
            assert (charge.hold_expires_at is not None) == (charge.held_minor > 0)

    @invariant()
    def no_more_came_back_than_was_captured(self) -> None:
        for charge in self.story.state.charges.values():
            assert 0 <= charge.refunded_minor <= charge.captured_minor

    @invariant()
    def what_is_promised_is_what_refunds_promise(self) -> None:
        charging = self.story.state.charging
        found = charging.refunds.values()
        assert all(each.pending_minor >= 0 for each in found)
        assert all(0 <= each.reversed_minor <= each.posted_minor for each in found)
        assert charging.pending_minor == sum(each.pending_minor for each in found)
        by_charge = {each.charge_id: 0 for each in found if each.charge_id}
        for each in found:
            if each.charge_id:
                by_charge[each.charge_id] += each.posted_minor - each.reversed_minor
        for charge_id, refunded in by_charge.items():
            assert self.story.state.charges[charge_id].refunded_minor == refunded
            pending = [each.pending_minor for each in found if each.charge_id == charge_id]
            assert (charging.promised.get(charge_id) or 0) == sum(pending)


def test_laws_of_any_history() -> None:
    try_lives(AnyHistory, lives=60, steps=25)


def test_a_story_notices_a_command_that_is_not_repeatable() -> None:
    """The law is checked, not only said: a decider that forgets is found out."""
    forgetful = AccountStory()
    forgetful.decider = type(CREDIT_ACCOUNT)(
        category="forgetful",
        state=CreditAccount,
        initial=CreditAccount(),
        decide=CREDIT_ACCOUNT.decide,
        evolve=lambda state, fact: state,
        identify=CREDIT_ACCOUNT.identify,
        commands=CREDIT_ACCOUNT.commands,
        facts=CREDIT_ACCOUNT.facts,
    )
    with pytest.raises(AssertionError):
        forgetful.authorise(10)
