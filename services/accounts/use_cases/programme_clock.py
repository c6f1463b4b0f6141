"""The clock of a programme in a test system: where the business date was set ahead, what is asked
of its accounts is decided as of the moment it shows, and what is due by then is carried out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis import logs
from chassis.application import Application
from chassis.kernel.errors import Error
from chassis.kernel.events import Command
from chassis.ports import Ports
from chassis.recorded import Meta
from chassis.work import Settled, Work
from services.accounts.domain.account.as_of import AsOf
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.business_day.decider import BUSINESS_DAY
from services.accounts.queries.timers_ahead import Place, Timer, forget, timers_until

M = TypeVar("M", bound=Message)

OF_ACCOUNTS = frozenset(CREDIT_ACCOUNT.commands)
TOPICS = frozenset(each.__name__ for each in OF_ACCOUNTS)
TIMERS_LIMIT = 500
"""So many timers are read at once."""
ZONE_GOOD_SECONDS = 60.0
"""For so long nobody looks again for the time zone of a programme, which hardly ever changes."""
ZONES_LIMIT = 10_000
EASTERNMOST = timedelta(hours=14)
"""Of all time zones, so far is the first in which a day begins ahead of UTC."""
REMEMBERED_LIMIT = 100_000
"""Of so many timers it is remembered which programme they are of, for the next day's end."""


async def shown(ports: Ports, programme_id: str) -> datetime:
    """What the clock of a programme shows: now, unless the test clock is ahead of it."""
    now = ports.clock.now()
    if not ports.settings.test_clock_allowed:
        return now
    # Whoever writes alone has every business day in memory as it is.
    alone = ports.settings.store_is_ours_alone
    look = ports.application.peek if alone else ports.application.find
    day = await look(BUSINESS_DAY, programme_id)
    return now if day is None else day.shown(now)


async def shown_to(ports: Ports, account_id: str) -> datetime:
    """What the clock of an account's programme shows; now for an account that there is not."""
    if not ports.settings.test_clock_allowed:
        return ports.clock.now()
    account = await ports.application.peek(CREDIT_ACCOUNT, account_id)
    return await shown(ports, account.programme_id) if account else ports.clock.now()


def latest_day(moment: datetime) -> date:
    """The latest date that it is anywhere at a moment: what is dated later is yet to come."""
    return (moment + EASTERNMOST).date()


class Zones:
    """The time zones of programmes, as they were known a short while ago at most, so that no charge
    waits until somebody has looked them up."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._known: dict[str, tuple[float, tzinfo]] = {}

    async def of(self, programme_id: str) -> tzinfo:
        """Where the days of a programme end at midnight; UTC until it has any."""
        now = self._ports.clock.monotonic()
        known = self._known.get(programme_id)
        if known is None or known[0] <= now:
            day = await self._ports.application.find(BUSINESS_DAY, programme_id)
            if len(self._known) >= ZONES_LIMIT:
                self._known.clear()
            known = now + ZONE_GOOD_SECONDS, UTC if day is None else day.zone
            self._known[programme_id] = known
        return known[1]

    async def of_account(self, account_id: str) -> tzinfo:
        """The same for the programme of an account; UTC for an account that there is not."""
        account = await self._ports.application.peek(CREDIT_ACCOUNT, account_id)
        return UTC if account is None else await self.of(account.programme_id)


class ClockedApplication(Application):
    """The application of a test system: asks what is asked of accounts as of their programme's
    moment, where that is not now."""

    def __init__(self, ports: Ports) -> None:
        # The same committer, store and caches, seen in another way.
        self.__dict__.update(vars(ports.application))
        self._ports = ports

    async def answer(
        self,
        *commands: Command,
        render: Callable[[Settled], M],
        inside: Callable[[Any, Settled], None] | None = None,
    ) -> M:
        """Carry out the commands of the call at the door, all or none, and render its answer."""
        dated = [await self._dated(each) for each in commands]
        return await super().answer(*dated, render=render, inside=inside)

    async def _dated(self, command: Command) -> Command:
        if type(command) not in OF_ACCOUNTS:
            return command
        account_id: str = command.account_id  # type: ignore[attr-defined]
        opened_on: str = getattr(command, "programme_id", "")
        look = shown(self._ports, opened_on) if opened_on else shown_to(self._ports, account_id)
        moment = await look
        if moment <= self._ports.clock.now():
            return command
        return AsOf(account_id=account_id, moment=moment, asked=command)


def clocked(ports: Ports) -> Ports:
    """What the doors of a service stand on; in a test system, with its clocks."""
    if not ports.settings.test_clock_allowed:
        return ports
    return replace(ports, application=ClockedApplication(ports))


class TimersAhead:
    """Carries out the timers of accounts whose programme's clock has come to them, although the
    calendar has not. `decode` reads the command of a timer."""

    def __init__(self, ports: Ports, decode: Callable[[str, bytes], Command]) -> None:
        self._ports = ports
        self._decode = decode
        self._programmes: dict[str, str] = {}

    async def carry_out(self, programme_id: str, until: datetime) -> int:
        """Carry out what is due by an instant on accounts of a programme, in order of time; returns
        how many timers that were. None are unless the instant is still to come."""
        if until <= self._ports.clock.now():
            return 0
        carried_out, after = 0, None
        while page := await self._page(after, until):
            for timer in page:
                if timer.topic in TOPICS and await self._is_of(timer, programme_id):
                    carried_out += await self._carry_out(timer)
            after = page[-1].due_at, page[-1].timer_id
        return carried_out

    async def _page(self, after: Place | None, until: datetime) -> list[Timer]:
        return await self._ports.database.read(
            lambda connection: timers_until(connection, after, until, TIMERS_LIMIT)
        )

    async def _is_of(self, timer: Timer, programme_id: str) -> bool:
        known = self._programmes.get(timer.timer_id)
        if known is None:
            asked: Any = self._decode(timer.topic, timer.command)
            account = await self._ports.application.peek(CREDIT_ACCOUNT, asked.account_id)
            if len(self._programmes) >= REMEMBERED_LIMIT:
                self._programmes.clear()
            known = self._programmes[timer.timer_id] = account.programme_id if account else ""
        return known == programme_id

    async def _carry_out(self, timer: Timer) -> bool:
        asked: Any = self._decode(timer.topic, timer.command)
        now = self._ports.clock.now()
        moment = max(timer.due_at, now)
        command = AsOf(account_id=asked.account_id, moment=moment, asked=asked)
        meta = Meta(now, f"timer:{timer.topic}", "", timer.timer_id)
        work = Work(
            commands=(command,),
            meta=meta,
            inside=lambda connection, settled: forget(connection, timer),
        )
        try:
            await self._ports.application.submit(work)
        except Error as error:
            # It stays, and is tried again with the next day, and when the calendar comes to it.
            logs.log("timer_ahead_failed", level="error", topic=timer.topic, reason=error.reason)
            return False
        return True
