"""Services as processes that are started, die and are started again on what their disks kept."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Self

from sqlalchemy import Engine

from chassis.bus import Bus
from chassis.database import Database
from chassis.kernel.clock import Clock
from chassis.simulation.bus import SimulatedBusServer
from chassis.simulation.calls import SimulatedRpc
from chassis.simulation.disk import SimulatedDisk, SimulatedRunner
from chassis.simulation.loop import Process
from chassis.simulation.network import SimulatedNetwork
from chassis.simulation.server import SimulatedServer
from chassis.simulation.world import SimulatedIds, World

LONGEST_SKEW_SECONDS = 0.2
LONGEST_DOWN_SECONDS = 4.0
RESTART_SECONDS = 1.0
"""How long a supervisor waits before it starts a process that ended by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a simulated process finds when it starts: its ports, on this world's parts."""

    name: str
    world: World
    process: Process
    clock: Clock
    ids: SimulatedIds
    random: Random
    disk: SimulatedDisk
    engine: Engine
    database: Database
    bus: Bus
    network: SimulatedNetwork
    rpc: SimulatedRpc
    failures: list[str]
    """What failed in the background, for a message."""

    def listen(self, server: SimulatedServer) -> None:
        """Take calls under this machine's name."""
        self.network.listen(self.name, self.process, server)


Main = Callable[[Machine], Coroutine[Any, Any, None]]
"""A service: starts on a machine, and runs until it is cancelled or fails."""


class Node:
    """One service's machine: its disk stays, its processes come and go."""

    def __init__(self, cluster: "Cluster", name: str, mains: Mapping[str, Main]) -> None:
        self.name = name
        self.disk = SimulatedDisk(cluster.world, name)
        self.disk.on_death = self._died
        self.machines: dict[str, Machine] = {}
        self._cluster = cluster
        self._mains = dict(mains)
        self._random = cluster.world.random(f"node {name}")

    @property
    def roles(self) -> list[str]:
        """What its processes are for."""
        return list(self._mains)

    def alive(self, role: str) -> bool:
        """Whether the process for `role` runs."""
        machine = self.machines.get(role)
        return machine is not None and machine.process.alive

    def start(self) -> None:
        """Start every process that does not run, on what the disk holds."""
        for role in self._mains:
            if not self.alive(role):
                self._start(role)

    def _start(self, role: str) -> None:
        world, network = self._cluster.world, self._cluster.network
        process = world.process(f"{self.name}{role and '/'}{role}")
        skew = timedelta(seconds=self._random.uniform(-1, 1) * LONGEST_SKEW_SECONDS)
        dice = world.random(f"process {process}")
        engine = self.disk.open()
        machine = Machine(
            name=self.name,
            world=world,
            process=process,
            clock=world.clock(skew),
            ids=SimulatedIds(world.random(f"ids {process}")),
            random=dice,
            disk=self.disk,
            engine=engine,
            database=Database(engine, SimulatedRunner(dice)),
            bus=self._cluster.bus.client(self.name),
            network=network,
            rpc=SimulatedRpc(network, self.name),
            failures=self._cluster.failed,
        )
        self.machines[role] = machine
        world.trace.add("start", str(process))
        world.start(process, self._run(machine, self._mains[role]))

    def kill(self, role: str) -> None:
        """One process dies as by kill -9; the others on the machine go on."""
        if self.alive(role):
            process = self.machines[role].process
            self._cluster.world.trace.add("kill", str(process))
            process.alive = False
            self._cluster.network.died(process)

    def crash(self) -> None:
        """The machine dies with all its processes; the disk keeps what was synced."""
        for role in self._mains:
            self.kill(role)
        self.disk.crash()

    def revive(self, within_seconds: float) -> None:
        """Start what does not run, after a while."""
        self._cluster.world.later(self._random.random() * within_seconds, self.start)

    def _died(self) -> None:
        self.crash()
        self.revive(LONGEST_DOWN_SECONDS)

    async def _run(self, machine: Machine, main: Main) -> None:
        try:
            await main(machine)
        except Exception as error:
            self._cluster.failed.append(f"{machine.process}: {error!r}")
            self._cluster.world.trace.add("exit", f"{machine.process} {type(error).__name__}")
        machine.process.alive = False
        self._cluster.network.died(machine.process)
        self.revive(RESTART_SECONDS)


class Cluster:
    """The services of one world, and the bus and the network between them."""

    def __init__(self, world: World, services: Mapping[str, Mapping[str, Main]]) -> None:
        self.world = world
        self.network = SimulatedNetwork(world)
        self.bus = SimulatedBusServer(self.network)
        self.failed: list[str] = []
        self.nodes = {name: Node(self, name, mains) for name, mains in services.items()}

    def start(self) -> None:
        """Start every service."""
        for node in self.nodes.values():
            node.start()

    def calm(self) -> None:
        """No accident any more, and everybody up."""
        self.world.trace.add("calm", "everything is mended and started")
        self.network.calm()
        self.bus.restart()
        for node in self.nodes.values():
            node.disk.calm()
            node.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The world is over: close what its disks hold."""
        for node in self.nodes.values():
            for machine in node.machines.values():
                machine.process.alive = False
            node.disk.close()
