"""How each fact changes a card."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.life import events
from services.accounts.domain.values import CardStatus

Ended = events.CardPaused | events.CardExpired | events.CardTerminated
Usable = events.CardActivated | events.CardResumed

_BECOMES = {
    events.CardPaused: CardStatus.PAUSED,
    events.CardExpired: CardStatus.EXPIRED,
    events.CardTerminated: CardStatus.TERMINATED,
}


def _unusable(state: CreditAccount, fact: Ended) -> CreditAccount:
    return state.with_card(
        fact.card_id,
        status=_BECOMES[type(fact)],
        status_reason=fact.reason,
        status_channel=fact.channel,
    )


def _usable(state: CreditAccount, fact: Usable) -> CreditAccount:
    return state.with_card(
        fact.card_id, status=CardStatus.ACTIVE, status_reason="", status_channel=None
    )


def _renewed(state: CreditAccount, fact: events.CardRenewed) -> CreditAccount:
    card = state.find_card(fact.card_id)
    return state.with_card(
        fact.card_id,
        former=card.plastic if card else None,
        issued_on=fact.transaction_date,
        sequence=fact.sequence,
        expires_on=fact.expires_on,
        delivery=fact.delivery,
    )


def _delivered(state: CreditAccount, fact: events.CardDeliveryChanged) -> CreditAccount:
    return state.with_card(fact.card_id, delivery=fact.delivery)


def _locked(state: CreditAccount, fact: events.MerchantLocked) -> CreditAccount:
    return state.with_card(fact.card_id, merchant_id=fact.merchant_id)


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.CardActivated: _usable,
    events.CardPaused: _unusable,
    events.CardResumed: _usable,
    events.CardExpired: _unusable,
    events.CardTerminated: _unusable,
    events.CardRenewed: _renewed,
    events.CardDeliveryChanged: _delivered,
    events.MerchantLocked: _locked,
}
