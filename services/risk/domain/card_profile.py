"""A card's profile: it counts every charge and gives the verdict on it."""

from collections.abc import Callable, Sequence

from chassis.kernel.decider import Context, Decider
from chassis.kernel.events import Command, Fact, command, value
from services.risk.domain import alerting, features
from services.risk.domain.alerting import Alerts, DecideAlert
from services.risk.domain.charge import Charge
from services.risk.domain.events import AlertDecided, AlertRaised, ChargeScored
from services.risk.domain.features import FEATURE_SET, Profile, Scope
from services.risk.domain.rules import Judge, Judgement, variables

CATEGORY = "card_profile"


@command
class ScoreCharge(Command):
    """Judge a charge that accounts told of, at its place in accounts' log."""

    charge: Charge
    source_epoch: int
    source_position: int


@command
class DecideCardAlert(DecideAlert):
    """Say what an alert about a card was; `entity_id` is the card."""


@value
class CardProfile:
    """A card's features, its alerts, and how far accounts' facts about it were taken in."""

    profile: Profile = Profile()
    alerts: Alerts = Alerts()
    source_epoch: int = 0
    source_position: int = 0
    last_values: tuple[int, ...] = ()


def assess(state: CardProfile, charge: Charge, judge: Judge) -> tuple[dict[str, int], Judgement]:
    """What the rules see and say of a charge, against the profile before it."""
    values = features.features(Scope.CARD, state.profile, charge)
    quiet = state.alerts.quiet(charge.at_seconds)
    return values, judge(Scope.CARD, variables(values, charge), quiet)


def was_scored(state: CardProfile, asked: ScoreCharge) -> bool:
    """All facts about a card come in order from the one stream of its account, so a place at or
    before the last one is a repetition; after a restored store the newest charges tell."""
    if asked.source_epoch == state.source_epoch:
        return asked.source_position <= state.source_position
    return asked.source_epoch < state.source_epoch or state.profile.has_in_tail(asked.charge)


def _score(state: CardProfile, asked: ScoreCharge, judge: Judge) -> Sequence[Fact]:
    if was_scored(state, asked):
        return []
    values, judgement = assess(state, asked.charge, judge)
    scored = ChargeScored(
        charge=asked.charge,
        source_epoch=asked.source_epoch,
        source_position=asked.source_position,
        feature_set=FEATURE_SET,
        values=tuple(values.values()),
        score=judgement.score,
        verdict=judgement.verdict,
        reason_codes=judgement.reason_codes,
        quieted_reason_codes=judgement.quieted_reason_codes,
        failed_rule_ids=judgement.failed_rule_ids,
        rule_set_version=judgement.rule_set_version,
    )
    card_id = asked.charge.card_id
    alerts = alerting.raised(state.alerts, Scope.CARD, card_id, asked.charge, judgement)
    return [scored, *alerts]


def deciding(judge: Judge) -> Callable[[CardProfile, Command, Context], Sequence[Fact]]:
    """`decide` with the judge it is to ask."""

    def decide(state: CardProfile, asked: Command, _context: Context) -> Sequence[Fact]:
        match asked:
            case ScoreCharge():
                return _score(state, asked, judge)
            case DecideCardAlert():
                newest = state.profile.newest_seconds
                return alerting.decided(state.alerts, Scope.CARD, asked, newest)
        raise TypeError(type(asked).__name__)

    return decide


def evolve(state: CardProfile, fact: Fact) -> CardProfile:
    """The profile after a fact."""
    match fact:
        case ChargeScored():
            return CardProfile(
                profile=features.after(Scope.CARD, state.profile, fact.charge),
                alerts=state.alerts,
                source_epoch=fact.source_epoch,
                source_position=fact.source_position,
                last_values=fact.values,
            )
        case AlertRaised():
            return _with_alerts(state, alerting.with_raised(state.alerts, fact))
        case AlertDecided():
            return _with_alerts(state, alerting.with_decided(state.alerts, fact))
    raise TypeError(type(fact).__name__)


def _with_alerts(state: CardProfile, alerts: Alerts) -> CardProfile:
    return CardProfile(
        profile=state.profile,
        alerts=alerts,
        source_epoch=state.source_epoch,
        source_position=state.source_position,
        last_values=state.last_values,
    )


def identify(asked: Command) -> str:
    """The card a command is about."""
    match asked:
        case ScoreCharge():
            return asked.charge.card_id
        case DecideCardAlert():
            return asked.entity_id
    raise TypeError(type(asked).__name__)


def decider(judge: Judge) -> Decider[CardProfile]:
    """The decider of card profiles, judging with `judge`."""
    return Decider(
        category=CATEGORY,
        state=CardProfile,
        initial=CardProfile(),
        decide=deciding(judge),
        evolve=evolve,
        identify=identify,
        commands=(ScoreCharge, DecideCardAlert),
        facts=(ChargeScored, AlertRaised, AlertDecided),
    )
