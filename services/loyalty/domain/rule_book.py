"""The rule sets of a programme: proposed by one person, put in force by another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact, command, value
from services.loyalty.domain import rules
from services.loyalty.domain.events import RULES_FACTS, RuleSetActivated, RuleSetProposed
from services.loyalty.domain.rules import HOUSE_RULES, RuleSet

HOUSE_PROGRAMME = "house"
HOUSE_VERSION = rules.version_of(HOUSE_RULES)
ACTIVATION_LEAD = timedelta(seconds=60)
"""Rules take effect no sooner than this after their activation: whoever has read the book less
than this long ago knows every rule set that is in force."""
RULE_SETS_LIMIT = 200


@command
class ProposeRuleSet(Command):
    programme_id: str
    rule_set: RuleSet
    proposed_by: str


@command
class ActivateRuleSet(Command):
    """Put rules in force from an instant on, or, with none, as soon as possible."""

    programme_id: str
    rule_set_version: str
    activated_by: str
    effective_from: datetime | None


@value
class Proposal:
    """A rule set and who proposed it."""

    rule_set_version: str
    rule_set: RuleSet
    proposed_by: str


@value
class Activation:
    """From when a rule set is in force, and who said so."""

    rule_set_version: str
    activated_by: str
    effective_from: datetime


@value
class RuleBook:
    """Everything proposed and activated, in that order. Rule sets are few and limited."""

    proposals: tuple[Proposal, ...] = ()
    activations: tuple[Activation, ...] = ()

    def proposal(self, rule_set_version: str) -> Proposal | None:
        """The proposal of a version, if there is one."""
        found = (p for p in self.proposals if p.rule_set_version == rule_set_version)
        return next(found, None)

    def rule_set(self, rule_set_version: str) -> RuleSet | None:
        """The rules of a version, if there are such."""
        if rule_set_version == HOUSE_VERSION:
            return HOUSE_RULES
        proposal = self.proposal(rule_set_version)
        return proposal.rule_set if proposal else None

    def version_in_force(self, at: datetime) -> str:
        """What earns at an instant: the latest to take effect, of several the last activated."""
        begun = [each for each in self.activations if each.effective_from <= at]
        if not begun:
            return HOUSE_VERSION
        latest = max(each.effective_from for each in begun)
        return [e for e in begun if e.effective_from == latest][-1].rule_set_version

    def in_force(self, at: datetime) -> RuleSet:
        """The rules that earn at an instant."""
        return self.rule_set(self.version_in_force(at)) or HOUSE_RULES


def decide(state: RuleBook, asked: Command, context: Context) -> Sequence[Fact]:
    """The facts that a command leads to."""
    if isinstance(asked, ProposeRuleSet):
        return _propose(state, asked)
    if isinstance(asked, ActivateRuleSet):
        return _activate(state, asked, context)
    raise TypeError(type(asked).__name__)


def _propose(state: RuleBook, asked: ProposeRuleSet) -> Sequence[Fact]:
    rules.check(asked.rule_set)
    version = rules.version_of(asked.rule_set)
    if state.rule_set(version) is not None:
        return []
    if len(state.proposals) >= RULE_SETS_LIMIT:
        raise Refused("TOO_MANY_RULE_SETS", "a programme has a limited number of rule sets")
    return [
        RuleSetProposed(
            programme_id=asked.programme_id,
            rule_set_version=version,
            rule_set=asked.rule_set,
            proposed_by=asked.proposed_by,
        )
    ]


def _activate(state: RuleBook, asked: ActivateRuleSet, context: Context) -> Sequence[Fact]:
    if state.rule_set(asked.rule_set_version) is None:
        raise NotFound("RULE_SET_UNKNOWN", "there is no such rule set")
    proposal = state.proposal(asked.rule_set_version)
    if proposal is not None and proposal.proposed_by == asked.activated_by:
        raise Refused("SECOND_PERSON_REQUIRED", "somebody else must put these rules in force")
    if _is_last(state, asked):
        return []
    if len(state.activations) >= RULE_SETS_LIMIT:
        raise Refused("TOO_MANY_RULE_SETS", "a programme has a limited number of activations")
    earliest = context.now + ACTIVATION_LEAD
    if asked.effective_from is not None and asked.effective_from < earliest:
        raise Refused("EFFECTIVE_TOO_SOON", "rules take effect no sooner than in one minute")
    return [
        RuleSetActivated(
            programme_id=asked.programme_id,
            rule_set_version=asked.rule_set_version,
            activated_by=asked.activated_by,
            effective_from=asked.effective_from or earliest,
        )
    ]


def _is_last(state: RuleBook, asked: ActivateRuleSet) -> bool:
    """Whether the latest activation already says what is asked."""
    if not state.activations:
        return asked.rule_set_version == HOUSE_VERSION and asked.effective_from is None
    last = state.activations[-1]
    same = last.rule_set_version == asked.rule_set_version
    return same and asked.effective_from in (None, last.effective_from)


def evolve(state: RuleBook, fact: Fact) -> RuleBook:
    """The book after a fact."""
    if isinstance(fact, RuleSetProposed):
        proposal = Proposal(
            rule_set_version=fact.rule_set_version,
            rule_set=fact.rule_set,
            proposed_by=fact.proposed_by,
        )
        return replace(state, proposals=(*state.proposals, proposal))
    if isinstance(fact, RuleSetActivated):
        activation = Activation(
            rule_set_version=fact.rule_set_version,
            activated_by=fact.activated_by,
            effective_from=fact.effective_from,
        )
        return replace(state, activations=(*state.activations, activation))
    raise TypeError(type(fact).__name__)


RULE_BOOK = Decider(
    category="rule_book",
    state=RuleBook,
    initial=RuleBook(),
    decide=decide,
    evolve=evolve,
    identify=lambda asked: asked.programme_id,
    commands=(ProposeRuleSet, ActivateRuleSet),
    facts=RULES_FACTS,
)
