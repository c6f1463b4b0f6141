"""Laws of cards, their PINs, tokens and controls, while anything is charged on them."""

from services.accounts.tests.lives import try_lives
from services.accounts.tests.lives_carded import CardedLife
from services.accounts.tests.test_laws import AnyHistory


class CardedHistory(AnyHistory, CardedLife):
    """Any charges in any order, on cards with any life."""


def test_laws_of_cards() -> None:
    try_lives(CardedHistory, lives=60, steps=40)
