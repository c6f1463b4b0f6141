"""What is known about payments that are drawn from a bank."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.persistent_map import PersistentMap


class Settlement(StrEnum):
    """When a payment that the house draws is credited: at once, or when the bank confirms it."""

    IMMEDIATE = "IMMEDIATE"
    ON_CONFIRMATION = "ON_CONFIRMATION"


class PaymentStatus(StrEnum):
    """Where a payment stands that has to be confirmed."""

    INITIATED = "INITIATED"
    SETTLED = "SETTLED"
    RETURNED = "RETURNED"


@value
class Payment:
    """A payment that is, or was, to be confirmed."""

    payment_id: str
    source: str
    minor: int
    initiated_on: date
    status: PaymentStatus = PaymentStatus.INITIATED


@value
class Collecting:
    """Every such payment by its id; `pending` are those that nobody has confirmed yet."""

    known: PersistentMap[Payment] = PersistentMap()
    pending: tuple[Payment, ...] = ()

    @property
    def pending_minor(self) -> int:
        """What is on its way."""
        return sum(each.minor for each in self.pending)
