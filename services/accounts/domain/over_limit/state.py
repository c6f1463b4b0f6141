"""What is known about consents, and about the fees for exceeding the limit."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value


class ConsentMethod(StrEnum):
    """How a consent is given or revoked: any way of the one is a way of the other (1026.56(c))."""

    ELECTRONIC = "ELECTRONIC"
    ORAL = "ORAL"
    WRITTEN = "WRITTEN"


@value
class Consent:
    """A consent from a day on. There is no fee before `confirmed_on` (comment 56(b)(1)-5), nor for
    transactions from `revoked_on` on."""

    consent_id: str
    given_on: date
    confirmed_on: date | None = None
    revoked_on: date | None = None

    def covers(self, day: date) -> bool:
        """Whether it was in force for a transaction of a day."""
        return self.given_on <= day and (self.revoked_on is None or day < self.revoked_on)


@value
class OverLimit:
    """`transaction_in` is the cycle of the latest transaction that was charged a fee, `fees` how
    many it has had, `charged_in` the cycle of the last of them."""

    consents: tuple[Consent, ...] = ()
    transaction_in: int = 0
    fees: int = 0
    charged_in: int = 0

    @property
    def current(self) -> Consent | None:
        """The consent that is in force."""
        last = self.consents[-1] if self.consents else None
        return last if last and last.revoked_on is None else None

    def find(self, consent_id: str) -> Consent | None:
        """The consent of this id, or None."""
        return next((each for each in self.consents if each.consent_id == consent_id), None)

    def chargeable(self, day: date, by: date) -> bool:
        """Whether a transaction of a day may be charged for on another: there was a consent then,
        and its confirmation had been sent."""
        return any(
            each.covers(day) and each.confirmed_on is not None and each.confirmed_on <= by
            for each in self.consents
        )
