"""The loop in virtual time: seeded order, silent death, and ways in which a world gets stuck."""

import asyncio
import gc
from random import Random

import pytest

from chassis.simulation.loop import StuckError
from chassis.simulation.world import World


def _order(seed: int) -> list[int]:
    world = World(seed)
    order: list[int] = []

    async def step(number: int) -> None:
        await asyncio.sleep(0)
        order.append(number)

    async def all_of_them() -> None:
        await asyncio.gather(*(step(number) for number in range(8)))

    world.run(all_of_them())
    world.end()
    return order


def test_the_seed_decides_the_order() -> None:
    orders = {tuple(_order(seed)) for seed in range(12)}
    assert len(orders) > 8
    assert all(sorted(order) == list(range(8)) for order in orders)
    assert _order(5) == _order(5)


def test_hours_pass_at_once() -> None:
    world = World(1)

    async def wait() -> float:
        await asyncio.sleep(3_000)
        return world.loop.time()

    before = world.clock().now()
    assert world.run(wait()) == 3_000
    assert (world.clock().now() - before).total_seconds() == 3_000
    world.end()


def test_a_time_limit_is_kept() -> None:
    world = World(1)

    async def wait() -> str:
        try:
            async with asyncio.timeout(2):
                await asyncio.Event().wait()
        except TimeoutError:
            return "too late"
        return "in time"

    assert world.run(wait()) == "too late"
    assert world.loop.time() == 2
    world.end()


def test_a_deadlock_is_found() -> None:
    world = World(1)

    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StuckError, match=r"deadlock.*wait_for_ever"):
        world.run(wait_for_ever())
    world.end()


def test_a_world_that_spins_is_found() -> None:
    world = World(1)
    world.loop._step_limit = 1_000

    async def spin() -> None:
        while world.loop.time() == 0:  # noqa: ASYNC110 - to spin is what is tested
            await asyncio.sleep(0)

    with pytest.raises(StuckError, match="more than 1000 steps"):
        world.run(spin())
    world.end()


def test_a_world_in_which_too_much_time_passes_is_found() -> None:
    world = World(1)

    async def tick() -> None:
        while True:  # noqa: ASYNC110 - so that time goes on for ever
            await asyncio.sleep(60)

    with pytest.raises(StuckError, match="virtual seconds"):
        world.run(tick())
    world.end()


def test_a_dead_process_does_nothing_more_not_even_clean_up() -> None:
    world = World(1)
    process = world.process("risk")
    done: list[str] = []

    async def work() -> None:
        try:
            done.append("begun")
            await asyncio.sleep(1)
            done.append("finished")
        finally:
            done.append("cleaned up")

    async def kill() -> list[str]:
        world.start(process, work())
        await asyncio.sleep(0.5)
        process.alive = False
        await asyncio.sleep(5)
        return list(done)

    assert world.run(kill()) == ["begun"]
    world.end()
    gc.collect()


def test_an_error_that_nobody_handles_is_noted() -> None:
    world = World(1)

    def fail() -> None:
        raise LookupError("nobody catches this")

    async def call() -> None:
        asyncio.get_running_loop().call_soon(fail)
        await asyncio.sleep(1)

    world.run(call())
    assert "nobody catches this" in world.loop.unhandled[0]
    world.end()


def test_sets_of_tasks_have_one_order() -> None:
    def order(seed: int) -> list[str]:
        world = World(seed)

        async def named(name: str) -> str:
            await asyncio.sleep(Random(name).random())
            return name

        async def wait() -> list[str]:
            tasks = [asyncio.create_task(named(str(number))) for number in range(20)]
            done, _ = await asyncio.wait(tasks)
            return [task.result() for task in done]

        result: list[str] = world.run(wait())
        world.end()
        return result

    assert order(3) == order(3)


def test_what_runs_in_a_thread_runs_in_line() -> None:
    world = World(1)

    async def ask() -> int:
        return await asyncio.to_thread(lambda: 6 * 7)

    assert world.run(ask()) == 42
    world.end()


def test_dice_for_one_purpose_do_not_change_those_for_another() -> None:
    with World(9) as one, World(9) as same, World(10) as other:
        one.random("bus").random()
        assert one.random("network").random() == same.random("network").random()
        assert one.random("network").random() != other.random("network").random()
