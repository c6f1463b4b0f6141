"""One message on its way out: claimed before it is sent, so that it is sent by one at a time.

A crash between claim and outcome leaves a claim that runs out; then the message is sent again
under the same name, by which the receiver can tell.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import singledispatch

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact, command, value
from services.notify.domain.events import (
    MESSAGE_FACTS,
    Channel,
    MessageAbandoned,
    MessageReplayed,
    SendClaimed,
    SendFailed,
    SendSucceeded,
    Template,
)

ATTEMPT_LIMIT = 10
CLAIM_LASTS = timedelta(seconds=60)
"""Longer than an attempt may take, see the time-out of the mailer."""
FIRST_RETRY_AFTER = timedelta(seconds=2)
LONGEST_RETRY_AFTER = timedelta(minutes=15)
REPLAYS_LIMIT = 20
"""A message can be brought back so many times."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Delivery(StrEnum):
    """Where a message stands."""

    NEW = "NEW"
    CLAIMED = "CLAIMED"
    WAITING = "WAITING"
    SENT = "SENT"
    ABANDONED = "ABANDONED"


@command
class ClaimSend(Command):
    """Ask to be the one who sends the message now."""

    message_id: str
    claim_id: str
    customer_id: str
    channel: Channel
    template: Template
    template_version: str


@command
class RecordSendSucceeded(Command):
    message_id: str
    claim_id: str


@command
class RecordSendFailed(Command):
    """An attempt failed. `permanent`: another would too. `jitter_permille` (0 to 1000) moves the
    next attempt by up to that part of the waiting time, so that not all come back at once."""

    message_id: str
    claim_id: str
    reason: str
    permanent: bool
    jitter_permille: int


@command
class ReplayMessage(Command):
    message_id: str
    replay_id: str


@value
class Message:
    """A message on its way. `claims` and `replays` name those there were; both are few."""

    message_id: str = ""
    customer_id: str = ""
    channel: Channel = Channel.EMAIL
    template: Template = Template.ACCOUNT_OPENED
    delivery: Delivery = Delivery.NEW
    attempts: int = 0
    claim_id: str = ""
    not_before: datetime = _BEGINNING
    claims: tuple[str, ...] = ()
    replays: tuple[str, ...] = ()


def retry_after(attempt: int, jitter_permille: int) -> timedelta:
    """How long to wait after an attempt: doubling, up to a cap, and up to half as long again."""
    waiting = min(FIRST_RETRY_AFTER * (1 << (attempt - 1)), LONGEST_RETRY_AFTER)
    return waiting + waiting * min(jitter_permille, 1000) / 2000


# Evolving -----------------------------------------------------------------------------------------


def evolve(state: Message, fact: Fact) -> Message:
    """The message after a fact."""
    return _after(fact, state)


@singledispatch
def _after(fact: Fact, state: Message) -> Message:
    raise TypeError(type(fact).__name__)


@_after.register
def _(fact: SendClaimed, state: Message) -> Message:
    return replace(
        state,
        message_id=fact.message_id,
        customer_id=fact.customer_id,
        channel=fact.channel,
        template=fact.template,
        delivery=Delivery.CLAIMED,
        attempts=fact.attempt,
        claim_id=fact.claim_id,
        not_before=fact.claimed_until,
        claims=(*state.claims, fact.claim_id),
    )


@_after.register
def _(fact: SendSucceeded, state: Message) -> Message:
    return replace(state, delivery=Delivery.SENT, claim_id="")


@_after.register
def _(fact: SendFailed, state: Message) -> Message:
    return replace(state, delivery=Delivery.WAITING, claim_id="", not_before=fact.retry_at)


@_after.register
def _(fact: MessageAbandoned, state: Message) -> Message:
    return replace(state, delivery=Delivery.ABANDONED, claim_id="")


@_after.register
def _(fact: MessageReplayed, state: Message) -> Message:
    return replace(
        state,
        delivery=Delivery.WAITING,
        attempts=0,
        not_before=_BEGINNING,
        replays=(*state.replays, fact.replay_id),
    )


# Deciding -----------------------------------------------------------------------------------------


def decide(state: Message, asked: Command, context: Context) -> Sequence[Fact]:
    """The facts that a command leads to."""
    return _decide(asked, state, context)


@singledispatch
def _decide(asked: Command, state: Message, context: Context) -> Sequence[Fact]:
    raise TypeError(type(asked).__name__)


@_decide.register
def _claim(asked: ClaimSend, state: Message, context: Context) -> Sequence[Fact]:
    if asked.claim_id in state.claims:
        return []
    match state.delivery:
        case Delivery.SENT:
            raise Refused("ALREADY_SENT", "this message was sent")
        case Delivery.ABANDONED:
            raise Refused("ALREADY_ABANDONED", "this message is given up")
    if context.now < state.not_before:
        raise Refused("NOT_YET", "somebody else is sending this message, or it has to wait")
    if state.attempts >= ATTEMPT_LIMIT:
        # The last claim ran out without an outcome.
        return [_abandoned(state, "OUTCOME_UNKNOWN")]
    return [
        SendClaimed(
            message_id=asked.message_id,
            customer_id=asked.customer_id,
            channel=asked.channel,
            template=asked.template,
            template_version=asked.template_version,
            claim_id=asked.claim_id,
            attempt=state.attempts + 1,
            claimed_until=context.now + CLAIM_LASTS,
        )
    ]


@_decide.register
def _succeed(asked: RecordSendSucceeded, state: Message, context: Context) -> Sequence[Fact]:
    if asked.claim_id not in state.claims:
        raise Refused("NOT_CLAIMED", "nobody was to send this message under this claim")
    if state.delivery is Delivery.SENT:
        return []
    # A claim that ran out may have succeeded all the same: the provider has the message.
    return [
        SendSucceeded(
            message_id=state.message_id,
            customer_id=state.customer_id,
            channel=state.channel,
            template=state.template,
            claim_id=asked.claim_id,
            attempt=state.attempts,
        )
    ]


@_decide.register
def _fail(asked: RecordSendFailed, state: Message, context: Context) -> Sequence[Fact]:
    if asked.claim_id not in state.claims:
        raise Refused("NOT_CLAIMED", "nobody was to send this message under this claim")
    if asked.claim_id != state.claim_id:
        return []
    failed = SendFailed(
        message_id=state.message_id,
        customer_id=state.customer_id,
        claim_id=asked.claim_id,
        attempt=state.attempts,
        reason=asked.reason,
        retry_at=context.now + retry_after(state.attempts, asked.jitter_permille),
    )
    if asked.permanent or state.attempts >= ATTEMPT_LIMIT:
        return [failed, _abandoned(state, asked.reason)]
    return [failed]


def _abandoned(state: Message, reason: str) -> MessageAbandoned:
    return MessageAbandoned(
        message_id=state.message_id,
        customer_id=state.customer_id,
        channel=state.channel,
        template=state.template,
        attempts=state.attempts,
        reason=reason,
    )


@_decide.register
def _replay(asked: ReplayMessage, state: Message, context: Context) -> Sequence[Fact]:
    if asked.replay_id in state.replays:
        return []
    if not state.message_id:
        raise NotFound("MESSAGE_UNKNOWN", "there is no such message")
    if state.delivery is not Delivery.ABANDONED:
        raise Refused("NOT_ABANDONED", "only a message that was given up can be tried again")
    if len(state.replays) >= REPLAYS_LIMIT:
        raise Refused("TOO_MANY_REPLAYS", "this message was brought back too often")
    return [
        MessageReplayed(
            message_id=state.message_id, customer_id=state.customer_id, replay_id=asked.replay_id
        )
    ]


MESSAGE = Decider(
    category="message",
    state=Message,
    initial=Message(),
    decide=decide,
    evolve=evolve,
    identify=lambda asked: asked.message_id,
    commands=(ClaimSend, RecordSendSucceeded, RecordSendFailed, ReplayMessage),
    facts=MESSAGE_FACTS,
)
