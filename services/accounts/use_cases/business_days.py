"""What takes more than one step about business days: the test clock is for test systems only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from google.protobuf.message import Message

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.business_day.commands import (
    AdvanceBusinessDate,
    BeginBusinessDays,
    SetBusinessTimeZone,
)
from services.accounts.domain.business_day.decider import BUSINESS_DAY, DAY, BusinessDay
from services.accounts.domain.programme import PROGRAMME

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
        return (await self._present(programme_id))[0]

    async def _present(self, programme_id: str) -> tuple[BusinessDay, tuple[Command, ...]]:
        """The present business day, and what has to be asked before anything is asked of it: the
        first day of a programme that was defined just now may not have begun yet."""
        found, programme = await self.ports.application.find_all(
            (BUSINESS_DAY, programme_id), (PROGRAMME, programme_id)
        )
        if found is not None and found.on is not None:
            return found, ()
        if programme is None:
            raise NotFound("BUSINESS_DAY_NOT_FOUND", "this programme has no business day yet")
        now = self.ports.clock.now()
        begin = BeginBusinessDays(programme_id=programme_id, business_date=now.date())
        context = Context(now=now, actor="", new_id=self.ports.ids.new)
        first = BUSINESS_DAY.fold(BUSINESS_DAY.decide(BUSINESS_DAY.initial, begin, context))
        return first, (begin,)

    async def advance(self, programme_id: str, to_date: date | None, render: Render[M]) -> M:
        """Set the test clock to a date, or to the day after the present one. Raises Refused
        TEST_CLOCK_FORBIDDEN where real money is."""
        if not self.ports.settings.test_clock_allowed:
            raise Refused(
                "TEST_CLOCK_FORBIDDEN",
                "a business date is advanced in test systems only; here days end by themselves",
            )
        present, before = await self._present(programme_id)
        command = AdvanceBusinessDate(
            programme_id=programme_id, to_date=to_date or present.today + DAY
        )
        return await self.ports.application.answer(*before, command, render=render)

    async def set_time_zone(self, programme_id: str, time_zone: str, render: Render[M]) -> M:
        """Choose where it is midnight when a day ends."""
        _, before = await self._present(programme_id)
        command = SetBusinessTimeZone(programme_id=programme_id, time_zone=time_zone)
        return await self.ports.application.answer(*before, command, render=render)
