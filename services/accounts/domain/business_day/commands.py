"""What can be asked of the business days of a programme."""

from datetime import date

from chassis.kernel.events import Command, command, value
from chassis.kernel.money import Money


@command
class BeginBusinessDays(Command):
    """Open the first business day of a programme."""

    programme_id: str
    business_date: date


@command
class EndBusinessDay(Command):
    """Let a day end, because its time has come."""

    programme_id: str
    business_date: date


@value
class DayFigures:
    """What was done on a day."""

    accounts: int
    statements: int
    interest: Money
    fees: Money
    failed: int = 0


@command
class CloseBusinessDay(Command):
    """Nothing is due any more: close the day and open the next."""

    programme_id: str
    business_date: date
    figures: DayFigures


@command
class AdvanceBusinessDate(Command):
    """Let days end at once until `to_date` is open; for test systems only."""

    programme_id: str
    to_date: date


@command
class SetBusinessTimeZone(Command):
    """Choose where it is midnight when a day ends."""

    programme_id: str
    time_zone: str
