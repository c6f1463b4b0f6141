"""What terms must fulfil whoever wants them."""

import re

from chassis.kernel.errors import Invalid
from services.accounts.domain.billing.checking import check_billing
from services.accounts.domain.values import MccGroup, Terms

BIN_LENGTHS = (6, 8)
HOLD_RULES_LIMIT = 64
MCC_GROUPS_LIMIT = 64
MCC_RANGES_LIMIT = 64
AGE_YEARS_LARGEST = 120
GROUP_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
MCC = re.compile(r"[0-9]{4}")


def check_terms(terms: Terms) -> None:
    """Raises Invalid, with the path of the field in a request, for senseless terms."""
    if not terms.bin.isascii() or not terms.bin.isdigit() or len(terms.bin) not in BIN_LENGTHS:
        raise Invalid("BIN_MALFORMED", "a BIN has six or eight digits", field="programme.bin")
    if len(terms.hold_rules) > HOLD_RULES_LIMIT:
        raise Invalid(
            "TOO_MANY_HOLD_RULES",
            f"a programme has at most {HOLD_RULES_LIMIT} hold rules",
            field="programme.hold_rules",
        )
    amounts = (
        terms.default_limit_minor,
        terms.over_limit_tolerance_minor,
        terms.assessment_threshold_minor or 0,
        terms.stand_in_limit_minor,
        terms.minimum_income_minor,
        *(rule.estimate_hold_minor for rule in terms.hold_rules),
    )
    if min(amounts) < 0:
        raise Invalid("AMOUNT_NEGATIVE", "no amount of a programme is negative", field="programme")
    lifetimes = (terms.hold_lifetime_hours, *(rule.lifetime_hours for rule in terms.hold_rules))
    if min(lifetimes) < 1 or terms.card_validity_months < 1:
        raise Invalid(
            "LIFETIME_TOO_SHORT", "a hold lives an hour at least, a card a month", field="programme"
        )
    if not 0 <= terms.minimum_age_years <= AGE_YEARS_LARGEST:
        raise Invalid(
            "AGE_SENSELESS", "nobody is of such an age", field="programme.minimum_age_years"
        )
    _check_groups(terms.mcc_groups)
    if terms.billing is not None:
        check_billing(terms.billing, terms.foreign_markup_basis_points)


def _check_groups(groups: tuple[MccGroup, ...]) -> None:
    """Names are words and differ; a range does not run backwards."""
    if len(groups) > MCC_GROUPS_LIMIT:
        raise Invalid(
            "TOO_MANY_MCC_GROUPS",
            f"a programme has at most {MCC_GROUPS_LIMIT} groups",
            field="programme.mcc_groups",
        )
    for place, group in enumerate(groups):
        path = f"programme.mcc_groups[{place}]"
        earlier = {each.name for each in groups[:place]}
        if not GROUP_NAME.fullmatch(group.name) or group.name in earlier:
            raise Invalid(
                "MCC_GROUP_NAME", "names of groups are UPPER_SNAKE and differ", field=f"{path}.name"
            )
        well_formed = all(
            MCC.fullmatch(each.first) and MCC.fullmatch(each.last) and each.first <= each.last
            for each in group.ranges
        )
        if not well_formed or not 1 <= len(group.ranges) <= MCC_RANGES_LIMIT:
            raise Invalid(
                "MCC_RANGE_MALFORMED",
                f"a group has 1 to {MCC_RANGES_LIMIT} ranges of four digits, none backwards",
                field=f"{path}.ranges",
            )
