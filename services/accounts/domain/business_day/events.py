"""What can have happened to the business days of a programme."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money


@fact
class BusinessDayOpened(Fact):
    """A programme's business date is this; the day ends by itself at `ends_at`."""

    programme_id: str
    business_date: date
    time_zone: str
    ends_at: datetime
    transaction_date: date


@fact
class BusinessDayEnded(Fact):
    """Nothing more belongs to the day; what is due on it is being carried out."""

    programme_id: str
    business_date: date
    transaction_date: date


@fact
class BusinessDayClosed(Fact):
    """Everything due on the day was carried out; `failed` accounts could not be and stay due."""

    programme_id: str
    business_date: date
    accounts: int
    statements: int
    interest: Money
    fees: Money
    failed: int
    transaction_date: date


@fact
class BusinessDateAdvanced(Fact):
    """The test clock was set: days end at once, one after the other, until `to_date` is open."""

    programme_id: str
    from_date: date
    to_date: date
    transaction_date: date


@fact
class BusinessTimeZoneSet(Fact):
    """Days that open from now on end at midnight in this zone."""

    programme_id: str
    time_zone: str
    transaction_date: date
