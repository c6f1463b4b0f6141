"""A device token and where it stands."""

from enum import StrEnum

from chassis.kernel.events import value
from services.accounts.domain.values import Channel


class TokenDevice(StrEnum):
    """What pays with a token."""

    WALLET = "WALLET"
    IOT = "IOT"


class TokenStatus(StrEnum):
    """Whether a token may be used; DELETED is for ever."""

    INACTIVE = "INACTIVE"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"


TOKEN_TRANSITIONS: dict[TokenStatus, frozenset[TokenStatus]] = {
    TokenStatus.INACTIVE: frozenset({TokenStatus.ACTIVE, TokenStatus.DELETED}),
    TokenStatus.ACTIVE: frozenset({TokenStatus.SUSPENDED, TokenStatus.DELETED}),
    TokenStatus.SUSPENDED: frozenset({TokenStatus.ACTIVE, TokenStatus.DELETED}),
    TokenStatus.DELETED: frozenset(),
}


@value
class DeviceToken:
    """A token of the card `card_id`, which changes when the card is replaced. `channel` says who
    brought it to its status."""

    token_id: str
    card_id: str
    last_four: str
    device: TokenDevice
    status: TokenStatus = TokenStatus.INACTIVE
    reason: str = ""
    channel: Channel | None = None
