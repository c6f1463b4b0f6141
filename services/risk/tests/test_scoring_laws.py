"""Laws of scoring: one score a charge, and history gives the same again, to the bit."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chassis.codec import Codec, StateCodec
from chassis.recorded import Meta
from services.risk.domain import card_profile, group_profile
from services.risk.domain.card_profile import CardProfile, ScoreCharge
from services.risk.domain.charge import Charge, Outcome
from services.risk.domain.events import ChargeScored
from services.risk.domain.features import NAMES, Scope, by_name, features
from services.risk.domain.rules import variables
from services.risk.rule_engine import initial_rule_set
from services.risk.tests.stories import CONTEXT, NOON, CardStory, charge, engine, online

ENGINE = engine()


@st.composite
def days(draw: st.DrawFn) -> list[Charge]:
    """A few dozen charges of one card, some of which look like a test of it."""
    seconds = draw(st.lists(st.integers(0, 1_800), min_size=1, max_size=40))
    return [
        online(
            number,
            timedelta(seconds=at),
            amount_minor=draw(st.sampled_from((100, 900, 45_000))),
            merchant=f"Shop {draw(st.integers(0, 12))}",
            outcome=draw(st.sampled_from(sorted(Outcome))),
            decline_reason=draw(st.sampled_from(("CARD_EXPIRED", "INSUFFICIENT_CREDIT"))),
        )
        for number, at in enumerate(seconds)
    ]


@given(days())
def test_every_charge_is_scored_once_and_only_once(charges: list[Charge]) -> None:
    story = CardStory(ENGINE)
    scores = story.charged(*charges)
    assert [each.charge.charge_id for each in scores] == [each.charge_id for each in charges]


@given(days())
def test_what_was_recorded_comes_out_again_when_history_is_replayed(charges: list[Charge]) -> None:
    story = CardStory(ENGINE)
    story.charged(*charges)
    codec = Codec(story.decider.facts)
    meta = Meta(NOON, "policy:test")
    stored = [codec.encode(fact, meta) for fact in story.facts]
    state = CardProfile()
    compiled = ENGINE.compiled(initial_rule_set())
    for topic, data in stored:
        fact, _ = codec.decode(topic, data)
        if isinstance(fact, ChargeScored):
            values = features(Scope.CARD, state.profile, fact.charge)
            assert tuple(values.values()) == fact.values
            seen = variables(by_name(Scope.CARD, fact.values), fact.charge)
            quiet = state.alerts.quiet(fact.charge.at_seconds)
            judged = compiled.judge(Scope.CARD, seen, quiet)
            assert (judged.score, judged.verdict) == (fact.score, fact.verdict)
            assert judged.reason_codes == fact.reason_codes
            assert judged.rule_set_version == fact.rule_set_version
        state = card_profile.evolve(state, fact)
    assert state == story.state


@given(days(), st.integers(0, 40))
def test_a_snapshot_in_the_middle_changes_nothing(charges: list[Charge], cut: int) -> None:
    story = CardStory(ENGINE)
    story.charged(*charges)
    codec = StateCodec(CardProfile)
    early = story.decider.fold(story.facts[:cut])
    revived = codec.decode(codec.encode(early))
    assert revived == early
    assert story.decider.fold(story.facts[cut:], revived) == story.state


def test_a_profile_as_a_snapshot_keeps_to_a_few_kilobytes() -> None:
    story = CardStory(ENGINE)
    story.charged(*(online(n, timedelta(minutes=n), merchant=f"Shop {n}") for n in range(300)))
    codec = StateCodec(CardProfile)
    stored = codec.encode(story.state)
    assert len(stored) < 32_000
    assert codec.decode(stored) == story.state


@given(days(), st.sampled_from((Scope.ACCOUNT, Scope.MERCHANT)))
def test_a_charge_counts_once_for_account_and_merchant(charges: list[Charge], scope: Scope) -> None:
    decider, command = {
        Scope.ACCOUNT: (
            group_profile.account_decider(ENGINE.judge),
            group_profile.ObserveChargeOfAccount,
        ),
        Scope.MERCHANT: (
            group_profile.merchant_decider(ENGINE.judge),
            group_profile.ObserveChargeAtMerchant,
        ),
    }[scope]
    state = decider.initial
    for position, each in enumerate(charges):
        for _ in range(2):
            asked = command(charge=each, source_epoch=1, source_position=position)
            state = decider.fold(decider.decide(state, asked, CONTEXT), state)
    assert state.profile.charges_seen == len(charges)
    assert set(NAMES[scope]) >= {"cards_10m", "new_card"}


def scoring(number: int, epoch: int, position: int) -> ScoreCharge:
    at = NOON + timedelta(hours=number)
    return ScoreCharge(charge=charge(number, at=at), source_epoch=epoch, source_position=position)


def test_after_accounts_was_restored_only_what_is_new_is_scored() -> None:
    story = CardStory(ENGINE)
    for number in range(3):
        story.when(scoring(number, epoch=1, position=10 + number))
    assert story.when(scoring(2, epoch=2, position=12)) == []
    assert len(story.when(scoring(3, epoch=2, position=13))) == 1
    assert story.when(scoring(4, epoch=1, position=20)) == []
