"""What an analyst says of an alert, and what that changes."""

from datetime import timedelta

import pytest

from chassis.kernel.errors import NotFound, Refused
from services.risk.domain.alerting import AlertDecision
from services.risk.domain.card_profile import DecideCardAlert
from services.risk.domain.events import AlertDecided
from services.risk.domain.rules import Verdict
from services.risk.tests.stories import NOON, CardStory, charge, online

MINUTE = timedelta(minutes=1)


def a_tested_card() -> CardStory:
    story = CardStory()
    story.charged(*(online(number, number * MINUTE) for number in range(6)))
    return story


def decision(story: CardStory, word: AlertDecision, alert_id: str = "") -> DecideCardAlert:
    return DecideCardAlert(
        entity_id="card-1",
        alert_id=alert_id or story.alerts[0].alert_id,
        decision=word,
        decided_by="operator:ann",
    )


def test_a_decision_closes_the_alert_and_names_whose_it_was() -> None:
    story = a_tested_card()
    [fact] = story.when(decision(story, AlertDecision.CONFIRMED_FRAUD))
    assert isinstance(fact, AlertDecided)
    assert (fact.decision, fact.decided_by) == ("confirmed_fraud", "operator:ann")
    assert (fact.customer_id, fact.card_id) == ("customer-1", "card-1")
    assert story.state.alerts.open_id == ""


def test_a_decided_alert_cannot_be_decided_otherwise() -> None:
    story = a_tested_card()
    story.when(decision(story, AlertDecision.CONFIRMED_FRAUD))
    with pytest.raises(Refused, match="ALERT_DECIDED_OTHERWISE"):
        story.when(decision(story, AlertDecision.GENUINE))


def test_an_alert_nobody_raised_is_not_found() -> None:
    story = a_tested_card()
    with pytest.raises(NotFound, match="ALERT_NOT_FOUND"):
        story.when(decision(story, AlertDecision.GENUINE, alert_id="no-such-alert"))


def test_after_a_genuine_alert_the_same_reasons_keep_quiet_for_a_day() -> None:
    story = a_tested_card()
    story.when(decision(story, AlertDecision.GENUINE))
    [next_one] = story.charged(online(7, 7 * MINUTE))
    assert next_one.verdict is Verdict.ALLOW
    assert next_one.quieted_reason_codes == ("CARD_TESTING", "CARD_TESTING_SUSPECTED")
    later = timedelta(days=1, hours=1)
    again = story.charged(*(online(20 + n, later + n * MINUTE) for n in range(6)))
    assert again[-1].verdict is Verdict.BLOCK


def test_other_reasons_do_not_keep_quiet() -> None:
    story = a_tested_card()
    story.when(decision(story, AlertDecision.GENUINE))
    abroad = [
        charge(30 + n, at=NOON + (8 + n) * MINUTE, merchant_country=country)
        for n, country in enumerate(("GB", "BR"))
    ]
    assert story.charged(*abroad)[-1].reason_codes[0] == "IMPOSSIBLE_TRAVEL"


def test_after_confirmed_fraud_nothing_keeps_quiet() -> None:
    story = a_tested_card()
    story.when(decision(story, AlertDecision.CONFIRMED_FRAUD))
    [next_one] = story.charged(online(7, 7 * MINUTE))
    assert next_one.verdict is Verdict.BLOCK
    assert len(story.alerts) == 2


def test_something_worse_raises_an_alert_although_one_is_open() -> None:
    story = CardStory()
    abroad = [
        charge(n, at=NOON + n * MINUTE, merchant_country=country)
        for n, country in enumerate(("GB", "BR"))
    ]
    story.charged(*abroad)
    story.charged(*(online(10 + n, (2 + n) * MINUTE) for n in range(6)))
    assert [each.verdict for each in story.alerts] == [Verdict.WATCH, Verdict.BLOCK]
