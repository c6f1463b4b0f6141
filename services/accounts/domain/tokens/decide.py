"""Deciding about device tokens."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.life.decide import find as find_card
from services.accounts.domain.life.transitions import FINAL
from services.accounts.domain.tokens import commands, events
from services.accounts.domain.tokens.state import TOKEN_TRANSITIONS, DeviceToken, TokenStatus
from services.accounts.domain.values import CardStatus, Channel

TOKENS_LIMIT = 100
"""Tokens that one account may have had."""

ENDED = (*FINAL, CardStatus.EXPIRED)


def find(state: CreditAccount, token_id: str) -> DeviceToken:
    """The token of this id. Raises NotFound."""
    token = state.find_token(token_id)
    if token is None:
        raise NotFound("DEVICE_TOKEN_NOT_FOUND", "there is no such token on this account")
    return token


def provision(
    state: CreditAccount, command: commands.ProvisionDeviceToken, context: Context
) -> tuple[Fact, ...]:
    """Provision once. Raises Refused when the id has another token, or the card has ended."""
    card = find_card(state, command.card_id)
    known = state.find_token(command.token_id)
    if known is not None:
        if (known.last_four, known.device) == (command.last_four, command.device):
            return ()
        raise Refused("DEVICE_TOKEN_PROVISIONED_DIFFERENTLY", "a token of this id is another")
    if card.status in ENDED:
        raise Refused("CARD_ENDED", "the card is over")
    if len(state.tokens) >= TOKENS_LIMIT:
        raise Refused("TOO_MANY_DEVICE_TOKENS", f"an account has at most {TOKENS_LIMIT} tokens")
    return (
        events.DeviceTokenProvisioned(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=card.card_id,
            token_id=command.token_id,
            last_four=command.last_four,
            device=command.device,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


def change(
    state: CreditAccount, command: commands.ChangeDeviceToken, context: Context
) -> tuple[Fact, ...]:
    """Take a token a step further. Raises Refused for a step that is none, and for a holder who
    would resume what the house suspended."""
    token = find(state, command.token_id)
    if token.status is command.status:
        return ()
    otherwise = command.before not in (None, token.status)
    if otherwise or command.status not in TOKEN_TRANSITIONS[token.status]:
        raise Refused("DEVICE_TOKEN_STATUS", f"the token is {token.status.lower()}")
    theirs = token.channel is Channel.HOLDER or token.status is TokenStatus.INACTIVE
    resumed = command.status is TokenStatus.ACTIVE
    if resumed and command.channel is Channel.HOLDER and not theirs:
        raise Refused("SUSPENDED_BY_ISSUER", "only the issuer resumes this token")
    return (
        events.DeviceTokenChanged(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=token.card_id,
            token_id=token.token_id,
            before=token.status,
            status=command.status,
            reason=command.reason,
            channel=command.channel,
            transaction_date=context.now.date(),
        ),
    )


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.ProvisionDeviceToken: provision,
    commands.ChangeDeviceToken: change,
}
