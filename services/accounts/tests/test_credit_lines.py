"""Other credit limits: asked for, offered, reviewed, reduced (12 CFR 1026.51 and 1026.9)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chassis.kernel.errors import Invalid, NotFound, Refused
from services.accounts.domain.billing.terms import BalanceType, Rate, RateKind
from services.accounts.domain.credit_lines.ability import capacity, minimum_at
from services.accounts.tests.billing_stories import STANDARD, BilledStory
from services.accounts.tests.credit_line_stories import RULES, LineStory, names, reasons, refused
from services.accounts.tests.stories import pounds

# Ability to pay: 12 CFR 1026.51(a)


def test_the_safe_harbour_takes_the_whole_line_from_the_first_day_at_the_full_rate() -> None:
    """1026.51(a)(2)(ii) and comment 51(a)(2)-2: 1 % of 2,000.00 is 20.00; interest on all of it at
    15 %, the rate after the promotion of 0 %, for 31 days of 365 is 25.48; in all 45.48."""
    promo = Rate(balance_type=BalanceType.PURCHASE, kind=RateKind.PROMO, apr_basis_points=0)
    terms = replace(STANDARD, rates=(*STANDARD.rates, promo))
    billing = LineStory().state.billing
    assert minimum_at(billing, terms, 2_000_00, date(2026, 3, 1)) == 45_48
    assert minimum_at(billing, terms, 900_00, date(2026, 3, 1)) == 25_00, "the floor"
    assert minimum_at(billing, terms, 10_00, date(2026, 3, 1)) == 10_00, "no more than is owed"


def test_what_can_be_paid_is_a_share_of_income_less_obligations() -> None:
    """1026.51(a)(1)(ii): the ratio of debt obligations to income. 40 % of 1,000.00 a month."""
    assert capacity(RULES, 12_000_00, 0) == 400_00
    assert capacity(RULES, 12_000_00, 380_00) == 20_00
    assert capacity(RULES, 12_000_00, 500_00) == 0


def test_who_can_pay_gets_more_at_once() -> None:
    story = LineStory().on(8, 3)
    told = story.ask(2_000)
    assert names(told)[:2] == ["CreditLineRequested", "LimitChanged"]
    assert story.limit == 2_000


def test_who_cannot_pay_does_not() -> None:
    """1026.51(a)(1)(i): 45.48 a month is more than the 20.00 that are left."""
    story = LineStory().on(8, 3)
    _, declined = story.ask(2_000, income=12_000, obligations=380)
    assert reasons(declined) == ("PAYMENTS_TOO_HIGH_FOR_INCOME",)
    assert story.limit == 1_000


def test_without_any_income_there_is_no_ability_to_pay() -> None:
    """1026.51(a)(1)(ii): unreasonable to grant to a consumer without any income or assets."""
    _, declined = LineStory().on(8, 3).ask(1_100, income=0)
    assert reasons(declined) == ("PAYMENTS_TOO_HIGH_FOR_INCOME",)


def test_everything_that_stands_against_it_is_told() -> None:
    story = LineStory().on(2, 3)
    _, declined = story.ask(6_000, income=1_000)
    assert reasons(declined) == (
        "ACCOUNT_TOO_NEW",
        "ABOVE_LARGEST_LIMIT",
        "PAYMENTS_TOO_HIGH_FOR_INCOME",
    )


def test_who_is_past_due_is_declined() -> None:
    story = LineStory()
    story.buy(300)
    story.run(8, 3)
    found = story.ask(2_000)
    assert "PAYMENTS_PAST_DUE" in reasons(found[1])


def test_a_limit_changes_once_in_six_months() -> None:
    story = LineStory().on(8, 3)
    story.ask(1_500)
    _, declined = story.on(9, 3).ask(2_000, request_id="again")
    assert reasons(declined) == ("CHANGED_RECENTLY",)
    story.on(2, 3, 2027).ask(2_000, request_id="later")
    assert story.limit == 2_000


def test_a_lower_limit_is_not_requested_and_another_request_needs_another_id() -> None:
    story = LineStory().on(8, 3)
    with pytest.raises(Invalid, match="LIMIT_NOT_HIGHER"):
        story.ask(900)
    story.ask(1_500)
    with pytest.raises(Refused, match="CREDIT_LINE_ASKED_DIFFERENTLY"):
        story.ask(2_500)


def test_a_programme_without_rules_changes_no_limits_so() -> None:
    story = LineStory()
    plain = BilledStory()
    story.state = plain.state
    assert refused(story.ask, 2_000) == "NO_CREDIT_LINE_RULES"


# Young holders: 12 CFR 1026.51(b)


@pytest.mark.parametrize(
    ("age", "why"), [(20, "YOUNGER_THAN_21"), (None, "AGE_UNKNOWN")], ids=["20", "unknown"]
)
def test_of_young_holders_a_person_decides(age: int | None, why: str) -> None:
    """1026.51(b)(2): somebody else liable with the holder would have to agree, and nobody here
    knows whether there is one."""
    story = LineStory().on(8, 3)
    _, referred = story.ask(2_000, age=age)
    assert reasons(referred) == (why,)
    assert story.limit == 1_000
    assert refused(story.ask, 2_500, request_id="other") == "CHANGE_PENDING"
    story.decided()
    assert story.limit == 2_000


def test_at_21_nobody_has_to_look() -> None:
    """Comment 51(b)-1: the rules are for who has not attained the age of 21."""
    story = LineStory().on(8, 3)
    story.ask(2_000, age=21)
    assert story.limit == 2_000


# Two people


def test_a_large_limit_is_granted_by_two_people() -> None:
    story = LineStory().on(8, 3)
    _, referred = story.ask(4_000)
    assert reasons(referred) == ("ABOVE_ONE_PERSONS_LIMIT",)
    assert names(story.decided()) == ["CreditLineChangeProposed"]
    assert refused(story.confirm, "r", by="operator:olga") == "SECOND_PERSON_NEEDED"
    assert story.limit == 1_000
    assert names(story.confirm("r")) == ["CreditLineChangeConfirmed", "LimitChanged"]
    assert story.limit == 4_000


def test_either_of_them_may_say_no() -> None:
    story = LineStory().on(8, 3)
    story.ask(4_000)
    assert names(story.decided(approve=False)) == ["CreditLineRequestDeclined"]
    story = LineStory().on(8, 3)
    story.ask(4_000)
    story.decided()
    told = names(story.confirm("r", approve=False))
    assert told == ["CreditLineChangeRejected", "CreditLineRequestDeclined"]
    assert story.limit == 1_000
    assert refused(story.confirm, "r") == "CREDIT_LINE_ASKED_DIFFERENTLY"


def test_one_person_alone_does_not_raise_a_limit_so_far_nor_beyond_what_can_be_paid() -> None:
    story = LineStory().on(8, 3)
    assert refused(story.change, 2_000) == "INCOME_UNKNOWN"
    story.ask(1_200, income=1_000)
    assert refused(story.change, 2_000) == "PAYMENTS_TOO_HIGH_FOR_INCOME"
    story.ask(1_300, request_id="richer")
    assert refused(story.change, 4_000) == "SECOND_PERSON_NEEDED"
    story.change(2_000)
    assert story.limit == 2_000


# Offers


def able(spending: float = 0) -> LineStory:
    """A holder who told an income in March that bears more, and was declined as too new."""
    story = LineStory().on(3, 3)
    story.ask(1_100, request_id="first")
    if spending:
        story.months_go_by(spending)
    return story


def test_an_offer_is_accepted() -> None:
    story = able().on(8, 3)
    offered: Any = story.offer(2_000)[0]
    assert str(offered.expires_on) == "2026-09-02"
    assert story.limit == 1_000
    assert names(story.answer())[:2] == ["CreditLineOfferAccepted", "LimitChanged"]
    assert story.limit == 2_000


def test_an_offer_is_declined_or_expires() -> None:
    story = able().on(8, 3)
    story.offer(2_000)
    assert names(story.answer(accept=False)) == ["CreditLineOfferDeclined"]
    story.offer(2_000, "second")
    assert "CreditLineOfferExpired" in names(story.run(9, 3))
    assert refused(story.answer, offer_id="second") == "OFFER_NOT_FOUND"
    assert story.limit == 1_000


def test_after_its_last_day_an_offer_is_not_accepted_even_before_the_day_is_run() -> None:
    story = able().on(8, 3)
    story.offer(2_000)
    assert refused(story.on(9, 3).answer) == "OFFER_EXPIRED"


def test_nothing_is_offered_without_ability_to_pay() -> None:
    """Comment 51(a)(1)(i)-3: also where the house begins."""
    assert refused(LineStory().on(8, 3).offer, 2_000) == "INCOME_UNKNOWN"
    assert refused(able().on(4, 4, 2027).offer, 2_000) == "INCOME_UNKNOWN", "told too long ago"


def test_a_large_offer_is_confirmed_first_and_there_is_one_at_a_time() -> None:
    story = able().on(8, 3)
    assert names(story.offer(4_000)) == ["CreditLineChangeProposed"]
    assert names(story.confirm("o")) == ["CreditLineChangeConfirmed", "CreditLineOffered"]
    assert refused(story.offer, 2_000, "p") == "OFFER_OPEN"
    story.answer()
    assert story.limit == 4_000


def test_an_offer_is_void_when_the_holder_is_no_longer_eligible_or_the_limit_another() -> None:
    story = able().on(8, 3)
    story.offer(2_000)
    story.change(800)
    with pytest.raises(NotFound):
        story.answer()


# Reviews


def test_who_uses_the_limit_and_pays_is_offered_more_in_time() -> None:
    """600.00 of 1,000.00 on each of six statements: a quarter more is offered after nine months."""
    story = able(600)
    told = story.run(10, 1)
    reviewed: Any = next(fact for fact in told if type(fact).__name__ == "CreditLineReviewed")
    assert (reviewed.outcome, reviewed.reasons) == ("OFFERED", ("MUCH_USED",))
    assert reviewed.utilisation_basis_points == 6_000
    assert reviewed.limit == pounds(1_250)
    story.answer(offer_id=reviewed.review_id)
    assert story.limit == 1_250


def test_a_programme_may_raise_without_asking() -> None:
    story = LineStory(raises_without_asking=True).on(3, 3)
    story.ask(1_100, request_id="first")
    story.months_go_by(600)
    story.run(10, 1)
    assert story.limit == 1_250


def test_what_a_review_would_raise_above_one_persons_limit_waits_for_a_person() -> None:
    story = LineStory(two_people_above_minor=1_200_00).on(3, 3)
    story.ask(1_100, request_id="first")
    story.months_go_by(600)
    assert "CreditLineChangeProposed" in names(story.run(10, 1))
    pending = story.state.billing.credit_line.pending
    assert pending is not None
    assert pending.proposed_by == "service:accounts"
    story.confirm(pending.change_id)
    assert story.state.billing.credit_line.offer is not None


def test_a_review_never_raises_above_the_largest_limit_nor_beyond_what_can_be_paid() -> None:
    story = LineStory(largest_limit_minor=1_100_00).on(3, 3)
    story.ask(1_100, request_id="first")
    story.months_go_by(600)
    assert story.on(9, 5).review().limit == pounds(1_100)
    story = LineStory()
    story.months_go_by(600)
    kept = story.on(9, 5).review()
    assert (kept.outcome, kept.reasons) == ("KEPT", ("INCOME_UNKNOWN",))


def test_who_paid_late_is_not_raised() -> None:
    story = able(600)
    story.run(10, 26)
    story.pay(story.owed)
    kept = story.on(10, 27).review()
    assert (kept.outcome, kept.reasons) == ("KEPT", ("LATE_PAYMENTS",))
    assert kept.late_payments == 1


def test_what_is_past_due_for_long_lowers_the_limit_but_not_below_what_is_owed() -> None:
    story = LineStory()
    story.buy(300)
    story.run(5, 10)
    lowered = story.review()
    assert (lowered.outcome, lowered.reasons) == ("LOWERED", ("PAYMENTS_PAST_DUE",))
    assert story.limit == 500
    story = LineStory()
    story.buy(900)
    story.run(5, 10)
    kept = story.review()
    owed = story.owed
    assert kept.outcome == ("LOWERED" if owed < 1_000 else "KEPT")
    assert story.limit == min(1_000, max(owed, 500))


def test_a_limit_that_is_hardly_used_is_lowered_to_the_least() -> None:
    story = LineStory(limit=300)
    story.months_go_by(5)
    lowered = story.on(9, 5).review()
    assert (lowered.outcome, lowered.reasons) == ("LOWERED", ("LITTLE_USED",))
    assert story.limit == 200


def test_before_six_statements_there_is_nothing_to_see() -> None:
    assert LineStory().on(2, 5).review().reasons == ("TOO_FEW_STATEMENTS",)


# Notice: 12 CFR 1026.9(c)(2)(vi)


def test_a_lower_limit_is_told_and_has_consequences_45_days_later() -> None:
    """1026.9(c)(2)(vi): at least 45 days before an over-limit fee because of it."""
    story = LineStory().on(8, 3)
    reduced: Any = next(f for f in story.change(500) if type(f).__name__ == "CreditLineReduced")
    assert str(reduced.consequences_from) == "2026-09-17"
    line = story.state.billing.credit_line
    assert line.limit_with_consequences(500_00, date(2026, 9, 16)) == 1_000_00
    assert line.limit_with_consequences(500_00, date(2026, 9, 17)) == 500_00
