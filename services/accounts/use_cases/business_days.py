"""What takes more than one step about business days: the test clock is for test systems only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from google.protobuf.message import Message

from chassis.kernel.errors import NotFound, Refused
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.business_day.commands import (
    AdvanceBusinessDate,
    SetBusinessTimeZone,
)
from services.accounts.domain.business_day.decider import BUSINESS_DAY, DAY, BusinessDay

M = TypeVar("M", bound=Message)
Render = Callable[[Settled], M]


async def business_date(ports: Ports, programme_id: str) -> date:
    """The business date of a programme; the calendar's until it has one."""
    found = await ports.application.find(BUSINESS_DAY, programme_id)
    return ports.clock.now().date() if found is None or found.on is None else found.on


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """The steps around the business day; `render` makes the answer from what was settled."""

    ports: Ports

    async def present(self, programme_id: str) -> BusinessDay:
        """The present business day. Raises NotFound BUSINESS_DAY_NOT_FOUND."""
        found = await self.ports.application.find(BUSINESS_DAY, programme_id)
        if found is None or found.on is None:
            raise NotFound("BUSINESS_DAY_NOT_FOUND", "this programme has no business day yet")
        return found

    async def advance(self, programme_id: str, to_date: date | None, render: Render[M]) -> M:
        """Set the test clock to a date, or to the day after the present one. Raises Refused
        TEST_CLOCK_FORBIDDEN where real money is."""
        if not self.ports.settings.test_clock_allowed:
            raise Refused(
                "TEST_CLOCK_FORBIDDEN",
                "a business date is advanced in test systems only; here days end by themselves",
            )
        present = await self.present(programme_id)
        command = AdvanceBusinessDate(
            programme_id=programme_id, to_date=to_date or present.today + DAY
        )
        return await self.ports.application.answer(command, render=render)

    async def set_time_zone(self, programme_id: str, time_zone: str, render: Render[M]) -> M:
        """Choose where it is midnight when a day ends."""
        await self.present(programme_id)
        command = SetBusinessTimeZone(programme_id=programme_id, time_zone=time_zone)
        return await self.ports.application.answer(command, render=render)
