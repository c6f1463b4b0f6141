"""A deferred-interest promotion ends early where its terms say so and a payment is more than 60
days late: 12 CFR 1026.55(b)(4) and comment 55(b)(1)-3.ii.C."""

from datetime import date

import pytest

from services.accounts.domain.billing.terms import DeferredPromotion
from services.accounts.domain.deferring.events import DeferralResumed, DeferralShortened
from services.accounts.domain.deferring.state import Deferral
from services.accounts.tests.billing_stories import amounts
from services.accounts.tests.deferring_stories import DeferringStory
from services.accounts.tests.repaying_stories import names
from services.accounts.tests.test_deferring import due_on_the_first
from services.accounts.tests.test_penalty_rates import imposed, rate_on

SOFA = "DEFERRED/sofa"
NOTICE, OVER = date(2027, 11, 2), date(2027, 12, 17)
PROMISED = date(2028, 12, 31)
ACCRUED = round((1000 * 32 + 975 * 138) * 0.18 / 365, 2)
"""On 1,000 from June 30 and 975 from August 1 up to December 16."""


def in_arrears(ends: bool = True) -> DeferringStory:
    """1,000 on June 30 of year two at 18 %, by December 31 of year three; the payments due on the
    first of September, October and November are not received by November 2."""
    offer = DeferredPromotion(
        code="SIX", ends_on=PROMISED, offered_from=date(2027, 6, 30), ends_past_due=ends
    )
    story = due_on_the_first(offer, 1_800, date(2026, 1, 1))
    story.run(6, 30, 2027)
    story.defer(story.on(6, 30, 2027).buy(1000))
    story.run(8, 1, 2027)
    story.pay(25)
    story.run(10, 31, 2027)
    story.run(11, 2, 2027)
    return story


def deferral(story: DeferringStory) -> Deferral:
    (one,) = story.state.billing.deferrals
    return one


def paid_six_times(story: DeferringStory) -> None:
    """The minimum payments due from January 1 to June 1 of year three are received in time."""
    story.run(12, 31, 2027)
    for month in range(1, 7):
        story.on(month, 1, 2028).pay(story.statements()[-1].minimum.total_minor / 100)
        story.run(month, 2, 2028)
        story.run(month, 28, 2028)


def test_what_accrued_is_charged_when_the_time_of_notice_is_over() -> None:
    """Interest since June 30 is charged on December 17, and from then on the balance bears it."""
    story = in_arrears()
    assert imposed(story)[-1] == (date(2027, 11, 1), OVER)
    (cut,) = [each for each in story.facts if isinstance(each, DeferralShortened)]
    assert (cut.promised_until, cut.ends_on) == (PROMISED, date(2027, 12, 16))
    assert amounts(story.run(12, 16, 2027), "DeferredInterestCharged") == []
    facts = story.run(12, 17, 2027)
    assert amounts(facts, "DeferredInterestCharged") == [ACCRUED]
    assert story.owed == 975 + ACCRUED
    story.run(1, 5, 2028)
    assert rate_on(story, date(2027, 12, 16), SOFA) == 0
    assert rate_on(story, date(2027, 12, 17), SOFA) == 1_800


def test_it_does_not_end_early_where_its_terms_do_not_say_so() -> None:
    """Comment 55(b)(1)-3.ii.B: nothing is charged before December 31 of year three."""
    story = in_arrears(ends=False)
    story.run(12, 31, 2027)
    assert imposed(story) == []
    assert deferral(story).ends_on == PROMISED
    assert amounts(story.facts, "DeferredInterestCharged") == []


def test_who_pays_before_the_time_of_notice_is_over_owes_no_interest() -> None:
    story = in_arrears()
    story.on(12, 16, 2027).pay(975)
    assert "DeferredInterestWaived" in names(story.run(12, 17, 2027))
    story.run(12, 31, 2027)
    assert story.owed == 0


@pytest.mark.parametrize("paid", [True, False])
def test_six_payments_in_a_row_bring_the_promotion_back_for_what_is_left(paid: bool) -> None:
    """55(b)(4)(ii): interest ceases to be charged after June 1 of year three; paid in full on
    December 31, what accrues since is never charged, and what was charged before stays."""
    story = in_arrears()
    paid_six_times(story)
    (again,) = [each for each in story.facts if isinstance(each, DeferralResumed)]
    assert (again.resumes_on, again.ends_on) == (date(2028, 6, 2), PROMISED)
    story.run(6, 30, 2028)
    assert rate_on(story, date(2028, 6, 1), SOFA) == 1_800
    assert rate_on(story, date(2028, 6, 2), SOFA) == 0
    for month in range(7, 13):
        story.on(month, 1, 2028).pay(story.statements()[-1].minimum.total_minor / 100)
        story.run(month, 28, 2028)
    left = story.owed
    assert story.told(len(story.statements())).accrued_minor > 0
    if paid:
        story.on(12, 31, 2028).pay(left)
    facts = story.run(1, 1, 2029)
    charged = amounts(facts, "DeferredInterestCharged")
    assert amounts(story.facts, "DeferredInterestCharged")[0] == ACCRUED
    assert bool(charged) is not paid
    assert story.owed == (0 if paid else round(left + charged[0], 2))
    if not paid:
        # At 18 % on no more than was owed on June 2, for the 213 days since.
        assert 0 < charged[0] <= round((1000 + ACCRUED) * 213 * 0.18 / 365, 2)


def test_a_payment_that_was_in_time_after_all_gives_back_what_was_charged() -> None:
    """The minimum of September was received on October 31, the sixtieth day, which is told in
    January: the promotion never ended, and nothing of it bears interest."""
    story = in_arrears()
    story.run(1, 10, 2028)
    assert amounts(story.facts, "DeferredInterestCharged") == [ACCRUED]
    told = story.pay(25, credited=date(2027, 10, 31))
    assert "PenaltyRateWithdrawn" in names(told)
    assert deferral(story).ends_on == PROMISED
    assert amounts(story.facts, "DeferredInterestReversed") == [ACCRUED]
    assert story.owed == 950
    interest = [f for f in told if type(f).__name__ == "InterestAdjusted"]
    assert interest, "December's interest on it is given back, too"


def test_what_was_cut_short_is_put_right_before_it_is_over_but_for_what_else_is_late() -> None:
    """September's minimum was in time; October's, due on October 1, is too late on December 1."""
    story = in_arrears()
    told = story.pay(25, credited=date(2027, 10, 31))
    kinds = ("PenaltyRateWithdrawn", "DeferralResumed")
    assert [each for each in names(told) if each in kinds] == list(kinds)
    story.run(11, 30, 2027)
    assert deferral(story).ends_on == PROMISED
    story.run(12, 1, 2027)
    assert deferral(story).ends_on == date(2028, 1, 14)
    story.run(12, 31, 2027)
    assert amounts(story.facts, "DeferredInterestCharged") == []
