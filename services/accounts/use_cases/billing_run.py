"""The billing run: when a business day has ended, everything due on it is carried out, and only
then is it closed. It keeps nothing in memory that matters, so it may be killed at any moment, and
any number of processes may run it: each account decides for itself what it has done already."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime

from chassis import logs
from chassis.kernel.errors import Conflict, Exhausted, Unavailable
from chassis.kernel.money import Money
from chassis.ports import Ports
from services.accounts.domain.billing.commands import ProcessBillingDay
from services.accounts.domain.business_day.commands import CloseBusinessDay, DayFigures
from services.accounts.domain.business_day.decider import BUSINESS_DAY, DAY, Phase, run_of
from services.accounts.domain.programme import PROGRAMME
from services.accounts.queries import billing_run, business_days

PAGE_LIMIT = 1_000
IN_FLIGHT_LIMIT = 64
"""So many accounts are decided at once, in one transaction: few enough that an authorisation, which
waits for that transaction, waits for milliseconds."""
PROGRAMMES_LIMIT = 100
PASSES_LIMIT = 5
"""An account on which something is still due after so many is left for the next day, and told."""
IDLE_SECONDS = 1.0
BEHIND_SECONDS = 0.02
ACTOR = "service:accounts"
PASSING = (Unavailable, Conflict, Exhausted)
"""Errors that say nothing about the account; the run is begun again by who supervises it."""

Prove = Callable[[str, date, str], Awaitable[None]]
"""Programme, day, actor → the proof of the day's end is on record."""

CarryOut = Callable[[str, datetime], Awaitable[int]]
"""Programme, instant → what is due by then is done; how much that was."""


async def nothing_ahead(programme_id: str, until: datetime) -> int:
    """Days end with the calendar, when whatever was due on them has been carried out in time."""
    return 0


class BillingRun:
    """Closes the business days that have ended, once nothing is due on them any more. `prove`
    compares the books at the end of a day before it is closed; `carry_out` does what is due by the
    hour on it, such as holds that fall, where the test clock ends it before the calendar does."""

    def __init__(self, ports: Ports, prove: Prove, carry_out: CarryOut = nothing_ahead) -> None:
        self._ports = ports
        self._prove = prove
        self._carry_out_until = carry_out
        share, shares = ports.settings.worker_index, ports.settings.worker_count
        self._start = f"{2**32 * (share % shares) // shares:08x}"
        """Processes begin at different accounts, each at its share, and meet."""

    async def run(self) -> None:
        """Close days for ever."""
        while True:
            if not await self.close_what_ended():
                await self._ports.sleep(IDLE_SECONDS)

    async def close_what_ended(self) -> int:
        """Close every day that has ended, and those that end while it does; returns how many."""
        closing = await self._ports.database.read(
            lambda connection: business_days.closing_days(connection, PROGRAMMES_LIMIT)
        )
        closed = 0
        for programme_id, _ in closing:
            while (on := await self._ended(programme_id)) is not None:
                await self.close(programme_id, on)
                closed += 1
        return closed

    async def _ended(self, programme_id: str) -> date | None:
        """The day of a programme that is closing, from the deciding state itself."""
        day = await self._ports.application.state(BUSINESS_DAY, programme_id)
        return day.today if day.phase is Phase.CLOSING else None

    async def close(self, programme_id: str, on: date) -> None:
        """Carry out what is due on a day until nothing is, then close it with its figures."""
        await self._carry_out_until(programme_id, await self._end_of(programme_id, on))
        await self._caught_up()
        for _ in range(PASSES_LIMIT):
            if not await self._pass(programme_id, on):
                break
            await self._caught_up()
        await self._prove(programme_id, on, ACTOR)
        figures = await self._figures(programme_id, on)
        command = CloseBusinessDay(programme_id=programme_id, business_date=on, figures=figures)
        await self._ports.application.execute(command, actor=ACTOR)

    async def _end_of(self, programme_id: str, on: date) -> datetime:
        """By when everything due on a day is due: its end, or the hour of the day that is asked
        for, if that is next."""
        now = self._ports.clock.now()
        day = await self._ports.application.state(BUSINESS_DAY, programme_id)
        if day.advance_to == on + DAY:
            return max(day.ends_at or now, day.shown(now) + DAY)
        return day.ends_at or now

    async def _pass(self, programme_id: str, on: date) -> int:
        """Go once through all that is due; returns on how many accounts something was."""
        found = 0
        for start, end in ((self._start, ""), ("", self._start)):
            after = start
            while page := await self._due(programme_id, on, after):
                after = page[-1]
                mine = [id for id in page if (not end or id <= end)]
                await self._carry_out(mine, programme_id, on)
                found += len(mine)
                if len(mine) < len(page):
                    break
        return found

    async def _due(self, programme_id: str, on: date, after: str) -> list[str]:
        return await self._ports.database.read(
            lambda connection: billing_run.due(connection, programme_id, on, after, PAGE_LIMIT)
        )

    async def _carry_out(self, wanted: list[str], programme_id: str, on: date) -> None:
        """Process accounts, several at a time; one that fails does not hold up the others."""
        waiting, run = iter(wanted), run_of(programme_id, on)
        await asyncio.gather(
            *(self._work_through(waiting, run, on) for _ in range(IN_FLIGHT_LIMIT))
        )

    async def _work_through(self, waiting: Iterable[str], run: str, on: date) -> None:
        for account_id in waiting:
            command = ProcessBillingDay(account_id=account_id, business_date=on)
            try:
                await self._ports.application.execute(command, actor=ACTOR, correlation_id=run)
            except PASSING:
                raise
            except Exception as error:
                logs.log(
                    "billing_day_failed",
                    level="error",
                    account_id=account_id,
                    error=type(error).__name__,
                    reason=getattr(error, "reason", ""),
                )

    async def _caught_up(self) -> None:
        """Wait until what the run reads knows everything that has happened until now."""
        head = await self._ports.log.head()
        while await self._ports.database.read(billing_run.position) < head.position:
            await self._ports.sleep(BEHIND_SECONDS)

    async def _figures(self, programme_id: str, on: date) -> DayFigures:
        found = await self._ports.database.read(
            lambda connection: billing_run.progress(connection, programme_id, on)
        )
        programme = await self._ports.application.state(PROGRAMME, programme_id)
        currency = programme.in_force_on(on).terms.currency
        return DayFigures(
            accounts=found.accounts,
            statements=found.statements,
            interest=Money(found.interest_minor, currency),
            fees=Money(found.fees_minor, currency),
            failed=found.due,
        )
