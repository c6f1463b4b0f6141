"""What happens to recipients and to messages."""

from datetime import datetime
from enum import StrEnum

from chassis.kernel.events import Fact, Upcasters, fact, value
from chassis.kernel.money import Money


class Channel(StrEnum):
    """A way to reach somebody."""

    IN_APP = "IN_APP"
    EMAIL = "EMAIL"


class Verdict(StrEnum):
    """Whether a message goes out."""

    SEND = "SEND"
    WITHHOLD = "WITHHOLD"


class Locale(StrEnum):
    """A language in which messages are worded."""

    EN = "en"
    ZH_CN = "zh-CN"


class Template(StrEnum):
    """What a message says; the name of a folder of templates."""

    ACCOUNT_OPENED = "account_opened"
    CHARGE_APPROVED = "charge_approved"
    CHARGE_DECLINED = "charge_declined"
    CHARGE_REFUNDED = "charge_refunded"
    CARD_BLOCKED = "card_blocked"
    CARD_REPORTED_LOST = "card_reported_lost"
    CARD_REPLACED = "card_replaced"


class ChargeAlert(StrEnum):
    """Which approved charges a customer is told of."""

    EVERY = "EVERY"
    FROM_AMOUNT = "FROM_AMOUNT"
    NEVER = "NEVER"


@value
class Details:
    """What a message is worded from; ids, amounts and merchants, nothing personal.

    `last_four` are the last digits of a card's number; `reason` is UPPER_SNAKE; `happened_at` is
    when it happened in the holder's life.
    """

    happened_at: datetime
    amount: Money | None = None
    merchant: str = ""
    last_four: str = ""
    reason: str = ""


@value
class Preferences:
    """What a customer wants to be told. `alert_from` goes with FROM_AMOUNT; without it the amount
    of the house counts, in any currency."""

    charge_alert: ChargeAlert = ChargeAlert.FROM_AMOUNT
    alert_from: Money | None = None
    no_service_email: bool = False


@value
class ChannelDecision:
    """Whether a notice goes out on one channel, and the rule that says so."""

    channel: Channel
    message_id: str
    verdict: Verdict
    rule: str


# Recipients ---------------------------------------------------------------------------------------


@fact
class ContactRegistered(Fact):
    """Where a customer can be reached; the address is sealed, or empty when there is none."""

    customer_id: str
    contact_id: str
    sealed_email_address: str
    locale: Locale


@fact
class PreferencesSet(Fact):
    """What a customer wants to be told."""

    customer_id: str
    preferences: Preferences


@fact
class NoticeDecided(Fact):
    """For every channel it was decided whether a customer is told of a fact."""

    notice_id: str
    customer_id: str
    event_id: str
    template: Template
    details: Details
    decisions: tuple[ChannelDecision, ...]


@fact
class MessageRead(Fact):
    """A customer has read an in-app message."""

    customer_id: str
    message_id: str


# Messages -----------------------------------------------------------------------------------------


@fact
class SendClaimed(Fact):
    """Somebody is about to send a message, and nobody else may until the claim runs out."""

    message_id: str
    customer_id: str
    channel: Channel
    template: Template
    template_version: str
    claim_id: str
    attempt: int
    claimed_until: datetime


@fact
class SendSucceeded(Fact):
    """The provider of the channel has taken the message."""

    message_id: str
    customer_id: str
    channel: Channel
    template: Template
    claim_id: str
    attempt: int


@fact
class SendFailed(Fact):
    """An attempt failed; the message waits until `retry_at`, unless it is abandoned."""

    message_id: str
    customer_id: str
    claim_id: str
    attempt: int
    reason: str
    retry_at: datetime


@fact
class MessageAbandoned(Fact):
    """A message will not be tried any more."""

    message_id: str
    customer_id: str
    channel: Channel
    template: Template
    attempts: int
    reason: str


@fact
class MessageReplayed(Fact):
    """Somebody wants an abandoned message to be tried again."""

    message_id: str
    customer_id: str
    replay_id: str


RECIPIENT_FACTS: tuple[type[Fact], ...] = (
    ContactRegistered,
    PreferencesSet,
    NoticeDecided,
    MessageRead,
)
MESSAGE_FACTS: tuple[type[Fact], ...] = (
    SendClaimed,
    SendSucceeded,
    SendFailed,
    MessageAbandoned,
    MessageReplayed,
)

UPCASTERS: Upcasters = {}
