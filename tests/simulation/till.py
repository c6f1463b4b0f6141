"""A small service that decides a limit: what is spent on an account never exceeds it.

Nothing in its decisions knows a repeated command, so that all depends on the chassis.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound
from chassis.kernel.events import Command, Fact, command, fact, value
from chassis.policies import TimerRule
from chassis.recorded import Meta
from chassis.work import Schedule

REVIEW = timedelta(seconds=3)


@command
class Open(Command):
    account_id: str
    limit_minor: int


@command
class Spend(Command):
    account_id: str
    amount_minor: int
    note: str
    advised: bool


@command
class Review(Command):
    account_id: str
    note: str


@fact
class Opened(Fact):
    account_id: str
    limit_minor: int


@fact
class AmountSpent(Fact):
    account_id: str
    amount_minor: int
    note: str
    advised: bool


@fact
class SpendingRefused(Fact):
    account_id: str
    note: str


@fact
class SpendingReviewed(Fact):
    account_id: str
    note: str


@value
class Account:
    opened: bool = False
    limit_minor: int = 0
    spent_minor: int = 0
    last_note: str = ""
    approved: bool = False


def decide(state: Account, asked: Command, context: Context) -> Sequence[Fact]:
    """The limit holds; nothing else is asked."""
    match asked:
        case Open():
            if state.opened:
                return []
            return [Opened(account_id=asked.account_id, limit_minor=asked.limit_minor)]
        case Spend():
            if not state.opened:
                raise NotFound("ACCOUNT_NOT_FOUND", "there is no such account")
            if state.spent_minor + asked.amount_minor > state.limit_minor:
                return [SpendingRefused(account_id=asked.account_id, note=asked.note)]
            return [
                AmountSpent(
                    account_id=asked.account_id,
                    amount_minor=asked.amount_minor,
                    note=asked.note,
                    advised=asked.advised,
                )
            ]
        case Review():
            return [SpendingReviewed(account_id=asked.account_id, note=asked.note)]
    raise TypeError(type(asked).__name__)


def evolve(state: Account, happened: Fact) -> Account:
    """The account after a fact."""
    match happened:
        case Opened():
            return Account(opened=True, limit_minor=happened.limit_minor)
        case AmountSpent():
            return Account(
                opened=True,
                limit_minor=state.limit_minor,
                spent_minor=state.spent_minor + happened.amount_minor,
                last_note=happened.note,
                approved=True,
            )
        case SpendingRefused():
            return Account(
                opened=True,
                limit_minor=state.limit_minor,
                spent_minor=state.spent_minor,
                last_note=happened.note,
            )
        case _:
            return state


def review_what_is_spent(happened: AmountSpent, meta: Meta) -> Iterable[Schedule]:
    """Somebody looks at it a little later."""
    command = Review(account_id=happened.account_id, note=happened.note)
    yield Schedule(f"review-{happened.note}", meta.occurred_at + REVIEW, command)


TIMERS = (TimerRule(AmountSpent, review_what_is_spent),)
ACCOUNT: Decider[Account] = Decider(
    category="account",
    state=Account,
    initial=Account(),
    decide=decide,
    evolve=evolve,
    identify=lambda asked: asked.account_id,
    commands=(Open, Spend, Review),
    facts=(Opened, AmountSpent, SpendingRefused, SpendingReviewed),
)
