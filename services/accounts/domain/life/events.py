"""What can have happened in the life of a card, besides its issue, its blocks and its loss."""

from datetime import date

from chassis.kernel.events import Fact, fact
from services.accounts.domain.values import Channel, Delivery


@fact
class CardActivated(Fact):
    """A card that waited for it may be used."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class CardPaused(Fact):
    """A card rests: every charge is declined until it is resumed."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class CardResumed(Fact):
    """A paused card may be used again."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class CardExpired(Fact):
    """The last day of a card is over, and it was not renewed."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class CardTerminated(Fact):
    """A card is at its end, for ever."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    reason: str
    channel: Channel
    transaction_date: date


@fact
class CardRenewed(Fact):
    """A card has the same number, a new expiry and with it a new CVV; `sequence` counts up."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    sequence: int
    expires_on: date
    delivery: Delivery
    reason: str
    channel: Channel
    transaction_date: date


@fact
class CardDeliveryChanged(Fact):
    """The plastic of a card is somewhere else."""

    account_id: str
    customer_id: str
    card_id: str
    last_four: str
    before: Delivery
    delivery: Delivery
    channel: Channel
    transaction_date: date


@fact
class MerchantLocked(Fact):
    """A card that is locked to its first merchant has met it."""

    account_id: str
    customer_id: str
    card_id: str
    merchant_id: str
    charge_id: str
    transaction_date: date
