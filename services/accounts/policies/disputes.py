"""What has to be done about a dispute in time."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from chassis.policies import TimerRule
from chassis.recorded import Meta
from chassis.work import Cancel, Schedule
from services.accounts.domain.disputes import events
from services.accounts.domain.disputes.commands import CheckDispute, Deadline


def deadline_timer(account_id: str, dispute_id: str, deadline: Deadline) -> str:
    """The name of the timer of a deadline."""
    return f"dispute-{account_id}-{dispute_id}-{deadline.lower()}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def watch_the_deadlines_of_a_dispute(
    fact: events.DisputeOpened, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """A missing acknowledgement is noticed the day after its last; a dispute that is not resolved
    is credited on its last day, which is in time."""
    account_id, dispute_id = fact.account_id, fact.dispute_id
    days = {
        Deadline.ACKNOWLEDGE: fact.acknowledge_by + timedelta(days=1),
        Deadline.RESOLVE: fact.resolve_by,
    }
    for deadline, day in days.items():
        check = CheckDispute(account_id=account_id, dispute_id=dispute_id, deadline=deadline)
        timer = deadline_timer(account_id, dispute_id, deadline)
        yield Schedule(timer, _midnight(day), check)


def watch_the_window_of_the_next_stage(
    fact: events.DisputeOpened | events.DisputeAdvanced, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """It is told some days before that the network's window ends; the stage lapses the day after
    its last. A stage that has begun takes the place of what was watched before."""
    account_id, dispute_id = fact.account_id, fact.dispute_id
    ends_on = fact.window_ends_on
    days = {
        Deadline.WINDOW_WARNING: fact.warn_on,
        Deadline.WINDOW: ends_on + timedelta(days=1) if ends_on else None,
    }
    for deadline, day in days.items():
        timer = deadline_timer(account_id, dispute_id, deadline)
        if day is None:
            yield Cancel(timer)
            continue
        check = CheckDispute(account_id=account_id, dispute_id=dispute_id, deadline=deadline)
        yield Schedule(timer, _midnight(day), check)


def forget_what_was_acknowledged(
    fact: events.DisputeAcknowledged, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """Once is enough."""
    yield Cancel(deadline_timer(fact.account_id, fact.dispute_id, Deadline.ACKNOWLEDGE))


def forget_what_is_resolved(
    fact: events.DisputeResolved, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """A decided dispute has no deadlines."""
    for deadline in Deadline:
        yield Cancel(deadline_timer(fact.account_id, fact.dispute_id, deadline))


TIMERS = (
    TimerRule(events.DisputeOpened, watch_the_deadlines_of_a_dispute),
    TimerRule(events.DisputeOpened, watch_the_window_of_the_next_stage),
    TimerRule(events.DisputeAdvanced, watch_the_window_of_the_next_stage),
    TimerRule(events.DisputeAcknowledged, forget_what_was_acknowledged),
    TimerRule(events.DisputeResolved, forget_what_is_resolved),
)
