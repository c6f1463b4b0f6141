"""The parts of a simulated world, each by itself: disk, network, bus."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy import text

from chassis.bus import Away, Message, Missing, Rejected, StreamSpec
from chassis.database import Database
from chassis.kernel.errors import Error, Refused, Unavailable
from chassis.simulation.bus import SimulatedBus, SimulatedBusServer
from chassis.simulation.calls import SimulatedRpc
from chassis.simulation.disk import Mishap, SimulatedDisk, SimulatedRunner
from chassis.simulation.door import LightDoor
from chassis.simulation.network import SimulatedNetwork
from chassis.simulation.server import SimulatedServer
from chassis.simulation.world import World
from tests.simulation.protos import TILL_RPC, TILL_RPCS

STREAM = StreamSpec("TILL", ("cards.till.>",), 1_000_000, 86_400)

Story = Callable[[World], Coroutine[Any, Any, None]]


def lived(story: Story, seed: int = 1) -> World:
    """A world in which the story was played."""
    with World(seed) as world:
        world.run(story(world))
    return world


# Disk ---------------------------------------------------------------------------------------------


def _notes(disk: SimulatedDisk) -> list[str]:
    return [row[0] for row in disk.rows("SELECT text FROM notes ORDER BY text")]


async def _note(database: Database, what: str) -> None:
    await database.write(lambda c: c.execute(text(f"INSERT INTO notes VALUES ('{what}')")))


async def _opened(world: World, disk: SimulatedDisk) -> Database:
    database = Database(disk.open(), SimulatedRunner(world.random("disk")))
    await database.write(lambda c: c.execute(text("CREATE TABLE IF NOT EXISTS notes (text)")))
    return database


def test_what_was_committed_survives_a_crash() -> None:
    async def story(world: World) -> None:
        disk = SimulatedDisk(world, "till")
        database = await _opened(world, disk)
        await _note(database, "kept")
        disk.crash()
        # Whoever holds the old connection writes into the void.
        await _note(database, "lost")
        database = await _opened(world, disk)
        await _note(database, "new")
        assert _notes(disk) == ["kept", "new"]
        disk.close()

    lived(story)


@pytest.mark.parametrize(
    ("mishap", "kept"),
    [
        (Mishap.DIES_BEFORE, ["one"]),
        (Mishap.DIES_AFTER, ["one", "two"]),
    ],
)
def test_a_machine_dies_at_a_commit(mishap: Mishap, kept: list[str]) -> None:
    async def story(world: World) -> None:
        disk = SimulatedDisk(world, "till")
        deaths: list[int] = []
        disk.on_death = lambda: deaths.append(disk.commits)
        database = await _opened(world, disk)
        await _note(database, "one")
        disk.plan(mishap, 1)
        await _note(database, "two")
        assert len(deaths) == 1
        assert _notes(disk) == kept
        disk.close()

    lived(story)


@pytest.mark.parametrize(
    ("mishap", "kept"),
    [
        (Mishap.FAILS_BEFORE, ["one"]),
        (Mishap.FAILS_AFTER, ["one", "two"]),
    ],
)
def test_a_commit_fails_or_seems_to(mishap: Mishap, kept: list[str]) -> None:
    async def story(world: World) -> None:
        disk = SimulatedDisk(world, "till")
        database = await _opened(world, disk)
        await _note(database, "one")
        disk.plan(mishap, 1)
        with pytest.raises(Unavailable, match="STORE_AWAY"):
            await _note(database, "two")
        assert _notes(disk) == kept
        disk.close()

    lived(story)


# Network ------------------------------------------------------------------------------------------


class _Servicer:
    """Refuses large amounts, and never answers about a sleeper."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def Open(self, request: Any, context: Any) -> Any:
        return TILL_RPCS.OpenResponse(position=1)

    async def Spend(self, request: Any, context: Any) -> Any:
        self.seen.append(request.note)
        if request.note == "sleeper":
            await asyncio.Event().wait()
        if request.amount_minor > 100:
            raise Refused("TOO_MUCH", "that is too much", field="amount_minor", limit="100")
        return TILL_RPCS.SpendResponse(approved=True, spent_minor=request.amount_minor)


def _network(world: World) -> tuple[SimulatedNetwork, _Servicer, Any, Any]:
    network = SimulatedNetwork(world)
    network.calm()
    servicer, process = _Servicer(), world.process("till")
    server = SimulatedServer([LightDoor("till")])
    TILL_RPC.add_to_server(servicer, server)
    network.listen("till", process, server)
    stub = SimulatedRpc(network, "client").stub(TILL_RPC.stub, "till")
    return network, servicer, process, stub


def test_a_call_carries_values_both_ways_and_errors_back() -> None:
    async def story(world: World) -> None:
        _, servicer, _, stub = _network(world)
        answer = await stub.Spend(TILL_RPCS.SpendRequest(amount_minor=7, note="a"), timeout=1)
        assert (answer.approved, answer.spent_minor) == (True, 7)
        with pytest.raises(Refused, match="TOO_MUCH") as refused:
            await stub.Spend(TILL_RPCS.SpendRequest(amount_minor=101, note="b"), timeout=1)
        assert refused.value.field == "amount_minor"
        assert refused.value.metadata["limit"] == "100"
        assert servicer.seen == ["a", "b"]

    lived(story)


def test_a_callee_that_is_slow_dead_or_cut_off_is_unavailable() -> None:
    async def story(world: World) -> None:
        network, _, process, stub = _network(world)
        with pytest.raises(Unavailable):
            await stub.Spend(TILL_RPCS.SpendRequest(note="sleeper"), timeout=1)
        assert world.loop.time() == pytest.approx(1, abs=0.1)

        network.cut("client", "till")
        with pytest.raises(Unavailable):
            await stub.Spend(TILL_RPCS.SpendRequest(note="c"), timeout=1)
        network.mend()

        async def die() -> None:
            await asyncio.sleep(0.5)
            process.alive = False
            network.died(process)

        world.start(None, die())
        started = world.loop.time()
        with pytest.raises(Unavailable):
            await stub.Spend(TILL_RPCS.SpendRequest(note="sleeper"), timeout=10)
        assert world.loop.time() - started < 1
        with pytest.raises(Unavailable):
            await stub.Spend(TILL_RPCS.SpendRequest(note="d"), timeout=1)

    lived(story)


def test_an_answer_may_be_lost_although_the_effect_took_place() -> None:
    lost = 0
    for seed in range(1, 30):

        async def story(world: World) -> None:
            nonlocal lost
            network, servicer, _, stub = _network(world)
            network.rough = True
            for number in range(10):
                try:
                    await stub.Spend(TILL_RPCS.SpendRequest(note=str(number)), timeout=1)
                except Error:
                    lost += str(number) in servicer.seen

        lived(story, seed)
    assert lost > 0


# Bus ----------------------------------------------------------------------------------------------


def _message(number: int) -> Message:
    return Message(f"cards.till.v1.amount_spent.{number % 64}", {"n": str(number)}, b"")


async def _bus(world: World) -> tuple[SimulatedBusServer, SimulatedBus]:
    network = SimulatedNetwork(world)
    network.calm()
    server = SimulatedBusServer(network)
    bus = server.client("till")
    await bus.ensure_stream(STREAM)
    return server, bus


def test_a_publish_names_what_it_follows() -> None:
    async def story(world: World) -> None:
        _, bus = await _bus(world)
        assert await bus.publish_batch("TILL", [_message(1), _message(2)], 0) == 2
        with pytest.raises(Rejected):
            await bus.publish_batch("TILL", [_message(3)], 1)
        assert await bus.publish_batch("TILL", [_message(3)], 2) == 3
        last = await bus.last_message("TILL")
        assert (last.sequence, last.message) == (3, _message(3))

    lived(story)


def test_a_place_is_durable_and_what_is_not_acknowledged_comes_again() -> None:
    async def story(world: World) -> None:
        _, bus = await _bus(world)
        await bus.publish_batch("TILL", [_message(n) for n in range(1, 6)], 0)
        consumer = await bus.consume("TILL", "points", ())
        first = await consumer.fetch(3, 1)
        assert [each.sequence for each in first] == [1, 2, 3]
        await consumer.acknowledge(first[1])
        await asyncio.sleep(6)
        again = await (await bus.consume("TILL", "points", ())).fetch(10, 1)
        assert sorted(each.sequence for each in again) == [3, 4, 5]

    lived(story)


def test_a_fetch_waits_for_what_is_published_and_takes_only_its_subjects() -> None:
    async def story(world: World) -> None:
        _, bus = await _bus(world)
        consumer = await bus.consume("TILL", "points", ("cards.till.*.*.2",))

        async def publish() -> None:
            await asyncio.sleep(1)
            await bus.publish_batch("TILL", [_message(1), _message(2)], 0)

        world.start(None, publish())
        found = await consumer.fetch(10, 5)
        assert [each.message.headers["n"] for each in found] == ["2"]
        assert await consumer.fetch(10, 0.5) == []

    lived(story)


def test_a_wiped_bus_knows_nothing() -> None:
    async def story(world: World) -> None:
        server, bus = await _bus(world)
        consumer = await bus.consume("TILL", "points", ())
        await bus.publish_batch("TILL", [_message(1)], 0)
        server.wipe()
        with pytest.raises(Missing):
            await bus.last_message("TILL")
        with pytest.raises(Missing):
            await consumer.fetch(1, 1)
        await bus.ensure_stream(STREAM)
        assert (await bus.last_message("TILL")).sequence == 0

    lived(story)


def test_a_bus_that_is_down_is_away_and_may_lose_its_tail() -> None:
    async def story(world: World) -> None:
        server, bus = await _bus(world)
        await bus.publish_batch("TILL", [_message(n) for n in range(1, 6)], 0)
        server.crash(lost_messages=5)
        with pytest.raises(Away):
            await bus.last_message("TILL")
        server.restart()
        last = await bus.last_message("TILL")
        assert last.sequence == len(server.messages("TILL")) <= 5

    lived(story)
