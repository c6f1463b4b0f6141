"""Rule sets: named by what they say, put in force by a second person, and never in a hurry."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.money import Money
from services.loyalty.domain import rules
from services.loyalty.domain.rule_book import (
    ACTIVATION_LEAD,
    HOUSE_VERSION,
    RULE_BOOK,
    ActivateRuleSet,
    ProposeRuleSet,
    RuleBook,
)
from services.loyalty.domain.rules import (
    HOUSE_RULES,
    BaseRate,
    CategoryBonus,
    CategoryRange,
    RuleSet,
    derive_award,
    last_day,
    total,
    version_of,
)

NOW = datetime(2026, 3, 10, tzinfo=UTC)
GENEROUS = RuleSet(
    base_rates=(BaseRate(currency="GBP", points=3, per_minor_units=100),),
    bonuses=(),
    expiry_months=12,
)
PROPOSE = ProposeRuleSet(programme_id="house", rule_set=GENEROUS, proposed_by="operator:ann")
VERSION = version_of(GENEROUS)


def activate(
    by: str, version: str = VERSION, effective_from: datetime | None = None
) -> ActivateRuleSet:
    return ActivateRuleSet(
        programme_id="house",
        rule_set_version=version,
        activated_by=by,
        effective_from=effective_from,
    )


def told(book: RuleBook, asked: object, now: datetime = NOW) -> RuleBook:
    """The book after a command, which is then repeated and must change nothing."""
    context = Context(now=now, actor="test:1", new_id=lambda: "unused")
    after = RULE_BOOK.fold(RULE_BOOK.decide(book, asked, context), book)
    assert RULE_BOOK.decide(after, asked, context) == []
    return after


def test_the_house_rules_are_valid_and_in_force_from_the_beginning() -> None:
    rules.check(HOUSE_RULES)
    assert RULE_BOOK.initial.version_in_force(datetime(1970, 1, 1, tzinfo=UTC)) == HOUSE_VERSION


def test_the_version_depends_on_what_the_rules_say_and_not_on_their_order() -> None:
    turned = replace(HOUSE_RULES, bonuses=tuple(reversed(HOUSE_RULES.bonuses)))
    assert version_of(turned) == HOUSE_VERSION
    assert version_of(replace(HOUSE_RULES, expiry_months=25)) != HOUSE_VERSION


def test_a_second_person_puts_rules_in_force_for_what_is_cleared_later() -> None:
    book = told(RULE_BOOK.initial, PROPOSE)
    with pytest.raises(Refused, match="SECOND_PERSON_REQUIRED"):
        told(book, activate("operator:ann"))
    book = told(book, activate("operator:bob"))
    assert book.version_in_force(NOW + ACTIVATION_LEAD - timedelta(microseconds=1)) == HOUSE_VERSION
    assert book.in_force(NOW + ACTIVATION_LEAD) == GENEROUS


def test_rules_cannot_take_effect_at_once_nor_in_the_past() -> None:
    book = told(RULE_BOOK.initial, PROPOSE)
    with pytest.raises(Refused, match="EFFECTIVE_TOO_SOON"):
        told(book, activate("operator:bob", effective_from=NOW + timedelta(seconds=59)))


def test_rules_nobody_proposed_cannot_be_activated() -> None:
    with pytest.raises(NotFound, match="RULE_SET_UNKNOWN"):
        told(RULE_BOOK.initial, activate("operator:bob", "0" * 64))


def test_the_house_rules_can_be_put_back_in_force() -> None:
    book = told(RULE_BOOK.initial, PROPOSE)
    book = told(book, activate("operator:bob"))
    later = NOW + timedelta(days=1)
    book = told(book, activate("operator:ann", HOUSE_VERSION), later)
    assert book.in_force(later) == GENEROUS
    assert book.version_in_force(later + ACTIVATION_LEAD) == HOUSE_VERSION


def bonus(rule_id: str, percent: int, first: str = "5000", last: str = "5999") -> CategoryBonus:
    covered = (CategoryRange(first=first, last=last),)
    return CategoryBonus(rule_id=rule_id, categories=covered, extra_percent=percent)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(GENEROUS, base_rates=()), "base_rates"),
        (replace(GENEROUS, base_rates=GENEROUS.base_rates * 2), "base_rates.currency_code"),
        (replace(GENEROUS, bonuses=(bonus("base", 10),)), "bonuses.rule_id"),
        (replace(GENEROUS, bonuses=(bonus("a", 10), bonus("a", 20))), "bonuses.rule_id"),
        (replace(GENEROUS, bonuses=(bonus("a", 0),)), "bonuses.extra_percent"),
        (replace(GENEROUS, bonuses=(bonus("a", 5, "9", "1"),)), "bonuses.categories"),
        (replace(GENEROUS, expiry_months=0), "expiry_months"),
    ],
)
def test_rules_that_cannot_be_applied_are_refused_by_field(wrong: RuleSet, field: str) -> None:
    with pytest.raises(Invalid, match="RULES_INVALID") as refusal:
        rules.check(wrong)
    assert refusal.value.field == f"rule_set.{field}"


def test_of_several_bonuses_the_highest_counts_and_then_the_first_by_name() -> None:
    several = replace(GENEROUS, bonuses=(bonus("b", 50), bonus("a", 50), bonus("c", 20)))
    lines = derive_award(several, Money(100_00, "GBP"), "5411")
    assert [(line.rule_id, line.points) for line in lines] == [("base", 300), ("a", 150)]


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_two_clearings_never_earn_more_than_one_of_their_sum(one: int, other: int) -> None:
    def points(minor: int) -> int:
        return total(derive_award(HOUSE_RULES, Money(minor, "GBP"), "5411"))

    assert 0 <= points(one + other) - points(one) - points(other) <= 2


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_points_last_whole_months_and_end_with_a_month(earned_on: date, months: int) -> None:
    until = last_day(replace(GENEROUS, expiry_months=months), earned_on)
    assert (until + timedelta(days=1)).day == 1
    assert (until.year * 12 + until.month) - (earned_on.year * 12 + earned_on.month) == months


def test_no_rule_gives_more_points_than_can_be_counted() -> None:
    reckless = RuleSet(
        base_rates=(BaseRate(currency="GBP", points=10**6, per_minor_units=1),),
        bonuses=(
            CategoryBonus(
                rule_id="all",
                categories=(CategoryRange(first="0000", last="9999"),),
                extra_percent=10_000,
            ),
        ),
        expiry_months=12,
    )
    rules.check(reckless)
    lines = derive_award(reckless, Money(10**15, "GBP"), "5411")
    assert [line.points for line in lines] == [rules.POINTS_LIMIT] * 2
