"""What goes wrong, when and where, drawn from the seed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from chassis.simulation.bus import NAME as BUS
from chassis.simulation.cluster import Cluster
from chassis.simulation.disk import Mishap

PAUSE_SECONDS = 3.0
"""Mean time between two accidents."""
DOWN_SECONDS = 4.0
PARTED_SECONDS = 6.0
SLOW_SECONDS = 2.0
LOST_MESSAGES = 8
SOON_COMMITS = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of accident: how often compared with others, and what it does."""

    weight: int
    strike: Callable[[Cluster, Random], None]


def crash(cluster: Cluster, random: Random) -> None:
    """A machine dies, and comes back a while later."""
    node = cluster.nodes[random.choice(list(cluster.nodes))]
    node.crash()
    node.revive(DOWN_SECONDS)


def kill(cluster: Cluster, random: Random) -> None:
    """One process dies, and is started again a while later."""
    node = cluster.nodes[random.choice(list(cluster.nodes))]
    node.kill(random.choice(node.roles))
    node.revive(DOWN_SECONDS)


def die_at_commit(cluster: Cluster, random: Random) -> None:
    """A machine dies at one of its next commits."""
    node = cluster.nodes[random.choice(list(cluster.nodes))]
    mishap = random.choice((Mishap.DIES_AFTER, Mishap.DIES_AFTER, Mishap.DIES_BEFORE))
    node.disk.plan(mishap, random.randint(1, SOON_COMMITS))


def fail_commit(cluster: Cluster, random: Random) -> None:
    """One of the next commits of a store fails, or takes place and is said to have failed."""
    node = cluster.nodes[random.choice(list(cluster.nodes))]
    mishap = random.choice((Mishap.FAILS_BEFORE, Mishap.FAILS_AFTER))
    node.disk.plan(mishap, random.randint(1, SOON_COMMITS))


def part_services(cluster: Cluster, random: Random) -> None:
    """Two services cannot reach each other."""
    if len(cluster.nodes) > 1:
        one, other = random.sample(list(cluster.nodes), 2)
        cluster.network.cut(one, other)
        cluster.world.later(random.random() * PARTED_SECONDS, cluster.network.mend)


def part_from_bus(cluster: Cluster, random: Random) -> None:
    """A service cannot reach the bus."""
    cluster.network.cut(random.choice(list(cluster.nodes)), BUS)
    cluster.world.later(random.random() * PARTED_SECONDS, cluster.network.mend)


def slow_down(cluster: Cluster, random: Random) -> None:
    """Calls to a service take long."""
    name = random.choice([*cluster.nodes, BUS])
    cluster.network.slow(name, random.random() * SLOW_SECONDS)
    cluster.world.later(random.random() * PARTED_SECONDS, cluster.network.mend)


def crash_bus(cluster: Cluster, random: Random) -> None:
    """The bus dies, and loses what it had not synced."""
    if cluster.bus.up:
        cluster.bus.crash(random.choice((0, 0, LOST_MESSAGES)))
        cluster.world.later(random.random() * DOWN_SECONDS, cluster.bus.restart)


def wipe_bus(cluster: Cluster, random: Random) -> None:
    """The bus loses its whole data directory."""
    if random.random() < 0.5 and cluster.bus.up:
        cluster.bus.crash()
        cluster.world.later(random.random() * DOWN_SECONDS, cluster.bus.restart)
    cluster.bus.wipe()


FAULTS = (
    Fault(4, crash),
    Fault(3, kill),
    Fault(8, die_at_commit),
    Fault(5, fail_commit),
    Fault(2, part_services),
    Fault(2, part_from_bus),
    Fault(1, slow_down),
    Fault(3, crash_bus),
    Fault(2, wipe_bus),
)


async def strike(cluster: Cluster, faults: tuple[Fault, ...] = FAULTS) -> None:
    """Accidents without end; cancel it to stop."""
    random = cluster.world.random("faults")
    kinds, weights = list(faults), [fault.weight for fault in faults]
    # A world in ten has no accidents beyond those of the network: plain races are found there.
    pause_seconds = random.choice((0.3, 0.5, 1, 1, 1, 2, 2, 3, 4, 1_000)) * PAUSE_SECONDS
    while True:
        await asyncio.sleep(random.expovariate(1 / pause_seconds))
        random.choices(kinds, weights)[0].strike(cluster, random)
