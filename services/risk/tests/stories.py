"""How the tests of risk speak: given charges, when another one, then what is said of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from chassis.kernel.decider import Context, Decider
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from services.risk.domain import card_profile, group_profile
from services.risk.domain.card_profile import CardProfile, ScoreCharge
from services.risk.domain.charge import Charge, Outcome, merchant_key
from services.risk.domain.events import AlertRaised, ChargeScored
from services.risk.domain.group_profile import GroupProfile
from services.risk.domain.rules import Rule, RuleSet
from services.risk.rule_engine import RuleEngine, initial_rule_set

S = TypeVar("S")

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
CONTEXT = Context(now=NOON, actor="policy:test", new_id=lambda: "fresh")


def charge(number: int = 1, **changes: Any) -> Charge:
    """Charge `number`: approved, 25.00 GBP by chip at the grocer's, at noon unless told."""
    merchant = changes.pop("merchant", "Green Grocer")
    at = changes.pop("at", NOON)
    amount = changes.pop("amount_minor", 2_500)
    fields: dict[str, Any] = {
        "charge_id": f"charge-{number}",
        "account_id": "account-1",
        "customer_id": "customer-1",
        "card_id": "card-1",
        "outcome": Outcome.AUTHORISED,
        "amount": Money(amount, "GBP"),
        "merchant_key": merchant_key("", merchant),
        "merchant_name": merchant,
        "merchant_category_code": "5411",
        "merchant_country": "GB",
        "entry_mode": "CHIP",
        "decline_reason": "",
        "transaction_at": at,
    }
    return Charge(**{**fields, **changes})


def declined(number: int, reason: str, **changes: Any) -> Charge:
    """Charge `number`, refused for `reason`."""
    return charge(number, outcome=Outcome.DECLINED, decline_reason=reason, **changes)


def online(number: int, after: timedelta, amount_minor: int = 150, **changes: Any) -> Charge:
    """A small charge on the web, each at a shop of its own, `after` noon."""
    told = {"merchant": f"Shop {number}", "merchant_category_code": "5999", **changes}
    return charge(
        number, at=NOON + after, amount_minor=amount_minor, entry_mode="ECOMMERCE", **told
    )


def shopping(days: int, first: int = 1_000) -> list[Charge]:
    """An ordinary life before today: two purchases a day at a few shops."""
    shops = ("Green Grocer", "Baker", "Chemist", "Bookshop")
    return [
        charge(
            first + 2 * day + turn,
            merchant=shops[(day + turn) % len(shops)],
            amount_minor=1_500 + 370 * ((day * 7 + turn * 3) % 11),
            at=NOON - timedelta(days=days - day, hours=-2 * turn),
        )
        for day in range(days)
        for turn in range(2)
    ]


def engine(*rules: Rule, alert_score: int = 600) -> RuleEngine:
    """An engine with these rules in force, or with those the software brings."""
    made = RuleEngine()
    rule_set = RuleSet(rules=rules, alert_score=alert_score) if rules else initial_rule_set()
    made.put_in_force(rule_set)
    return made


@dataclass
class Story(Generic[S]):
    """One profile, told step by step; every command is given twice and must not do more."""

    decider: Decider[S]
    facts: list[Fact] = field(default_factory=list)
    place: int = 0

    @property
    def state(self) -> S:
        return self.decider.fold(self.facts)

    def when(self, command: Command) -> Sequence[Fact]:
        """The facts of a command."""
        before = self.state
        made = list(self.decider.decide(before, command, CONTEXT))
        self.facts.extend(made)
        after = self.decider.fold(made, before)
        assert list(self.decider.decide(after, command, CONTEXT)) == []
        return made


class CardStory(Story[CardProfile]):
    """The profile of one card."""

    def __init__(self, rules: RuleEngine | None = None) -> None:
        super().__init__(card_profile.decider((rules or engine()).judge))

    def charged(self, *charges: Charge) -> list[ChargeScored]:
        """The scores of charges, one after another, as accounts would tell of them."""
        made: list[Fact] = []
        for each in charges:
            self.place += 1
            command = ScoreCharge(charge=each, source_epoch=1, source_position=self.place)
            made.extend(self.when(command))
        return [fact for fact in made if isinstance(fact, ChargeScored)]

    @property
    def alerts(self) -> list[AlertRaised]:
        """Every alert so far."""
        return alerts(self.facts)


class MerchantStory(Story[GroupProfile]):
    """The profile of one merchant."""

    def __init__(self, rules: RuleEngine | None = None) -> None:
        super().__init__(group_profile.merchant_decider((rules or engine()).judge))

    def charged(self, *charges: Charge) -> list[AlertRaised]:
        """The alerts that charges at the merchant bring about."""
        made: list[Fact] = []
        for each in charges:
            self.place += 1
            command = group_profile.ObserveChargeAtMerchant(
                charge=each, source_epoch=1, source_position=self.place
            )
            made.extend(self.when(command))
        return alerts(made)


def alerts(facts: Iterable[Fact]) -> list[AlertRaised]:
    """The alerts among facts."""
    return [fact for fact in facts if isinstance(fact, AlertRaised)]
