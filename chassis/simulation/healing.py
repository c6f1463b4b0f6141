"""After the accidents: everything is mended, and all must come right by itself and stay so."""

import asyncio
from collections.abc import Callable

from chassis.simulation.cluster import Cluster
from chassis.simulation.runner import ViolationError

LOOK_SECONDS = 5.0
HEAL_SECONDS = 200.0
"""By then all that was said has arrived: consumers compare themselves every 60 s."""
AFTERWARDS_SECONDS = (6.0, 6.0, 6.0, 65.0)
"""Nothing may happen twice in one of these times either."""
FAILURES_TOLD = 3


async def heal(cluster: Cluster, broken: Callable[[], list[str]]) -> None:
    """Wait until nothing is broken, and see that it stays so. Raises ViolationError."""
    world = cluster.world
    until = world.loop.time() + HEAL_SECONDS
    while found := broken():
        if world.loop.time() > until:
            raise ViolationError(_told(cluster, found))
        await asyncio.sleep(LOOK_SECONDS)
    await asyncio.sleep(world.random("afterwards").choice(AFTERWARDS_SECONDS))
    if found := broken():
        raise ViolationError("all was right, and later: " + _told(cluster, found))


def _told(cluster: Cluster, found: list[str]) -> str:
    failures = f" (background: {cluster.failed[-FAILURES_TOLD:]})" if cluster.failed else ""
    return "; ".join(found) + failures
