"""A described service as processes of a simulated machine."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from chassis import scheduler
from chassis.node import Node
from chassis.ports import World as PortsOfWorld
from chassis.service import Service
from chassis.simulation.cluster import Machine, Main
from chassis.simulation.door import LightDoor
from chassis.simulation.server import SimulatedServer
from chassis.subscriber import WHOLE, Share

POLL_SECONDS = 0.8
ALONE_POLL_SECONDS = 5.0
"""How often a process looks for what others wrote to its store: virtual time is free, looking
is not."""


TIMER_POLL_SECONDS = 3.0


@contextmanager
def patience() -> Iterator[None]:
    """While this lasts, what polls polls less often: that is what costs real time."""
    before = scheduler.LONGEST_SLEEP_SECONDS
    scheduler.LONGEST_SLEEP_SECONDS = TIMER_POLL_SECONDS
    try:
        yield
    finally:
        scheduler.LONGEST_SLEEP_SECONDS = before


_TABLES: dict[str, bytes] = {}
"""Empty stores by service: making the tables anew in every world takes a tenth of the time."""


class SimulatedNode(Node):
    """A node whose failures in the background are lines of the trace."""

    machine: Machine

    def create_tables(self) -> None:
        disk, name = self.machine.disk, self.service.name
        if disk.is_new:
            make = super().create_tables
            _TABLES[name] = disk.prepare(make, _TABLES.get(name))

    def _tell(self, name: str, error: Exception) -> None:
        self.machine.world.trace.add("failure", f"{name}: {type(error).__name__}")
        self.machine.failures.append(f"{self.machine.process} {name}: {error!r}")


class Layout(Enum):
    """The processes that share a service's store."""

    ONE = ("",)
    SERVE_AND_WORK = ("serve", "work")
    TWO_WORKERS = ("serve", "work", "work-too")


@dataclass(frozen=True, slots=True)
class Hosted:
    """A service that is to run: `make` gives a description for each process, for some remember
    things in theirs; `keys` gives a process field encryption, where the service has none itself."""

    make: Callable[[], Service]
    settings: Any
    keys: Callable[[Machine], Any] = lambda machine: None


def processes(hosted: Hosted, layout: Layout) -> Mapping[str, Main]:
    """The processes of a service by role."""

    def main(role: str) -> Main:
        async def run(machine: Machine) -> None:
            await _run(hosted, machine, layout, role)

        return run

    return {role: main(role) for role in layout.value}


async def _run(hosted: Hosted, machine: Machine, layout: Layout, role: str) -> None:
    service = hosted.make()

    def batched(units: int, _seconds: float) -> None:
        machine.world.sometimes("a batch of more than one command", units > 1)

    workers = [each for each in layout.value if each != "serve"]
    world = PortsOfWorld(
        clock=machine.clock,
        ids=machine.ids,
        random=machine.random,
        engine=machine.engine,
        runner=machine.database.runner,
        bus=machine.bus,
        rpc=machine.rpc,
        keys=hosted.keys(machine),
        alone=layout is Layout.ONE,
        share=Share(workers.index(role), len(workers)) if role in workers else WHOLE,
        on_batch=batched,
    )
    node = SimulatedNode(service, hosted.settings, world)
    node.machine = machine
    node.log._poll_seconds = POLL_SECONDS if role else ALONE_POLL_SECONDS
    await node.migrate()
    if role in ("", "serve"):
        server = SimulatedServer([LightDoor(service.name)])
        for register, servicer, _ in node.rpcs():
            register(servicer, server)
        machine.listen(server)
    if role in workers:
        node.start_work()
    await asyncio.Event().wait()
