"""What the network approves in the house's place with a card that is good for one charge, or one
merchant, is that charge, and that merchant."""

from dataclasses import replace
from typing import Any

import pytest

from services.accounts.domain.life.events import CardTerminated
from services.accounts.domain.values import CardStatus, CardUse
from services.accounts.tests.stories import GROCER, AccountStory
from services.accounts.tests.test_charging_credits import asked, stand_in


def with_card(use: CardUse) -> AccountStory:
    """A story whose first card is good for so much only."""
    story = AccountStory()
    story.state = story.state.with_card("card", use=use)
    return story


def test_a_card_for_one_charge_ends_with_the_one_that_the_network_approved() -> None:
    story = with_card(CardUse.SINGLE_USE)
    story.when(stand_in(45, "51"))
    assert story.state.cards[0].status is CardStatus.ACTIVE
    other = replace(stand_in(45), charge=replace(asked(45), charge_id="other"))
    _, ended = story.when(other)
    assert isinstance(ended, CardTerminated)
    assert (ended.reason, story.available) == ("SINGLE_USE", 955)
    declined: Any = story.authorise(5, "third")
    assert declined.reason == "CARD_TERMINATED"


def test_a_network_that_overrules_a_decline_uses_a_card_for_one_charge_up() -> None:
    story = with_card(CardUse.SINGLE_USE)
    story.authorise(2_000)
    _, ended = story.when(stand_in(2_000))
    assert isinstance(ended, CardTerminated)


@pytest.mark.parametrize("merchant_id", ["", "M-1"])
def test_a_card_is_locked_to_the_merchant_that_the_network_approved(merchant_id: str) -> None:
    story = with_card(CardUse.MERCHANT_LOCKED)
    there = replace(asked(45), merchant=replace(GROCER, id=merchant_id))
    story.when(replace(stand_in(45), charge=there))
    assert story.state.cards[0].merchant_id == merchant_id
