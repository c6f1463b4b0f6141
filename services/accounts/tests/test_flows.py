"""The worked authorisation flows of a processor's public scenario pages, to the penny; every step
is given twice (see stories)."""

from services.accounts.domain import events
from services.accounts.tests.stories import GROCER, PUMP, AccountStory


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
