"""Every planted mistake is found within 200 seeds: the simulation is worth its time."""

import pytest

from chassis.simulation.runner import play
from chassis.simulation.world import World
from tests.simulation.planted_bugs import BUGS, Bug
from tests.simulation.small_world import play as play_small

SEEDS = 200


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
@pytest.mark.timeout(600)
def test_it_is_found(bug: Bug) -> None:
    async def scenario(world: World) -> None:
        await play_small(world, bug.client)

    for seed in range(1, SEEDS + 1):
        with bug.plant():
            if play(scenario, seed).violation is not None:
                return
    pytest.fail(f"nobody noticed: {bug.name}")
