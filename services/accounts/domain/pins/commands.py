"""What can be asked about the PIN of a card. No command ever carries a PIN."""

from chassis.kernel.events import Command, command
from services.accounts.domain.values import Channel


@command
class SetPin(Command):
    """Give a card a PIN; `sealed_pvv` is empty where what was given is no PIN block."""

    account_id: str
    card_id: str
    sealed_pvv: str
    channel: Channel
    key_version: int = 1


@command
class VerifyPin(Command):
    """Count one try: whether the PIN that was given `matches` the `pin_number`th of the card."""

    account_id: str
    card_id: str
    verification_id: str
    matches: bool
    pin_number: int


@command
class UnblockPin(Command):
    """Let the PIN be tried again."""

    account_id: str
    card_id: str
    reason: str
    channel: Channel
