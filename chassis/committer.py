"""Group commit: everything waiting is written in one transaction, so an fsync is shared."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError

from chassis.database import Runner, is_away
from chassis.event_store.tick import Result, Ticker
from chassis.kernel.errors import Exhausted, Unavailable
from chassis.recorded import Recorded
from chassis.work import Outcome, Work

BATCH_LIMIT = 256
WAITING_LIMIT = 4_096
AWAY_RETRIES = 3
AWAY_PAUSE_SECONDS = 0.1
CROWD = 8
"""From so many units on, waiting a moment for more costs less than another transaction."""
GATHER_SECONDS = 0.002
GATHER_GROWTH = 3
GATHER_LIMIT_SECONDS = 0.030
"""A crowd is waited for as long as it grows by so many a moment, and never longer."""


class Committer:
    """Takes units of work, settles them in batches on the writer, one batch at a time.

    `submit` returns when the unit is durable. A caller that goes away does not take its unit back.
    `on_commit` is called in the event loop with what a batch recorded; `on_batch` with the number
    of units and the seconds it took.
    """

    def __init__(
        self,
        ticker: Ticker,
        runner: Runner,
        *,
        on_commit: Callable[[Sequence[Recorded]], None] = lambda recorded: None,
        on_batch: Callable[[int, float], None] = lambda units, seconds: None,
        batch_limit: int = BATCH_LIMIT,
    ) -> None:
        self.ticker = ticker
        self._runner = runner
        self._on_commit = on_commit
        self._on_batch = on_batch
        self._batch_limit = batch_limit
        self._waiting: deque[tuple[Work, asyncio.Future[Outcome]]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._last = 0
        self._closed = False

    async def submit(self, work: Work) -> Outcome:
        """Settle one unit. Raises what its decision raised, Exhausted when too many wait, and
        Unavailable when the store is away (then the outcome is unknown: repeat with the same key).
        """
        if self._closed:
            raise Unavailable("SHUTTING_DOWN", "this server is going away; try another")
        if len(self._waiting) >= WAITING_LIMIT:
            raise Exhausted("TOO_MUCH_WAITING", "too many commands wait for the store; try later")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="committer")
        # A caller whose deadline has passed cancels the future, not the commit.
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                size = min(len(self._waiting), self._batch_limit)
                batch = [self._waiting.popleft() for _ in range(size)]
                self._last = size
                await self._settle(batch)
        finally:
            self._running = None

    async def _gather(self) -> None:
        """Let others join the next batch. Callers who were answered together ask again together,
        so a large batch foretells another, if it is only waited for."""
        # One turn of the loop lets every handler that is ready join this batch.
        await asyncio.sleep(0)
        waited, waiting = 0.0, len(self._waiting)
        while max(self._last, waiting) >= CROWD and waiting < self._batch_limit:
            if waited >= GATHER_LIMIT_SECONDS:
                return
            await asyncio.sleep(GATHER_SECONDS)
            waited += GATHER_SECONDS
            before, waiting = waiting, len(self._waiting)
            if waiting - before < GATHER_GROWTH:
                return

    async def _settle(self, batch: list[tuple[Work, asyncio.Future[Outcome]]]) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        works = [work for work, _ in batch]
        try:
            results, recorded = await self._attempt(works)
        except Exception as error:
            failure = _as_unavailable(error)
            results, recorded = [failure] * len(batch), []
        for (_, future), result in zip(batch, results, strict=True):
            _finish(future, result)
        if recorded:
            self._on_commit(recorded)
        self._on_batch(len(batch), loop.time() - started)

    async def _attempt(self, works: list[Work]) -> tuple[list[Result], list[Recorded]]:
        for _ in range(AWAY_RETRIES):
            try:
                return await self._runner.write(lambda: self.ticker.run(works))
            except DBAPIError as error:
                # Lost after COMMIT looks the same as lost before: the keys in the store tell.
                if not is_away(error):
                    raise
                await asyncio.sleep(AWAY_PAUSE_SECONDS)
        return await self._runner.write(lambda: self.ticker.run(works))

    async def close(self) -> None:
        """Take no more work; return when what was taken is settled."""
        self._closed = True
        running = self._running
        if running is not None:
            await asyncio.wait([running])


def _as_unavailable(error: Exception) -> Exception:
    away = isinstance(error, DBAPIError) and is_away(error)
    if away or isinstance(error, InterfaceError | TimeoutError | OSError):
        unavailable = Unavailable("STORE_AWAY", "the store cannot be reached; try later")
        unavailable.__cause__ = error
        return unavailable
    return error


def _finish(future: "asyncio.Future[Any]", result: Result) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
        # A caller that has gone does not collect it; the error was the caller's to see.
        future.exception()
    else:
        future.set_result(result)
