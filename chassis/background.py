"""A loop that runs for ever beside the rpcs, and how it waits, fails, tries again and stops."""

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import TypeVar

from chassis.bus import BusError
from chassis.kernel.errors import Conflict, Unavailable

T = TypeVar("T")

TRANSIENT = (Unavailable, Conflict, BusError, OSError)
"""Errors that say nothing about what was asked, only that it did not work out now (TimeoutError
and ConnectionError are kinds of OSError)."""

FIRST_DELAY_SECONDS = 0.02
LONGEST_DELAY_SECONDS = 2.0


class Backoff:
    """Delays that double up to a cap, and begin anew after a success."""

    def __init__(
        self,
        first_seconds: float = FIRST_DELAY_SECONDS,
        longest_seconds: float = LONGEST_DELAY_SECONDS,
    ) -> None:
        self._first = self._next = first_seconds
        self._longest = longest_seconds

    def delay(self) -> float:
        """How long to wait after one more failure, in seconds."""
        delay = self._next
        self._next = min(delay * 2, self._longest)
        return delay

    def reset(self) -> None:
        """It worked."""
        self._next = self._first


class Background(ABC):
    """Base of such loops: subclasses write `main` and wait for what may take long in `pause`.

    `stop` interrupts a pause at once, but lets go on to the next pause what is in hand.
    """

    def __init__(self) -> None:
        self._stopping = False
        self._pausing = False
        self._running: asyncio.Task[object] | None = None
        self._over = asyncio.Event()

    @abstractmethod
    async def main(self) -> None:
        """The loop itself; it ends only by an error or by being stopped."""

    async def run(self) -> None:
        """Run until stopped; raises what `main` raises. May be run once."""
        self._running = asyncio.current_task()
        try:
            if not self._stopping:
                await self.main()
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            if self._running is not None:
                self._running.uncancel()
        finally:
            self._over.set()

    async def stop(self, within_seconds: float) -> None:
        """Stop after what is in hand, at the latest after so many seconds."""
        self._stopping = True
        if self._running is None or self._over.is_set():
            return
        if self._pausing:
            self._running.cancel()
        try:
            async with asyncio.timeout(within_seconds):
                await self._over.wait()
        except TimeoutError:
            self._running.cancel()

    async def pause(self, waiting: Awaitable[T]) -> T:
        """Wait for something that may be given up when the loop is to stop."""
        self._pausing = True
        try:
            if self._stopping:
                if inspect.iscoroutine(waiting):
                    waiting.close()
                raise asyncio.CancelledError
            return await waiting
        finally:
            self._pausing = False
