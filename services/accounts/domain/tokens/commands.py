"""What can be asked about device tokens."""

from chassis.kernel.events import Command, command
from services.accounts.domain.tokens.state import TokenDevice, TokenStatus
from services.accounts.domain.values import Channel


@command
class ProvisionDeviceToken(Command):
    """Give a card a token, whose number is claimed in the same unit of work."""

    account_id: str
    card_id: str
    token_id: str
    last_four: str
    device: TokenDevice
    channel: Channel


@command
class ChangeDeviceToken(Command):
    """Activate, suspend, resume or delete a token; `before` is what it has to be until now, where
    the status alone does not say which of these is meant."""

    account_id: str
    token_id: str
    status: TokenStatus
    reason: str
    channel: Channel
    before: TokenStatus | None = None
