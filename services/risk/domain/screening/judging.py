"""What a date of birth says for or against a match, and where the line is drawn."""

import re
from collections.abc import Iterable
from datetime import date

from services.risk.domain.screening.values import THOUSAND, Agreement

BIRTH = re.compile(r"[0-9]{4}(-[0-9]{2}-[0-9]{2}|/[0-9]{4})?")
NEAR_YEARS = 1
"""Lists often have the year only, or know it by hearsay."""

WEIGHT = {
    Agreement.AGREES: 50,
    Agreement.NEAR: 0,
    Agreement.UNKNOWN: 0,
    Agreement.DIFFERS: -100,
}
"""In thousandths. Another date of birth clears a name that is merely similar, and never one that is
the same: 1000 - 100 is above every threshold that may be set."""

THRESHOLD_LEAST = 600
THRESHOLD_MOST = 900
THRESHOLD_USUAL = 800


def birth_agreement(asked: date | None, births: Iterable[str]) -> Agreement:
    """The best that any of the listed dates says."""
    if asked is None:
        return Agreement.UNKNOWN
    found = {_agreement(asked, each) for each in births}
    for each in (Agreement.AGREES, Agreement.NEAR, Agreement.DIFFERS):
        if each in found:
            return each
    return Agreement.UNKNOWN


def _agreement(asked: date, birth: str) -> Agreement:
    if len(birth) == len("YYYY-MM-DD"):
        if asked.isoformat() == birth:
            return Agreement.AGREES
        return _near(asked.year, int(birth[:4]), int(birth[:4]))
    first, last = int(birth[:4]), int(birth[-4:])
    if first <= asked.year <= last:
        return Agreement.AGREES
    return _near(asked.year, first, last)


def _near(year: int, first: int, last: int) -> Agreement:
    near = first - NEAR_YEARS <= year <= last + NEAR_YEARS
    return Agreement.NEAR if near else Agreement.DIFFERS


def weighed(name_score: int, birth: Agreement) -> int:
    """The score of a match, 0 to 1000."""
    return max(0, min(THOUSAND, name_score + WEIGHT[birth]))
