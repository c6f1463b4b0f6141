"""The world of the two small services: till decides and tells, points listens and reacts."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from chassis.kernel.errors import Error, Exhausted, Unavailable
from chassis.simulation.cluster import Cluster, Machine, Main
from chassis.simulation.faults import strike
from chassis.simulation.network import SimulatedRpc
from chassis.simulation.runner import ViolationError
from chassis.simulation.world import World
from tests.simulation import points, till
from tests.simulation.hosting import REAL, Parts, Rooms, Small, build, door, listen, work
from tests.simulation.protos import POINTS, POINTS_RPC, POINTS_RPCS, TILL, TILL_RPC, TILL_RPCS

TILL_SERVICE = Small("till", till.ACCOUNT, TILL)
POINTS_SERVICE = Small("points", points.BALANCE, POINTS, points.POLICIES, points.TIMERS)

ACCOUNTS = ("anna", "ben", "carl")
LIMIT_MINOR = 120
CLIENTS = 4
SPENDINGS_EACH = 6
CALL_SECONDS = 2.0
ADVICE_SECONDS = 0.3
RETRY_SECONDS = 0.5
ATTEMPTS_LIMIT = 400


class TillServicer:
    """The door of till."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._advice = rooms.machine.rpc.stub(POINTS_RPC.stub, "points")
        self.Open = door("till", "Open", self._open, mutating=True)
        self.Spend = door("till", "Spend", self._spend, mutating=True)

    async def _open(self, request: Any) -> Any:
        command = till.Open(account_id=request.account_id, limit_minor=request.limit_minor)
        return await self._rooms.application.answer(
            command,
            render=lambda settled: TILL_RPCS.OpenResponse(position=settled.receipt.position),
        )

    async def _spend(self, request: Any) -> Any:
        advised = await self._ask_points(request.account_id)
        command = till.Spend(
            account_id=request.account_id,
            amount_minor=request.amount_minor,
            note=request.note,
            advised=advised,
        )
        return await self._rooms.application.answer(
            command,
            render=lambda settled: TILL_RPCS.SpendResponse(
                approved=settled.state.approved,
                spent_minor=settled.state.spent_minor,
                position=settled.receipt.position,
            ),
        )

    async def _ask_points(self, account_id: str) -> bool:
        try:
            request = POINTS_RPCS.AdviseRequest(account_id=account_id)
            await self._advice.Advise(request, timeout=ADVICE_SECONDS)
        except Unavailable:
            self._rooms.machine.world.sometimes("a stand-in decision was used")
            return False
        return True


class PointsServicer:
    """The door of points."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.Advise = door("points", "Advise", self._advise, mutating=False)

    async def _advise(self, request: Any) -> Any:
        found = await self._rooms.application.find(points.BALANCE, request.account_id)
        return POINTS_RPCS.AdviseResponse(points=0 if found is None else found.points)


@dataclass
class Client:
    """Somebody who spends, and asks again with the same key until answered."""

    name: str
    world: World
    rpc: SimulatedRpc
    answered: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    def key(self, note: str, attempt: int) -> str:
        """The idempotency key of an attempt: the same for all attempts at one thing."""
        return note

    async def run(self) -> None:
        """Open the accounts, as everybody does, then spend."""
        random = self.world.random(f"client {self.name}")
        stub = self.rpc.stub(TILL_RPC.stub, "till")
        for account in ACCOUNTS:
            request = {"account_id": account, "limit_minor": LIMIT_MINOR}
            await self._insist(stub.Open, TILL_RPCS.OpenRequest, f"{self.name}-{account}", request)
        for number in range(SPENDINGS_EACH):
            note, account = f"{self.name}-{number}", random.choice(ACCOUNTS)
            amount = random.choice((1, 5, points.UNLUCKY_MINOR, 20, 30))
            self.asked.append((note, account, amount))
            request = {"account_id": account, "amount_minor": amount, "note": note}
            self.answered[note] = await self._insist(
                stub.Spend, TILL_RPCS.SpendRequest, note, request
            )
            await asyncio.sleep(random.random() * 4)

    async def _insist(self, method: Any, made: Any, note: str, fields: dict[str, Any]) -> Any:
        for attempt in range(ATTEMPTS_LIMIT):
            request = made(idempotency_key=self.key(note, attempt), **fields)
            try:
                answer = await method(
                    request, timeout=CALL_SECONDS, metadata=(("subject", self.name),)
                )
            except (Unavailable, Exhausted):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except Error as error:
                raise ViolationError(f"{note} was refused: {error}") from error
            self.world.sometimes("a retry was answered", attempt > 0)
            return answer
        raise ViolationError(f"{note} was never answered")


def mains(parts: Parts, *, alone: bool) -> dict[str, dict[str, Main]]:
    """The processes of the two services: one each, or two that share a store."""

    def main(small: Small, servicer: Any, register: Any, serves: bool, works: bool) -> Main:
        async def run(machine: Machine) -> None:
            rooms = build(small, machine, parts, alone=alone)
            if serves:
                listen(machine, register, servicer(rooms))
            if works:
                await work(small, rooms, parts)
            else:
                await asyncio.Event().wait()

        return run

    found: dict[str, dict[str, Main]] = {}
    for small, servicer, rpc in (
        (TILL_SERVICE, TillServicer, TILL_RPC),
        (POINTS_SERVICE, PointsServicer, POINTS_RPC),
    ):
        register = rpc.add_to_server
        if alone:
            found[small.name] = {"": main(small, servicer, register, True, True)}
        else:
            found[small.name] = {
                "serve": main(small, servicer, register, True, False),
                "work": main(small, servicer, register, False, True),
            }
    return found


async def scenario(world: World) -> None:
    """Clients spend while things go wrong; then everything is mended, and all must be right."""
    await play(world, REAL)


async def play(world: World, parts: Parts, client: type[Client] = Client) -> None:
    """The scenario with these parts and clients."""
    alone = world.random("layout").random() < 0.5
    cluster = Cluster(world, mains(parts, alone=alone))
    try:
        cluster.start()
        clients = [
            client(f"client-{number}", world, cluster.network.rpc(f"client-{number}"))
            for number in range(CLIENTS)
        ]
        faults = world.spawn(None, strike(cluster))
        spending = [world.spawn(None, each.run()) for each in clients]
        await asyncio.wait(spending, timeout=60)
        faults.cancel()
        cluster.calm()
        await asyncio.gather(*spending)
        await asyncio.sleep(30)
    finally:
        cluster.close()


SERVICES = SimpleNamespace(till=TILL_SERVICE, points=POINTS_SERVICE)
