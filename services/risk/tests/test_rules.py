"""Rules: what is refused and why, how hits add up, and who may put a rule set in force."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.errors import Invalid, NotFound, Refused, Unavailable
from services.risk import rule_engine
from services.risk.domain import rule_book
from services.risk.domain.features import Scope
from services.risk.domain.rule_book import (
    ActivateRuleSet,
    InstallInitialRuleSet,
    ProposeRuleSet,
    RuleBook,
    RuleSetStatus,
)
from services.risk.domain.rules import (
    Judgement,
    Rule,
    RuleSet,
    Verdict,
    examples,
    judgement,
    together,
)
from services.risk.rule_engine import RuleEngine, initial_rule_set
from services.risk.tests.stories import CardStory, Story, charge, engine


def rule(expression: str = "charges_10m >= 3", **changes: object) -> Rule:
    fields: dict[str, object] = {
        "rule_id": "a_rule",
        "reason_code": "A_REASON",
        "scope": Scope.CARD,
        "expression": expression,
        "score": 500,
        "verdict": Verdict.WATCH,
    }
    return Rule(**{**fields, **changes})  # type: ignore[arg-type]


def rule_set(*rules: Rule, alert_score: int = 600) -> RuleSet:
    return RuleSet(rules=rules or (rule(),), alert_score=alert_score)


# Expressions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("charges_10m >=", "1:15: Syntax error"),
        ("charges_ten_minutes >= 3", "there is no charges_ten_minutes in the scope card"),
        ("cards_10m >= 3", "there is no cards_10m in the scope card"),
        ("charges_10m", "does not give true or false"),
        ("charges_10m >= 'three'", "cannot be evaluated"),
        ("merchant_name.matches('a+')", "matches may not be used"),
        ("[1, 2].exists(x, x > charges_10m)", "may not be used|there is no"),
        ("x" * 2_001, "1 to 2000 characters"),
    ],
)
def test_an_expression_that_cannot_work_is_refused_by_the_name_of_its_rule(
    expression: str, complaint: str
) -> None:
    with pytest.raises(Invalid, match=complaint) as refused:
        rule_engine.check(rule_set(rule(rule_id="fine"), rule(expression)))
    assert refused.value.reason == "RULE_INVALID"
    assert refused.value.field == "rules[1].expression"
    assert refused.value.metadata == {"rule_id": "a_rule"}


def test_a_complaint_says_where_however_long_the_expression() -> None:
    long = "declined && " * 100 + "small &&"
    with pytest.raises(Invalid, match="1:1209: Syntax error"):
        rule_engine.check(rule_set(rule(long)))


def test_a_complaint_is_short_however_long_the_expression() -> None:
    with pytest.raises(Invalid) as refused:
        rule_engine.check(rule_set(rule("ﷺ" * 80)))
    assert len(refused.value.message) < 300


@pytest.mark.parametrize("scope", list(Scope))
def test_every_variable_may_be_used(scope: Scope) -> None:
    rules = [rule(f"{each} == {each}", rule_id=each, scope=scope) for each in examples(scope)]
    rule_engine.check(rule_set(*rules))


def test_a_rule_that_fails_on_a_charge_is_named_and_the_others_judge() -> None:
    divides = rule("amount_minor / (charges_seen - 1) > 3", rule_id="divides")
    rule_engine.check(rule_set(rule("amount_minor / charges_10m > 3")))
    rules = engine(divides, rule("amount_minor > 10", rule_id="large", reason_code="LARGE"))
    [_, second] = CardStory(rules).charged(charge(1), charge(2))
    assert second.failed_rule_ids == ("divides",)
    assert second.reason_codes == ("LARGE",)


def test_a_rule_that_fails_is_told_of_once(capfd: pytest.CaptureFixture[str]) -> None:
    divides = rule("amount_minor / (charges_seen - 1) > 3", rule_id="divides")
    rules = engine(divides)
    for _ in range(2):
        CardStory(rules).charged(charge(1), charge(2))
    told = [json.loads(line) for line in "".join(capfd.readouterr()).splitlines() if line]
    failed = [each for each in told if each["event"] == "rule_failed"]
    assert [each["rule_id"] for each in failed] == ["divides"]
    assert failed[0]["rule_set_version"] == rule_set(divides).version


def test_nothing_is_judged_before_rules_are_loaded() -> None:
    with pytest.raises(Unavailable, match="RULES_NOT_LOADED"):
        RuleEngine().judge(Scope.CARD, examples(Scope.CARD), frozenset())


def test_an_engine_forgets_old_rule_sets_but_not_the_one_in_force() -> None:
    rules = engine(rule("true", score=1))
    for score in range(2, 100):
        rules.compiled(rule_set(rule("true", score=score)))
    assert rules.judge(Scope.CARD, examples(Scope.CARD), frozenset()).score == 1


def test_the_initial_rules_are_sound_and_do_not_hit_a_plain_charge() -> None:
    assert len(initial_rule_set().rules) >= 15
    [score] = CardStory().charged(charge())
    assert (score.score, score.verdict, score.reason_codes) == (0, Verdict.ALLOW, ())


# Adding up --------------------------------------------------------------------------------------


hits = st.lists(
    st.builds(
        rule,
        rule_id=st.sampled_from(("one", "two", "three")),
        reason_code=st.sampled_from(("A", "B", "C")),
        score=st.integers(1, 1_000),
        verdict=st.sampled_from(sorted(Verdict)),
    ),
    max_size=6,
)


@given(hits)
def test_more_hits_never_make_a_charge_less_suspicious(rules: list[Rule]) -> None:
    scores = [judgement("v", 600, rules[:count]).score for count in range(len(rules) + 1)]
    assert scores == sorted(scores)
    assert scores[-1] >= max((each.score for each in rules), default=0)
    assert scores[-1] <= 1_000


@given(hits)
def test_a_block_always_calls_an_analyst(rules: list[Rule]) -> None:
    found = judgement("v", 600, rules)
    assert (found.verdict is Verdict.BLOCK) <= found.alert
    assert found.alert <= (found.verdict is not Verdict.ALLOW)


@given(st.lists(hits, min_size=1, max_size=3))
def test_several_scopes_are_at_least_as_suspicious_as_each(parts: list[list[Rule]]) -> None:
    judgements: list[Judgement] = [judgement("v", 600, part) for part in parts]
    found = together(judgements)
    assert found.score >= max(each.score for each in judgements)
    assert set(found.reason_codes) == {code for each in judgements for code in each.reason_codes}


def test_a_score_below_the_threshold_is_watched_without_an_alert() -> None:
    story = CardStory(engine(rule("true", score=599)))
    assert story.charged(charge())[0].verdict is Verdict.WATCH
    assert story.alerts == []


# The book ---------------------------------------------------------------------------------------


def book() -> Story[RuleBook]:
    return Story(rule_book.decider(rule_engine.check))


def proposed(story: Story[RuleBook], rules: RuleSet, by: str = "operator:ann") -> RuleSet:
    story.when(ProposeRuleSet(rule_set=rules, proposed_by=by))
    return rules


def activate(story: Story[RuleBook], rules: RuleSet, by: str) -> None:
    story.when(ActivateRuleSet(rule_set_version=rules.version, activated_by=by))


def test_the_first_rule_set_comes_with_the_software() -> None:
    story = book()
    story.when(InstallInitialRuleSet(rule_set=initial_rule_set()))
    assert story.state.active == initial_rule_set()


def test_a_newer_release_does_not_replace_what_people_put_in_force() -> None:
    story = book()
    story.when(InstallInitialRuleSet(rule_set=rule_set()))
    story.when(InstallInitialRuleSet(rule_set=initial_rule_set()))
    assert story.state.active == rule_set()


def test_a_second_person_puts_a_rule_set_in_force() -> None:
    story = book()
    story.when(InstallInitialRuleSet(rule_set=initial_rule_set()))
    rules = proposed(story, rule_set())
    assert story.state.entries[rules.version].status is RuleSetStatus.DRAFT
    with pytest.raises(Refused, match="SECOND_PERSON_NEEDED"):
        activate(story, rules, by="operator:ann")
    activate(story, rules, by="operator:ben")
    assert story.state.active == rules
    initial = story.state.entries[initial_rule_set().version]
    assert initial.status is RuleSetStatus.RETIRED


def test_a_retired_rule_set_may_come_back() -> None:
    story = book()
    one, other = proposed(story, rule_set()), proposed(story, rule_set(alert_score=700))
    for rules in (one, other, one):
        activate(story, rules, by="operator:ben")
        assert story.state.active == rules


def test_the_same_content_is_the_same_rule_set_whoever_proposes_it() -> None:
    story = book()
    proposed(story, rule_set())
    assert story.when(ProposeRuleSet(rule_set=rule_set(), proposed_by="operator:ben")) == []
    assert len(story.state.order) == 1


def test_what_nobody_proposed_cannot_be_activated() -> None:
    with pytest.raises(NotFound, match="RULE_SET_NOT_FOUND"):
        activate(book(), rule_set(), by="operator:ben")


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ((rule(), rule("true")), "RULE_DUPLICATE"),
        ((rule(score=0),), "RULE_INVALID"),
        ((rule(score=1_001),), "RULE_INVALID"),
        (tuple(rule(rule_id=f"r{n}") for n in range(201)), "RULE_SET_SIZE"),
    ],
)
def test_rules_that_make_no_set_are_refused(rules: tuple[Rule, ...], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        proposed(book(), RuleSet(rules=rules, alert_score=600))


@given(st.permutations([rule(rule_id=f"r{n}", score=n + 1) for n in range(4)]), st.integers(1, 9))
def test_a_version_is_the_hash_of_all_of_the_content(rules: list[Rule], alert_score: int) -> None:
    first = [rule(rule_id=f"r{n}", score=n + 1) for n in range(4)]
    same = RuleSet(rules=tuple(rules), alert_score=alert_score)
    other = RuleSet(rules=tuple(first), alert_score=5)
    assert (same.version == other.version) == (rules == first and alert_score == 5)
