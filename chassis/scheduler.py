"""Durable timers: commands that were asked for at a time, carried out when it has come."""

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection, bindparam, func, select

from chassis.background import TRANSIENT
from chassis.codec import Codec
from chassis.committer import Committer
from chassis.database import Database
from chassis.event_store.rows import instant, micros
from chassis.event_store.tables import timers
from chassis.kernel.clock import Clock
from chassis.kernel.errors import Exhausted
from chassis.recorded import Meta
from chassis.work import Work

DUE_LIMIT = 200
LONGEST_SLEEP_SECONDS = 1.0
RETRY_PAUSE_SECONDS = 5.0
RETRIES_LIMIT = 10
"""After so many failures in a row that are its own, a timer waits for the next start of the worker;
an error that says nothing about the timer (the store is away) does not count."""
PASSING = (*TRANSIENT, Exhausted)


_DUE = (
    select(timers.c.timer_id, timers.c.topic, timers.c.command, timers.c.correlation_id)
    .where(timers.c.due_at <= bindparam("now"))
    .order_by(timers.c.due_at, timers.c.timer_id)
    .limit(bindparam("most"))
)


class Scheduler:
    """Carries out timers that are due; each is consumed in the transaction of its command.

    So two schedulers may run at once: whoever is second finds the timer gone and does nothing.
    """

    def __init__(
        self,
        database: Database,
        committer: Committer,
        codec: Codec,
        clock: Clock,
        on_failure: Callable[[str, Exception], None],
    ) -> None:
        self._database = database
        self._committer = committer
        self._codec = codec
        self._clock = clock
        self._on_failure = on_failure
        self._failures: dict[str, int] = {}

    async def run(self) -> None:
        """Carry out what is due, for ever."""
        while True:
            try:
                carried_out = await self.run_due()
                pause = 0.0 if carried_out else LONGEST_SLEEP_SECONDS
            except Exception as error:
                self._on_failure("scheduler", error)
                pause = RETRY_PAUSE_SECONDS
            await asyncio.sleep(pause)

    async def next_due(self) -> float | None:
        """Seconds until the next timer is due, None if there is none; negative when overdue."""
        found = await self._database.read(
            lambda connection: connection.scalar(select(func.min(timers.c.due_at)))
        )
        if found is None:
            return None
        return (instant(found) - self._clock.now()).total_seconds()

    async def run_due(self) -> int:
        """Carry out what is due now, in order of time, at most DUE_LIMIT; returns how many."""
        now = micros(self._clock.now())
        given_up = {each for each, times in self._failures.items() if times >= RETRIES_LIMIT}

        def read(connection: Connection) -> list[tuple[str, str, bytes, str]]:
            # Those given up are read again and again, so they must not fill the page.
            asked = {"now": now, "most": DUE_LIMIT + len(given_up)}
            return [(i, t, bytes(c), r) for i, t, c, r in connection.execute(_DUE, asked)]

        due = await self._database.read(read)
        works = [
            self._carry_out(timer_id, topic, command, correlation_id)
            for timer_id, topic, command, correlation_id in due
            if timer_id not in given_up
        ]
        return sum(await asyncio.gather(*works))

    async def _carry_out(
        self, timer_id: str, topic: str, command: bytes, correlation_id: str
    ) -> bool:
        try:
            meta = Meta(self._clock.now(), f"timer:{topic}", correlation_id, timer_id)
            work = Work(
                commands=(self._codec.decode_command(topic, command),), meta=meta, timer=timer_id
            )
            await self._committer.submit(work)
        except PASSING as error:
            self._on_failure(f"timer {topic}", error)
            return False
        except Exception as error:
            self._failures[timer_id] = self._failures.get(timer_id, 0) + 1
            self._on_failure(f"timer {topic}", error)
            return False
        self._failures.pop(timer_id, None)
        return True
