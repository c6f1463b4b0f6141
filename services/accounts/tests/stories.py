"""How the tests of accounts speak: given facts, when a command, then facts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from services.accounts.domain.account import commands
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.values import (
    Assessment,
    CardKind,
    EntryMode,
    HoldRule,
    Merchant,
    Original,
    Terms,
)

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
GROCER = Merchant(id="M-1", name="Green Grocer", mcc="5411", country="GB")
PUMP = Merchant(id="M-2", name="Self-service Fuel", mcc="5542", country="GB")


def pounds(amount: float) -> Money:
    """An amount in GBP, from pounds."""
    return Money(round(amount * 100), "GBP")


def terms(**changes: Any) -> Terms:
    """The terms of the tests' programme: GBP, limit 1000.00, a hold lives a week."""
    fields: dict[str, Any] = {
        "currency": "GBP",
        "bin": "500012",
        "default_limit_minor": 100_000,
        "hold_lifetime_hours": 168,
        "hold_rules": (HoldRule(mcc="5542", lifetime_hours=2, estimate_hold_minor=7_500),),
        "card_validity_months": 36,
    }
    return Terms(**{**fields, **changes})


@dataclass
class Story:
    """One aggregate, told step by step; every command is given twice and must not do more."""

    decider: Decider[Any]
    now: datetime = NOW
    state: Any = None
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = self.decider.initial

    def context(self) -> Context:
        """What a decision may know besides."""
        return Context(now=self.now, actor="operator:test", new_id=lambda: "0" * 32)

    def given(self, *facts: Fact) -> "Story":
        """These have happened."""
        for fact in facts:
            self.state = self.decider.evolve(self.state, fact)
            self.facts.append(fact)
        return self

    def decide(self, command: Command) -> Sequence[Fact]:
        """What would follow from a command; nothing happens."""
        return self.decider.decide(self.state, command, self.context())

    def when(self, command: Command) -> list[Fact]:
        """Carry a command out, then the same again: the law is that nothing more follows."""
        assert command.__class__ in self.decider.commands
        facts = list(self.decide(command))
        assert all(type(fact) in self.decider.facts for fact in facts)
        self.given(*facts)
        assert list(self.decide(command)) == [], "the same command again did something"
        return facts

    def later(self, **by: float) -> None:
        """Time goes on."""
        self.now += timedelta(**by)


class AccountStory(Story):
    """An open account with a limit of 1000.00 GBP and one card."""

    state: CreditAccount

    def __init__(self, limit: float = 1000, **changes: Any) -> None:
        super().__init__(CREDIT_ACCOUNT)
        self.opening = commands.OpenAccount(
            account_id="account",
            customer_id="customer",
            programme_id="everyday",
            programme_version=1,
            terms=terms(**changes),
            limit=pounds(limit),
            card=commands.NewCard(card_id="card", last_four="4242", kind=CardKind.VIRTUAL),
        )
        self.when(self.opening)

    @property
    def available(self) -> float:
        """What may be spent, in pounds."""
        return self.state.available_minor / 100

    def authorise(
        self,
        amount: float | Money,
        charge_id: str = "charge",
        *,
        card_id: str = "card",
        merchant: Merchant = GROCER,
        original: Original | None = None,
        entry_mode: EntryMode = EntryMode.CHIP,
        estimated: bool = False,
        assessment: Assessment | None = None,
        on: date = TODAY,
        **more: Any,
    ) -> Fact:
        """Ask for a charge; `more` may give network and partial_approval_allowed."""
        (fact,) = self.when(
            commands.AuthoriseCharge(
                account_id="account",
                charge_id=charge_id,
                card_id=card_id,
                amount=amount if isinstance(amount, Money) else pounds(amount),
                original=original,
                merchant=merchant,
                entry_mode=entry_mode,
                estimated=estimated,
                assessment=assessment,
                transaction_date=on,
                transaction_at=NOW,
                **more,
            )
        )
        return fact

    def advise(self, amount: float, advice_id: str = "advice") -> Fact:
        """The merchant tells the new total."""
        (fact,) = self.when(
            commands.AdviseCharge(
                account_id="account",
                charge_id="charge",
                advice_id=advice_id,
                amount=pounds(amount),
                transaction_date=TODAY,
            )
        )
        return fact

    def increment(
        self, increment_id: str, *, by: float | None = None, to: float | None = None
    ) -> Fact:
        """Ask for more."""
        (fact,) = self.when(
            commands.IncrementCharge(
                account_id="account",
                charge_id="charge",
                increment_id=increment_id,
                by=None if by is None else pounds(by),
                to=None if to is None else pounds(to),
                transaction_date=TODAY,
            )
        )
        return fact

    def reverse(self, amount: float | None = None, reversal_id: str = "reversal") -> Fact:
        """Take back, all or part."""
        (fact,) = self.when(
            commands.ReverseCharge(
                account_id="account",
                charge_id="charge",
                reversal_id=reversal_id,
                amount=None if amount is None else pounds(amount),
                transaction_date=TODAY,
            )
        )
        return fact

    def clear(
        self,
        amount: float,
        charge_id: str = "charge",
        clearing_id: str = "clearing",
        *,
        final: bool = True,
        merchant: Merchant | None = None,
    ) -> Fact:
        """Post a charge."""
        (fact,) = self.when(
            commands.ClearCharge(
                account_id="account",
                clearing_id=clearing_id,
                charge_id=charge_id,
                card_id="card",
                amount=pounds(amount),
                merchant=merchant,
                final=final,
                transaction_date=TODAY,
                posting_date=TODAY + timedelta(days=2),
            )
        )
        return fact

    def refund(self, amount: float, charge_id: str = "charge", refund_id: str = "refund") -> Fact:
        """Post money that came back."""
        (fact,) = self.when(
            commands.RefundCharge(
                account_id="account",
                refund_id=refund_id,
                charge_id=charge_id,
                card_id="card",
                amount=pounds(amount),
                merchant=None if charge_id else GROCER,
                transaction_date=TODAY,
                posting_date=TODAY,
            )
        )
        return fact

    def pay(self, amount: float, payment_id: str = "payment") -> Fact:
        """Post a repayment."""
        (fact,) = self.when(
            commands.RecordPayment(
                account_id="account",
                payment_id=payment_id,
                amount=pounds(amount),
                transaction_date=TODAY,
                posting_date=TODAY,
            )
        )
        return fact

    def expire(self, **after: float) -> None:
        """Time goes on, and the timer of the hold comes."""
        self.later(**after)
        self.when(commands.ExpireHold(account_id="account", charge_id="charge"))
