"""What can have happened to charges and credits beyond the plain course of events."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.values import EntryMode, Merchant, Network


@fact
class AuthorisationMatched(Fact):
    """An authorisation came after its clearing: it is decided as if it had come first. `amount` is
    what is approved, nothing when declined; `held` what the clearings left to hold."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    requested: Money
    amount: Money
    held: Money
    markup: Money | None
    original_amount: Money | None
    rate: str
    merchant: Merchant
    entry_mode: EntryMode
    network: Network
    response_code: str
    reason: str
    available: Money
    stand_in: bool
    decided_by_network: bool
    hold_expires_at: datetime | None
    transaction_date: date
    transaction_at: datetime


@fact
class EarlyAdviceKept(Fact):
    """An advice came before its authorisation, and waits for it."""

    account_id: str
    customer_id: str
    charge_id: str
    advice_id: str
    amount: Money
    transaction_date: date


@fact
class EarlyReversalKept(Fact):
    """A reversal came before its authorisation, and waits for it; no amount takes back all."""

    account_id: str
    customer_id: str
    charge_id: str
    reversal_id: str
    amount: Money | None
    transaction_date: date


@fact
class RefundAuthorised(Fact):
    """Money is promised to come back: `pending` until it is posted. It is not spent before."""

    account_id: str
    customer_id: str
    card_id: str
    refund_id: str
    charge_id: str
    amount: Money
    pending: Money
    original_amount: Money | None
    rate: str
    merchant: Merchant
    response_code: str
    available: Money
    expires_at: datetime
    transaction_date: date


@fact
class RefundDeclined(Fact):
    """A promise of money is not accepted."""

    account_id: str
    customer_id: str
    card_id: str
    refund_id: str
    charge_id: str
    amount: Money
    merchant: Merchant
    response_code: str
    reason: str
    available: Money
    transaction_date: date


@fact
class RefundWithdrawn(Fact):
    """What was promised to come back, or part of it, will not."""

    account_id: str
    customer_id: str
    refund_id: str
    charge_id: str
    reversal_id: str
    amount: Money
    transaction_date: date


@fact
class PendingRefundExpired(Fact):
    """What was promised to come back did not come in time; it still may."""

    account_id: str
    customer_id: str
    refund_id: str
    charge_id: str
    amount: Money
    transaction_date: date


@fact
class RefundReversed(Fact):
    """Money that had come back was taken away again, and is owed once more."""

    account_id: str
    customer_id: str
    card_id: str
    refund_id: str
    charge_id: str
    reversal_id: str
    asked_minor: int
    amount: Money
    merchant: Merchant
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class EarlyRefundReversalKept(Fact):
    """A refund was taken back before it was posted; when it is, that follows. No amount takes back
    all."""

    account_id: str
    customer_id: str
    refund_id: str
    reversal_id: str
    amount: Money | None
    transaction_date: date


@fact
class OriginalCreditPosted(Fact):
    """Somebody sent money to the card."""

    account_id: str
    customer_id: str
    card_id: str
    credit_id: str
    amount: Money
    original_amount: Money | None
    rate: str
    settlement_amount: Money | None
    sender: Merchant
    network: Network
    response_code: str
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class OriginalCreditDeclined(Fact):
    """Money sent to the card is not accepted."""

    account_id: str
    customer_id: str
    card_id: str
    credit_id: str
    amount: Money
    sender: Merchant
    network: Network
    response_code: str
    reason: str
    available: Money
    transaction_date: date


@fact
class OriginalCreditReversed(Fact):
    """Money that somebody had sent was taken back, and is owed once more."""

    account_id: str
    customer_id: str
    card_id: str
    credit_id: str
    reversal_id: str
    asked_minor: int
    amount: Money
    sender: Merchant
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class EarlyCreditReversalKept(Fact):
    """A credit was taken back before it was posted; when it is, that follows. No amount takes back
    all."""

    account_id: str
    customer_id: str
    credit_id: str
    reversal_id: str
    amount: Money | None
    transaction_date: date
