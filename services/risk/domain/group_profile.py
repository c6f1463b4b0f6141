"""Profiles of what several cards have in common, an account or a merchant: they count every charge
and raise alerts of their own, while the verdict on a charge stays with its card."""

from collections.abc import Callable, Sequence

from chassis.kernel.decider import Context, Decider
from chassis.kernel.events import Command, Fact, command, value
from services.risk.domain import alerting, features
from services.risk.domain.alerting import Alerts, DecideAlert
from services.risk.domain.charge import Charge
from services.risk.domain.events import AlertDecided, AlertRaised, ChargeObserved
from services.risk.domain.features import Profile, Scope
from services.risk.domain.rules import Judge, Judgement, variables

CATEGORIES = {Scope.ACCOUNT: "account_profile", Scope.MERCHANT: "merchant_profile"}


@command
class ObserveCharge(Command):
    """Count a charge that accounts told of. Each kind of profile has its own subclass."""

    charge: Charge
    source_epoch: int
    source_position: int


@command
class ObserveChargeOfAccount(ObserveCharge):
    """Count a charge in the profile of its account."""


@command
class ObserveChargeAtMerchant(ObserveCharge):
    """Count a charge in the profile of its merchant."""


@command
class DecideAccountAlert(DecideAlert):
    """Say what an alert about an account was; `entity_id` is the account."""


@command
class DecideMerchantAlert(DecideAlert):
    """Say what an alert about a merchant was; `entity_id` is the merchant's key."""


@value
class GroupProfile:
    """The features of an account or a merchant, and its alerts."""

    profile: Profile = Profile()
    alerts: Alerts = Alerts()


def entity(scope: Scope, charge: Charge) -> str:
    """The id of the account or merchant of a charge."""
    return charge.account_id if scope is Scope.ACCOUNT else charge.merchant_key


def assess(scope: Scope, state: GroupProfile, charge: Charge, judge: Judge) -> Judgement:
    """What the rules of the scope say of a charge, against the profile before it."""
    values = features.features(scope, state.profile, charge)
    return judge(scope, variables(values, charge), state.alerts.quiet(charge.at_seconds))


def _observe(
    scope: Scope, state: GroupProfile, asked: ObserveCharge, judge: Judge
) -> Sequence[Fact]:
    # Facts about a merchant come from many streams, so their places have no order; the inbox keeps
    # old repetitions away, and the newest charges those that come by another way.
    if state.profile.has_in_tail(asked.charge):
        return []
    entity_id = entity(scope, asked.charge)
    judgement = assess(scope, state, asked.charge, judge)
    observed = ChargeObserved(
        scope=scope,
        entity_id=entity_id,
        charge=asked.charge,
        source_epoch=asked.source_epoch,
        source_position=asked.source_position,
    )
    return [
        observed,
        *alerting.raised(state.alerts, scope, entity_id, asked.charge, judgement),
    ]


def _deciding(
    scope: Scope, judge: Judge
) -> Callable[[GroupProfile, Command, Context], Sequence[Fact]]:
    def decide(state: GroupProfile, asked: Command, _context: Context) -> Sequence[Fact]:
        match asked:
            case ObserveCharge():
                return _observe(scope, state, asked, judge)
            case DecideAlert():
                newest = state.profile.newest_seconds
                return alerting.decided(state.alerts, scope, asked, newest)
        raise TypeError(type(asked).__name__)

    return decide


def evolve(state: GroupProfile, fact: Fact) -> GroupProfile:
    """The profile after a fact."""
    match fact:
        case ChargeObserved():
            profile = features.after(fact.scope, state.profile, fact.charge)
            return GroupProfile(profile=profile, alerts=state.alerts)
        case AlertRaised():
            alerts = alerting.with_raised(state.alerts, fact)
            return GroupProfile(profile=state.profile, alerts=alerts)
        case AlertDecided():
            alerts = alerting.with_decided(state.alerts, fact)
            return GroupProfile(profile=state.profile, alerts=alerts)
    raise TypeError(type(fact).__name__)


def _identifying(scope: Scope) -> Callable[[Command], str]:
    def identify(asked: Command) -> str:
        match asked:
            case ObserveCharge():
                return entity(scope, asked.charge)
            case DecideAlert():
                return asked.entity_id
        raise TypeError(type(asked).__name__)

    return identify


def _decider(
    scope: Scope, commands: tuple[type[Command], ...], judge: Judge
) -> Decider[GroupProfile]:
    return Decider(
        category=CATEGORIES[scope],
        state=GroupProfile,
        initial=GroupProfile(),
        decide=_deciding(scope, judge),
        evolve=evolve,
        identify=_identifying(scope),
        commands=commands,
        facts=(ChargeObserved, AlertRaised, AlertDecided),
    )


def account_decider(judge: Judge) -> Decider[GroupProfile]:
    """The decider of account profiles, judging with `judge`."""
    return _decider(Scope.ACCOUNT, (ObserveChargeOfAccount, DecideAccountAlert), judge)


def merchant_decider(judge: Judge) -> Decider[GroupProfile]:
    """The decider of merchant profiles, judging with `judge`."""
    return _decider(Scope.MERCHANT, (ObserveChargeAtMerchant, DecideMerchantAlert), judge)
