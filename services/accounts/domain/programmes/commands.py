"""What can be asked of a programme after its definition, and of an account on it."""

from datetime import date

from chassis.kernel.events import Command, command
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.values import Terms

# `by` is the person, whoever passes their wish on: two people are two however they come. `today`
# is the business date of the programme; None: the calendar's.


@command
class ProposeProgrammeChange(Command):
    """Put whole new terms forward, to be in force from a date on."""

    programme_id: str
    change_id: str
    name: str
    terms: Terms
    effective_on: date
    note: str
    by: str
    today: date | None = None


@command
class ApproveProgrammeChange(Command):
    """Make a version of what another proposed."""

    programme_id: str
    change_id: str
    by: str
    today: date | None = None


@command
class RejectProgrammeChange(Command):
    """Refuse what another proposed."""

    programme_id: str
    change_id: str
    reason: str
    by: str


@command
class WithdrawProgrammeChange(Command):
    """Take back what one proposed oneself."""

    programme_id: str
    change_id: str
    by: str


@command
class MigrateAccount(Command):
    """Put an account on a version of its own programme that is or was in force; `version` is
    None where the programme has none of this number."""

    account_id: str
    programme_id: str
    programme_version: int
    version: Version | None
    today: date | None = None
