"""A dispute is decided once: the same decision again is a repetition, any other one is refused."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.accounts.domain.disputes.commands import Deadline, ResolveDispute
from services.accounts.domain.disputes.state import DisputeStatus
from services.accounts.tests.stories import TODAY, pounds
from services.accounts.tests.test_disputes import (
    CHARGED_BACK,
    LOST,
    ON,
    WON,
    DisputeStory,
    refusal_of,
)


def decided(outcome: DisputeStatus, **amounts: Any) -> ResolveDispute:
    return ResolveDispute(
        **ON, outcome=outcome, explanation="because", posting_date=TODAY, **amounts
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"corrected": 60}, {"corrected": 40}),
        ({"corrected": 60}, {}),
        ({}, {"corrected": 40}),
        ({"corrected": 60, "related": 2}, {"corrected": 60, "related": 1}),
    ],
)
def test_the_same_outcome_with_other_amounts_is_another_decision(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    story = DisputeStory()
    story.open()
    story.resolve(WON, **{name: pounds(amount) for name, amount in first.items()})
    other = decided(WON, **{name: pounds(amount) for name, amount in second.items()})
    assert refusal_of(story, other) == "DISPUTE_RESOLVED_DIFFERENTLY"
    assert refusal_of(story, decided(LOST)) == "DISPUTE_CLOSED"


def test_what_a_merchant_left_unanswered_is_decided_as_a_whole() -> None:
    """That everything is won again is a repetition, that a part of it is won is not."""
    story = DisputeStory()
    story.open()
    story.advance(CHARGED_BACK)
    ends_on = story.dispute.window_ends_on
    assert isinstance(ends_on, date)
    story.check(Deadline.WINDOW, date(ends_on.year + 1, 1, 1))
    assert story.dispute.status is WON
    assert list(story.decide(decided(WON))) == []
    part = decided(WON, corrected=pounds(40))
    assert refusal_of(story, part) == "DISPUTE_RESOLVED_DIFFERENTLY"


def test_of_a_decision_that_was_stored_without_its_amounts_nothing_is_refused() -> None:
    """It cannot be told from a repetition."""
    story = DisputeStory()
    story.open()
    resolved: Any = story.decide(decided(WON, corrected=pounds(60)))[0]
    story.given(replace(resolved, asked=None))
    assert list(story.decide(decided(WON, corrected=pounds(40)))) == []
