"""Earning rules: immutable sets named by their hash, and what an amount earns under one."""

import json
from calendar import monthrange
from datetime import date
from hashlib import sha256

from chassis.kernel.errors import Invalid
from chassis.kernel.events import value
from chassis.kernel.money import Money

BASE_RATES_LIMIT = 50
BONUSES_LIMIT = 100
EXPIRY_MONTHS_LIMIT = 120
PER_CENT = 100
POINTS_LIMIT = 10**12
"""What one rule gives at most, whatever the amount: sums of points stay far below 2^63."""
VERSIONS_KEPT = 256


@value
class BaseRate:
    """`points` for every `per_minor_units` of a currency."""

    currency: str
    points: int
    per_minor_units: int


@value
class CategoryRange:
    """Merchant category codes from first to last, both included; four digits each."""

    first: str
    last: str


@value
class CategoryBonus:
    """`extra_percent` of the base rate on top of it, at merchants of these categories."""

    rule_id: str
    categories: tuple[CategoryRange, ...]
    extra_percent: int

    def covers(self, merchant_category_code: str) -> bool:
        """Whether a merchant of this category earns the bonus."""
        return any(each.first <= merchant_category_code <= each.last for each in self.categories)


@value
class RuleSet:
    """What charges earn, and how long points last: to the end of the month `expiry_months` on."""

    base_rates: tuple[BaseRate, ...]
    bonuses: tuple[CategoryBonus, ...]
    expiry_months: int


@value
class DerivationLine:
    """What one rule gave: whole points, `rate_points` for every `rate_per_minor_units`."""

    rule_id: str
    rate_points: int
    rate_per_minor_units: int
    points: int


def version_of(rule_set: RuleSet) -> str:
    """SHA-256 of the content in one canonical form, hexadecimal."""
    content = {
        "base_rates": sorted(
            [r.currency, r.points, r.per_minor_units] for r in rule_set.base_rates
        ),
        "bonuses": sorted(
            [b.rule_id, sorted([c.first, c.last] for c in b.categories), b.extra_percent]
            for b in rule_set.bonuses
        ),
        "expiry_months": rule_set.expiry_months,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def check(rule_set: RuleSet) -> None:
    """Raise Invalid RULES_INVALID unless the rules can be applied without doubt."""
    currencies = [rate.currency for rate in rule_set.base_rates]
    names = [bonus.rule_id for bonus in rule_set.bonuses]
    ranges = [each for bonus in rule_set.bonuses for each in bonus.categories]
    problems = {
        "base_rates": not currencies or len(currencies) > BASE_RATES_LIMIT,
        "base_rates.currency_code": len(set(currencies)) != len(currencies),
        "base_rates.points": any(
            r.points < 1 or r.per_minor_units < 1 for r in rule_set.base_rates
        ),
        "bonuses": len(names) > BONUSES_LIMIT,
        "bonuses.rule_id": len({*names, "base"}) != len(names) + 1,
        "bonuses.extra_percent": any(bonus.extra_percent < 1 for bonus in rule_set.bonuses),
        "bonuses.categories": any(each.first > each.last for each in ranges),
        "expiry_months": not 1 <= rule_set.expiry_months <= EXPIRY_MONTHS_LIMIT,
    }
    for field, wrong in problems.items():
        if wrong:
            raise Invalid(
                "RULES_INVALID", "these rules cannot be applied", field=f"rule_set.{field}"
            )


def derive_award(
    rule_set: RuleSet, amount: Money, merchant_category_code: str
) -> tuple[DerivationLine, ...]:
    """What each rule gives for an amount; nothing when its currency has no base rate.

    Of the bonuses that cover the category the highest counts, of equal ones the first by name.
    """
    rate = next((r for r in rule_set.base_rates if r.currency == amount.currency), None)
    if rate is None or amount.minor_units <= 0:
        return ()
    lines = [_line("base", rate.points, rate.per_minor_units, amount)]
    covering = [bonus for bonus in rule_set.bonuses if bonus.covers(merchant_category_code)]
    if covering:
        best = min(covering, key=lambda bonus: (-bonus.extra_percent, bonus.rule_id))
        points, per = rate.points * best.extra_percent, rate.per_minor_units * PER_CENT
        lines.append(_line(best.rule_id, points, per, amount))
    return tuple(lines)


def _line(
    rule_id: str, rate_points: int, rate_per_minor_units: int, amount: Money
) -> DerivationLine:
    points = min(amount.minor_units * rate_points // rate_per_minor_units, POINTS_LIMIT)
    return DerivationLine(
        rule_id=rule_id,
        rate_points=rate_points,
        rate_per_minor_units=rate_per_minor_units,
        points=points,
    )


def total(lines: tuple[DerivationLine, ...]) -> int:
    """All points of a derivation."""
    return sum(line.points for line in lines)


def last_day(rule_set: RuleSet, earned_on: date) -> date:
    """The last day on which points earned on a day can be used: always the end of a month."""
    months = earned_on.year * 12 + earned_on.month - 1 + rule_set.expiry_months
    year, month = divmod(months, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def _per_whole_unit(currency: str, minor_units: int) -> BaseRate:
    return BaseRate(currency=currency, points=1, per_minor_units=minor_units)


def _bonus(rule_id: str, extra_percent: int, *categories: tuple[str, str]) -> CategoryBonus:
    ranges = tuple(CategoryRange(first=first, last=last) for first, last in categories)
    return CategoryBonus(rule_id=rule_id, categories=ranges, extra_percent=extra_percent)


HOUSE_RULES = RuleSet(
    base_rates=(
        *(_per_whole_unit(currency, 100) for currency in ("CNY", "EUR", "GBP", "HKD", "USD")),
        _per_whole_unit("JPY", 100),
    ),
    bonuses=(
        _bonus("groceries", 50, ("5411", "5411"), ("5422", "5499")),
        _bonus("dining", 100, ("5811", "5814")),
        _bonus(
            "travel", 200, ("3000", "3999"), ("4111", "4112"), ("4511", "4511"), ("7011", "7011")
        ),
    ),
    expiry_months=24,
)
"""In force from the beginning, until a rule set is activated: one point for each whole unit of the
currency (for yen, for a hundred), half as many more for groceries, twice for dining, thrice for
travel."""
