"""A plan of payments: what is drawn when, and what became of it."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from services.accounts.domain.billing.calendar import DAY, months_later


class Frequency(StrEnum):
    """How far the payments of a plan are apart."""

    WEEKLY = "WEEKLY"
    FORTNIGHTLY = "FORTNIGHTLY"
    MONTHLY = "MONTHLY"


class RepaymentStatus(StrEnum):
    """What became of a payment of a plan; DRAWN may be less than planned, as no more is owed."""

    PLANNED = "PLANNED"
    DRAWN = "DRAWN"
    SKIPPED = "SKIPPED"


class PlanStatus(StrEnum):
    """Where a plan stands."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@value
class PlannedPayment:
    """How much is to be drawn on a day."""

    on: date
    minor: int


@value
class Repayment:
    """A payment of a plan, numbered from 1, and what was drawn of it."""

    number: int
    on: date
    minor: int
    status: RepaymentStatus = RepaymentStatus.PLANNED
    drawn_minor: int = 0


@value
class RepaymentPlan:
    """A plan; its payments are in order of their days."""

    plan_id: str
    status: PlanStatus = PlanStatus.ACTIVE
    payments: tuple[Repayment, ...] = ()

    @property
    def open(self) -> tuple[Repayment, ...]:
        """What is still to be drawn."""
        return tuple(each for each in self.payments if each.status is RepaymentStatus.PLANNED)

    def source(self, number: int) -> str:
        """What a payment that is drawn for it is called."""
        return f"plan {self.plan_id} {number}"


def dates(first_on: date, frequency: Frequency, count: int) -> list[date]:
    """The days of a plan; monthly ones on the day of the first, or the last of a month."""
    if frequency is Frequency.MONTHLY:
        return [months_later(first_on, month) for month in range(count)]
    days = 7 if frequency is Frequency.WEEKLY else 14
    return [first_on + days * number * DAY for number in range(count)]


def spread(total_minor: int, days: Sequence[date]) -> tuple[PlannedPayment, ...]:
    """A total in payments as equal as can be, the larger first; they add up to it."""
    part, over = divmod(total_minor, len(days))
    return tuple(
        PlannedPayment(on=day, minor=part + (1 if place < over else 0))
        for place, day in enumerate(days)
    )


def payments_text(payments: Sequence[PlannedPayment]) -> str:
    """A canonical text of what was asked for; a repetition asks for the same."""
    return " ".join(f"{each.on.isoformat()}:{each.minor}" for each in payments)
