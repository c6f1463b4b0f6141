"""What can be asked about looking for customers on lists."""

from chassis.kernel.events import Command, command
from services.accounts.domain.applications.verification import Screening


@command
class BeginRescreening(Command):
    """Look for all customers again, because this list has changed."""

    rescreening_id: str
    list_id: str
    version_id: str


@command
class AdvanceRescreening(Command):
    """Keep that the customers after `after` up to `through` have been looked for; with an empty
    `through` there are none left."""

    rescreening_id: str
    after: str
    through: str
    screened: int
    referred: int
    skipped: int


@command
class RecordCustomerScreening(Command):
    """Keep what risk said of a customer. `due_position` is the place in the log of what made it
    due; 0 when a list has changed, and then only what people have to look at is kept. Whoever is
    forgotten could not be looked for, and nobody has to look (`screening` is None)."""

    customer_id: str
    screening_id: str
    due_position: int
    screening: Screening | None


@command
class ResolveCustomerScreening(Command):
    """Keep what an officer decided in risk; `open_hits` is how many of the customer still wait.
    With `waiting` it settles nothing but that screening, and it is an error if that is settled
    otherwise. `purpose` is that of the list, SANCTIONS or POLITICALLY_EXPOSED; empty where nobody
    says."""

    customer_id: str
    screening_id: str
    decision: str
    open_hits: int
    by: str
    waiting: str = ""
    purpose: str = ""
