"""Deciding about the life of a card."""

import calendar
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import Card, CreditAccount
from services.accounts.domain.life import commands, events
from services.accounts.domain.life.transitions import (
    CARD_TRANSITIONS,
    DELIVERIES,
    RENEWABLE,
)
from services.accounts.domain.values import (
    AccountStatus,
    CardStatus,
    CardUse,
    Channel,
    Delivery,
)

F = TypeVar(
    "F",
    events.CardActivated,
    events.CardPaused,
    events.CardResumed,
    events.CardExpired,
    events.CardTerminated,
    events.CardRenewed,
)

REASONS = {
    CardStatus.PENDING: "CARD_PENDING",
    CardStatus.ACTIVE: "CARD_ACTIVE",
    CardStatus.PAUSED: "CARD_PAUSED",
    CardStatus.BLOCKED: "CARD_BLOCKED",
    CardStatus.LOST: "CARD_LOST",
    CardStatus.STOLEN: "CARD_STOLEN",
    CardStatus.EXPIRED: "CARD_EXPIRED",
    CardStatus.TERMINATED: "CARD_TERMINATED",
}
RENEWAL = "EXPIRING"
EXPIRY = "EXPIRED"
USED = "SINGLE_USE"


def good_until(today: date, months: int) -> date:
    """The last day of the month that is `months` after `today`."""
    years, month = divmod(today.month - 1 + months, 12)
    year = today.year + years
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def find(state: CreditAccount, card_id: str) -> Card:
    """The card of this id. Raises NotFound."""
    card = state.find_card(card_id)
    if card is None:
        raise NotFound("CARD_NOT_FOUND", "there is no such card on this account")
    return card


def _so(card: Card) -> Refused:
    """What is said where a card is not as it would have to be."""
    return Refused(REASONS[card.status], f"the card is {card.status.lower()}")


def check_step(card: Card, status: CardStatus, channel: Channel) -> None:
    """Raises Refused unless the table allows the step to this channel."""
    allowed = CARD_TRANSITIONS[card.status].get(status)
    if allowed is None:
        raise _so(card)
    if channel not in allowed:
        raise Refused("NOT_BY_THIS_CHANNEL", f"no {channel.lower()} makes a card {status.lower()}")


def _told(
    kind: type[F],
    state: CreditAccount,
    card: Card,
    reason: str,
    channel: Channel,
    context: Context,
    **more: Any,
) -> F:
    """A fact about a card, with what all of them say."""
    return kind(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=card.card_id,
        last_four=card.last_four,
        reason=reason,
        channel=channel,
        transaction_date=context.now.date(),
        **more,
    )


def activate(
    state: CreditAccount, command: commands.ActivateCard, context: Context
) -> tuple[Fact, ...]:
    """Activate a pending card. Raises Refused for any other but an active one."""
    card = find(state, command.card_id)
    if card.status is CardStatus.ACTIVE:
        return ()
    if card.status is not CardStatus.PENDING:
        raise _so(card)
    check_step(card, CardStatus.ACTIVE, command.channel)
    told = _told(events.CardActivated, state, card, command.reason, command.channel, context)
    return (replace(told, transaction_date=command.today or told.transaction_date),)


def pause(state: CreditAccount, command: commands.PauseCard, context: Context) -> tuple[Fact, ...]:
    """Pause an active card."""
    card = find(state, command.card_id)
    if card.status is CardStatus.PAUSED:
        return ()
    check_step(card, CardStatus.PAUSED, command.channel)
    return (_told(events.CardPaused, state, card, command.reason, command.channel, context),)


def resume(
    state: CreditAccount, command: commands.ResumeCard, context: Context
) -> tuple[Fact, ...]:
    """Resume a paused card. Raises Refused for a holder who would lift the house's pause."""
    card = find(state, command.card_id)
    if card.status is CardStatus.ACTIVE:
        return ()
    if card.status is not CardStatus.PAUSED:
        raise _so(card)
    check_step(card, CardStatus.ACTIVE, command.channel)
    if command.channel is Channel.HOLDER and card.status_channel is not Channel.HOLDER:
        raise Refused("PAUSED_BY_ISSUER", "only the issuer lifts this pause")
    return (_told(events.CardResumed, state, card, command.reason, command.channel, context),)


def terminate(
    state: CreditAccount, command: commands.TerminateCard, context: Context
) -> tuple[Fact, ...]:
    """End a card. Raises Refused for one that is lost: that is an end of its own."""
    card = find(state, command.card_id)
    if card.status is CardStatus.TERMINATED:
        return ()
    check_step(card, CardStatus.TERMINATED, command.channel)
    return ended(state, card, command.reason, command.channel, context)


def ended(
    state: CreditAccount, card: Card, reason: str, channel: Channel, context: Context
) -> tuple[Fact, ...]:
    """The end of a card, if it has not come already."""
    if CardStatus.TERMINATED not in CARD_TRANSITIONS[card.status]:
        return ()
    return (_told(events.CardTerminated, state, card, reason, channel, context),)


def end_held(
    state: CreditAccount, command: commands.EndCardsHeldBy, context: Context
) -> tuple[Fact, ...]:
    """End each that has not ended."""
    return tuple(
        fact
        for card in state.cards
        if card.cardholder_id == command.cardholder_id
        for fact in ended(state, card, command.reason, command.channel, context)
    )


def renew(state: CreditAccount, command: commands.RenewCard, context: Context) -> tuple[Fact, ...]:
    """Give a plastic a successor, once. Raises Refused for a card that cannot be used again."""
    card = find(state, command.card_id)
    if card.sequence > command.sequence:
        return ()
    if card.sequence < command.sequence:
        raise Refused("NO_SUCH_PLASTIC", "the card has no plastic of this sequence number yet")
    if card.status not in RENEWABLE:
        raise _so(card)
    # Another plastic has another expiry, so that it has other values (CVV) than the one before.
    later = good_until(card.expires_on, 1)
    return (_renewed(state, card, command.reason, command.channel, later, context),)


def renew_in_time(
    state: CreditAccount, command: commands.RenewInTime, context: Context
) -> tuple[Fact, ...]:
    """Renew a card that nears its expiry, if it is good for more than one charge and its account
    for new ones."""
    card = find(state, command.card_id)
    wanted = card.sequence == command.sequence and card.status in RENEWABLE
    if not wanted or card.use is CardUse.SINGLE_USE or state.status is not AccountStatus.ACTIVE:
        return ()
    renewed = _renewed(state, card, RENEWAL, Channel.SYSTEM, card.expires_on, context)
    # A renewal that gains nothing would be followed by the next one at once.
    return (renewed,) if renewed.expires_on > card.expires_on else ()


def _renewed(
    state: CreditAccount,
    card: Card,
    reason: str,
    channel: Channel,
    at_least: date,
    context: Context,
) -> events.CardRenewed:
    plastic = card.delivery is not Delivery.NONE
    until = good_until(context.now.date(), state.in_force.card_validity_months)
    return _told(
        events.CardRenewed,
        state,
        card,
        reason,
        channel,
        context,
        sequence=card.sequence + 1,
        # A renewal never takes away from what the holder has already.
        expires_on=until if until > card.expires_on else at_least,
        delivery=Delivery.ORDERED if plastic else Delivery.NONE,
    )


def expire(
    state: CreditAccount, command: commands.ExpireCard, context: Context
) -> tuple[Fact, ...]:
    """Let a card expire whose last day is over, if it was not renewed in the meantime."""
    card = find(state, command.card_id)
    over = card.sequence == command.sequence and context.now.date() > card.expires_on
    if not over or CardStatus.EXPIRED not in CARD_TRANSITIONS[card.status]:
        return ()
    return (_told(events.CardExpired, state, card, EXPIRY, Channel.SYSTEM, context),)


def record_delivery(
    state: CreditAccount, command: commands.RecordDelivery, context: Context
) -> tuple[Fact, ...]:
    """Note where the plastic is. Raises Refused for a step that no carrier takes."""
    card = find(state, command.card_id)
    if card.delivery is command.delivery:
        return ()
    if command.delivery not in DELIVERIES[card.delivery]:
        raise Refused(
            "DELIVERY_OUT_OF_ORDER",
            f"a card {card.delivery.lower() or 'without plastic'} is not"
            f" {command.delivery.lower()} next",
        )
    return (
        events.CardDeliveryChanged(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=card.card_id,
            last_four=card.last_four,
            before=card.delivery,
            delivery=command.delivery,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.ActivateCard: activate,
    commands.PauseCard: pause,
    commands.ResumeCard: resume,
    commands.TerminateCard: terminate,
    commands.EndCardsHeldBy: end_held,
    commands.RenewCard: renew,
    commands.RenewInTime: renew_in_time,
    commands.ExpireCard: expire,
    commands.RecordDelivery: record_delivery,
}
