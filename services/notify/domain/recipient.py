"""A customer as somebody to be told things: where, what, and what was decided.

All decisions about one customer are made here, one after the other, so that whatever limits them
(preferences now; throttles and quiet hours later) has one place.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Invalid, NotFound
from chassis.kernel.events import Command, Fact, command, value
from chassis.kernel.ids import derive
from chassis.kernel.money import Money
from chassis.kernel.persistent_map import PersistentMap
from services.notify.domain.events import (
    RECIPIENT_FACTS,
    Channel,
    ChannelDecision,
    ChargeAlert,
    ContactRegistered,
    Details,
    Locale,
    MessageRead,
    MessageReleased,
    NoticeDecided,
    Preferences,
    PreferencesSet,
    Template,
    Verdict,
)

HOUSE_ALERT_MINOR_UNITS = 100_00
"""Who never said anything is told of approved charges from this amount, in any currency."""

SECURITY = frozenset(
    {
        Template.CARD_BLOCKED,
        Template.CARD_REPORTED_LOST,
        Template.CARD_REPLACED,
        Template.PROFILE_CHANGED,
    }
)
"""What a customer cannot decline to be told, lest somebody else does it unnoticed."""

REGULATORY = frozenset(
    {
        Template.TERMS_CHANGING,
        Template.PENALTY_RATE_IMPOSED,
        Template.APPLICATION_DECLINED,
        Template.CREDIT_LINE_REQUEST_DECLINED,
        Template.CREDIT_LINE_REDUCED,
        Template.ACCOUNT_SUSPENDED,
        Template.ACCOUNT_CLOSED,
        Template.ACCOUNT_CHARGED_OFF,
        Template.OVER_LIMIT_CONSENT_GIVEN,
        Template.OVER_LIMIT_CONSENT_REVOKED,
        Template.STATEMENT_READY,
        Template.PAYMENT_PAST_DUE,
        Template.PAYMENT_RETURNED,
        Template.PAYMENT_NOT_COLLECTED,
        Template.AUTOPAY_SET,
        Template.REPAYMENT_PLAN_MADE,
        Template.HARDSHIP_GRANTED,
        Template.INSTALMENT_PLAN_MADE,
        Template.PURCHASE_DEFERRED,
        Template.DEFERRED_INTEREST_CHARGED,
        Template.DISPUTE_RECEIVED,
        Template.DISPUTE_CREDITED,
        Template.DISPUTE_CREDIT_FINAL,
        Template.DISPUTE_RESOLVED,
        Template.REQUIRED_PAYMENT_CHANGED,
    }
)
"""What the law demands to be told, or what its reader's rights, money and time depend on."""

MANDATORY = {
    **dict.fromkeys(SECURITY, "SECURITY_IS_MANDATORY"),
    **dict.fromkeys(REGULATORY, "REGULATORY_IS_MANDATORY"),
}
"""What is sent whatever a customer prefers, and the rule that says so."""

NO_ADDRESS = "NO_EMAIL_ADDRESS"
WAITING_LIMIT = 100
"""So many mandatory e-mails wait for an address, the latest; each is in the inbox all the same."""

# Commands -----------------------------------------------------------------------------------------


@command
class RegisterContact(Command):
    customer_id: str
    contact_id: str
    sealed_email_address: str
    locale: Locale


@command
class SetPreferences(Command):
    customer_id: str
    preferences: Preferences


@command
class ConsiderNotice(Command):
    """Decide whether a customer is told of a fact."""

    customer_id: str
    event_id: str
    template: Template
    details: Details


@command
class MarkRead(Command):
    customer_id: str
    message_id: str


# State --------------------------------------------------------------------------------------------


@value
class Waiting:
    """A mandatory e-mail that nobody could be sent, and why it is mandatory."""

    message_id: str
    rule: str


@value
class Recipient:
    """What is known of a customer. `inbox` says of each in-app message whether it was read;
    `notices` and `contacts` name those decided and registered. `waiting` are e-mails to be sent
    once there is an address: facts may come before it, such as that an application is declined."""

    customer_id: str = ""
    sealed_email_address: str = ""
    locale: Locale = Locale.EN
    preferences: Preferences = Preferences()
    inbox: PersistentMap[bool] = PersistentMap()
    notices: PersistentMap[bool] = PersistentMap()
    contacts: PersistentMap[bool] = PersistentMap()
    waiting: tuple[Waiting, ...] = ()


def message_id_of(event_id: str, channel: Channel) -> str:
    """The one message about a fact on a channel."""
    return derive("message", event_id, channel)


def notice_id_of(event_id: str) -> str:
    """The one notice about a fact."""
    return derive("notice", event_id)


def evolve(state: Recipient, fact: Fact) -> Recipient:
    """The recipient after a fact."""
    return _after(fact, state)


@singledispatch
def _after(fact: Fact, state: Recipient) -> Recipient:
    raise TypeError(type(fact).__name__)


@_after.register
def _(fact: ContactRegistered, state: Recipient) -> Recipient:
    return replace(
        state,
        customer_id=fact.customer_id,
        sealed_email_address=fact.sealed_email_address,
        locale=fact.locale,
        contacts=state.contacts.set(fact.contact_id, True),
    )


@_after.register
def _(fact: PreferencesSet, state: Recipient) -> Recipient:
    return replace(state, customer_id=fact.customer_id, preferences=fact.preferences)


@_after.register
def _(fact: NoticeDecided, state: Recipient) -> Recipient:
    inbox, waiting = state.inbox, state.waiting
    for decision in fact.decisions:
        if decision.channel is Channel.IN_APP and decision.verdict is Verdict.SEND:
            inbox = inbox.set(decision.message_id, False)
        if decision.rule == NO_ADDRESS and fact.template in MANDATORY:
            rule = MANDATORY[fact.template]
            waiting = (*waiting, Waiting(message_id=decision.message_id, rule=rule))
    return replace(
        state,
        customer_id=fact.customer_id,
        inbox=inbox,
        waiting=waiting[-WAITING_LIMIT:],
        notices=state.notices.set(fact.notice_id, True),
    )


@_after.register
def _(fact: MessageReleased, state: Recipient) -> Recipient:
    left = tuple(each for each in state.waiting if each.message_id != fact.message_id)
    return replace(state, waiting=left)


@_after.register
def _(fact: MessageRead, state: Recipient) -> Recipient:
    return replace(state, inbox=state.inbox.set(fact.message_id, True))


# Deciding -----------------------------------------------------------------------------------------


def decide(state: Recipient, asked: Command, context: Context) -> Sequence[Fact]:
    """The facts that a command leads to."""
    return _decide(asked, state)


@singledispatch
def _decide(asked: Command, state: Recipient) -> Sequence[Fact]:
    raise TypeError(type(asked).__name__)


@_decide.register
def _register(asked: RegisterContact, state: Recipient) -> Sequence[Fact]:
    if asked.contact_id in state.contacts:
        return []
    registered = ContactRegistered(
        customer_id=asked.customer_id,
        contact_id=asked.contact_id,
        sealed_email_address=asked.sealed_email_address,
        locale=asked.locale,
    )
    # What had to be told is told as soon as there is somewhere to write to.
    released = [
        MessageReleased(customer_id=asked.customer_id, message_id=each.message_id, rule=each.rule)
        for each in state.waiting
        if asked.sealed_email_address
    ]
    return [registered, *released]


@_decide.register
def _prefer(asked: SetPreferences, state: Recipient) -> Sequence[Fact]:
    amount = asked.preferences.alert_from
    if amount is not None and amount.minor_units < 0:
        raise Invalid(
            "ALERT_AMOUNT_NEGATIVE",
            "an alert amount is not negative",
            field="preferences.alert_from",
        )
    if state.customer_id and asked.preferences == state.preferences:
        return []
    return [PreferencesSet(customer_id=asked.customer_id, preferences=asked.preferences)]


@_decide.register
def _consider(asked: ConsiderNotice, state: Recipient) -> Sequence[Fact]:
    if notice_id_of(asked.event_id) in state.notices:
        return []
    decisions = []
    for channel in Channel:
        verdict, rule = _verdict(asked, channel, state)
        decisions.append(
            ChannelDecision(
                channel=channel,
                message_id=message_id_of(asked.event_id, channel),
                verdict=verdict,
                rule=rule,
            )
        )
    return [
        NoticeDecided(
            notice_id=notice_id_of(asked.event_id),
            customer_id=asked.customer_id,
            event_id=asked.event_id,
            template=asked.template,
            details=asked.details,
            decisions=tuple(decisions),
        )
    ]


@_decide.register
def _mark_read(asked: MarkRead, state: Recipient) -> Sequence[Fact]:
    read = state.inbox.get(asked.message_id)
    if read is None:
        raise NotFound("MESSAGE_UNKNOWN", "there is no such message in this inbox")
    if read:
        return []
    return [MessageRead(customer_id=asked.customer_id, message_id=asked.message_id)]


def _verdict(asked: ConsiderNotice, channel: Channel, state: Recipient) -> tuple[Verdict, str]:
    """Whether a notice goes out on a channel, and the rule that decides."""
    wanted, rule = Verdict.SEND, MANDATORY.get(asked.template, "ALWAYS")
    if asked.template is Template.CHARGE_APPROVED:
        wanted, rule = _alert(state.preferences, asked.details.amount)
    if channel is Channel.IN_APP or wanted is Verdict.WITHHOLD:
        return wanted, rule
    if asked.template not in MANDATORY and state.preferences.no_service_email:
        return Verdict.WITHHOLD, "SERVICE_EMAIL_DECLINED"
    if not state.sealed_email_address:
        return Verdict.WITHHOLD, NO_ADDRESS
    return wanted, rule


def _alert(preferences: Preferences, amount: Money | None) -> tuple[Verdict, str]:
    """Whether a customer wants to be told of an approved charge."""
    match preferences.charge_alert:
        case ChargeAlert.EVERY:
            return Verdict.SEND, "ALERT_FOR_EVERY_CHARGE"
        case ChargeAlert.NEVER:
            return Verdict.WITHHOLD, "ALERTS_DECLINED"
    least = preferences.alert_from
    if amount is None or (least is not None and least.currency != amount.currency):
        return Verdict.SEND, "ALERT_IN_ANOTHER_CURRENCY"
    least_minor = HOUSE_ALERT_MINOR_UNITS if least is None else least.minor_units
    if amount.minor_units >= least_minor:
        return Verdict.SEND, "FROM_ALERT_AMOUNT"
    return Verdict.WITHHOLD, "BELOW_ALERT_AMOUNT"


RECIPIENT = Decider(
    category="recipient",
    state=Recipient,
    initial=Recipient(),
    decide=decide,
    evolve=evolve,
    identify=lambda asked: asked.customer_id,
    commands=(RegisterContact, SetPreferences, ConsiderNotice, MarkRead),
    facts=RECIPIENT_FACTS,
)
