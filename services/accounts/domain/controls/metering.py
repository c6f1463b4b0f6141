"""What was used in a window of time, from a bounded number of buckets, so that what a decision
costs does not grow with what has happened: whole hours for rolling days, whole days beyond."""

from bisect import bisect_left
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from chassis.kernel.events import value

Bucket = tuple[int, int, int]
"""Which hour or day since the beginning of time; minor units and number of charges up to its end,
since the series began."""

HOURS_KEPT = 25
DAYS_KEPT = 31
SECONDS_PER_HOUR = 3_600
# A rolling window is never shorter than its name says: a day is this hour and the 24 before it, a
# week this day and the 7 before it, a month this day and the 30 before it. So more than the limit
# never falls into the true window; a charge may be declined for up to one bucket longer.
ROLLING_HOURS = HOURS_KEPT - 1
ROLLING_WEEK_DAYS = 7
ROLLING_MONTH_DAYS = 30


class Window(StrEnum):
    """The time over which a limit counts."""

    TRANSACTION = "TRANSACTION"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    LIFETIME = "LIFETIME"


NEVER = 2**62
Span = tuple[int, int]
"""The first and the last bucket of a window."""
Moment = tuple[Span, ...]
"""The span of every window, fixed and rolling, as of a moment; see `code_of`."""

CODES: dict[tuple[Window, bool], int] = {
    (Window.DAY, True): 0,
    (Window.DAY, False): 1,
    (Window.WEEK, False): 2,
    (Window.WEEK, True): 3,
    (Window.MONTH, False): 4,
    (Window.MONTH, True): 5,
    (Window.LIFETIME, False): 6,
    (Window.TRANSACTION, False): 7,
}
LIFETIME = CODES[Window.LIFETIME, False]


def code_of(window: Window, rolling: bool) -> int:
    """The place of a window's span in a moment: enums are slow to look up by."""
    return CODES[window, rolling]


def moment_of(at: datetime, on: date) -> Moment:
    """The spans as of an instant on a business date. What is recorded for later counts in a
    rolling window too."""
    day = on.toordinal()
    first = day - on.day + 1
    # From any first of a month, 31 days lead into the next one.
    after = date.fromordinal(first + 31)
    monday = day - on.weekday()
    return (
        (hour_of(at) - ROLLING_HOURS, NEVER),
        (day, day),
        (monday, monday + 6),
        (day - ROLLING_WEEK_DAYS, NEVER),
        (first, after.toordinal() - after.day),
        (day - ROLLING_MONTH_DAYS, NEVER),
    )


def hour_of(at: datetime) -> int:
    """The hour of an instant, counted from 1970."""
    return int(at.timestamp()) // SECONDS_PER_HOUR


class Series(NamedTuple):
    """Sums up to the end of each bucket that still matters; the base is what came before them."""

    base_minor: int = 0
    base_times: int = 0
    buckets: tuple[Bucket, ...] = ()


@value
class Meter:
    """What was used since the meter began, by hours and by days."""

    hours: Series = Series()
    days: Series = Series()


def add(meter: Meter, hour: int, day: int, amount_minor: int, times: int) -> Meter:
    """A meter with so much more (or less) used at an hour and a day. What is older than every
    window counts for the whole life only."""
    return Meter(
        hours=_added(meter.hours, hour, amount_minor, times, HOURS_KEPT),
        days=_added(meter.days, day, amount_minor, times, DAYS_KEPT),
    )


def _added(series: Series, index: int, amount_minor: int, times: int, kept: int) -> Series:
    base_minor, base_times, buckets = series
    newest, minor, number = buckets[-1] if buckets else (index, base_minor, base_times)
    if index < newest:
        return _added_late(series, index, amount_minor, times, newest - kept)
    now = index, minor + amount_minor, number + times
    if index == newest:
        buckets = (*buckets[:-1], now)
    else:
        gone = bisect_left(buckets, (index - kept + 1,))
        if gone:
            _, base_minor, base_times = buckets[gone - 1]
        buckets = (*buckets[gone:], now)
    return Series(base_minor, base_times, buckets)


def _added_late(series: Series, index: int, amount_minor: int, times: int, too_old: int) -> Series:
    """What comes late changes every sum after it."""
    buckets = list(series.buckets)
    at = bisect_left(buckets, (index,))
    if index <= too_old:
        at = 0
    elif buckets[at][0] != index:
        _, minor, number = buckets[at - 1] if at else (0, series.base_minor, series.base_times)
        buckets.insert(at, (index, minor, number))
    for place in range(at, len(buckets)):
        of, minor, number = buckets[place]
        buckets[place] = of, minor + amount_minor, number + times
    early = index <= too_old
    return Series(
        base_minor=series.base_minor + (amount_minor if early else 0),
        base_times=series.base_times + (times if early else 0),
        buckets=tuple(buckets),
    )


def used(meter: Meter, code: int, moment: Moment) -> tuple[int, int]:
    """Minor units and number of charges in a window as of a moment."""
    if code < LIFETIME:
        return _between(meter.days if code else meter.hours, moment[code])
    days = meter.days
    return _up_to(days, len(days.buckets)) if code == LIFETIME else (0, 0)


def _between(series: Series, span: Span) -> tuple[int, int]:
    first, last = span
    before_minor, before, buckets = series
    if not buckets:
        return 0, 0
    newest, minor, number = buckets[-1]
    if newest < first:
        return 0, 0
    if newest > last:
        minor, number = _up_to(series, bisect_left(buckets, (last + 1,)))
    place = bisect_left(buckets, (first,))
    if place:
        _, before_minor, before = buckets[place - 1]
    return minor - before_minor, number - before


def _up_to(series: Series, place: int) -> tuple[int, int]:
    """The sums before the bucket at a place."""
    if not place:
        return series.base_minor, series.base_times
    _, minor, number = series.buckets[place - 1]
    return minor, number
