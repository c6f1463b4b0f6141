"""What can have happened to card numbers and to the places of cards."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.values import EntryMode, Merchant


@fact
class PanClaimed(Fact):
    """A number belongs to a card for ever, or to the device token of a card. `sealed_pan` is
    ciphertext."""

    pan_hash: str
    sealed_pan: str
    card_id: str
    account_id: str
    customer_id: str
    last_four: str
    token_id: str = ""


@fact
class UnknownCardRefused(Fact):
    """Somebody tried to charge a card number that was never issued."""

    charge_id: str
    amount: Money
    merchant: Merchant
    entry_mode: EntryMode
    response_code: str
    reason: str
    transaction_date: date
    transaction_at: datetime


@fact
class CardPlaced(Fact):
    """Where a card is: its account, and the place of its number in the vault."""

    card_id: str
    account_id: str
    customer_id: str
    pan_hash: str
    cardholder_id: str = ""
