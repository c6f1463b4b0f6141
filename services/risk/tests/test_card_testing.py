"""What a burst of card testing looks like, and what only looks like one."""

from datetime import timedelta

import pytest

from services.risk.domain.charge import Charge
from services.risk.domain.rules import Verdict
from services.risk.tests.stories import (
    NOON,
    CardStory,
    MerchantStory,
    charge,
    declined,
    online,
    shopping,
)

MINUTE = timedelta(minutes=1)


def burst(count: int, apart: timedelta = MINUTE) -> list[Charge]:
    return [online(number, number * apart) for number in range(count)]


def test_six_small_charges_at_six_shops_in_ten_minutes_block_the_card() -> None:
    story = CardStory()
    story.charged(*shopping(days=30))
    scores = story.charged(*burst(6))
    assert [each.verdict for each in scores[:3]] == [Verdict.ALLOW] * 3
    assert [each.verdict for each in scores[3:5]] == [Verdict.WATCH] * 2
    assert scores[5].verdict is Verdict.BLOCK
    assert scores[5].reason_codes[0] == "CARD_TESTING"
    assert [each.verdict for each in story.alerts] == [Verdict.BLOCK]


def test_a_card_that_was_never_used_before_is_caught_as_well() -> None:
    assert CardStory().charged(*burst(6))[-1].verdict is Verdict.BLOCK


def test_the_same_charges_over_a_day_are_a_life() -> None:
    story = CardStory()
    scores = story.charged(*burst(30, apart=timedelta(minutes=16)))
    assert {each.verdict for each in scores} == {Verdict.ALLOW}


def test_many_small_charges_at_one_shop_are_songs() -> None:
    songs = [online(number, number * MINUTE, merchant="Music") for number in range(9)]
    assert {each.verdict for each in CardStory().charged(*songs)} == {Verdict.ALLOW}


def test_a_card_at_terminals_is_not_tested_online() -> None:
    snacks = [
        charge(number, amount_minor=200, merchant=f"Stall {number}", at=NOON + number * MINUTE)
        for number in range(9)
    ]
    verdicts = {each.verdict for each in CardStory().charged(*snacks)}
    assert Verdict.BLOCK not in verdicts


def test_an_alert_covers_the_rest_of_the_burst() -> None:
    story = CardStory()
    scores = story.charged(*burst(12, apart=timedelta(seconds=20)))
    assert [each.verdict for each in scores[5:]] == [Verdict.BLOCK] * 7
    assert len([alert for alert in story.alerts if alert.verdict is Verdict.BLOCK]) == 1


def test_another_burst_after_a_day_is_another_alert() -> None:
    story = CardStory()
    story.charged(*burst(6))
    later = [online(100 + number, timedelta(days=2, minutes=number)) for number in range(6)]
    story.charged(*later)
    assert len(story.alerts) == 2


@pytest.mark.parametrize("reason", ["CARD_EXPIRED", "CARD_UNKNOWN", "CARD_NOT_ACTIVE"])
def test_three_guesses_and_then_an_approval_block_the_card(reason: str) -> None:
    story = CardStory()
    tries = [
        declined(n, reason, entry_mode="ECOMMERCE", at=NOON + n * MINUTE, merchant=f"Shop {n}")
        for n in range(3)
    ]
    story.charged(*tries)
    [score] = story.charged(online(9, 4 * MINUTE, amount_minor=80_000))
    assert score.verdict is Verdict.BLOCK
    assert score.reason_codes[0] == "DECLINES_THEN_APPROVAL"


def test_a_holder_without_credit_is_poor_and_no_fraud() -> None:
    story = CardStory()
    tries = [
        declined(n, "INSUFFICIENT_CREDIT", at=NOON + n * MINUTE, amount_minor=90_000)
        for n in range(6)
    ]
    scores = story.charged(*tries, charge(9, at=NOON + 8 * MINUTE))
    assert {each.verdict for each in scores} == {Verdict.ALLOW}
    assert story.alerts == []


def test_what_we_refused_ourselves_does_not_make_a_card_more_suspect() -> None:
    story = CardStory()
    ours = [
        declined(n, "RISK_REFUSED", at=NOON + n * MINUTE, amount_minor=40_000) for n in range(8)
    ]
    [last] = story.charged(*ours, charge(20, at=NOON + 9 * MINUTE))[-1:]
    assert last.verdict is Verdict.ALLOW


def test_card_numbers_tried_one_after_another_at_a_merchant_raise_an_alert() -> None:
    story = MerchantStory()
    tries = [
        declined(n, "CARD_UNKNOWN", card_id=f"card-{n}", at=NOON + n * MINUTE) for n in range(8)
    ]
    [alert] = story.charged(*tries)
    assert alert.reason_codes == ("CARD_NUMBERS_ENUMERATED",)
    assert alert.entity_id == tries[0].merchant_key


def test_many_cards_tested_at_one_merchant_raise_an_alert() -> None:
    story = MerchantStory()
    tries = [
        declined(
            n,
            "INSUFFICIENT_CREDIT",
            card_id=f"card-{n}",
            amount_minor=100,
            entry_mode="ECOMMERCE",
            at=NOON + n * timedelta(seconds=20),
        )
        for n in range(10)
    ]
    [alert] = story.charged(*tries)
    assert alert.reason_codes == ("MERCHANT_CARD_TESTING",)


def test_a_busy_merchant_raises_none() -> None:
    story = MerchantStory()
    customers = [
        charge(n, card_id=f"card-{n}", amount_minor=300, at=NOON + n * timedelta(seconds=5))
        for n in range(100)
    ]
    assert story.charged(*customers) == []
