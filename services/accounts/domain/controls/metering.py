"""What was used in a window of time, from a bounded number of buckets, so that what a decision
costs does not grow with what has happened: whole hours for rolling days, whole days beyond."""

from datetime import date, datetime
from enum import StrEnum

from chassis.kernel.events import value

Bucket = tuple[int, int, int]
"""Which hour or day since the beginning of time; minor units; number of charges."""

HOURS_KEPT = 25
DAYS_KEPT = 31
SECONDS_PER_HOUR = 3_600
# A rolling window is never shorter than its name says: a day is this hour and the 24 before it, a
# week this day and the 7 before it, a month this day and the 30 before it. So more than the limit
# never falls into the true window; a charge may be declined for up to one bucket longer.
ROLLING_DAYS = {"WEEK": 7, "MONTH": 30}


class Window(StrEnum):
    """The time over which a limit counts."""

    TRANSACTION = "TRANSACTION"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    LIFETIME = "LIFETIME"


@value
class Meter:
    """What was used since the meter began, in all and by the hours and days that still matter."""

    amount_minor: int = 0
    times: int = 0
    hours: tuple[Bucket, ...] = ()
    days: tuple[Bucket, ...] = ()


def hour_of(at: datetime) -> int:
    """The hour of an instant, counted from 1970."""
    return int(at.timestamp()) // SECONDS_PER_HOUR


def add(meter: Meter, hour: int, day: int, amount_minor: int, times: int) -> Meter:
    """A meter with so much more (or less) used at an hour and a day. What is older than every
    window counts for the whole life only."""
    return Meter(
        amount_minor=meter.amount_minor + amount_minor,
        times=meter.times + times,
        hours=_added(meter.hours, hour, amount_minor, times, HOURS_KEPT),
        days=_added(meter.days, day, amount_minor, times, DAYS_KEPT),
    )


def _added(
    buckets: tuple[Bucket, ...], index: int, amount_minor: int, times: int, kept: int
) -> tuple[Bucket, ...]:
    if not buckets:
        return ((index, amount_minor, times),)
    newest, before_minor, before_times = buckets[-1]
    if index == newest:
        return (*buckets[:-1], (index, before_minor + amount_minor, before_times + times))
    if index > newest:
        still = tuple(each for each in buckets if each[0] > index - kept)
        return (*still, (index, amount_minor, times))
    if index <= newest - kept:
        return buckets
    found = {each[0]: each for each in buckets}
    _, before_minor, before_times = found.get(index, (index, 0, 0))
    found[index] = (index, before_minor + amount_minor, before_times + times)
    return tuple(found[each] for each in sorted(found))


def used(meter: Meter, window: Window, rolling: bool, hour: int, on: date) -> tuple[int, int]:
    """Minor units and number of charges in a window as of an hour and a business date. What is
    recorded for later counts in a rolling window too."""
    if window is Window.LIFETIME:
        return meter.amount_minor, meter.times
    if window is Window.TRANSACTION:
        return 0, 0
    if rolling and window is Window.DAY:
        return _sum(meter.hours, hour - HOURS_KEPT + 1, None)
    day = on.toordinal()
    if rolling:
        return _sum(meter.days, day - ROLLING_DAYS[window], None)
    if window is Window.DAY:
        return _sum(meter.days, day, day)
    if window is Window.WEEK:
        monday = day - on.weekday()
        return _sum(meter.days, monday, monday + 6)
    first = day - on.day + 1
    # The first of the next month: from the 28th on, four days always lead into it.
    after = date.fromordinal(first + 31).replace(day=1).toordinal()
    return _sum(meter.days, first, after - 1)


def _sum(buckets: tuple[Bucket, ...], first: int, last: int | None) -> tuple[int, int]:
    amount_minor = times = 0
    # From the newest backwards: what is too old is not looked at.
    for index, minor, number in reversed(buckets):
        if index < first:
            break
        if last is None or index <= last:
            amount_minor += minor
            times += number
    return amount_minor, times
