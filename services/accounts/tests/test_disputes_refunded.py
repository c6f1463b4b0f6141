"""A merchant refunds what is in dispute: it is given back once."""

import pytest

from services.accounts.domain.disputes import commands
from services.accounts.tests.stories import TODAY, pounds
from services.accounts.tests.test_disputes import (
    LOST,
    ON,
    WON,
    DisputeStory,
    opening,
    refusal_of,
)


@pytest.mark.parametrize("credited", [False, True])
@pytest.mark.parametrize(("refunded", "left"), [(40, 60), (100, 0)])
def test_what_was_refunded_is_not_corrected_again(
    credited: bool, refunded: float, left: float
) -> None:
    story = DisputeStory()
    story.open()
    if credited:
        story.credit()
    story.refund(refunded)
    fact = story.resolve(WON)
    assert (fact.corrected, fact.owed) == (pounds(left), pounds(0))
    assert story.owed == 0


def test_what_was_refunded_is_not_owed_after_a_dispute_is_lost() -> None:
    story = DisputeStory()
    story.open()
    story.refund(40)
    assert story.resolve(LOST).owed == pounds(60)
    assert story.owed == 60
    assert refusal_of(story, opening(60.01, dispute_id="second")) == "DISPUTE_EXCEEDS_CAPTURED"


def test_more_than_the_refund_left_is_refused() -> None:
    story = DisputeStory()
    story.open()
    story.refund(40)
    again = commands.ResolveDispute(
        **ON, outcome=WON, corrected=pounds(60.01), related=None, explanation="", posting_date=TODAY
    )
    assert refusal_of(story, again) == "CORRECTED_OUT_OF_RANGE"


def test_a_refund_of_what_another_dispute_is_about_takes_nothing_from_this_one() -> None:
    story = DisputeStory()
    story.open(30)
    story.refund(70)
    assert story.resolve(WON).corrected == pounds(30)
    assert story.owed == 0
