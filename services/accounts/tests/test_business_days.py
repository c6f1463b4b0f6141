"""Business days: open, closing, closed; the test clock; midnight in the programme's time zone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import business_day_service_pb2 as days
from hypothesis import given
from hypothesis import strategies as st

from chassis.call import entered
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.money import Money
from chassis.testing.harness import TestNode, call, running
from services.accounts.app import SERVICE
from services.accounts.config import AccountsSettings
from services.accounts.domain.business_day import events
from services.accounts.domain.business_day.commands import (
    AdvanceBusinessDate,
    BeginBusinessDays,
    CloseBusinessDay,
    DayFigures,
    EndBusinessDay,
    SetBusinessTimeZone,
)
from services.accounts.domain.business_day.decider import (
    ADVANCE_DAYS_LIMIT,
    BUSINESS_DAY,
    Phase,
)
from services.accounts.domain.programme import DefineProgramme
from services.accounts.grpc_api.business_days import BusinessDaysApi
from services.accounts.tests.stories import TODAY, Story, terms
from services.accounts.use_cases.business_days import BusinessDays

P = "everyday"
DAY = timedelta(days=1)
FIGURES = DayFigures(accounts=3, statements=2, interest=Money(12, "GBP"), fees=Money(0, "GBP"))


def begun(on: date = TODAY) -> Story:
    story = Story(BUSINESS_DAY)
    story.when(BeginBusinessDays(programme_id=P, business_date=on))
    return story


def close(story: Story, on: date) -> list[Any]:
    return story.when(CloseBusinessDay(programme_id=P, business_date=on, figures=FIGURES))


def test_a_day_ends_at_midnight_and_the_next_opens_when_it_is_closed() -> None:
    story = begun()
    assert story.state.ends_at == datetime(2026, 3, 15, tzinfo=UTC)
    (ended,) = story.when(EndBusinessDay(programme_id=P, business_date=TODAY))
    assert (type(ended), story.state.phase) == (events.BusinessDayEnded, Phase.CLOSING)
    closed, opened = close(story, TODAY)
    assert (closed.statements, closed.interest) == (2, Money(12, "GBP"))
    assert (opened.business_date, story.state.phase) == (TODAY + DAY, Phase.OPEN)


def test_midnight_is_that_of_the_time_zone_in_summer_and_in_winter() -> None:
    story = begun(date(2026, 3, 27))
    story.when(SetBusinessTimeZone(programme_id=P, time_zone="Europe/London"))
    for on, ends in (
        (date(2026, 3, 27), datetime(2026, 3, 29, 0, tzinfo=UTC)),
        (date(2026, 3, 28), datetime(2026, 3, 29, 23, tzinfo=UTC)),
    ):
        story.when(EndBusinessDay(programme_id=P, business_date=on))
        _, opened = close(story, on)
        assert opened.ends_at == ends


def test_a_time_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Invalid, match="TIME_ZONE_UNKNOWN"):
        begun().decide(SetBusinessTimeZone(programme_id=P, time_zone="Mars/Olympus"))


def test_the_test_clock_ends_one_day_after_the_other() -> None:
    story = begun()
    facts: list[Any] = story.when(AdvanceBusinessDate(programme_id=P, to_date=TODAY + 3 * DAY))
    assert (facts[0].to_date, facts[1].business_date) == (TODAY + 3 * DAY, TODAY)
    assert [type(each).__name__ for each in close(story, TODAY)] == [
        "BusinessDayClosed",
        "BusinessDayOpened",
        "BusinessDayEnded",
    ]
    close(story, TODAY + DAY)
    close(story, TODAY + 2 * DAY)
    assert (story.state.today, story.state.phase) == (TODAY + 3 * DAY, Phase.OPEN)
    assert story.state.advance_to is None


def test_the_test_clock_is_not_set_beyond_its_limit_and_never_back() -> None:
    story = begun()
    far = AdvanceBusinessDate(programme_id=P, to_date=TODAY + (ADVANCE_DAYS_LIMIT + 1) * DAY)
    with pytest.raises(Invalid, match="TO_DATE_TOO_FAR"):
        story.decide(far)
    assert not story.when(AdvanceBusinessDate(programme_id=P, to_date=TODAY - DAY))


def test_a_day_that_is_open_or_has_not_come_is_not_closed() -> None:
    story = begun()
    for on in (TODAY, TODAY + DAY):
        with pytest.raises(Refused, match="BUSINESS_DAY_NOT_CLOSING"):
            close(story, on)
    with pytest.raises(Refused, match="BUSINESS_DAY_NOT_OPEN"):
        story.decide(EndBusinessDay(programme_id=P, business_date=TODAY + DAY))
    with pytest.raises(Refused, match="BUSINESS_DAYS_BEGUN_DIFFERENTLY"):
        story.decide(BeginBusinessDays(programme_id=P, business_date=TODAY + DAY))


@given(st.lists(st.sampled_from(["end", "close", "advance", "late end", "late close"])))
def test_every_date_comes_once_and_in_order(steps: list[str]) -> None:
    story = begun()
    for step in steps:
        on = story.state.today
        match step:
            case "end":
                story.when(EndBusinessDay(programme_id=P, business_date=on))
            case "advance":
                story.when(AdvanceBusinessDate(programme_id=P, to_date=on + 2 * DAY))
            case "late end":
                assert not story.when(EndBusinessDay(programme_id=P, business_date=on - DAY))
            case "late close":
                assert not close(story, on - DAY)
            case "close" if story.state.phase is Phase.CLOSING:
                close(story, on)
    opened = [f.business_date for f in story.facts if isinstance(f, events.BusinessDayOpened)]
    closed = [f.business_date for f in story.facts if isinstance(f, events.BusinessDayClosed)]
    assert opened == [TODAY + n * DAY for n in range(len(opened))]
    assert closed == opened[:-1]


@dataclass
class DaysDoor:
    """The rpcs of business days on a running service, with a new key each time."""

    node: TestNode
    keys: Any

    async def __call__(self, name: str, **fields: Any) -> Any:
        api = BusinessDaysApi(self.node.ports, BusinessDays(self.node.ports))
        request = getattr(days, f"{name}Request")(**{"programme_id": P, **fields})
        with entered(call(f"accounts.{name}", f"days-{next(self.keys)}")):
            return await getattr(api, name)(request, None)


@pytest.fixture
async def test_system(tmp_path: Path) -> AsyncIterator[DaysDoor]:
    settings = AccountsSettings(test_clock_allowed=True)
    async with running(SERVICE, tmp_path, settings=settings) as node:
        define = DefineProgramme(programme_id=P, name="Everyday", terms=terms())
        await node.ports.application.execute(define, actor="operator:olga")
        yield DaysDoor(node, count(1))


async def test_a_programme_has_a_business_day_by_itself_and_it_ends_in_time(
    test_system: DaysDoor,
) -> None:
    node = test_system.node
    with pytest.raises(NotFound, match="BUSINESS_DAY_NOT_FOUND"):
        await test_system("GetBusinessDay", programme_id="nobodys")
    assert await node.timers_due() == 1
    day = (await test_system("GetBusinessDay")).business_day
    today = node.clock.now().date()
    assert (day.business_date, day.phase) == (today.isoformat(), days.BUSINESS_DAY_PHASE_OPEN)
    node.clock.advance(DAY)
    assert await node.timers_due() == 1
    day = (await test_system("GetBusinessDay")).business_day
    assert day.phase == days.BUSINESS_DAY_PHASE_CLOSING


async def test_the_clock_is_set_in_test_systems_only(test_system: DaysDoor) -> None:
    node = test_system.node
    await node.timers_due()
    node.ports.settings = AccountsSettings()
    with pytest.raises(Refused, match="TEST_CLOCK_FORBIDDEN"):
        await test_system("AdvanceBusinessDate")
    node.ports.settings = AccountsSettings(test_clock_allowed=True)
    answer = await test_system("AdvanceBusinessDate")
    assert answer.business_day.phase == days.BUSINESS_DAY_PHASE_CLOSING
    assert answer.business_day.advance_to == (node.clock.now().date() + DAY).isoformat()
    with pytest.raises(Invalid, match="DATE_MALFORMED"):
        await test_system("AdvanceBusinessDate", to_date="2026-02-30")


async def test_days_are_listed_latest_first_by_pages(test_system: DaysDoor) -> None:
    node = test_system.node
    await node.timers_due()
    first = node.clock.now().date()
    await test_system("AdvanceBusinessDate", to_date=(first + 3 * DAY).isoformat())
    for n in range(3):
        command = CloseBusinessDay(programme_id=P, business_date=first + n * DAY, figures=FIGURES)
        await node.ports.application.execute(command, actor="service:accounts")
    await node.caught_up()
    page = await test_system("ListBusinessDays", page_size=3)
    rest = await test_system("ListBusinessDays", page_size=3, page_token=page.next_page_token)
    lines = [*page.business_days, *rest.business_days]
    assert [each.business_date for each in lines] == [
        (first + n * DAY).isoformat() for n in (3, 2, 1, 0)
    ]
    assert [each.statements for each in lines] == [0, 2, 2, 2]
    assert lines[1].interest.minor_units == 12
    assert not rest.next_page_token


async def test_what_ended_is_closed_by_itself_until_the_date_has_come(
    test_system: DaysDoor,
) -> None:
    node = test_system.node
    node.start_work()
    await until(lambda: test_system("GetBusinessDay"))
    to_date = (node.clock.now().date() + 3 * DAY).isoformat()
    await test_system("AdvanceBusinessDate", to_date=to_date)

    async def arrived() -> bool:
        day = (await test_system("GetBusinessDay")).business_day
        return bool(day.business_date == to_date and not day.advance_to)

    await until(arrived)
    closed = [each for each in node.facts() if isinstance(each, events.BusinessDayClosed)]
    assert [each.accounts for each in closed] == [0, 0, 0]


async def until(holds: Any) -> None:
    """Wait until something is the case or is there."""
    async with asyncio.timeout(60):
        while True:
            try:
                if await holds():
                    return
            except NotFound:
                pass  # it is not there yet
            await asyncio.sleep(0.02)


async def test_the_time_zone_is_set_at_the_door(test_system: DaysDoor) -> None:
    await test_system.node.timers_due()
    answer = await test_system("SetBusinessTimeZone", time_zone="Asia/Shanghai")
    assert answer.business_day.time_zone == "Asia/Shanghai"


async def test_a_programme_has_its_first_day_from_the_moment_it_is_defined(
    test_system: DaysDoor,
) -> None:
    node = test_system.node
    today = node.clock.now().date()
    day = (await test_system("GetBusinessDay")).business_day
    assert (day.business_date, day.phase) == (today.isoformat(), days.BUSINESS_DAY_PHASE_OPEN)
    assert not [each for each in node.facts() if isinstance(each, events.BusinessDayOpened)]
    answer = await test_system("AdvanceBusinessDate")
    assert answer.business_day.advance_to == (today + DAY).isoformat()
    await node.timers_due()
    opened = [each for each in node.facts() if isinstance(each, events.BusinessDayOpened)]
    assert [each.business_date for each in opened] == [today]


async def test_a_zone_is_chosen_before_the_first_day_has_begun(test_system: DaysDoor) -> None:
    answer = await test_system("SetBusinessTimeZone", time_zone="Asia/Shanghai")
    assert answer.business_day.time_zone == "Asia/Shanghai"
    with pytest.raises(NotFound, match="BUSINESS_DAY_NOT_FOUND"):
        await test_system("SetBusinessTimeZone", programme_id="nobodys", time_zone="UTC")
