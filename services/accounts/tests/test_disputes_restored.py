"""What a dispute took out of a minimum payment and a decision brought back: 13(g) and 52(b)(2)."""

from services.accounts.domain.disputes.state import DisputeStatus
from services.accounts.tests.billing_stories import amounts
from services.accounts.tests.disputing import Disputing

LOST = DisputeStatus.LOST


def test_what_is_restored_and_missed_has_no_late_fee_of_its_own() -> None:
    """1026.13(g)(2) and 52(b)(2)(ii): 20.00 of January are paid in time, 30.00 are required again
    from March 8 on and missed: no fee for the payment of January, which was made when it was due.
    They are past due in the statement of March, whose payment is missed: one fee, for that one."""
    story = Disputing()
    story.dispute(story.dear)
    story.on(2, 10).resolve(LOST)
    story.on(2, 20).pay(20)
    story.run(3, 24)
    assert story.state.billing.delinquency_days == 1
    assert amounts(story.facts, "FeeCharged") == []
    # What is due on March 25 was told before, without the 30.00.
    story.on(3, 25).pay(story.statement(2).minimum.total_minor / 100)
    story.run(4, 25)
    third = story.statement(3).minimum
    assert amounts(story.facts, "FeeCharged") == []
    assert third.past_due_minor > 0
    told = story.run(4, 26)
    assert len(amounts(told, "FeeCharged")) == 1
    assert amounts(told, "FeeCharged")[0] <= third.total_minor / 100
