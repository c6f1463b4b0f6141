"""Authorisations: every reason for a decline, holds, risk's word and the stand-in rule."""

from datetime import date, timedelta

import pytest

from chassis.kernel.errors import Error, Invalid, NotFound, Refused
from chassis.kernel.money import Money
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.values import (
    Assessment,
    AssessmentOutcome,
    ChargeStatus,
    EntryMode,
    HoldRule,
    Merchant,
    Original,
)
from services.accounts.tests.stories import (
    GROCER,
    NOW,
    PUMP,
    TODAY,
    AccountStory,
    pounds,
)

ALLOWED = Assessment(outcome=AssessmentOutcome.ALLOWED, assessment_id="assessment")
REFUSED = Assessment(outcome=AssessmentOutcome.REFUSED, assessment_id="assessment")
AWAY = Assessment(outcome=AssessmentOutcome.UNAVAILABLE)


def declined(fact: object) -> tuple[str, str]:
    assert isinstance(fact, events.ChargeDeclined)
    return fact.response_code, fact.reason


def test_an_approved_charge_says_all_there_is_to_say() -> None:
    story = AccountStory()
    original = Original(amount=Money(1_200, "EUR"), rate="0.8550")
    assert story.authorise(10.26, original=original) == events.ChargeAuthorised(
        account_id="account",
        customer_id="customer",
        card_id="card",
        charge_id="charge",
        amount=pounds(10.26),
        held=pounds(10.26),
        original_amount=Money(1_200, "EUR"),
        rate="0.8550",
        merchant=GROCER,
        entry_mode=EntryMode.CHIP,
        response_code="00",
        available=pounds(989.74),
        stand_in=False,
        assessment_id="",
        hold_expires_at=NOW + timedelta(hours=168),
        transaction_date=TODAY,
        transaction_at=NOW,
    )


def test_the_limit_is_reached_and_not_passed() -> None:
    story = AccountStory()
    assert isinstance(story.authorise(1000, "all"), events.ChargeAuthorised)
    assert declined(story.authorise(0.01, "a penny more")) == ("51", "INSUFFICIENT_CREDIT")


def test_two_hundred_charges_of_10_01_on_a_thousand_give_99() -> None:
    story = AccountStory()
    facts = [story.authorise(10.01, f"charge {number}") for number in range(200)]
    assert sum(isinstance(fact, events.ChargeAuthorised) for fact in facts) == 99


def test_a_programme_may_tolerate_a_little_over_the_limit() -> None:
    story = AccountStory(over_limit_tolerance_minor=5_000)
    fact = story.authorise(1050, "with tolerance")
    assert isinstance(fact, events.ChargeAuthorised)
    assert fact.available == pounds(-50)
    assert declined(story.authorise(0.01, "more"))[1] == "INSUFFICIENT_CREDIT"


def test_what_is_posted_counts_as_much_as_what_is_held() -> None:
    story = AccountStory()
    story.authorise(400, "held")
    story.authorise(500)
    story.clear(500)
    assert declined(story.authorise(100.01, "too much"))[1] == "INSUFFICIENT_CREDIT"
    assert isinstance(story.authorise(100, "just right"), events.ChargeAuthorised)


def test_a_repayment_makes_room_and_may_bring_the_account_into_credit() -> None:
    story = AccountStory(limit=100)
    story.pay(50)
    fact = story.authorise(150)
    assert isinstance(fact, events.ChargeAuthorised)
    assert fact.available == pounds(0)


def test_an_expired_card_is_declined_the_day_after_its_last() -> None:
    story = AccountStory()
    assert isinstance(story.authorise(1, "last", on=date(2029, 3, 31)), events.ChargeAuthorised)
    assert declined(story.authorise(1, "late", on=date(2029, 4, 1))) == ("54", "CARD_EXPIRED")


def test_only_the_billing_currency_is_authorised() -> None:
    story = AccountStory()
    assert declined(story.authorise(Money(100, "EUR"))) == ("12", "CURRENCY_NOT_SUPPORTED")


def test_a_card_of_another_account_is_unknown() -> None:
    assert declined(AccountStory().authorise(1, card_id="other")) == ("14", "CARD_UNKNOWN")


def test_a_verification_of_no_amount_holds_nothing_even_without_credit() -> None:
    story = AccountStory()
    story.authorise(1000, "all")
    fact = story.authorise(0, "verification")
    assert isinstance(fact, events.ChargeAuthorised)
    assert fact.response_code == "85"
    assert story.state.charges["verification"].status is ChargeStatus.VERIFIED
    assert story.available == 0


def test_a_negative_amount_is_malformed() -> None:
    with pytest.raises(Invalid) as malformed:
        AccountStory().authorise(-1)
    assert malformed.value.reason == "AMOUNT_NEGATIVE"


def test_a_decline_repeated_is_the_same_decline_even_when_there_is_room_by_then() -> None:
    story = AccountStory(limit=10)
    story.authorise(20)
    story.pay(100)
    assert story.state.charges["charge"].status is ChargeStatus.DECLINED
    story_again = commands.AuthoriseCharge(
        account_id="account",
        charge_id="charge",
        card_id="card",
        amount=pounds(20),
        merchant=GROCER,
        entry_mode=EntryMode.CHIP,
        transaction_date=TODAY,
        transaction_at=NOW,
    )
    assert story.decide(story_again) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 11},
        {"amount": 10, "merchant": PUMP},
        {"amount": 10, "card_id": "other"},
        {"amount": 10, "original": Original(amount=Money(1, "EUR"), rate="10")},
    ],
)
def test_a_charge_id_with_other_content_is_refused(changes: dict[str, object]) -> None:
    story = AccountStory()
    story.authorise(10)
    with pytest.raises(Refused) as refusal:
        story.authorise(**changes)  # type: ignore[arg-type]
    assert refusal.value.reason == "CHARGE_AUTHORISED_DIFFERENTLY"


# Risk's word


def test_risk_refuses() -> None:
    fact = AccountStory().authorise(10, assessment=REFUSED)
    assert declined(fact) == ("59", "RISK_REFUSED")
    assert isinstance(fact, events.ChargeDeclined)
    assert (fact.assessment_id, fact.stand_in) == ("assessment", False)


def test_risk_allows() -> None:
    fact = AccountStory(assessment_threshold_minor=0).authorise(10, assessment=ALLOWED)
    assert isinstance(fact, events.ChargeAuthorised)
    assert (fact.assessment_id, fact.stand_in) == ("assessment", False)


def test_below_the_stand_in_limit_a_charge_is_approved_without_risk() -> None:
    story = AccountStory(assessment_threshold_minor=5_000, stand_in_limit_minor=20_000)
    fact = story.authorise(200, assessment=AWAY)
    assert isinstance(fact, events.ChargeAuthorised)
    assert fact.stand_in
    assert story.state.charges["charge"].stand_in


def test_above_the_stand_in_limit_a_charge_is_referred_without_risk() -> None:
    story = AccountStory(assessment_threshold_minor=5_000, stand_in_limit_minor=20_000)
    fact = story.authorise(200.01, assessment=AWAY)
    assert declined(fact) == ("01", "STAND_IN_REFERRED")
    assert isinstance(fact, events.ChargeDeclined)
    assert fact.stand_in


def test_who_forgets_to_ask_risk_is_treated_as_if_risk_were_away() -> None:
    story = AccountStory(assessment_threshold_minor=5_000, stand_in_limit_minor=0)
    assert declined(story.authorise(50, "asked too little"))[1] == "STAND_IN_REFERRED"
    assert isinstance(story.authorise(49.99, "below"), events.ChargeAuthorised)


def test_standing_in_does_not_lift_the_limit() -> None:
    story = AccountStory(limit=100, assessment_threshold_minor=5_000, stand_in_limit_minor=900_000)
    assert declined(story.authorise(100.01, assessment=AWAY))[1] == "INSUFFICIENT_CREDIT"


# Holds


def test_holds_live_as_long_as_the_first_rule_that_fits_says() -> None:
    rules = (
        HoldRule(mcc="7011", entry_mode=EntryMode.ECOMMERCE, lifetime_hours=720),
        HoldRule(mcc="7011", lifetime_hours=240),
        HoldRule(entry_mode=EntryMode.ECOMMERCE, lifetime_hours=96),
    )
    story = AccountStory(hold_rules=rules)
    hotel = Merchant(name="Hotel", mcc="7011", country="GB")
    for number, (merchant, entry_mode, hours) in enumerate(
        [
            (hotel, EntryMode.ECOMMERCE, 720),
            (hotel, EntryMode.CHIP, 240),
            (GROCER, EntryMode.ECOMMERCE, 96),
            (GROCER, EntryMode.CHIP, 168),
        ]
    ):
        fact = story.authorise(1, f"{number}", merchant=merchant, entry_mode=entry_mode)
        assert isinstance(fact, events.ChargeAuthorised)
        assert fact.hold_expires_at == NOW + timedelta(hours=hours)


def test_an_estimate_holds_at_least_what_the_rule_says_and_no_more_than_asked() -> None:
    story = AccountStory()
    small = story.authorise(1, "small", merchant=PUMP, estimated=True)
    large = story.authorise(90, "large", merchant=PUMP, estimated=True)
    exact = story.authorise(1, "exact", merchant=PUMP)
    held = [
        fact.held for fact in (small, large, exact) if isinstance(fact, events.ChargeAuthorised)
    ]
    assert held == [pounds(75), pounds(90), pounds(1)]


def test_an_estimate_that_does_not_fit_is_declined() -> None:
    story = AccountStory(limit=74.99)
    assert declined(story.authorise(1, merchant=PUMP, estimated=True))[1] == "INSUFFICIENT_CREDIT"


def test_a_hold_does_not_fall_before_its_time() -> None:
    story = AccountStory()
    story.authorise(50)
    story.expire(hours=167)
    assert story.available == 950
    story.expire(hours=1)
    assert story.available == 1000


def test_an_advice_counts_the_life_of_a_hold_anew() -> None:
    story = AccountStory()
    story.authorise(50)
    story.later(hours=100)
    story.advise(60)
    story.expire(hours=100)
    assert story.available == 940
    story.expire(hours=68)
    assert story.available == 1000


def test_an_advice_is_the_new_total_and_is_never_declined() -> None:
    story = AccountStory(limit=100)
    story.authorise(90)
    story.advise(120)
    assert story.available == -20
    story.advise(30, "second")
    assert story.available == 70


def test_an_advice_of_nothing_lets_the_hold_fall() -> None:
    story = AccountStory()
    story.authorise(90)
    story.advise(0)
    assert story.available == 1000
    assert story.state.charges["charge"].status is ChargeStatus.REVERSED


def test_more_than_there_is_room_for_is_declined_and_the_charge_stays() -> None:
    story = AccountStory(limit=100)
    story.authorise(90)
    fact = story.increment("more", by=20)
    assert isinstance(fact, events.ChargeIncrementDeclined)
    assert (fact.response_code, fact.reason, fact.amount) == (
        "51",
        "INSUFFICIENT_CREDIT",
        pounds(110),
    )
    assert story.available == 10
    assert story.state.charges["charge"].amount_minor == 9_000


def test_more_on_an_estimate_takes_only_what_the_hold_does_not_cover() -> None:
    story = AccountStory()
    story.authorise(1, merchant=PUMP, estimated=True)
    story.increment("within", to=60)
    assert story.available == 925
    story.increment("beyond", to=80)
    assert story.available == 920


def test_an_increment_says_by_how_much_or_up_to_what() -> None:
    story = AccountStory()
    story.authorise(10)
    for by, to in ((None, None), (1.0, 20.0)):
        with pytest.raises(Invalid) as malformed:
            story.increment("unclear", by=by, to=to)
        assert malformed.value.reason == "BY_OR_TO"
    with pytest.raises(Refused) as lower:
        story.increment("lower", to=10)
    assert lower.value.reason == "INCREMENT_NOT_HIGHER"


def refusal_of(act: object) -> str:
    assert callable(act)
    with pytest.raises(Error) as refusal:
        act()
    return refusal.value.reason


def test_a_charge_that_is_over_is_neither_raised_nor_reversed() -> None:
    story = AccountStory()
    story.authorise(10)
    story.reverse()
    assert refusal_of(lambda: story.advise(20)) == "CHARGE_CLOSED"
    assert refusal_of(lambda: story.increment("more", by=1)) == "CHARGE_CLOSED"
    assert refusal_of(lambda: story.reverse(1, "again")) == "CHARGE_CLOSED"


def test_of_a_posted_charge_nothing_is_taken_back_and_an_advice_holds_nothing() -> None:
    story = AccountStory()
    story.authorise(10)
    story.clear(10)
    assert refusal_of(lambda: story.reverse()) == "CHARGE_CLOSED"
    story.advise(20)
    assert story.available == 990


def test_more_on_a_posted_charge_is_held_beside_what_is_posted() -> None:
    story = AccountStory()
    story.authorise(10)
    story.clear(10)
    story.increment("more", by=5)
    assert story.available == 985
    story.clear(5, clearing_id="rest")
    assert (story.available, story.state.held_minor) == (985, 0)


def test_a_declined_charge_is_neither_raised_nor_reversed() -> None:
    story = AccountStory(limit=1)
    story.authorise(10)
    assert refusal_of(lambda: story.advise(20)) == "CHARGE_NOT_APPROVED"
    assert refusal_of(lambda: story.reverse()) == "CHARGE_NOT_APPROVED"


def test_an_unknown_charge_is_not_found() -> None:
    story = AccountStory()
    with pytest.raises(NotFound) as unknown:
        story.increment("more", by=1)
    assert unknown.value.reason == "CHARGE_NOT_FOUND"


def test_no_more_is_taken_back_than_is_open() -> None:
    story = AccountStory()
    story.authorise(30)
    assert refusal_of(lambda: story.reverse(30.01)) == "REVERSAL_EXCEEDS_HOLD"
    story.clear(20, final=False)
    assert refusal_of(lambda: story.reverse(10.01)) == "REVERSAL_EXCEEDS_HOLD"
    story.reverse(10)
    assert story.available == 980


def test_an_estimate_is_reversed_whole() -> None:
    story = AccountStory()
    story.authorise(1, merchant=PUMP, estimated=True)
    story.reverse()
    assert story.available == 1000


@pytest.mark.parametrize("kind", ["advice", "increment", "reversal"])
def test_an_id_with_other_content_is_refused(kind: str) -> None:
    story = AccountStory()
    story.authorise(30)
    if kind == "advice":
        story.advise(40)
        assert refusal_of(lambda: story.advise(41)) == "ADVICE_GIVEN_DIFFERENTLY"
    elif kind == "increment":
        story.increment("more", by=1)
        assert refusal_of(lambda: story.increment("more", by=2)) == "INCREMENT_ASKED_DIFFERENTLY"
    else:
        story.reverse(1)
        assert refusal_of(lambda: story.reverse(2)) == "CHARGE_REVERSED_DIFFERENTLY"
