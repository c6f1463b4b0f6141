"""The worked authorisation flows of a processor's public scenario pages, to the penny, and others
that end otherwise than one may think; every step is given twice (see stories)."""

import pytest

from chassis.kernel.errors import Refused
from services.accounts.domain import events
from services.accounts.domain.charging.commands import ReverseRefund
from services.accounts.domain.values import ChargeStatus
from services.accounts.tests.stories import GROCER, PUMP, TODAY, AccountStory


def test_a_tip_is_cleared_above_the_hold() -> None:
    story = AccountStory()
    story.authorise(45)
    assert story.available == 955
    story.clear(55)
    assert story.available == 945


def test_fuel_is_held_by_estimate_and_completed_by_advice() -> None:
    story = AccountStory()
    story.authorise(1, merchant=PUMP, estimated=True)
    assert story.available == 925
    story.advise(30)
    assert story.available == 970
    story.clear(30)
    assert story.available == 970


def test_a_charge_is_raised_to_a_total_and_by_a_difference() -> None:
    story = AccountStory()
    story.authorise(25)
    assert story.available == 975
    story.increment("first", to=40)
    assert story.available == 960
    story.increment("second", by=10)
    assert story.available == 950
    story.clear(50)
    assert story.available == 950


def test_a_charge_is_reversed() -> None:
    story = AccountStory()
    story.authorise(10)
    assert story.available == 990
    story.reverse()
    assert story.available == 1000


def test_a_hold_expires() -> None:
    story = AccountStory()
    story.authorise(50)
    assert story.available == 950
    story.expire(hours=168)
    assert story.available == 1000


def test_a_charge_is_reversed_in_part() -> None:
    story = AccountStory()
    story.authorise(30)
    assert story.available == 970
    story.reverse(20)
    assert story.available == 990
    story.clear(10)
    assert story.available == 990


def test_a_force_post_needs_no_authorisation() -> None:
    story = AccountStory()
    fact = story.clear(55, charge_id="", clearing_id="forced", merchant=GROCER)
    assert story.available == 945
    assert isinstance(fact, events.ChargeCleared)
    assert (fact.forced, fact.charge_id) == (True, "forced")


def test_an_advice_that_comes_after_the_hold_has_fallen_is_held_anew() -> None:
    story = AccountStory()
    story.authorise(1, merchant=PUMP, estimated=True)
    story.expire(hours=2)
    assert story.available == 1000
    story.advise(30)
    assert story.available == 970
    story.expire(hours=2)
    assert story.available == 1000
    story.clear(30)
    assert story.available == 970


def test_an_advice_of_nothing_after_the_hold_has_fallen_ends_the_charge() -> None:
    story = AccountStory()
    story.authorise(50)
    story.expire(hours=168)
    story.advise(0)
    assert story.available == 1000
    assert story.state.charges["charge"].status is ChargeStatus.REVERSED


def test_more_is_captured_than_is_left_after_a_part_was_taken_back() -> None:
    story = AccountStory()
    story.authorise(100)
    story.reverse(60)
    assert story.available == 960
    story.clear(70)
    assert story.available == 930
    assert story.state.held_minor == 0


def test_a_charge_that_was_approved_in_part_is_raised_twice() -> None:
    story = AccountStory()
    story.authorise(1_200, partial_approval_allowed=True)
    assert story.available == 0
    story.increment("too early", by=1)
    story.pay(100)
    story.increment("first", by=50)
    story.increment("second", to=1_100)
    assert story.available == 0
    story.clear(1_100)
    assert (story.available, story.state.posted_minor) == (0, 100_000)


def test_what_nobody_approved_is_not_advised_and_posts_all_the_same() -> None:
    story = AccountStory()
    story.authorise(1_000.01)
    with pytest.raises(Refused, match="CHARGE_NOT_APPROVED"):
        story.advise(10)
    fact = story.clear(10)
    assert isinstance(fact, events.ChargeCleared)
    assert (fact.forced, story.available) == (True, 990)


def test_a_refund_is_taken_back_although_it_was_spent() -> None:
    story = AccountStory(limit=100)
    story.clear(100, "", "forced", merchant=GROCER)
    story.refund(50, charge_id="")
    story.authorise(50)
    story.when(
        ReverseRefund(
            account_id="account",
            refund_id="refund",
            reversal_id="back",
            transaction_date=TODAY,
            posting_date=TODAY,
        )
    )
    assert story.available == -50


def test_a_hold_falls_at_the_very_moment_and_not_before() -> None:
    story = AccountStory()
    story.authorise(50)
    story.expire(hours=168, microseconds=-1)
    assert story.available == 950
    story.expire(microseconds=1)
    assert story.available == 1000
