"""The network between simulated machines: who listens, who is cut off, what is slow or lost."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from chassis.simulation.loop import Process
from chassis.simulation.server import SimulatedServer
from chassis.simulation.world import World

HOP_SECONDS = 0.003
SLOW_HOP_SECONDS = 0.8
SLOW_HOP_CHANCE = 0.02
LOSS_CHANCE = 0.02
NOTICE_SECONDS = 0.2
"""How long a caller may take to notice that the other end of its connection is gone."""


@dataclass(eq=False, slots=True)
class Connection:
    """A call under way; `fail` tells the caller that the connection broke."""

    caller: str
    callee: Process
    fail: Callable[[], None]


class SimulatedNetwork:
    """Who listens under which name, who cannot reach whom, and how slow and lossy it all is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random("network")
        self.rough = True
        self._listening: dict[str, tuple[Process, SimulatedServer]] = {}
        self._cut: dict[frozenset[str], bool] = {}
        self._slow: dict[str, float] = {}
        self._calls: dict[int, Connection] = {}
        self._number = 0

    def listen(self, name: str, process: Process, server: SimulatedServer) -> None:
        """From now on calls to `name` reach this process."""
        self._listening[name] = (process, server)

    def listener(self, name: str) -> tuple[Process, SimulatedServer] | None:
        """The living process under a name, if there is one."""
        found = self._listening.get(name)
        return found if found is not None and found[0].alive else None

    def died(self, process: Process) -> None:
        """Every connection to a process breaks; callers notice a little later."""
        for number in list(self._calls):
            call = self._calls[number]
            if call.callee is process:
                self._break(call)

    def cut(self, one: str, other: str) -> None:
        """Nothing passes between two names any more."""
        self.world.trace.add("cut", f"{one} | {other}")
        self._cut[frozenset((one, other))] = True

    def slow(self, name: str, seconds: float) -> None:
        """Every call to `name` takes up to `seconds` longer each way."""
        self.world.trace.add("slow", f"{name} {seconds:.3f}")
        self._slow[name] = seconds

    def mend(self) -> None:
        """All cuts and slowness end; what is under way stays so."""
        self._cut.clear()
        self._slow.clear()

    def calm(self) -> None:
        """Mend, and lose nothing any more."""
        self.mend()
        self.rough = False

    def parted(self, one: str, other: str) -> bool:
        """Whether nothing passes between two names."""
        return one != other and frozenset((one, other)) in self._cut

    # ------------------------------------------------------------------ for calls

    async def hop(self, callee: str) -> None:
        """The time that one direction takes."""
        random = self.random
        if self.rough and random.random() < SLOW_HOP_CHANCE:
            seconds = random.random() * SLOW_HOP_SECONDS
        else:
            seconds = random.random() * HOP_SECONDS
        seconds += random.random() * self._slow.get(callee, 0.0)
        await asyncio.sleep(seconds)

    def loses(self) -> bool:
        """Whether a message is lost."""
        return self.rough and self.random.random() < LOSS_CHANCE

    def begin(self, call: Connection) -> int:
        """Remember a call, so that it breaks when its callee dies."""
        self._number += 1
        self._calls[self._number] = call
        return self._number

    def end(self, number: int) -> None:
        """Forget a call."""
        self._calls.pop(number, None)

    def _break(self, call: Connection) -> None:
        self.world.later(self.random.random() * NOTICE_SECONDS, call.fail)
