"""A small service that reacts: points for what is spent, and statements by durable timers.

Nothing in its decisions knows a repeated message or timer, so that all depends on the chassis.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact, command, fact, value
from chassis.policies import About, Policy, TimerRule
from chassis.recorded import Meta
from chassis.work import Schedule
from tests.simulation.protos import TILL

EXPIRY = timedelta(seconds=9)
STATEMENT = timedelta(seconds=2.9)
UNLUCKY_MINOR = 13
"""An amount for which no points can be worked out until somebody says how."""


@command
class AwardPoints(Command):
    account_id: str
    points: int
    note: str
    till_position: int


@command
class ExpirePoints(Command):
    account_id: str
    points: int
    note: str


@command
class IssueStatement(Command):
    account_id: str
    awards: int


@command
class ExplainUnluckiness(Command):
    account_id: str


@fact
class PointsAwarded(Fact):
    account_id: str
    points: int
    note: str
    till_position: int
    awards: int


@fact
class PointsExpired(Fact):
    account_id: str
    points: int
    note: str


@fact
class StatementIssued(Fact):
    account_id: str
    awards: int


@fact
class UnluckinessExplained(Fact):
    account_id: str


@value
class Balance:
    points: int = 0
    awards: int = 0
    explained: bool = False


def decide(state: Balance, asked: Command, context: Context) -> Sequence[Fact]:
    """Whatever is asked is done, once for every time it is asked."""
    match asked:
        case AwardPoints():
            if asked.points == UNLUCKY_MINOR and not state.explained:
                raise Refused("UNLUCKY", "nobody knows how many points that makes")
            return [
                PointsAwarded(
                    account_id=asked.account_id,
                    points=asked.points,
                    note=asked.note,
                    till_position=asked.till_position,
                    awards=state.awards + 1,
                )
            ]
        case ExpirePoints():
            return [
                PointsExpired(account_id=asked.account_id, points=asked.points, note=asked.note)
            ]
        case IssueStatement():
            return [StatementIssued(account_id=asked.account_id, awards=asked.awards)]
        case ExplainUnluckiness():
            if state.explained:
                return []
            return [UnluckinessExplained(account_id=asked.account_id)]
    raise TypeError(type(asked).__name__)


def evolve(state: Balance, happened: Fact) -> Balance:
    """The balance after a fact."""
    match happened:
        case PointsAwarded():
            return Balance(
                points=state.points + happened.points,
                awards=happened.awards,
                explained=state.explained,
            )
        case PointsExpired():
            return Balance(
                points=state.points - happened.points,
                awards=state.awards,
                explained=state.explained,
            )
        case UnluckinessExplained():
            return Balance(points=state.points, awards=state.awards, explained=True)
        case _:
            return state


def award_points_for_what_is_spent(message: Any, about: About) -> Iterable[Command]:
    """A point for every minor unit."""
    yield AwardPoints(
        account_id=message.account_id,
        points=message.amount_minor,
        note=message.note,
        till_position=about.position,
    )


def points_expire(happened: PointsAwarded, meta: Meta) -> Iterable[Schedule]:
    """Each award has a timer of its own."""
    command = ExpirePoints(
        account_id=happened.account_id, points=happened.points, note=happened.note
    )
    name = f"expire-{happened.note}-{happened.till_position}"
    yield Schedule(name, meta.occurred_at + EXPIRY, command)


def a_statement_follows(happened: PointsAwarded, meta: Meta) -> Iterable[Schedule]:
    """Each account has one timer, which every award moves on."""
    command = IssueStatement(account_id=happened.account_id, awards=happened.awards)
    yield Schedule(f"statement-{happened.account_id}", meta.occurred_at + STATEMENT, command)


BALANCE: Decider[Balance] = Decider(
    category="balance",
    state=Balance,
    initial=Balance(),
    decide=decide,
    evolve=evolve,
    identify=lambda asked: asked.account_id,
    commands=(AwardPoints, ExpirePoints, IssueStatement, ExplainUnluckiness),
    facts=(PointsAwarded, PointsExpired, StatementIssued, UnluckinessExplained),
)
POLICIES = (Policy(TILL.AmountSpent, award_points_for_what_is_spent),)
TIMERS = (
    TimerRule(PointsAwarded, points_expire),
    TimerRule(PointsAwarded, a_statement_follows),
)
