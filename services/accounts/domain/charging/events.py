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
