"""What can be asked of a credit account about disputes."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import Command, command
from chassis.kernel.money import Money
from services.accounts.domain.disputes.networks import TYPICAL
from services.accounts.domain.disputes.state import DisputeReason, DisputeStatus, NetworkWindows
from services.accounts.domain.values import Channel


class Deadline(StrEnum):
    """What has to be done in time."""

    ACKNOWLEDGE = "ACKNOWLEDGE"
    RESOLVE = "RESOLVE"
    WINDOW_WARNING = "WINDOW_WARNING"
    WINDOW = "WINDOW"


@command
class OpenDispute(Command):
    """Dispute `amount` of a posted charge, or all of it where that is None. `statement_on` is when
    the first statement with it was sent, where the cycle's close is not the day; `accept_late`
    takes a notice that came too late to count. `windows` is the table of the networks' windows."""

    account_id: str
    dispute_id: str
    charge_id: str
    reason: DisputeReason
    amount: Money | None = None
    evidence: tuple[str, ...] = ()
    received_on: date
    statement_on: date | None = None
    accept_late: bool = False
    channel: Channel
    windows: tuple[NetworkWindows, ...] = TYPICAL


@command
class AcknowledgeDispute(Command):
    """The holder has been told in writing."""

    account_id: str
    dispute_id: str
    transaction_date: date


@command
class AddDisputeEvidence(Command):
    """Say where more is kept."""

    account_id: str
    dispute_id: str
    evidence: tuple[str, ...]
    channel: Channel
    transaction_date: date


@command
class GrantProvisionalCredit(Command):
    """Credit what is disputed until it is decided."""

    account_id: str
    dispute_id: str
    posting_date: date


@command
class AdvanceDispute(Command):
    """The next stage of the network's procedure was reached."""

    account_id: str
    dispute_id: str
    stage: DisputeStatus
    posting_date: date


@command
class ResolveDispute(Command):
    """Decide: WON, LOST or WRITTEN_OFF. `corrected` is the error as it was found, where that is not
    all (WON, WRITTEN_OFF) or nothing (LOST); `related` are interest and fees that go with it, None
    for the interest that was charged on it."""

    account_id: str
    dispute_id: str
    outcome: DisputeStatus
    corrected: Money | None = None
    related: Money | None = None
    explanation: str
    posting_date: date


@command
class WithdrawDispute(Command):
    """The holder finds that there was no error."""

    account_id: str
    dispute_id: str
    posting_date: date


@command
class CheckDispute(Command):
    """See whether something was done in time."""

    account_id: str
    dispute_id: str
    deadline: Deadline
