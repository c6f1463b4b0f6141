"""What can have happened to the PIN and the chip of a card. None of it is public."""

from datetime import date

from chassis.kernel.events import Fact, fact
from services.accounts.domain.values import Channel


@fact
class PinChanged(Fact):
    """A card has a PIN, its `pin_number`th; `sealed_pvv` is its verification value, made with this
    version of the BIN's key and sealed."""

    account_id: str
    customer_id: str
    card_id: str
    pin_number: int
    sealed_pvv: str
    channel: Channel
    transaction_date: date
    key_version: int = 1


@fact
class PinRefused(Fact):
    """A wrong PIN was given, `failures` times in a row by now, or one after too many; `try_id` is
    the charge or the verification it was given for."""

    account_id: str
    customer_id: str
    card_id: str
    try_id: str
    failures: int
    response_code: str
    transaction_date: date


@fact
class PinAccepted(Fact):
    """The right PIN was given: the count of failures begins anew."""

    account_id: str
    customer_id: str
    card_id: str
    try_id: str
    transaction_date: date


@fact
class PinUnblocked(Fact):
    """An operator lets the PIN be tried again."""

    account_id: str
    customer_id: str
    card_id: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class ChipUsed(Fact):
    """The chip of the plastic of this sequence made the cryptogram of a charge that is approved;
    its counter is used up."""

    account_id: str
    customer_id: str
    card_id: str
    charge_id: str
    sequence: int
    counter: int
    transaction_date: date
