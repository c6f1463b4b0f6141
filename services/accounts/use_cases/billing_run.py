"""The billing run: when a business day has ended, everything due on it is carried out, and only
then is it closed. It keeps nothing in memory that matters, so it may be killed at any moment, and
any number of processes may run it: each account decides for itself what it has done already."""

from datetime import date

from chassis.kernel.money import Money
from chassis.ports import Ports
from services.accounts.domain.business_day.commands import CloseBusinessDay, DayFigures
from services.accounts.domain.business_day.decider import BUSINESS_DAY, Phase
from services.accounts.domain.programme import PROGRAMME
from services.accounts.queries import billing_run, business_days

PROGRAMMES_LIMIT = 100
IDLE_SECONDS = 1.0
BEHIND_SECONDS = 0.02
ACTOR = "service:accounts"


class BillingRun:
    """Closes the business days that have ended, once nothing is due on them any more."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

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
        await self._caught_up()
        figures = await self._figures(programme_id, on)
        command = CloseBusinessDay(programme_id=programme_id, business_date=on, figures=figures)
        await self._ports.application.execute(command, actor=ACTOR)

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
        )
