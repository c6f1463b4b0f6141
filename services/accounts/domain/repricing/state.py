"""What is known about dearer terms that were announced."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from services.accounts.domain.values import Terms


class Raised(StrEnum):
    """What of the terms is dearer than before, as 12 CFR 1026.9(c)(2)(ii) and 1026.55 count it."""

    RATES = "RATES"
    ANNUAL_FEE = "ANNUAL_FEE"
    FEES = "FEES"
    GRACE = "GRACE"
    MINIMUM_PAYMENT = "MINIMUM_PAYMENT"
    INTEREST_METHOD = "INTEREST_METHOD"


NOT_IN_FIRST_YEAR = (Raised.RATES, Raised.ANNUAL_FEE)
"""1026.55(b)(3)(iii)."""

REJECTABLE = (Raised.ANNUAL_FEE, Raised.FEES, Raised.GRACE, Raised.INTEREST_METHOD)
"""What a holder may reject: not rates, nor the minimum payment (1026.9(c)(2)(iv)(B))."""


@value
class Announcement:
    """Terms that the account goes over to on the first day of a cycle, `effective_on` or the next
    such day; what was bought up to `protected_until` keeps its rates."""

    programme_version: int
    terms: Terms
    announced_on: date
    effective_on: date
    protected_until: date
    raised: tuple[Raised, ...]
    rejected: bool = False

    @property
    def is_rejectable(self) -> bool:
        """Whether the holder has the right to reject it."""
        return any(each in REJECTABLE for each in self.raised)
