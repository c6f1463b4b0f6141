"""Clients of the two small services: they ask again, with the same key, until they are answered."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from chassis.kernel.errors import Error, Exhausted, Unavailable
from chassis.simulation.calls import SUBJECT, SimulatedRpc
from chassis.simulation.runner import ViolationError
from chassis.simulation.world import World
from tests.simulation import points
from tests.simulation.protos import POINTS_RPC, POINTS_RPCS, TILL_RPC, TILL_RPCS

ACCOUNTS = ("anna", "ben", "carl")
FAVOURITES = ("anna", "anna", "anna", "ben", "carl")
LIMIT_MINOR = 90
SPENDINGS_EACH = 6
AMOUNTS_MINOR = (1, 5, points.UNLUCKY_MINOR, 20, 30)
CALL_SECONDS = 2.0
RETRY_SECONDS = 0.5
ATTEMPTS_LIMIT = 400
THINKING_SECONDS = 4.0
BUS_SECONDS = 3.0
"""As often a bus full of people arrives at the till."""
EXPLAINING_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Spent:
    """One thing that a client wanted, and what it was told."""

    note: str
    account_id: str
    amount_minor: int
    answer: Any


@dataclass
class Client:
    """Somebody who asks until answered."""

    name: str
    world: World
    rpc: SimulatedRpc
    spent: list[Spent] = field(default_factory=list)

    def key(self, note: str, attempt: int) -> str:
        """The idempotency key of an attempt: the same for all attempts at one thing."""
        return note

    async def spend(self) -> None:
        """Open the accounts, as every client does, then spend."""
        random = self.world.random(f"client {self.name}")
        stub = self.rpc.stub(TILL_RPC.stub, "till")
        for account in ACCOUNTS:
            fields = {"account_id": account, "limit_minor": LIMIT_MINOR}
            await self.insist(stub.Open, TILL_RPCS.OpenRequest, f"{self.name}-{account}", fields)
        for number in range(SPENDINGS_EACH):
            note, account = f"{self.name}-{number}", random.choice(FAVOURITES)
            amount = random.choice(AMOUNTS_MINOR)
            fields = {"account_id": account, "amount_minor": amount, "note": note}
            answer = await self.insist(stub.Spend, TILL_RPCS.SpendRequest, note, fields)
            self.spent.append(Spent(note, account, amount, answer))
            # Some come one after the other, some all at the same moment.
            together = BUS_SECONDS - self.world.loop.time() % BUS_SECONDS
            alone = random.random() * THINKING_SECONDS
            await asyncio.sleep(random.choice((0.0, together, together, alone)))

    async def explain(self) -> None:
        """Say how points are worked out for an unlucky amount, and have what waits tried again."""
        stub = self.rpc.stub(POINTS_RPC.stub, "points")
        for account in ACCOUNTS:
            note = f"{self.name}-{account}"
            await self.insist(
                stub.Explain, POINTS_RPCS.ExplainRequest, note, {"account_id": account}
            )

    async def insist(self, method: Any, made: Any, note: str, fields: dict[str, Any]) -> Any:
        """Ask until answered. Raises ViolationError when that never happens."""
        for attempt in range(ATTEMPTS_LIMIT):
            request = made(idempotency_key=self.key(note, attempt), **fields)
            try:
                answer = await method(
                    request, timeout=CALL_SECONDS, metadata=((SUBJECT, f"service:{self.name}"),)
                )
            except (Unavailable, Exhausted):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            except Error as error:
                raise ViolationError(f"{note} was refused: {error}") from error
            self.world.sometimes("a retry was answered", attempt > 0)
            return answer
        raise ViolationError(f"{note} was never answered")
