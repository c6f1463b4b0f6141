"""How facts change device tokens, and how tokens follow their card."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chassis.kernel.events import Fact
from services.accounts.domain import events as cards
from services.accounts.domain.life.events import CardTerminated
from services.accounts.domain.tokens import events
from services.accounts.domain.tokens.state import DeviceToken, TokenStatus
from services.accounts.domain.values import Channel

if TYPE_CHECKING:
    from services.accounts.domain.account.state import CreditAccount

CARD_ENDED = "CARD_TERMINATED"


def _provisioned(state: "CreditAccount", fact: events.DeviceTokenProvisioned) -> "CreditAccount":
    token = DeviceToken(
        token_id=fact.token_id,
        card_id=fact.card_id,
        last_four=fact.last_four,
        device=fact.device,
        channel=fact.channel,
    )
    return replace(state, tokens=(*state.tokens, token))


def _changed(state: "CreditAccount", fact: events.DeviceTokenChanged) -> "CreditAccount":
    tokens = tuple(
        replace(each, status=fact.status, reason=fact.reason, channel=fact.channel)
        if each.token_id == fact.token_id
        else each
        for each in state.tokens
    )
    return replace(state, tokens=tokens)


EVOLVE: dict[type[Fact], Callable[[Any, Any], Any]] = {
    events.DeviceTokenProvisioned: _provisioned,
    events.DeviceTokenChanged: _changed,
}


def follow(state: "CreditAccount", fact: Fact) -> "CreditAccount":
    """The account after its tokens have followed what happened to a card: they move to the card
    in the place of a lost one, and end with one that is terminated."""
    changes: dict[str, Any]
    if isinstance(fact, cards.CardReplaced):
        changes = {"card_id": fact.replacement_card_id}
    elif isinstance(fact, CardTerminated):
        changes = {
            "status": TokenStatus.DELETED,
            "reason": CARD_ENDED,
            "channel": Channel.SYSTEM,
        }
    else:
        return state
    tokens = tuple(
        replace(each, **changes)
        if each.card_id == fact.card_id and each.status is not TokenStatus.DELETED
        else each
        for each in state.tokens
    )
    return replace(state, tokens=tokens)
