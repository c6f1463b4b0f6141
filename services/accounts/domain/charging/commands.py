"""What can be asked of a credit account about credits, and what others decided in its place."""

from datetime import date

from chassis.kernel.events import Command, command
from chassis.kernel.money import Money
from services.accounts.domain.account.commands import AuthoriseCharge
from services.accounts.domain.values import Merchant, Network, Original


@command
class RecordStandIn(Command):
    """The network decided a charge while the house could not be reached: `response_code` is its
    answer to the merchant, which binds; `charge` is what was asked."""

    account_id: str
    charge: AuthoriseCharge
    response_code: str

    @property
    def charge_id(self) -> str:
        """The charge that was decided."""
        return self.charge.charge_id


@command
class AuthoriseRefund(Command):
    """A merchant asks whether money may come back; `charge_id` is empty where it is not linked."""

    account_id: str
    refund_id: str
    charge_id: str
    card_id: str
    amount: Money
    original: Original | None = None
    merchant: Merchant | None = None
    transaction_date: date


@command
class ReverseRefund(Command):
    """Take back `amount` of a refund, or all of it where that is None."""

    account_id: str
    refund_id: str
    reversal_id: str
    amount: Money | None = None
    transaction_date: date
    posting_date: date


@command
class ExpireRefund(Command):
    """Let fall a promise that nobody kept in time."""

    account_id: str
    refund_id: str


@command
class ReverseOriginalCredit(Command):
    """Take back `amount` of a credit, or all of it where that is None."""

    account_id: str
    credit_id: str
    reversal_id: str
    amount: Money | None = None
    transaction_date: date
    posting_date: date


@command
class PostOriginalCredit(Command):
    """Somebody sends money to the card."""

    account_id: str
    credit_id: str
    card_id: str
    amount: Money
    original: Original | None = None
    sender: Merchant
    network: Network = Network.UNSPECIFIED
    transaction_date: date
    posting_date: date
