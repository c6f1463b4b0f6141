"""What can be asked of a card, besides its issue, its blocks and its loss."""

from datetime import date

from chassis.kernel.events import Command, command
from services.accounts.domain.values import Channel, Delivery


@command
class ActivateCard(Command):
    """Let a pending card be used; `today` is the business date (None: the calendar's)."""

    account_id: str
    card_id: str
    reason: str
    channel: Channel
    today: date | None = None


@command
class PauseCard(Command):
    """Let a card rest."""

    account_id: str
    card_id: str
    reason: str
    channel: Channel


@command
class ResumeCard(Command):
    """Let a paused card be used again."""

    account_id: str
    card_id: str
    reason: str
    channel: Channel


@command
class TerminateCard(Command):
    """End a card for ever."""

    account_id: str
    card_id: str
    reason: str
    channel: Channel


@command
class EndCardsHeldBy(Command):
    """End every card of an account that somebody holds who is not the account's holder."""

    account_id: str
    cardholder_id: str
    reason: str
    channel: Channel


@command
class RenewCard(Command):
    """Give the plastic of this `sequence` a successor with a new expiry."""

    account_id: str
    card_id: str
    sequence: int
    reason: str
    channel: Channel


@command
class RenewInTime(Command):
    """A card nears its expiry: renew it, if it is one that is renewed."""

    account_id: str
    card_id: str
    sequence: int


@command
class ExpireCard(Command):
    """The last day of a card is over."""

    account_id: str
    card_id: str
    sequence: int


@command
class RecordDelivery(Command):
    """The carrier tells where the plastic of a card is."""

    account_id: str
    card_id: str
    delivery: Delivery
    channel: Channel
