"""What can have happened to device tokens. They move with their card when it is replaced, and end
with it when it is terminated, which the facts of the card say."""

from datetime import date

from chassis.kernel.events import Fact, fact
from services.accounts.domain.tokens.state import TokenDevice, TokenStatus
from services.accounts.domain.values import Channel


@fact
class DeviceTokenProvisioned(Fact):
    """A card has one more token, which waits for its activation."""

    account_id: str
    customer_id: str
    card_id: str
    token_id: str
    last_four: str
    device: TokenDevice
    channel: Channel
    transaction_date: date


@fact
class DeviceTokenChanged(Fact):
    """A token stands otherwise."""

    account_id: str
    customer_id: str
    card_id: str
    token_id: str
    before: TokenStatus
    status: TokenStatus
    reason: str
    channel: Channel
    transaction_date: date
