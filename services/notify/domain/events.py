"""What happens to recipients and to messages."""

from datetime import date, datetime
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
    TERMS_CHANGING = "terms_changing"
    TERMS_REJECTED = "terms_rejected"
    PENALTY_RATE_IMPOSED = "penalty_rate_imposed"
    PENALTY_RATE_LIFTED = "penalty_rate_lifted"
    APPLICATION_DECLINED = "application_declined"
    CREDIT_LINE_REQUEST_DECLINED = "credit_line_request_declined"
    CREDIT_LINE_REDUCED = "credit_line_reduced"
    CREDIT_LINE_RAISED = "credit_line_raised"
    CREDIT_LINE_OFFERED = "credit_line_offered"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_REINSTATED = "account_reinstated"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_CHARGED_OFF = "account_charged_off"
    OVER_LIMIT_CONSENT_GIVEN = "over_limit_consent_given"
    OVER_LIMIT_CONSENT_REVOKED = "over_limit_consent_revoked"
    STATEMENT_READY = "statement_ready"
    PAYMENT_PAST_DUE = "payment_past_due"
    DELINQUENCY_CURED = "delinquency_cured"
    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_RETURNED = "payment_returned"
    PAYMENT_NOT_COLLECTED = "payment_not_collected"
    AUTOPAY_SET = "autopay_set"
    REPAYMENT_PLAN_MADE = "repayment_plan_made"
    REPAYMENT_PLAN_ENDED = "repayment_plan_ended"
    HARDSHIP_GRANTED = "hardship_granted"
    INSTALMENT_PLAN_MADE = "instalment_plan_made"
    PURCHASE_DEFERRED = "purchase_deferred"
    DEFERRED_INTEREST_CHARGED = "deferred_interest_charged"
    DEFERRED_INTEREST_WAIVED = "deferred_interest_waived"
    DISPUTE_RECEIVED = "dispute_received"
    DISPUTE_CREDITED = "dispute_credited"
    DISPUTE_CREDIT_FINAL = "dispute_credit_final"
    DISPUTE_RESOLVED = "dispute_resolved"
    REQUIRED_PAYMENT_CHANGED = "required_payment_changed"
    BALANCE_TRANSFERRED = "balance_transferred"
    BALANCE_TRANSFER_DECLINED = "balance_transfer_declined"
    BALANCE_TRANSFER_RETURNED = "balance_transfer_returned"
    CREDIT_BALANCE_REFUNDED = "credit_balance_refunded"
    PROFILE_CHANGED = "profile_changed"
    CARD_BLOCKED = "card_blocked"
    CARD_REPORTED_LOST = "card_reported_lost"
    CARD_REPLACED = "card_replaced"


class ChargeAlert(StrEnum):
    """Which approved charges a customer is told of."""

    EVERY = "EVERY"
    FROM_AMOUNT = "FROM_AMOUNT"
    NEVER = "NEVER"


@value
class ChangedTerm:
    """A term of an account that is another from a day on. `unit` says what the figures count:
    BASIS_POINTS, MINOR_UNITS (of `currency`), DAYS, STATEMENTS or YES_NO."""

    term: str
    unit: str
    before: int
    after: int
    currency: str
    from_on: date | None


@value
class Details:
    """What a message is worded from; ids, amounts and merchants, nothing personal.

    `last_four` are the last digits of a card's number; reasons are UPPER_SNAKE; `happened_at` is
    when it happened in the holder's life. Of two amounts the other is what was before, or is still
    to be paid; `from_day` and `until_day` are what the message is about, up to `reply_by` its
    reader may answer. `count` is of days or months, `raised` names the terms that are dearer.
    """

    happened_at: datetime
    amount: Money | None = None
    merchant: str = ""
    last_four: str = ""
    reason: str = ""
    other_amount: Money | None = None
    from_day: date | None = None
    until_day: date | None = None
    reply_by: date | None = None
    count: int = 0
    rate_basis_points: int = 0
    reasons: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()
    may_reject: bool = False
    changes: tuple[ChangedTerm, ...] = ()


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
class MessageReleased(Fact):
    """A mandatory e-mail that was withheld for want of an address may be sent; `rule` says why it
    is mandatory."""

    customer_id: str
    message_id: str
    rule: str


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
    MessageReleased,
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
