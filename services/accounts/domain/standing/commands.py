"""What can be asked about the standing of an account."""

from chassis.kernel.events import Command, command
from services.accounts.domain.values import AccountStatus, AccountSubStatus, Channel


@command
class MarkAccount(Command):
    """Say of an account that something is so (`so`), or is so no more; no charge is barred."""

    account_id: str
    sub_status: AccountSubStatus
    so: bool
    reason: str
    channel: Channel


@command
class ChangeStanding(Command):
    """Charge an account off, or close one that is settled."""

    account_id: str
    status: AccountStatus
    reason: str
    channel: Channel
