"""What can be asked of a credit account."""

from datetime import date, datetime

from chassis.kernel.events import Command, command, value
from chassis.kernel.money import Money
from services.accounts.domain.values import (
    Assessment,
    CardChecks,
    CardKind,
    CardUse,
    Channel,
    EntryMode,
    LossKind,
    Merchant,
    Network,
    Original,
    Terms,
)


@value
class NewCard:
    """A card about to be issued; its number is in the vault already or in the same unit.

    `cardholder_id` is empty where the account's holder is to hold it; `merchant_id` where a locked
    card takes the first merchant; a `pending` card waits for its activation.
    """

    card_id: str
    last_four: str
    kind: CardKind
    cardholder_id: str = ""
    use: CardUse = CardUse.ANY
    merchant_id: str = ""
    pending: bool = False


@command
class OpenAccount(Command):
    """Open an account on a programme's terms as they stand, with its first card; `opened_on` is
    the business date (None: the calendar's)."""

    account_id: str
    customer_id: str
    programme_id: str
    programme_version: int
    terms: Terms
    limit: Money
    card: NewCard
    opened_on: date | None = None


@command
class SuspendAccount(Command):
    """Decline every charge until the account is reinstated."""

    account_id: str
    reason: str
    channel: Channel


@command
class RestrictAccount(Command):
    """Suspend an account because its holder may use none, whatever else it is suspended for."""

    account_id: str
    reason: str


@command
class BlockCardsHeldBy(Command):
    """Block every card of an account that somebody holds who is not the account's holder."""

    account_id: str
    cardholder_id: str
    reason: str


@command
class ReinstateAccount(Command):
    """Let a suspended account be charged again."""

    account_id: str
    reason: str
    channel: Channel


@command
class IssueCard(Command):
    """Issue one more card."""

    account_id: str
    card: NewCard


@command
class BlockCard(Command):
    """Decline every charge of a card; `charge_id` is the charge that led to it, or empty."""

    account_id: str
    card_id: str
    reason: str
    channel: Channel
    charge_id: str = ""


@command
class UnblockCard(Command):
    """Let a blocked card be used again."""

    account_id: str
    card_id: str
    reason: str
    channel: Channel


@command
class ReportCardLost(Command):
    """Block a card for ever and put another with a new number in its place."""

    account_id: str
    card_id: str
    kind: LossKind
    channel: Channel
    replacement: NewCard


@command
class AuthoriseCharge(Command):
    """Ask for a charge; `amount` is in billing currency, zero verifies the card only.

    `estimated` lets the programme's hold rules hold more. `assessment` is None where risk was not
    asked. `transaction_at` is when the holder pays. `partial_approval_allowed`: the merchant takes
    less, if there is not enough.
    """

    account_id: str
    charge_id: str
    card_id: str
    amount: Money
    original: Original | None = None
    merchant: Merchant
    entry_mode: EntryMode = EntryMode.UNSPECIFIED
    estimated: bool = False
    assessment: Assessment | None = None
    transaction_date: date
    transaction_at: datetime
    network: Network = Network.UNSPECIFIED
    partial_approval_allowed: bool = False
    checks: CardChecks | None = None
    token_id: str = ""


@command
class AdviseCharge(Command):
    """The merchant tells what a charge amounts to; `amount` is the new total."""

    account_id: str
    charge_id: str
    advice_id: str
    amount: Money
    transaction_date: date


@command
class IncrementCharge(Command):
    """Ask for more on a charge: `by` so much, or up `to` a new total; one of them is given."""

    account_id: str
    charge_id: str
    increment_id: str
    by: Money | None = None
    to: Money | None = None
    transaction_date: date


@command
class ReverseCharge(Command):
    """Take back `amount` of what is held, or all of it where that is None."""

    account_id: str
    charge_id: str
    reversal_id: str
    amount: Money | None = None
    transaction_date: date


@command
class ExpireHold(Command):
    """Let fall what nobody cleared in time."""

    account_id: str
    charge_id: str


@command
class ClearCharge(Command):
    """Post a charge. `charge_id` is empty for a force post; `merchant` is None where it is as
    authorised; `final` says that no further clearing follows."""

    account_id: str
    clearing_id: str
    charge_id: str
    card_id: str
    amount: Money
    original: Original | None = None
    merchant: Merchant | None = None
    final: bool = True
    transaction_date: date
    posting_date: date


@command
class RefundCharge(Command):
    """Post money that came back; `charge_id` is empty where it is not linked to a charge. It counts
    from its transaction date on where it is `back_dated`, and else when it is posted."""

    account_id: str
    refund_id: str
    charge_id: str
    card_id: str
    amount: Money
    original: Original | None = None
    merchant: Merchant | None = None
    transaction_date: date
    posting_date: date
    back_dated: bool = False
    today: date | None = None


@command
class RecordPayment(Command):
    """Post a repayment; it counts from its transaction date on (12 CFR 1026.10(a))."""

    account_id: str
    payment_id: str
    amount: Money
    transaction_date: date
    posting_date: date
    today: date | None = None
