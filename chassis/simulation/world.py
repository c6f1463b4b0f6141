"""One world: its loop, its time, its dice (one per purpose, all from one seed), its trace."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Self

from chassis.simulation.loop import CURRENT_PROCESS, Process, SimulatedLoop
from chassis.simulation.sometimes import Sometimes

BEGINNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
TAIL_LINES = 400
"""Lines of the trace that are kept when nobody asked for all of them."""


class Trace:
    """What happened, line by line, and a hash over all of it."""

    def __init__(self, loop: SimulatedLoop, *, whole: bool = False) -> None:
        self.lines: deque[str] = deque(maxlen=None if whole else TAIL_LINES)
        self._loop = loop
        self._hash = hashlib.blake2b(digest_size=16)
        self._closed = False

    def add(self, kind: str, text: str) -> None:
        """Note that something happened now; ignored once the trace is closed."""
        if self._closed:
            return
        process = CURRENT_PROCESS.get()
        line = f"{self._loop.time():12.6f} {self._loop.steps:7} {process or '-'!s:12} {kind} {text}"
        self._hash.update(line.encode())
        self.lines.append(line)

    def close(self) -> None:
        """Take no more lines: what follows is the unwinding of a world that is over."""
        self._closed = True

    def digest(self) -> str:
        """The hash over all lines so far."""
        return self._hash.hexdigest()


class SimulatedClock:
    """`chassis.kernel.clock.Clock` on the time of the loop, wrong by a constant `skew`."""

    def __init__(self, loop: SimulatedLoop, skew: timedelta = timedelta()) -> None:
        self._loop = loop
        self._beginning = BEGINNING + skew

    def now(self) -> datetime:
        return self._beginning + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()


class SimulatedIds:
    """`chassis.kernel.ids.Ids` from a seeded source."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def new(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


class World:
    """What all parts of one simulated run share. `seed` alone decides what happens in it."""

    def __init__(self, seed: int, *, whole_trace: bool = False) -> None:
        self.seed = seed
        self.loop = SimulatedLoop(self.random("schedule"))
        self.trace = Trace(self.loop, whole=whole_trace)
        self.sometimes = Sometimes()
        self._incarnations: dict[str, int] = {}

    def random(self, purpose: str) -> Random:
        """Dice for one purpose, so that rolling more for one does not change the others."""
        return Random(f"{self.seed}/{purpose}")

    def clock(self, skew: timedelta = timedelta()) -> SimulatedClock:
        """A clock of this world."""
        return SimulatedClock(self.loop, skew)

    def process(self, name: str) -> Process:
        """A new process of that name; each start is another incarnation."""
        incarnation = self._incarnations.get(name, 0) + 1
        self._incarnations[name] = incarnation
        return Process(name, incarnation)

    def spawn(
        self, process: Process | None, coroutine: Coroutine[Any, Any, Any]
    ) -> asyncio.Task[Any]:
        """Run a coroutine inside a process; None is the world itself, which never dies."""
        # An empty context: nothing that the one who asks knows leaks into another process.
        context = Context()
        context.run(CURRENT_PROCESS.set, process)
        return self.loop.create_task(coroutine, context=context)

    def start(self, process: Process | None, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine inside a process and wait for nothing."""
        _ = self.spawn(process, coroutine)

    def later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call back as the world, whoever asks and whether or not they live then."""
        self.loop.call_later(seconds, callback, context=Context())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run the world until `coroutine` is done. Raises StuckError when it never will be."""
        return self.loop.run_until_complete(coroutine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Close the trace and unwind what is left."""
        self.trace.close()
        self.loop.bury()
