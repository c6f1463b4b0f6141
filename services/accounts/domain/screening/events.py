"""What can have happened while customers were looked for on lists. Names are in none of it."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact
from services.accounts.domain.applications.verification import Screening


@fact
class RescreeningBegun(Fact):
    """A list has changed, so that all customers are to be looked for again."""

    rescreening_id: str
    list_id: str
    version_id: str
    begun_at: datetime


@fact
class RescreeningAdvanced(Fact):
    """The next customers, in the order of their ids up to `through`, have been looked for.
    `referred` are those that people have to look at, `skipped` those who are forgotten."""

    rescreening_id: str
    through: str
    screened: int
    referred: int
    skipped: int


@fact
class RescreeningCompleted(Fact):
    """All customers have been looked for; the numbers are of all batches together."""

    rescreening_id: str
    list_id: str
    version_id: str
    screened: int
    referred: int
    skipped: int
    completed_at: datetime


@fact
class CustomerScreened(Fact):
    """A customer was looked for because of what is known of them: `due_position` is the place in
    the log of what made it due. `screening_id` is what risk calls it."""

    customer_id: str
    screening_id: str
    due_position: int
    screening: Screening
    transaction_date: date


@fact
class CustomerScreeningReferred(Fact):
    """People have to look at a customer, who may be on a list, or whose name nobody can read."""

    customer_id: str
    screening_id: str
    reason: Screening
    referred_at: datetime


@fact
class CustomerScreeningResolved(Fact):
    """People have looked: `decision` is TRUE_MATCH or FALSE_POSITIVE. `restricts`: the customer is
    to be barred from all accounts because of it, which no hit says."""

    customer_id: str
    screening_id: str
    decision: str
    decided_by: str
    resolved_at: datetime
    restricts: bool = False
