"""Deciding about PINs: three wrong ones in a row, and only an operator lets it be tried again."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Conflict, Invalid, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import Card, CreditAccount, act_key
from services.accounts.domain.life.decide import find
from services.accounts.domain.life.transitions import FINAL
from services.accounts.domain.pins import commands, events
from services.accounts.domain.values import RESPONSE_CODES, Channel, DeclineReason

PIN_TRIES = 3


def set_pin(state: CreditAccount, command: commands.SetPin, context: Context) -> tuple[Fact, ...]:
    """Give a card a PIN. Raises Invalid without one, Refused for a card that is over, and for a
    holder whose PIN was given wrong too often."""
    card = find(state, command.card_id)
    if not command.sealed_pvv:
        raise Invalid("PIN_BLOCK_MALFORMED", "this is no PIN block of this card", field="pin_block")
    if card.sealed_pvv == command.sealed_pvv:
        return ()
    if card.status in FINAL:
        raise Refused(f"CARD_{card.status}", f"the card is {card.status.lower()}")
    if card.pin_failures >= PIN_TRIES and command.channel is Channel.HOLDER:
        raise Refused("PIN_BLOCKED", "the PIN was given wrong too often; ask the issuer")
    return (
        events.PinChanged(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=card.card_id,
            pin_number=card.pin_number + 1,
            sealed_pvv=command.sealed_pvv,
            key_version=command.key_version,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


def verify_pin(
    state: CreditAccount, command: commands.VerifyPin, context: Context
) -> tuple[Fact, ...]:
    """Count one try, right or wrong, once."""
    act = state.acts.get(act_key("pin", command.verification_id))
    if act is not None:
        if act.charge_id == command.card_id:
            return ()
        raise Refused("PIN_VERIFIED_DIFFERENTLY", "another verification has this id")
    card = find(state, command.card_id)
    reason = pin_objection(card, command.matches, command.pin_number)
    if reason is not None:
        return (refused(state, card, command.verification_id, reason, context),)
    return (accepted(state, card, command.verification_id, context),)


def pin_objection(card: Card, matches: bool, pin_number: int) -> DeclineReason | None:
    """What stands against a PIN that was given. Raises Conflict when the card has another PIN by
    now than it was compared with."""
    if card.pin_number != pin_number:
        raise Conflict("PIN_CHANGED", "the card has another PIN by now")
    if card.pin_failures >= PIN_TRIES:
        return DeclineReason.PIN_TRIES_EXCEEDED
    return None if matches else DeclineReason.PIN_WRONG


def refused(
    state: CreditAccount, card: Card, try_id: str, reason: DeclineReason, context: Context
) -> events.PinRefused:
    """A wrong PIN, counted; after too many, nothing is counted any more."""
    more = 1 if reason is DeclineReason.PIN_WRONG else 0
    return events.PinRefused(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=card.card_id,
        try_id=try_id,
        failures=card.pin_failures + more,
        response_code=RESPONSE_CODES[reason],
        transaction_date=context.now.date(),
    )


def accepted(state: CreditAccount, card: Card, try_id: str, context: Context) -> events.PinAccepted:
    """The right PIN."""
    return events.PinAccepted(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=card.card_id,
        try_id=try_id,
        transaction_date=context.now.date(),
    )


def unblock_pin(
    state: CreditAccount, command: commands.UnblockPin, context: Context
) -> tuple[Fact, ...]:
    """Let the PIN be tried again. Raises Refused for a holder."""
    card = find(state, command.card_id)
    if command.channel is Channel.HOLDER:
        raise Refused("NOT_BY_THIS_CHANNEL", "no holder unblocks a PIN")
    if not card.pin_failures:
        return ()
    return (
        events.PinUnblocked(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=card.card_id,
            reason=command.reason,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.SetPin: set_pin,
    commands.VerifyPin: verify_pin,
    commands.UnblockPin: unblock_pin,
}
