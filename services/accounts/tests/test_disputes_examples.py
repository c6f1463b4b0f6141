"""Examples of the commentary on 12 CFR 1026.13 with figures, as they are billed."""

import pytest

from services.accounts.domain.billing.statement import GraceStatus
from services.accounts.domain.disputes.state import DisputeStatus
from services.accounts.tests.billing_stories import BilledStory, amounts
from services.accounts.tests.disputing import Disputing

LOST, WON = DisputeStatus.LOST, DisputeStatus.WON


class TwoDollars(Disputing):
    """A bill of 300.00 in January, of which an item of 2.00 is disputed on February 5."""

    def __init__(self) -> None:
        BilledStory.__init__(self)
        self.on(1, 10).buy(298)
        self.item = self.bought(2)
        self.run(1, 31)
        self.on(2, 5).dispute(self.item)


@pytest.mark.parametrize("outcome", [LOST, WON])
def test_who_pays_all_but_what_is_disputed_keeps_the_grace(outcome: DisputeStatus) -> None:
    """Comment 13(d)(1)-3: 298 of 300 are paid in time; no interest on what is bought since, even
    if there was no error."""
    story = TwoDollars()
    story.on(2, 10).buy(100)
    story.on(2, 24).pay(298)
    story.run(2, 28)
    assert story.statement(2).grace is GraceStatus.KEPT
    assert story.statement(2).interest_minor == 0
    assert story.on(3, 2).resolve(outcome)
    story.on(3, 20).pay(story.owed)
    story.run(4, 30)
    assert amounts(story.facts, "InterestCharged") == amounts(story.facts, "FeeCharged") == []
    assert story.owed == 0
