"""What a holder is told before consenting (12 CFR 1026.56(e)(1)): the fee, and nothing that is not
known here. Another fee is another notice."""

from datetime import date

from chassis.kernel.events import value
from services.accounts.domain.billing.fees import cap, scheduled
from services.accounts.domain.billing.terms import BillingTerms, FeeKind


@value
class Notice:
    """The fee the first time and repeated, in minor units; there is no other rate for it."""

    fee_minor: int
    repeated_minor: int

    @property
    def notice_id(self) -> str:
        """Its name, which is what it says."""
        return f"over-limit-{self.fee_minor}-{self.repeated_minor}"


def notice_of(terms: BillingTerms, day: date) -> Notice | None:
    """The notice as of a day, or None where there is no such fee."""
    fee = scheduled(terms, FeeKind.OVER_LIMIT, day)
    if fee is None:
        return None
    first, again = fee.amount_minor, fee.repeated_minor or fee.amount_minor
    limit = cap(terms, FeeKind.OVER_LIMIT, day)
    if limit is not None:
        first, again = min(first, limit.first_minor), min(again, limit.repeated_minor)
    return Notice(fee_minor=first, repeated_minor=again)
