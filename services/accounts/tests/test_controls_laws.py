"""What the buckets of a meter say, against a recount of everything that was ever charged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.accounts.domain.controls.metering import (
    DAYS_KEPT,
    HOURS_KEPT,
    Meter,
    Window,
    add,
    code_of,
    hour_of,
    moment_of,
    used,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = 24 * 100


@dataclass
class Charged:
    """One charge, as a list would remember it."""

    at: datetime
    amount_minor: int

    @property
    def on(self) -> date:
        return self.at.date()


def recount(charges: list[Charged], window: Window, rolling: bool, at: datetime) -> tuple[int, int]:
    """What is used, from the whole history. What lay behind every window when the newest charge
    had been made is out of every window but the life."""
    if window is Window.LIFETIME:
        found = charges
    elif rolling and window is Window.DAY:
        newest = max((hour_of(each.at) for each in charges), default=0)
        first = max(hour_of(at) - 24, newest - HOURS_KEPT + 1)
        found = [each for each in charges if hour_of(each.at) >= first]
    else:
        newest = max((each.on.toordinal() for each in charges), default=0)
        kept = [each for each in charges if each.on.toordinal() > newest - DAYS_KEPT]
        day = at.date()
        back = timedelta(days=7 if window is Window.WEEK else 30)
        fits: dict[tuple[Window, bool], Callable[[date], bool]] = {
            (Window.DAY, False): lambda on: on == day,
            (Window.WEEK, False): lambda on: on.isocalendar()[:2] == day.isocalendar()[:2],
            (Window.MONTH, False): lambda on: (on.year, on.month) == (day.year, day.month),
            (Window.WEEK, True): lambda on: on >= day - back,
            (Window.MONTH, True): lambda on: on >= day - back,
        }
        found = [each for each in kept if fits[window, rolling](each.on)]
    return sum(each.amount_minor for each in found), len(found)


Moment = st.integers(0, HOURS).map(lambda hours: BEGIN + timedelta(hours=hours))
Steps = st.lists(
    st.tuples(Moment, st.integers(1, 10_000), st.none() | st.integers(0, 10_000)), max_size=40
)
WINDOWS = [
    (window, rolling)
    for window in Window
    for rolling in (False, True)
    if window is not Window.TRANSACTION and not (window is Window.LIFETIME and rolling)
]


def told(steps: list[tuple[datetime, int, int | None]]) -> tuple[Meter, list[Charged]]:
    """The meter and the list after charges, some of which later are for another amount."""
    meter, charges = Meter(), []
    for at, amount_minor, later in steps:
        hour, day = hour_of(at), at.date().toordinal()
        meter = add(meter, hour, day, amount_minor, 1)
        charges.append(Charged(at, amount_minor))
        if later is not None:
            first = charges[later % len(charges)]
            more = later - first.amount_minor
            meter = add(meter, hour_of(first.at), first.on.toordinal(), more, 0)
            first.amount_minor = later
    return meter, charges


@settings(max_examples=200, deadline=None)
@given(steps=Steps, now=Moment)
def test_buckets_say_what_a_recount_says(
    steps: list[tuple[datetime, int, int | None]], now: datetime
) -> None:
    meter, charges = told(steps)
    for window, rolling in WINDOWS:
        said = used(meter, code_of(window, rolling), moment_of(now, now.date()))
        assert said == recount(charges, window, rolling, now), (window, rolling)


@settings(max_examples=200, deadline=None)
@given(steps=Steps)
def test_a_rolling_window_is_never_shorter_than_its_name_and_at_most_a_bucket_longer(
    steps: list[tuple[datetime, int, int | None]],
) -> None:
    meter, charges = told(sorted(steps, key=lambda step: step[0]))
    now = max((each.at for each in charges), default=BEGIN)
    lengths = {
        Window.DAY: (timedelta(days=1), timedelta(hours=1)),
        Window.WEEK: (timedelta(days=7), timedelta(days=1)),
        Window.MONTH: (timedelta(days=30), timedelta(days=1)),
    }
    for window, (length, bucket) in lengths.items():
        counted = used(meter, code_of(window, True), moment_of(now, now.date()))[1]
        least = sum(each.at > now - length for each in charges)
        most = sum(each.at >= now - length - bucket for each in charges)
        assert least <= counted <= most, window
