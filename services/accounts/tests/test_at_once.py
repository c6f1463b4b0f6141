"""Authorised and posted by one message: all of what was approved, or nothing; every step twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain import events
from services.accounts.domain.account.at_once import PostApprovedCharge
from services.accounts.domain.values import Original
from services.accounts.tests.stories import TODAY, AccountStory, pounds

AT_ONCE = PostApprovedCharge(account_id="account", charge_id="charge", posting_date=TODAY)


def test_what_was_approved_is_posted_once() -> None:
    story = AccountStory()
    story.authorise(45)
    (fact,) = story.when(AT_ONCE)
    assert isinstance(fact, events.ChargeCleared)
    assert (fact.amount, fact.forced, fact.final) == (pounds(45), False, True)
    assert (story.available, story.state.held_minor, story.state.posted_minor) == (955, 0, 4_500)


def test_of_a_declined_charge_and_of_a_verification_nothing_is_posted() -> None:
    story = AccountStory()
    story.authorise(1_001)
    assert story.when(AT_ONCE) == []
    other = AccountStory()
    other.authorise(0)
    assert other.when(AT_ONCE) == []


def test_what_was_reversed_before_it_came_is_not_posted() -> None:
    story = AccountStory()
    story.authorise(45)
    story.reverse()
    assert story.when(AT_ONCE) == []
    assert story.state.posted_minor == 0


@pytest.mark.parametrize("basis_points", [0, 299])
def test_a_mark_up_is_posted_as_it_was_authorised(basis_points: int) -> None:
    story = AccountStory(foreign_markup_basis_points=basis_points)
    dollars = pounds(50)
    original = Original(amount=type(dollars)(5_000, "USD"), rate="0.8")
    story.authorise(40, original=original)
    held = story.state.held_minor
    story.when(AT_ONCE)
    assert story.state.posted_minor == held
    assert story.state.held_minor == 0


@given(st.integers(min_value=0, max_value=200_000))
def test_posted_is_what_was_held_and_never_more_than_the_limit(minor: int) -> None:
    story = AccountStory()
    story.authorise(minor / 100)
    held = story.state.held_minor
    story.when(AT_ONCE)
    assert story.state.posted_minor == held <= 100_000
    assert story.state.held_minor == 0
