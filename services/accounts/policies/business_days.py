"""When business days begin and end by themselves."""

from collections.abc import Iterable

from chassis.policies import TimerRule
from chassis.recorded import Meta
from chassis.work import Cancel, Schedule
from services.accounts.domain.business_day import events
from services.accounts.domain.business_day.commands import BeginBusinessDays, EndBusinessDay
from services.accounts.domain.events import ProgrammeDefined


def begin_business_days_of_a_new_programme(
    fact: ProgrammeDefined, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """A programme has a business date from the day on which it is defined."""
    begin = BeginBusinessDays(programme_id=fact.programme_id, business_date=meta.occurred_at.date())
    yield Schedule(f"business-days-{fact.programme_id}", meta.occurred_at, begin)


def end_the_business_day_in_time(
    fact: events.BusinessDayOpened, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """A day ends at midnight in the time zone of its programme."""
    end = EndBusinessDay(programme_id=fact.programme_id, business_date=fact.business_date)
    yield Schedule(f"business-day-{fact.programme_id}", fact.ends_at, end)


TIMERS = (
    TimerRule(ProgrammeDefined, begin_business_days_of_a_new_programme),
    TimerRule(events.BusinessDayOpened, end_the_business_day_in_time),
)
