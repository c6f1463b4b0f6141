"""Deciding about business days: each is open, then closing, then closed while the next is open."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact, value
from services.accounts.domain.business_day import commands, events

ADVANCE_DAYS_LIMIT = 400
"""So far the test clock may be set in one go: a year and a cycle."""
DAY = timedelta(days=1)
COORDINATED = "UTC"


RUN = "billing"


def run_of(programme_id: str, on: date) -> str:
    """The name of a day's billing run: what all facts of it are correlated by."""
    return f"{RUN}:{programme_id}:{on.isoformat()}"


def day_of_run(name: str) -> tuple[str, str] | None:
    """Programme and date of the run of this name; None for anything else."""
    kind, _, rest = name.partition(":")
    if kind != RUN:
        return None
    programme_id, _, on = rest.partition(":")
    return programme_id, on


class Phase(StrEnum):
    """Where the present business day stands."""

    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


@value
class BusinessDay:
    """The present business day; `advance_to` is the date that the test clock was set to, while it
    has not come yet. `programme_id` is empty until business days have begun."""

    programme_id: str = ""
    begun_on: date | None = None
    time_zone: str = COORDINATED
    on: date | None = None
    ends_at: datetime | None = None
    phase: Phase = Phase.OPEN
    advance_to: date | None = None

    @property
    def today(self) -> date:
        """The business date. Raises NotFound before the first."""
        if self.on is None:
            raise NotFound("BUSINESS_DAY_NOT_FOUND", "this programme has no business day yet")
        return self.on

    @property
    def zone(self) -> tzinfo:
        """Where it is midnight when a day ends."""
        return _zone(self.time_zone)

    def shown(self, now: datetime) -> datetime:
        """What the programme's clock shows: now, or as many days later as the test clock has set
        the business date ahead of the calendar."""
        if self.on is None:
            return now
        return now + max(self.on - now.astimezone(self.zone).date(), timedelta(0))


# evolve


def _opened(state: BusinessDay, fact: events.BusinessDayOpened) -> BusinessDay:
    arrived = state.advance_to is not None and state.advance_to <= fact.business_date
    return replace(
        state,
        programme_id=fact.programme_id,
        begun_on=state.begun_on or fact.business_date,
        on=fact.business_date,
        ends_at=fact.ends_at,
        phase=Phase.OPEN,
        advance_to=None if arrived else state.advance_to,
    )


def _ended(state: BusinessDay, fact: events.BusinessDayEnded) -> BusinessDay:
    return replace(state, phase=Phase.CLOSING)


def _closed(state: BusinessDay, fact: events.BusinessDayClosed) -> BusinessDay:
    return replace(state, phase=Phase.CLOSED)


def _advanced(state: BusinessDay, fact: events.BusinessDateAdvanced) -> BusinessDay:
    return replace(state, advance_to=fact.to_date)


def _zoned(state: BusinessDay, fact: events.BusinessTimeZoneSet) -> BusinessDay:
    return replace(state, programme_id=fact.programme_id, time_zone=fact.time_zone)


EVOLVE: dict[type[Fact], Callable[[BusinessDay, Any], BusinessDay]] = {
    events.BusinessDayOpened: _opened,
    events.BusinessDayEnded: _ended,
    events.BusinessDayClosed: _closed,
    events.BusinessDateAdvanced: _advanced,
    events.BusinessTimeZoneSet: _zoned,
}

# decide


def _zone(name: str) -> tzinfo:
    if name == COORDINATED:
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise Invalid(
            "TIME_ZONE_UNKNOWN", "a time zone is named as in the IANA database", field="time_zone"
        ) from error


def _opening(state: BusinessDay, programme_id: str, on: date) -> events.BusinessDayOpened:
    midnight = datetime.combine(on + DAY, time(0), tzinfo=_zone(state.time_zone))
    return events.BusinessDayOpened(
        programme_id=programme_id,
        business_date=on,
        time_zone=state.time_zone,
        ends_at=midnight.astimezone(UTC),
        transaction_date=on,
    )


def _ending(state: BusinessDay, on: date) -> events.BusinessDayEnded:
    return events.BusinessDayEnded(
        programme_id=state.programme_id, business_date=on, transaction_date=on
    )


def _begin(
    state: BusinessDay, command: commands.BeginBusinessDays, context: Context
) -> tuple[Fact, ...]:
    if state.begun_on is not None:
        if state.begun_on == command.business_date:
            return ()
        raise Refused("BUSINESS_DAYS_BEGUN_DIFFERENTLY", "the first business day was another")
    return (_opening(state, command.programme_id, command.business_date),)


def _end(
    state: BusinessDay, command: commands.EndBusinessDay, context: Context
) -> tuple[Fact, ...]:
    """A day that ended already does not end again."""
    if command.business_date < state.today or state.phase is not Phase.OPEN:
        return ()
    if command.business_date > state.today:
        raise Refused("BUSINESS_DAY_NOT_OPEN", "that day has not come yet")
    return (_ending(state, state.today),)


def _close(
    state: BusinessDay, command: commands.CloseBusinessDay, context: Context
) -> tuple[Fact, ...]:
    """Close a day that is closing; several workers may come to it, the first is heard."""
    on = command.business_date
    if on < state.today:
        return ()
    if on > state.today or state.phase is not Phase.CLOSING:
        raise Refused("BUSINESS_DAY_NOT_CLOSING", "only a day that is closing is closed")
    figures = command.figures
    closed = events.BusinessDayClosed(
        programme_id=state.programme_id,
        business_date=on,
        accounts=figures.accounts,
        statements=figures.statements,
        interest=figures.interest,
        fees=figures.fees,
        failed=figures.failed,
        transaction_date=on,
    )
    tomorrow = _opening(state, state.programme_id, on + DAY)
    if state.advance_to is not None and state.advance_to > on + DAY:
        return closed, tomorrow, _ending(state, on + DAY)
    return closed, tomorrow


def _advance(
    state: BusinessDay, command: commands.AdvanceBusinessDate, context: Context
) -> tuple[Fact, ...]:
    today, to_date = state.today, command.to_date
    if to_date <= max(today, state.advance_to or today):
        return ()
    if (to_date - today).days > ADVANCE_DAYS_LIMIT:
        raise Invalid(
            "TO_DATE_TOO_FAR", f"at most {ADVANCE_DAYS_LIMIT} days in one go", field="to_date"
        )
    advanced = events.BusinessDateAdvanced(
        programme_id=state.programme_id, from_date=today, to_date=to_date, transaction_date=today
    )
    return (advanced, _ending(state, today)) if state.phase is Phase.OPEN else (advanced,)


def _set_time_zone(
    state: BusinessDay, command: commands.SetBusinessTimeZone, context: Context
) -> tuple[Fact, ...]:
    _zone(command.time_zone)
    if state.time_zone == command.time_zone:
        return ()
    return (
        events.BusinessTimeZoneSet(
            programme_id=command.programme_id,
            time_zone=command.time_zone,
            transaction_date=state.today,
        ),
    )


DECIDE: dict[type[Command], Callable[[BusinessDay, Any, Context], tuple[Fact, ...]]] = {
    commands.BeginBusinessDays: _begin,
    commands.EndBusinessDay: _end,
    commands.CloseBusinessDay: _close,
    commands.AdvanceBusinessDate: _advance,
    commands.SetBusinessTimeZone: _set_time_zone,
}


def decide(state: BusinessDay, command: Command, context: Context) -> tuple[Fact, ...]:
    """The facts that follow from a command."""
    return DECIDE[type(command)](state, command, context)


def evolve(state: BusinessDay, fact: Fact) -> BusinessDay:
    """The business day after a fact."""
    return EVOLVE[type(fact)](state, fact)


BUSINESS_DAY: Decider[BusinessDay] = Decider(
    category="business_day",
    state=BusinessDay,
    initial=BusinessDay(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.programme_id),
    commands=tuple(DECIDE),
    facts=tuple(EVOLVE),
)
