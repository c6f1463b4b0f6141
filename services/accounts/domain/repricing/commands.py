"""What can be asked about dearer terms."""

from datetime import date

from chassis.kernel.events import Command, command
from services.accounts.domain.programmes.state import Version

# `today` is the business date of the programme; None: the calendar's.


@command
class AnnounceMigration(Command):
    """Tell the holder that the account goes over to a dearer version; `version` is None where the
    programme has none of this number, `effective_on` where it is to be as soon as may be.
    `reasons` are why rates are raised, UPPER_SNAKE, the principal one first."""

    account_id: str
    programme_id: str
    programme_version: int
    version: Version | None
    effective_on: date | None = None
    today: date | None = None
    reasons: tuple[str, ...] = ()


@command
class RejectMigration(Command):
    """Stay on the terms that the account has."""

    account_id: str
    programme_version: int
    today: date | None = None
