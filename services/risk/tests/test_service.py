"""Risk as a whole, on a real SQLite store: from a message of accounts to answers and messages."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from cards.accounts.v1 import events_pb2 as accounts
from cards.risk.v1 import events_pb2 as public
from cards.risk.v1 import risk_service_pb2 as pb
from cards.type.v1.money_pb2 import Money

from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.node import Node
from services.risk.app import build
from services.risk.config import RiskSettings
from services.risk.domain.events import ChargeScored
from services.risk.tests.node import (
    MINUTE,
    NOBODY,
    NOON,
    REPLAYED,
    Risk,
    asked_by,
    authorised,
    burst,
    question,
    started,
)


@pytest.fixture
async def risk(tmp_path: Path) -> AsyncIterator[Risk]:
    made = await started(tmp_path / "risk.db")
    yield made
    await made.node.stop()


async def test_a_burst_blocks_the_card_and_others_are_told(risk: Risk) -> None:
    await risk.hears(*burst())
    told = await risk.told()
    scores = [each for each in told if isinstance(each, public.ChargeScored)]
    assert [each.verdict for each in scores] == ["allow"] * 3 + ["watch"] * 2 + ["block"]
    assert scores[-1].reason_codes[0] == "CARD_TESTING"
    [alert] = [each for each in told if isinstance(each, public.AlertRaised)]
    assert (alert.scope, alert.entity_id, alert.verdict) == ("card", "card-1", "block")
    assert isinstance(told[0], public.RuleSetActivated)


async def test_windows_follow_the_time_of_the_purchase_and_not_of_its_arrival(risk: Risk) -> None:
    hours = [authorised(number, number * timedelta(hours=1)) for number in range(8)]
    await risk.hears(*hours)
    scores = [each for each in await risk.told() if isinstance(each, public.ChargeScored)]
    assert {each.verdict for each in scores} == {"allow"}


@pytest.mark.parametrize("ahead", [timedelta(hours=8), timedelta(days=9_000)])
async def test_a_terminal_with_a_wrong_clock_does_not_blind_us(
    risk: Risk, ahead: timedelta
) -> None:
    risk.recorded_at = NOON
    await risk.hears(authorised(50, ahead))
    for number in range(6):
        later = timedelta(minutes=number)
        risk.recorded_at = NOON + later
        await risk.hears(authorised(number, later))
    [alert] = [each for each in await risk.told() if isinstance(each, public.AlertRaised)]
    assert alert.verdict == "block"
    answer = await risk.api.GetScore(pb.GetScoreRequest(charge_id="charge-5"), NOBODY)
    seen = {each.name: each.value for each in answer.features}
    assert (seen["charges_10m"], seen["charges_24h"]) == (7, 7)


async def test_a_terminal_with_a_wrong_clock_is_seen_through_in_line(risk: Risk) -> None:
    now = REPLAYED - NOON
    await risk.hears(*(authorised(number, now - (6 - number) * MINUTE) for number in range(1, 6)))
    for ahead in (timedelta(0), timedelta(hours=8), timedelta(days=9_000)):
        answer = await risk.judges(question(20, now + ahead))
        assert answer.verdict == pb.VERDICT_BLOCK
        assert "CARD_TESTING" in answer.reason_codes


async def test_a_charge_without_a_time_was_made_when_it_was_recorded(risk: Risk) -> None:
    risk.recorded_at = NOON + 90 * MINUTE
    message = authorised(1)
    message.ClearField("transaction_at")
    await risk.hears(message)
    answer = await risk.api.GetScore(pb.GetScoreRequest(charge_id="charge-1"), NOBODY)
    assert answer.score.transaction_at.ToDatetime(UTC) == risk.recorded_at


async def test_a_message_that_comes_twice_is_scored_once(risk: Risk) -> None:
    messages = burst(3)
    await risk.hears(*messages)
    for position, message in enumerate(messages, 1):
        await risk.hears_again(message, position)
    scores = [each for each in await risk.told() if isinstance(each, public.ChargeScored)]
    assert len(scores) == 3


async def test_two_accounts_may_have_charges_of_the_same_id(risk: Risk) -> None:
    other = authorised(1)
    assert isinstance(other, accounts.ChargeAuthorised)
    other.account_id, other.customer_id, other.card_id = "account-2", "customer-2", "card-2"
    await risk.hears(authorised(1), other, authorised(2, MINUTE))
    listed = (await risk.api.ListScores(pb.ListScoresRequest(), NOBODY)).scores
    assert [(each.charge_id, each.account_id) for each in listed] == [
        ("charge-2", "account-1"), ("charge-1", "account-2"), ("charge-1", "account-1"),
    ]  # fmt: skip


async def test_what_is_declined_counts_too(risk: Risk) -> None:
    plain = authorised(1)
    refused = accounts.ChargeDeclined(
        account_id="account-1",
        customer_id="customer-1",
        card_id="card-1",
        charge_id="charge-2",
        amount=Money(minor_units=150, currency_code="GBP"),
        merchant=accounts.Merchant(name="Shop 2"),
        reason="CARD_EXPIRED",
    )
    risk.recorded_at = NOON + MINUTE
    await risk.hears(plain, refused)
    answer = await risk.api.GetScore(pb.GetScoreRequest(charge_id="charge-2"), NOBODY)
    values = {each.name: each.value for each in answer.features}
    assert answer.score.outcome == "declined"
    assert (values["charges_10m"], values["guesses_10m"]) == (2, 1)


async def test_the_answer_in_line_knows_the_burst_and_changes_nothing(risk: Risk) -> None:
    await risk.hears(*burst(5))
    before = await risk.node.log.head()
    answer = await risk.judges(question(9, 6 * MINUTE))
    assert answer.verdict == pb.VERDICT_BLOCK
    assert answer.reason_codes[0] == "CARD_TESTING"
    assert answer == await risk.judges(question(9, 6 * MINUTE))
    assert await risk.node.log.head() == before


async def test_the_answer_in_line_about_a_card_never_seen_allows(risk: Risk) -> None:
    answer = await risk.judges(question(1, MINUTE))
    assert (answer.verdict, answer.score) == (pb.VERDICT_ALLOW, 0)
    assert len(answer.assessment_id) == 32


async def test_the_answer_in_line_is_what_the_score_will_be(risk: Risk) -> None:
    for number in range(8):
        answer = await risk.judges(question(number, number * MINUTE))
        await risk.hears(authorised(number, number * MINUTE))
        request = pb.GetScoreRequest(charge_id=f"charge-{number}")
        scored = (await risk.api.GetScore(request, NOBODY)).score
        assert (answer.verdict, answer.score) == (scored.verdict, scored.score)
        assert answer.reason_codes == scored.reason_codes


async def test_scores_are_listed_page_by_page(risk: Risk) -> None:
    await risk.hears(*burst(5))
    token = ""
    found: list[str] = []
    while True:
        page = await risk.api.ListScores(
            pb.ListScoresRequest(card_id="card-1", page_size=2, page_token=token), NOBODY
        )
        found.extend(each.charge_id for each in page.scores)
        await risk.hears(authorised(100 + len(found), timedelta(days=1)))
        token = page.next_page_token
        if not token:
            break
    assert found == [f"charge-{number}" for number in (4, 3, 2, 1, 0)]
    watched = await risk.api.ListScores(pb.ListScoresRequest(verdict=pb.VERDICT_WATCH), NOBODY)
    assert [each.charge_id for each in watched.scores] == ["charge-4", "charge-3"]


async def test_a_forged_page_token_is_refused(risk: Risk) -> None:
    with pytest.raises(Invalid, match="PAGE_TOKEN_UNKNOWN"):
        await risk.api.ListScores(pb.ListScoresRequest(page_token="from-a-friend"), NOBODY)


async def test_an_analyst_decides_an_alert(risk: Risk) -> None:
    await risk.hears(*burst())
    page = await risk.api.ListAlerts(
        pb.ListAlertsRequest(status=pb.ALERT_STATUS_OPEN, card_id="card-1"), NOBODY
    )
    [alert] = page.alerts
    assert alert.merchant_name == "Shop 5"
    profile = await risk.api.GetCardProfile(pb.GetCardProfileRequest(card_id="card-1"), NOBODY)
    assert profile.open_alert_id == alert.alert_id
    request = pb.DecideAlertRequest(
        idempotency_key="k1",
        alert_id=alert.alert_id,
        decision=pb.ALERT_DECISION_CONFIRMED_FRAUD,
    )
    with asked_by("operator:ann", "k1", "DecideAlert"):
        answer = await risk.api.DecideAlert(request, NOBODY)
        assert answer == await risk.api.DecideAlert(request, NOBODY)
    assert answer.status == pb.ALERT_STATUS_CONFIRMED_FRAUD
    assert answer.receipt.stream == "card_profile-card-1"
    await risk.settle()
    got = await risk.api.GetAlert(pb.GetAlertRequest(alert_id=alert.alert_id), NOBODY)
    assert (got.alert.status, got.alert.decided_by) == (answer.status, "operator:ann")
    assert isinstance((await risk.told())[-1], public.AlertDecided)


async def test_two_people_change_the_rules_and_the_next_charge_is_judged_by_them(
    risk: Risk,
) -> None:
    rule = pb.Rule(
        rule_id="everything",
        reason_code="EVERYTHING",
        scope=pb.SCOPE_CARD,
        expression="amount_minor >= 1",
        score=650,
        verdict=pb.VERDICT_WATCH,
    )
    request = pb.ProposeRuleSetRequest(idempotency_key="p", rules=[rule], alert_score=600)
    with asked_by("operator:ann", "p", "ProposeRuleSet"):
        proposed = await risk.api.ProposeRuleSet(request, NOBODY)
    assert proposed.rule_set.status == pb.RULE_SET_STATUS_DRAFT
    version = proposed.rule_set.rule_set_version
    activation = pb.ActivateRuleSetRequest(idempotency_key="a", rule_set_version=version)
    with (
        asked_by("operator:ann", "a", "ActivateRuleSet"),
        pytest.raises(Refused, match="SECOND_PERSON_NEEDED"),
    ):
        await risk.api.ActivateRuleSet(activation, NOBODY)
    with asked_by("operator:ben", "a", "ActivateRuleSet"):
        await risk.api.ActivateRuleSet(activation, NOBODY)
    answer = await risk.judges(question(1, MINUTE))
    assert (answer.rule_set_version, list(answer.reason_codes)) == (version, ["EVERYTHING"])
    in_force = await risk.api.ListRules(pb.ListRulesRequest(), NOBODY)
    assert list(in_force.rules) == [rule]
    sets = await risk.api.ListRuleSets(pb.ListRuleSetsRequest(page_size=1), NOBODY)
    assert sets.rule_sets[0].activated_by == "operator:ben"
    rest = await risk.api.ListRuleSets(
        pb.ListRuleSetsRequest(page_token=sets.next_page_token), NOBODY
    )
    assert [each.status for each in rest.rule_sets] == [pb.RULE_SET_STATUS_RETIRED]
    await risk.node.migrate()
    await risk.hears(authorised(1))
    scored = (await risk.told())[-2]
    assert isinstance(scored, public.ChargeScored)
    assert scored.rule_set_version == version


async def test_a_worker_follows_the_rule_book_that_another_process_wrote(risk: Risk) -> None:
    settings = RiskSettings(rule_book_poll_seconds=0.01)
    worker = Risk(Node(build(), settings, risk.node.world))
    await worker.node.migrate()
    [(_, follow)] = worker.node.service.workers(worker.node.ports)
    following = asyncio.ensure_future(follow())
    rule = pb.Rule(
        rule_id="everything",
        reason_code="EVERYTHING",
        scope=pb.SCOPE_CARD,
        expression="true",
        score=1,
        verdict=pb.VERDICT_ALLOW,
    )
    request = pb.ProposeRuleSetRequest(idempotency_key="p", rules=[rule], alert_score=600)
    with asked_by("operator:ann", "p", "ProposeRuleSet"):
        version = (await risk.api.ProposeRuleSet(request, NOBODY)).rule_set.rule_set_version
    activation = pb.ActivateRuleSetRequest(idempotency_key="a", rule_set_version=version)
    with asked_by("operator:ben", "a", "ActivateRuleSet"):
        await risk.api.ActivateRuleSet(activation, NOBODY)
    async with asyncio.timeout(60):
        while await worker.scored_by() != version:
            await worker.hears(authorised(worker.position))
    following.cancel()


async def test_a_rule_that_cannot_work_is_refused_with_its_place(risk: Risk) -> None:
    rule = pb.Rule(
        rule_id="typing_error",
        reason_code="ANY",
        scope=pb.SCOPE_CARD,
        expression="charges_10min > 3",
        score=650,
        verdict=pb.VERDICT_WATCH,
    )
    request = pb.ProposeRuleSetRequest(idempotency_key="p", rules=[rule], alert_score=600)
    with (
        asked_by("operator:ann", "p", "ProposeRuleSet"),
        pytest.raises(Invalid, match="typing_error: there is no charges_10min") as refused,
    ):
        await risk.api.ProposeRuleSet(request, NOBODY)
    assert refused.value.field == "rules[0].expression"


async def test_the_dashboard_counts(risk: Risk) -> None:
    await risk.hears(*burst(), authorised(50, timedelta(days=3)))
    whole = await risk.api.GetDashboard(pb.GetDashboardRequest(), NOBODY)
    counts = {each.verdict: each.charges for each in whole.verdicts}
    assert counts == {pb.VERDICT_ALLOW: 4, pb.VERDICT_WATCH: 2, pb.VERDICT_BLOCK: 1}
    assert [(each.status, each.alerts) for each in whole.alerts] == [(pb.ALERT_STATUS_OPEN, 1)]
    assert whole.reasons[0].reason_code == "CARD_TESTING_SUSPECTED"
    one_day = pb.GetDashboardRequest(from_day="2019-04-14", to_day="2019-04-14")
    later = await risk.api.GetDashboard(one_day, NOBODY)
    assert [each.charges for each in later.verdicts] == [1]
    for first, last in (("2019-13-77", ""), ("2019-04-14", "2019-04-13")):
        with pytest.raises(Invalid, match="DAYS_INVALID"):
            await risk.api.GetDashboard(pb.GetDashboardRequest(from_day=first, to_day=last), NOBODY)


async def test_what_is_not_there_is_not_found(risk: Risk) -> None:
    with pytest.raises(NotFound, match="SCORE_NOT_FOUND"):
        await risk.api.GetScore(pb.GetScoreRequest(charge_id="none"), NOBODY)
    with pytest.raises(NotFound, match="ALERT_NOT_FOUND"):
        await risk.api.GetAlert(pb.GetAlertRequest(alert_id="none"), NOBODY)
    with pytest.raises(NotFound, match="PROFILE_NOT_FOUND"):
        await risk.api.GetCardProfile(pb.GetCardProfileRequest(card_id="none"), NOBODY)
    with pytest.raises(NotFound, match="RULE_SET_NOT_FOUND"):
        await risk.api.ListRules(pb.ListRulesRequest(rule_set_version="0" * 64), NOBODY)


async def test_owners_are_known_to_the_door(risk: Risk) -> None:
    await risk.hears(*burst())
    [alert] = (await risk.api.ListAlerts(pb.ListAlertsRequest(), NOBODY)).alerts
    resources = risk.node.resources()
    asked = {"Card": "card-1", "Charge": "charge-1", "Alert": alert.alert_id}
    for name, id in asked.items():
        assert await resources[name](id) == {"owner": "customer-1"}
        assert await resources[name]("none") is None


async def test_rebuilt_read_models_are_the_same(risk: Risk) -> None:
    await risk.hears(*burst())
    before = await risk.api.GetDashboard(pb.GetDashboardRequest(), NOBODY)
    for each in risk.node.projectors:
        await each.rebuild()
    assert await risk.api.GetDashboard(pb.GetDashboardRequest(), NOBODY) == before


async def test_a_node_that_starts_again_folds_the_same_profile(risk: Risk) -> None:
    await risk.hears(*burst())
    request = pb.GetCardProfileRequest(card_id="card-1")
    before = await risk.api.GetCardProfile(request, NOBODY)
    risk.node.ticker.streams.forget_all()
    again = Node(build(), RiskSettings(), risk.node.world)
    await again.migrate()
    assert await Risk(again).api.GetCardProfile(request, NOBODY) == before


async def test_the_log_keeps_what_the_rules_saw(risk: Risk) -> None:
    await risk.hears(*burst(2))
    facts = [each.fact for each in await risk.node.log.after(0, 100)]
    scores = [fact for fact in facts if isinstance(fact, ChargeScored)]
    answer = await risk.api.GetScore(pb.GetScoreRequest(charge_id="charge-1"), NOBODY)
    assert [each.value for each in answer.features] == list(scores[1].values)
