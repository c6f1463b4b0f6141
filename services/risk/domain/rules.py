"""Rules, rule sets named by the hash of their content, and the judgement that hits add up to."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from chassis.kernel.errors import Invalid
from chassis.kernel.events import value
from services.risk.domain.charge import Charge
from services.risk.domain.features import NAMES, Scope

LARGEST_SCORE = 1_000
LARGEST_RULE_SET = 200


class Verdict(StrEnum):
    """What should be done, mildest first."""

    ALLOW = "allow"
    WATCH = "watch"
    BLOCK = "block"


SEVERITY = {Verdict.ALLOW: 0, Verdict.WATCH: 1, Verdict.BLOCK: 2}


@value
class Rule:
    """`expression` is CEL over `variables(...)`; a hit scores `score` (1 to 1000) and calls for
    `verdict`, under `reason_code`."""

    rule_id: str
    reason_code: str
    scope: Scope
    expression: str
    score: int
    verdict: Verdict


@value
class RuleSet:
    """Rules in the order in which they are judged. From `alert_score` on, a hit that does not
    block raises an alert."""

    rules: tuple[Rule, ...]
    alert_score: int

    @property
    def version(self) -> str:
        """SHA-256 of the content, hexadecimal: the same content is the same version."""
        rules = [
            (each.rule_id, each.reason_code, each.scope, each.expression, each.score, each.verdict)
            for each in self.rules
        ]
        content = (self.alert_score, rules)
        text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@value
class Judgement:
    """What a rule set says of a charge within one scope.

    `reason_codes` of the hits, most severe first; `quieted_reason_codes` hit too, but an analyst
    had said that they are the holder's own doing; `failed_rule_ids` could not be evaluated and
    count as no hit. `alert` says that an analyst should look.
    """

    score: int
    verdict: Verdict
    reason_codes: tuple[str, ...]
    quieted_reason_codes: tuple[str, ...]
    failed_rule_ids: tuple[str, ...]
    rule_set_version: str
    alert: bool


Variables = Mapping[str, int | bool | str]

Judge = Callable[[Scope, Variables, frozenset[str]], Judgement]
"""Judges by the rule set in force: scope, what its rules see, reason codes to keep quiet.

Raises Unavailable while no rule set is loaded. Injected, because a domain holds no CEL engine.
"""

Check = Callable[[RuleSet], None]
"""Raises Invalid, naming the rule, when a rule could not be evaluated. Injected, as above."""


def judgement(
    version: str,
    alert_score: int,
    hits: Sequence[Rule],
    failed_rule_ids: tuple[str, ...] = (),
    quiet: frozenset[str] = frozenset(),
) -> Judgement:
    """What hits add up to.

    Scores combine like independent chances: 1000 - (1000 - a)(1000 - b)/1000 …, cut off to whole
    numbers in the order of the rules. The verdict is the most severe one called for.
    """
    loud = [rule for rule in hits if rule.reason_code not in quiet]
    doubt = LARGEST_SCORE
    for rule in loud:
        doubt = doubt * (LARGEST_SCORE - rule.score) // LARGEST_SCORE
    score = LARGEST_SCORE - doubt
    verdict = max((rule.verdict for rule in loud), key=SEVERITY.__getitem__, default=Verdict.ALLOW)
    ordered = sorted(loud, key=lambda rule: (-SEVERITY[rule.verdict], -rule.score))
    watched = verdict is Verdict.WATCH and score >= alert_score
    return Judgement(
        score=score,
        verdict=verdict,
        reason_codes=_distinct(ordered),
        quieted_reason_codes=_distinct([rule for rule in hits if rule.reason_code in quiet]),
        failed_rule_ids=failed_rule_ids,
        rule_set_version=version,
        alert=verdict is Verdict.BLOCK or watched,
    )


def together(judgements: Sequence[Judgement]) -> Judgement:
    """One judgement of several scopes by one rule set: scores combine as those of hits do, the
    most severe verdict stands, and its reasons come first."""
    doubt = LARGEST_SCORE
    for each in judgements:
        doubt = doubt * (LARGEST_SCORE - each.score) // LARGEST_SCORE
    severest = sorted(judgements, key=lambda each: -SEVERITY[each.verdict])
    return Judgement(
        score=LARGEST_SCORE - doubt,
        verdict=severest[0].verdict,
        reason_codes=_joined(each.reason_codes for each in severest),
        quieted_reason_codes=_joined(each.quieted_reason_codes for each in severest),
        failed_rule_ids=_joined(each.failed_rule_ids for each in severest),
        rule_set_version=severest[0].rule_set_version,
        alert=any(each.alert for each in judgements),
    )


def _joined(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for part in parts for each in part))


def _distinct(rules: Sequence[Rule]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.reason_code for rule in rules))


def variables(values: Mapping[str, int], charge: Charge) -> dict[str, int | bool | str]:
    """What the rules of a scope see: the features, and the charge itself."""
    return {**values, **_of_charge(charge)}


def _of_charge(charge: Charge) -> dict[str, int | bool | str]:
    return {
        "amount_minor": charge.counted_minor,
        "currency": charge.amount.currency,
        "declined": charge.declined,
        "decline_reason": charge.decline_reason,
        "small": charge.small,
        "remote": charge.remote,
        "present": charge.present,
        "entry_mode": charge.entry_mode,
        "merchant_name": charge.merchant_name.casefold(),
        "merchant_category": charge.merchant_category_code,
        "merchant_country": charge.merchant_country,
    }


OF_CHARGE: Mapping[str, int | bool | str] = {
    "amount_minor": 1,
    "currency": "GBP",
    "declined": False,
    "decline_reason": "",
    "small": True,
    "remote": True,
    "present": False,
    "entry_mode": "ECOMMERCE",
    "merchant_name": "a",
    "merchant_category": "0000",
    "merchant_country": "GB",
}
"""What rules see of a charge, by example: name and type."""


def examples(scope: Scope) -> dict[str, int | bool | str]:
    """Every variable a rule of a scope may name, with a value of its type."""
    return {**dict.fromkeys(NAMES[scope], 1), **OF_CHARGE}


def require_well_formed(rule_set: RuleSet) -> None:
    """Raise Invalid when the rules do not make a set, whatever their expressions mean."""
    if not 1 <= len(rule_set.rules) <= LARGEST_RULE_SET:
        raise Invalid(
            "RULE_SET_SIZE", f"a rule set has 1 to {LARGEST_RULE_SET} rules", field="rules"
        )
    seen: set[str] = set()
    for index, rule in enumerate(rule_set.rules):
        if rule.rule_id in seen:
            raise Invalid(
                "RULE_DUPLICATE",
                f"rule {rule.rule_id} is there twice",
                field=f"rules[{index}].rule_id",
                rule_id=rule.rule_id,
            )
        seen.add(rule.rule_id)
        if not 1 <= rule.score <= LARGEST_SCORE:
            raise Invalid(
                "RULE_INVALID",
                f"rule {rule.rule_id}: a score is 1 to {LARGEST_SCORE}",
                field=f"rules[{index}].score",
                rule_id=rule.rule_id,
            )
