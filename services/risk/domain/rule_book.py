"""The rule book: every rule set ever proposed, and the one in force. A second person activates."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact, command, value
from chassis.kernel.persistent_map import PersistentMap
from services.risk.domain.events import RuleSetActivated, RuleSetProposed
from services.risk.domain.rules import Check, RuleSet, require_well_formed

CATEGORY = "rule_book"
BOOK_ID = "charges"
"""There is one book, for charges."""

LARGEST_BOOK = 1_000
"""More rule sets than this are not kept in one book."""

RELEASE = "release"
"""Who proposed the initial rule set: the people who reviewed the software it came with."""


class RuleSetStatus(StrEnum):
    """Where a rule set stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


@command
class InstallInitialRuleSet(Command):
    """Propose and activate the rule set that the software brings, if none is in force."""

    rule_set: RuleSet


@command
class ProposeRuleSet(Command):
    """Put a rule set forward as a draft; `proposed_by` is the person, whoever passes it on."""

    rule_set: RuleSet
    proposed_by: str


@command
class ActivateRuleSet(Command):
    """Put a rule set in force; `activated_by` is the person, whoever passes it on."""

    rule_set_version: str
    activated_by: str


@value
class Entry:
    """One rule set in the book; `activated_by` is who put it in force last, empty for a draft."""

    rule_set: RuleSet
    status: RuleSetStatus
    proposed_by: str
    activated_by: str = ""


@value
class RuleBook:
    """Rule sets by version, in the order proposed, and the version in force (empty: none)."""

    entries: PersistentMap[Entry] = PersistentMap()
    order: tuple[str, ...] = ()
    active_version: str = ""

    @property
    def active(self) -> RuleSet | None:
        """The rule set in force."""
        entry = self.entries.get(self.active_version)
        return entry.rule_set if entry is not None else None


def deciding(check: Check) -> Callable[[RuleBook, Command, Context], Sequence[Fact]]:
    """`decide` with the check that expressions must pass."""

    def decide(state: RuleBook, asked: Command, context: Context) -> Sequence[Fact]:
        match asked:
            case InstallInitialRuleSet():
                return _install(state, asked.rule_set, context.actor, check)
            case ProposeRuleSet():
                return _propose(state, asked.rule_set, asked.proposed_by, check)
            case ActivateRuleSet():
                return _activate(state, asked.rule_set_version, asked.activated_by)
        raise TypeError(type(asked).__name__)

    return decide


def _install(state: RuleBook, rule_set: RuleSet, actor: str, check: Check) -> Sequence[Fact]:
    if state.active_version:
        return []
    activated = RuleSetActivated(
        rule_set_version=rule_set.version,
        previous_version="",
        proposed_by=RELEASE,
        activated_by=actor,
    )
    return [*_propose(state, rule_set, RELEASE, check), activated]


def _propose(state: RuleBook, rule_set: RuleSet, person: str, check: Check) -> Sequence[Fact]:
    require_well_formed(rule_set)
    if rule_set.version in state.entries:
        return []
    if len(state.order) >= LARGEST_BOOK:
        raise Refused("RULE_BOOK_FULL", f"the book holds {LARGEST_BOOK} rule sets and no more")
    check(rule_set)
    return [
        RuleSetProposed(rule_set_version=rule_set.version, rule_set=rule_set, proposed_by=person)
    ]


def _activate(state: RuleBook, version: str, person: str) -> Sequence[Fact]:
    entry = state.entries.get(version)
    if entry is None:
        raise NotFound("RULE_SET_NOT_FOUND", "there is no such rule set", field="rule_set_version")
    if version == state.active_version:
        return []
    if person == entry.proposed_by:
        raise Refused("SECOND_PERSON_NEEDED", "whoever proposed a rule set may not activate it")
    return [
        RuleSetActivated(
            rule_set_version=version,
            previous_version=state.active_version,
            proposed_by=entry.proposed_by,
            activated_by=person,
        )
    ]


def evolve(state: RuleBook, fact: Fact) -> RuleBook:
    """The book after a fact."""
    match fact:
        case RuleSetProposed():
            entry = Entry(
                rule_set=fact.rule_set,
                status=RuleSetStatus.DRAFT,
                proposed_by=fact.proposed_by,
            )
            return RuleBook(
                entries=state.entries.set(fact.rule_set_version, entry),
                order=(*state.order, fact.rule_set_version),
                active_version=state.active_version,
            )
        case RuleSetActivated():
            return _activated(state, fact)
    raise TypeError(type(fact).__name__)


def _activated(state: RuleBook, fact: RuleSetActivated) -> RuleBook:
    entries = state.entries
    previous = entries.get(fact.previous_version)
    if previous is not None:
        retired = Entry(
            rule_set=previous.rule_set,
            status=RuleSetStatus.RETIRED,
            proposed_by=previous.proposed_by,
            activated_by=previous.activated_by,
        )
        entries = entries.set(fact.previous_version, retired)
    chosen = entries[fact.rule_set_version]
    active = Entry(
        rule_set=chosen.rule_set,
        status=RuleSetStatus.ACTIVE,
        proposed_by=chosen.proposed_by,
        activated_by=fact.activated_by,
    )
    return RuleBook(
        entries=entries.set(fact.rule_set_version, active),
        order=state.order,
        active_version=fact.rule_set_version,
    )


def decider(check: Check) -> Decider[RuleBook]:
    """The decider of the rule book, checking expressions with `check`."""
    return Decider(
        category=CATEGORY,
        state=RuleBook,
        initial=RuleBook(),
        decide=deciding(check),
        evolve=evolve,
        identify=lambda asked: BOOK_ID,
        commands=(InstallInitialRuleSet, ProposeRuleSet, ActivateRuleSet),
        facts=(RuleSetProposed, RuleSetActivated),
    )
