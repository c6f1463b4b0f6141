"""Rules in CEL: checked when they are proposed, compiled once, judged with one context a charge."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cel

from chassis.kernel.errors import Invalid, Unavailable
from chassis.logs import log
from services.risk.domain.features import Scope
from services.risk.domain.rules import (
    Judgement,
    Rule,
    RuleSet,
    Variables,
    Verdict,
    examples,
    judgement,
    require_well_formed,
)

INITIAL_RULES = Path(__file__).parent / "rules" / "initial.toml"

LONGEST_EXPRESSION = 2_000
LONGEST_COMPLAINT = 200
COMPILED_LIMIT = 32
"""So many rule sets are kept compiled; the one in force is always among them."""

ALLOWED_FUNCTIONS = frozenset(
    {"_&&_", "_||_", "!_", "_?_:_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"}
    | {"_+_", "_-_", "_*_", "_/_", "_%_", "-_"}
    | {"size", "startsWith", "endsWith", "contains"}
)
"""What an expression may use. None of it takes longer than its operands are long."""

# What CEL raises when an expression cannot be evaluated: types that do not meet, a division by
# zero, a number beyond 64 bits.
_EVALUATION_ERRORS = (TypeError, ValueError, ArithmeticError, RuntimeError, LookupError)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule set ready to judge: per scope its rules, each with its program."""

    rule_set: RuleSet
    version: str
    by_scope: dict[Scope, list[tuple[Rule, cel.Program]]]
    failing: set[str] = field(default_factory=set)
    """Rules that were told of as failing."""

    def judge(self, scope: Scope, variables: Variables, quiet: frozenset[str]) -> Judgement:
        """Judge one charge within one scope.

        A rule that cannot be evaluated does not hit, and the judgement names it; the log says it
        once, for such a rule watches over nothing.
        """
        context = cel.Context(dict(variables))
        hits: list[Rule] = []
        failed: list[str] = []
        for rule, program in self.by_scope[scope]:
            try:
                found = program.execute(context)
            except _EVALUATION_ERRORS:
                failed.append(rule.rule_id)
                continue
            if found is True:
                hits.append(rule)
            elif found is not False:
                failed.append(rule.rule_id)
        for rule_id in failed:
            if rule_id not in self.failing:
                self.failing.add(rule_id)
                log("rule_failed", level="error", rule_id=rule_id, rule_set_version=self.version)
        return judgement(self.version, self.rule_set.alert_score, hits, tuple(failed), quiet)


class RuleEngine:
    """The rule set in force, compiled. Judging asks no store and waits for nothing."""

    def __init__(self) -> None:
        self._compiled: dict[str, Compiled] = {}
        self._in_force: Compiled | None = None

    @property
    def version(self) -> str:
        """The version in force here; empty while none is."""
        return self._in_force.version if self._in_force is not None else ""

    def put_in_force(self, rule_set: RuleSet) -> None:
        """Judge by this rule set from now on."""
        self._in_force = self.compiled(rule_set)

    def judge(self, scope: Scope, variables: Variables, quiet: frozenset[str]) -> Judgement:
        """Judge by the rule set in force. Raises Unavailable RULES_NOT_LOADED."""
        if self._in_force is None:
            raise Unavailable("RULES_NOT_LOADED", "the rules are not loaded yet; try later")
        return self._in_force.judge(scope, variables, quiet)

    def compiled(self, rule_set: RuleSet) -> Compiled:
        """A rule set ready to judge; compiled at most once while it is remembered."""
        version = rule_set.version
        known = self._compiled.get(version)
        if known is None:
            if len(self._compiled) >= COMPILED_LIMIT:
                self._compiled.clear()
            known = self._compiled[version] = _compile(rule_set, version)
        return known


def _compile(rule_set: RuleSet, version: str) -> Compiled:
    by_scope: dict[Scope, list[tuple[Rule, cel.Program]]] = {scope: [] for scope in Scope}
    for rule in rule_set.rules:
        by_scope[rule.scope].append((rule, cel.compile(rule.expression)))
    return Compiled(rule_set, version, by_scope)


def check(rule_set: RuleSet) -> None:
    """Raise Invalid RULE_INVALID, naming the rule and what is wrong, unless every expression is
    CEL over known names that gives true or false."""
    for index, rule in enumerate(rule_set.rules):
        fault = _fault(rule)
        if fault:
            raise Invalid(
                "RULE_INVALID",
                f"rule {rule.rule_id}: {fault}",
                field=f"rules[{index}].expression",
                rule_id=rule.rule_id,
            )


def _fault(rule: Rule) -> str:
    """What is wrong with a rule's expression; nothing if it is right."""
    if not 1 <= len(rule.expression) <= LONGEST_EXPRESSION:
        return f"an expression has 1 to {LONGEST_EXPRESSION} characters"
    try:
        program = cel.compile(rule.expression)
    except ValueError as error:
        # CEL begins with the whole expression, behind which nothing might be left of the complaint.
        return _text(str(error).split(f"'{rule.expression}': ", 1)[-1])
    known = examples(rule.scope)
    unknown = sorted(set(program.variables()) - set(known))
    if unknown:
        return f"there is no {', '.join(unknown)} in the scope {rule.scope}"
    forbidden = sorted(set(program.functions()) - ALLOWED_FUNCTIONS)
    if forbidden:
        return f"{', '.join(forbidden)} may not be used"
    try:
        given = program.execute(cel.Context(known))
    except _EVALUATION_ERRORS as error:
        return f"cannot be evaluated: {_text(str(error))}"
    return "" if isinstance(given, bool) else "does not give true or false"


def _text(said: str) -> str:
    """The beginning of what CEL says; all of it may be many times as long as the expression."""
    return " ".join(said.split())[:LONGEST_COMPLAINT]


def initial_rule_set(path: Path = INITIAL_RULES) -> RuleSet:
    """The rule set that comes with the software. Raises Invalid when the file is wrong."""
    with path.open("rb") as file:
        content: dict[str, Any] = tomllib.load(file)
    rules = tuple(
        Rule(
            rule_id=each["rule_id"],
            reason_code=each["reason_code"],
            scope=Scope(each["scope"]),
            expression=" ".join(each["expression"].split()),
            score=each["score"],
            verdict=Verdict(each["verdict"]),
        )
        for each in content["rules"]
    )
    rule_set = RuleSet(rules=rules, alert_score=content["alert_score"])
    require_well_formed(rule_set)
    check(rule_set)
    return rule_set
