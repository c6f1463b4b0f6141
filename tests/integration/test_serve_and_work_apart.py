"""Rpcs in one process and everything else in another, as in production, on PostgreSQL."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest
from cards.loyalty.v1 import loyalty_service_pb2 as loyalty
from cards.loyalty.v1.loyalty_service_pb2_grpc import LoyaltyServiceStub

from chassis.kernel.errors import NotFound
from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.system import DESCRIPTION, System
from tests.integration.load import Load

LIMIT_SECONDS = 90.0
LOOK_SECONDS = 0.1


async def buy_and_earn(address: SystemAddress) -> None:
    await hire(address)
    async with Session(address, OPERATOR) as operator, Session(address, "gateway") as gateway:
        load = Load(operator, gateway)
        await load.open()
        running = asyncio.create_task(load.run())
        async with asyncio.timeout(LIMIT_SECONDS):
            while not all(load.done.posted.values()):  # noqa: ASYNC110 - a poll is the point.
                await asyncio.sleep(LOOK_SECONDS)
        load.stop()
        await running
        points = operator.stub(LoyaltyServiceStub, "loyalty")
        for account_id, charges in load.done.posted.items():
            assert charges
            await earned(points, account_id, len(charges))


async def earned(points: LoyaltyServiceStub, account_id: str, charges: int) -> None:
    """Every charge of a pound or more earns at least a point, before long."""
    balance = 0
    async with asyncio.timeout(LIMIT_SECONDS):
        while balance < charges:
            with suppress(NotFound):
                request = loyalty.GetPointsRequest(account_id=account_id)
                balance = (await points.GetPoints(request)).balance
            await asyncio.sleep(LOOK_SECONDS)


@pytest.mark.serial
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_is_served_here_is_worked_on_there(make_system: Callable[[str], System]) -> None:
    system = make_system("postgres")
    for name in ("accounts", "loyalty"):
        system.services[name] = system.service(name, command=["serve"])
    system.start(only=["auth", "accounts", "loyalty"])
    with ExitStack() as workers:
        for name in ("accounts", "loyalty"):
            worker = system.service(name, folder=f"{name}-work", command=["work"])
            workers.enter_context(worker)
        asyncio.run(buy_and_earn(SystemAddress.read(system.folder / DESCRIPTION)))
