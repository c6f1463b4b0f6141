"""Every shape a fact was ever stored in is read for ever; `stored/` keeps one of each."""

from pathlib import Path

import pytest

from chassis.codec import Codec
from chassis.kernel.events import Fact
from chassis.recorded import Meta
from services.risk.app import build
from services.risk.domain.events import (
    UPCASTERS,
    AlertDecided,
    AlertRaised,
    ChargeObserved,
    ChargeScored,
    RuleSetActivated,
    RuleSetProposed,
)
from services.risk.domain.features import Scope
from services.risk.domain.rules import Rule, RuleSet, Verdict
from services.risk.domain.screening import events as screening
from services.risk.domain.screening.values import (
    Agreement,
    HitDecision,
    ListFormat,
    ListPurpose,
    ListVersion,
    NameMatch,
    PartMatch,
    ScreeningOutcome,
    SubjectKind,
)
from services.risk.tests.stories import NOON, charge

STORED = Path(__file__).parent / "stored"
META = Meta(NOON, "policy:score_what_was_authorised", "correlation", "causation")

RULES = RuleSet(
    rules=(
        Rule(
            rule_id="large",
            reason_code="LARGE",
            scope=Scope.CARD,
            expression="amount_minor > 100000",
            score=700,
            verdict=Verdict.WATCH,
        ),
    ),
    alert_score=600,
)

MATCH = NameMatch(
    list_id="un",
    version_id="a" * 64,
    reference="TSi.001",
    alias=2,
    name_score=870,
    score=920,
    parts=(PartMatch(asked=0, listed=1, score=850),),
    date_of_birth=Agreement.AGREES,
    nationality=Agreement.DIFFERS,
)

FACTS: tuple[Fact, ...] = (
    screening.ScreeningListStaged(
        list_id="un",
        version_id="a" * 64,
        purpose=ListPurpose.SANCTIONS,
        format=ListFormat.UN_XML,
        content_digest="b" * 64,
        entries=2,
        names=5,
        staged_by="operator:ann",
        staged_at=NOON,
    ),
    screening.ScreeningListActivated(
        list_id="un",
        version_id="a" * 64,
        previous_version_id="c" * 64,
        purpose=ListPurpose.SANCTIONS,
        entries=2,
        staged_by="operator:ann",
        activated_by="operator:ben",
        activated_at=NOON,
    ),
    screening.NameScreened(
        screening_id="0" * 32,
        subject_id="customer-1",
        subject_kind=SubjectKind.PERSON,
        question_digest="h1.digest",
        outcome=ScreeningOutcome.HIT,
        versions=(ListVersion(list_id="un", version_id="a" * 64),),
        method="names-1",
        threshold=800,
        matches=(MATCH,),
        whitelisted=(),
        screened_at=NOON,
    ),
    screening.ScreeningHitRaised(
        hit_id="1" * 32,
        screening_id="0" * 32,
        subject_id="customer-1",
        list_id="un",
        version_id="a" * 64,
        reference="TSi.001",
        score=920,
        raised_at=NOON,
    ),
    screening.ScreeningHitDecided(
        hit_id="1" * 32,
        screening_id="0" * 32,
        subject_id="customer-1",
        list_id="un",
        reference="TSi.001",
        decision=HitDecision.FALSE_POSITIVE,
        reason="OTHER_BIRTH_PLACE",
        decided_by="operator:ann",
        decided_at=NOON,
        open_hits=0,
    ),
    screening.EntryWhitelisted(
        subject_id="customer-1",
        list_id="un",
        reference="TSi.001",
        reason="OTHER_BIRTH_PLACE",
        expires_on=NOON.date(),
        whitelisted_by="operator:ann",
    ),
    screening.WhitelistingWithdrawn(
        subject_id="customer-1",
        list_id="un",
        reference="TSi.001",
        reason="NEW_DOCUMENTS",
        withdrawn_by="operator:ben",
    ),
    ChargeScored(
        charge=charge(),
        source_epoch=1,
        source_position=7,
        feature_set=1,
        values=(1, 2, 3),
        score=950,
        verdict=Verdict.BLOCK,
        reason_codes=("CARD_TESTING",),
        quieted_reason_codes=("NEW_COUNTRY",),
        failed_rule_ids=(),
        rule_set_version="0" * 64,
    ),
    ChargeObserved(
        scope=Scope.MERCHANT,
        entity_id="merchant-1",
        charge=charge(),
        source_epoch=1,
        source_position=7,
    ),
    AlertRaised(
        alert_id="alert-1",
        scope=Scope.CARD,
        entity_id="card-1",
        charge=charge(),
        score=950,
        verdict=Verdict.BLOCK,
        reason_codes=("CARD_TESTING",),
        rule_set_version="0" * 64,
    ),
    AlertDecided(
        alert_id="alert-1",
        scope=Scope.CARD,
        entity_id="card-1",
        account_id="account-1",
        customer_id="customer-1",
        card_id="card-1",
        decision="genuine",
        decided_by="operator:ann",
        quiet_until_seconds=1_773_576_000,
    ),
    RuleSetProposed(rule_set_version=RULES.version, rule_set=RULES, proposed_by="operator:ann"),
    RuleSetActivated(
        rule_set_version=RULES.version,
        previous_version="",
        proposed_by="operator:ann",
        activated_by="operator:ben",
    ),
)


def codec() -> Codec:
    return Codec([type(fact) for fact in FACTS], (), UPCASTERS)


def test_every_fact_has_a_stored_shape() -> None:
    facts = {fact for decider in build().deciders for fact in decider.facts}
    assert {type(fact) for fact in FACTS} == facts
    for fact in facts:
        assert (STORED / f"{fact.topic()}.json").exists()


def shapes(topic: str) -> list[bytes]:
    """The first shape, and a file `<topic>+<field>` for each field with a default since then."""
    paths = [STORED / f"{topic}.json", *sorted(STORED.glob(f"{topic}+*.json"))]
    return [path.read_bytes().strip() for path in paths]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.topic())
def test_what_was_stored_is_read_as_it_was_meant(fact: Fact) -> None:
    for stored in shapes(fact.topic()):
        assert codec().decode(fact.topic(), stored) == (fact, META)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.topic())
def test_a_shape_changes_only_with_its_version_or_by_a_field_with_a_default(fact: Fact) -> None:
    topic, stored = codec().encode(fact, META)
    assert stored in shapes(topic)
