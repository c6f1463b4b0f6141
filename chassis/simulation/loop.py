"""An asyncio event loop in virtual time: what is ready runs in an order drawn from a seed."""

import asyncio
import heapq
from collections.abc import Callable, Generator
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

STEP_LIMIT = 400_000
"""Callbacks in one world; more means that something spins without time going on."""

TIME_LIMIT_SECONDS = 3_600.0
"""Virtual seconds in one world."""

BURIAL_STEP_LIMIT = 100_000
"""Callbacks that the tasks left over may take to unwind once the world is over."""
BURIAL_ROUNDS = 10


class StuckError(Exception):
    """The world cannot go on: nothing is ready and no timer runs, or a limit was passed."""


@dataclass(eq=False)
class Process:
    """Who runs: everything that a process started stops at once, without a word, when it dies."""

    name: str
    incarnation: int
    alive: bool = True

    def __str__(self) -> str:
        return f"{self.name}#{self.incarnation}"


CURRENT_PROCESS: ContextVar[Process | None] = ContextVar("current_process", default=None)


class SimulatedFuture(asyncio.Future[T]):
    """A future whose hash is its number, so that sets of futures have one order everywhere."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop, number: int) -> None:
        self._number = number
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


class SimulatedTask(asyncio.Task[T]):
    """A task whose hash is its number, so that sets of tasks have one order everywhere."""

    def __init__(
        self,
        coroutine: Generator[Any, None, T],
        *,
        loop: asyncio.AbstractEventLoop,
        number: int,
        **options: Any,
    ) -> None:
        # The number comes first: registering the task in asyncio's own set asks for the hash.
        self._number = number
        super().__init__(coroutine, loop=loop, **options)

    def __hash__(self) -> int:
        return self._number


class SimulatedLoop(asyncio.BaseEventLoop):
    """No input or output, no threads, no real time. `random` decides who of the ready is next.

    Every callback belongs to the process (`CURRENT_PROCESS`) in whose context it was scheduled,
    and is dropped if that process is dead by the time it would run.
    """

    def __init__(
        self,
        random: Random,
        *,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
        step_limit: int = STEP_LIMIT,
    ) -> None:
        super().__init__()
        self.steps = 0
        self.unhandled: list[str] = []
        self._random = random
        self._now = 0.0
        self._time_limit = time_limit_seconds
        self._step_limit = step_limit
        self._waiting: list[tuple[asyncio.Handle, Process | None]] = []
        self._dropped: list[tuple[asyncio.Handle, Process | None]] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Process | None]] = []
        self._numbers = count(1)
        self._tasks: list[tuple[asyncio.Task[Any], Process | None]] = []
        self._halted = False
        self._burying = False
        self.set_exception_handler(self._on_unhandled)
        self.set_task_factory(self._make_task)

    # ------------------------------------------------------------------ what asyncio asks of a loop

    def time(self) -> float:
        """Virtual seconds since the beginning of the world."""
        return self._now

    def stop(self) -> None:
        self._halted = True
        super().stop()

    def create_future(self) -> asyncio.Future[Any]:
        return SimulatedFuture(loop=self, number=next(self._numbers))

    def call_soon(
        self,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        context = context if context is not None else copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._waiting.append((handle, context.get(CURRENT_PROCESS)))
        return handle

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        context = context if context is not None else copy_context()
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(
            self._timers, (when, next(self._numbers), timer, context.get(CURRENT_PROCESS))
        )
        return timer

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _make_task(
        self, _loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = SimulatedTask(
            coroutine, loop=self, number=next(self._numbers), **options
        )
        context = options.get("context")
        self._tasks.append((task, (context or copy_context()).get(CURRENT_PROCESS)))
        return task

    def _on_unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        process = CURRENT_PROCESS.get()
        if not self._burying and (process is None or process.alive):
            error = context.get("exception")
            self.unhandled.append(f"{process}: {context.get('message')}: {error!r}")

    # ------------------------------------------------------------------ the order of things

    def _run_once(self) -> None:
        """Run all that is ready, in seeded order, then let time go on to the next timer."""
        self._halted = False
        waiting, random = self._waiting, self._random
        while waiting:
            if self._halted:
                return
            index = int(random.random() * len(waiting)) if len(waiting) > 1 else 0
            waiting[index], waiting[-1] = waiting[-1], waiting[index]
            handle, process = waiting.pop()
            if handle.cancelled():
                continue
            if not (process is None or process.alive or self._burying):
                # Kept for the burial: a task whose step never comes could not be unwound.
                self._dropped.append((handle, process))
                continue
            self.steps += 1
            if self.steps > self._step_limit:
                raise StuckError(f"more than {self._step_limit} steps: {self.doing()}")
            handle._run()
        if not self._halted:
            self._advance()

    def _advance(self) -> None:
        timers = self._timers
        while timers:
            _, _, timer, process = timers[0]
            if not timer.cancelled() and (process is None or process.alive or self._burying):
                break
            heapq.heappop(timers)
        if not timers:
            raise StuckError(f"deadlock: nothing is ready and no timer runs: {self.doing()}")
        self._now = max(self._now, timers[0][0])
        if self._now > self._time_limit:
            raise StuckError(f"more than {self._time_limit} virtual seconds: {self.doing()}")
        while timers and timers[0][0] <= self._now:
            _, _, timer, process = heapq.heappop(timers)
            self._waiting.append((timer, process))

    def doing(self) -> str:
        """The coroutines of living processes that are not done, for a message."""
        return ", ".join(
            f"{process}:{_name_of(task)}"
            for task, process in self._tasks
            if not task.done() and (process is None or process.alive)
        )

    # ------------------------------------------------------------------ the end

    def bury(self) -> None:
        """End the world: unwind every task that is left, the dead ones too, and close."""
        self._burying = True
        self._waiting.extend(self._dropped)
        self._dropped.clear()
        self._step_limit = self.steps + BURIAL_STEP_LIMIT
        self._time_limit = float("inf")
        # Unwinding may start new tasks, which are to be unwound too.
        for _ in range(BURIAL_ROUNDS):
            left = [task for task, _ in self._tasks if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            with suppress(StuckError, RuntimeError):
                self.run_until_complete(self._unwind(left))
        for task, _ in self._tasks:
            if not task.done():
                # It refused to unwind within the limit; asyncio need not say so again.
                task._log_destroy_pending = False  # type: ignore[attr-defined]
            elif not task.cancelled():
                task.exception()
        self._tasks.clear()
        self._waiting.clear()
        self._timers.clear()
        self.close()

    async def _unwind(self, tasks: list[asyncio.Task[Any]]) -> None:
        await asyncio.gather(*tasks, return_exceptions=True)


def _name_of(task: asyncio.Task[Any]) -> str:
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", coroutine))
