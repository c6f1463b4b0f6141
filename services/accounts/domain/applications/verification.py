"""What is looked at in an application, and what follows from what is found."""

import unicodedata
from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from services.accounts.domain.values import Terms


class Finding(StrEnum):
    """What is wrong with an application, or is to be looked at by people."""

    UNDER_AGE = "UNDER_AGE"
    INSUFFICIENT_INCOME = "INSUFFICIENT_INCOME"
    ALREADY_CUSTOMER = "ALREADY_CUSTOMER"
    DUPLICATE_APPLICATION = "DUPLICATE_APPLICATION"
    PHONE_NOT_IN_USE = "PHONE_NOT_IN_USE"
    LIMIT_ABOVE_PROGRAMME = "LIMIT_ABOVE_PROGRAMME"
    SCREENING_NOT_AVAILABLE = "SCREENING_NOT_AVAILABLE"
    SANCTIONS_MATCH = "SANCTIONS_MATCH"
    POLITICALLY_EXPOSED_MATCH = "POLITICALLY_EXPOSED_MATCH"
    SCREENING_HIT = "SCREENING_HIT"
    """Not found any more; it may be stored."""


DECLINING = frozenset(
    {
        Finding.UNDER_AGE,
        Finding.INSUFFICIENT_INCOME,
        Finding.ALREADY_CUSTOMER,
        Finding.DUPLICATE_APPLICATION,
    }
)
"""Whoever has one of these is declined; with any other, people decide."""


class Screening(StrEnum):
    """What the lists say of somebody: on none, perhaps on one of sanctions, perhaps on one of
    politically exposed people alone, or that nobody can say."""

    CLEAR = "CLEAR"
    SANCTIONS_MATCH = "SANCTIONS_MATCH"
    POLITICALLY_EXPOSED_MATCH = "POLITICALLY_EXPOSED_MATCH"
    NOT_AVAILABLE = "NOT_AVAILABLE"


class Outcome(StrEnum):
    """What follows from the findings."""

    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    REFERRED = "REFERRED"


@value
class Particulars:
    """What the rules look at of an applicant, in clear; never stored. Amounts are in the minor
    units of the programme's currency."""

    date_of_birth: date
    phone_in_use: bool
    annual_income_minor: int | None
    requested_limit_minor: int
    is_customer: bool
    has_open_application: bool
    screening: Screening


def findings(of: Particulars, terms: Terms, today: date) -> tuple[Finding, ...]:
    """Everything that is found, in the order of the words above."""
    income = of.annual_income_minor or 0
    told = {
        Finding.UNDER_AGE: age_on(of.date_of_birth, today) < terms.minimum_age_years,
        Finding.INSUFFICIENT_INCOME: income < terms.minimum_income_minor,
        Finding.ALREADY_CUSTOMER: of.is_customer,
        Finding.DUPLICATE_APPLICATION: of.has_open_application,
        Finding.PHONE_NOT_IN_USE: not of.phone_in_use,
        Finding.LIMIT_ABOVE_PROGRAMME: of.requested_limit_minor > terms.default_limit_minor,
        Finding.SCREENING_NOT_AVAILABLE: of.screening is Screening.NOT_AVAILABLE,
        Finding.SANCTIONS_MATCH: of.screening is Screening.SANCTIONS_MATCH,
        Finding.POLITICALLY_EXPOSED_MATCH: of.screening is Screening.POLITICALLY_EXPOSED_MATCH,
    }
    return tuple(finding for finding, found in told.items() if found)


def outcome_of(found: tuple[Finding, ...]) -> Outcome:
    """Nothing found: approved. Something that declines: declined. Else people decide."""
    if DECLINING.intersection(found):
        return Outcome.DECLINED
    return Outcome.REFERRED if found else Outcome.APPROVED


def age_on(born: date, day: date) -> int:
    """Full years; whoever was born on 29 February is a year older on 1 March of common years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def identity_of(given_name: str, family_name: str, born: date, postal_code: str) -> str:
    """Who somebody is, spelt so that case, accents, spaces and the order of names do not matter.
    The same text for two people is possible (twins of one name at one place)."""
    names = sorted((_folded(given_name) + " " + _folded(family_name)).split())
    return "|".join((" ".join(names), born.isoformat(), _folded(postal_code).replace(" ", "")))


def _folded(text: str) -> str:
    """Without case, accents and signs; letters of every script stay."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    kept = (each if each.isalnum() else " " for each in apart if not unicodedata.combining(each))
    return " ".join("".join(kept).split())
