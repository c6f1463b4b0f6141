"""Which card a token pays with, and whether it may."""

from typing import TYPE_CHECKING

from services.accounts.domain.tokens.state import TokenStatus
from services.accounts.domain.values import DeclineReason

if TYPE_CHECKING:
    from services.accounts.domain.account.state import CreditAccount


def token_objection(state: "CreditAccount", token_id: str) -> DeclineReason | None:
    """What stands against paying with a token; nothing where there is none."""
    token = state.find_token(token_id) if token_id else None
    if token is None or token.status is TokenStatus.ACTIVE:
        return None
    return DeclineReason.DEVICE_TOKEN_NOT_ACTIVE


def card_of_token(state: "CreditAccount", token_id: str, charge_id: str, card_id: str) -> str:
    """The card that a token stands for: the one it stood for when the charge was decided, else the
    one it stands for now. Tokens move to the card in the place of a lost one."""
    known = state.charges.get(charge_id)
    if known is not None:
        return known.card_id
    token = state.find_token(token_id)
    return token.card_id if token else card_id
