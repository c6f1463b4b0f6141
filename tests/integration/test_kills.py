"""kill -9 of everything during load, then NATS loses its data: nothing lost, nothing twice."""

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub

from chassis.testing.processes import ServerProcess
from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.proof import Check, Witness, checks_of_system
from demo.system import DESCRIPTION, SERVICES, System
from tests.integration.load import Acknowledged, Load

SETTLE_SECONDS = 1.5
DOWN_SECONDS = 0.5
CONVERGE_SECONDS = 180.0


async def kill_one_by_one(servers: Sequence[ServerProcess]) -> None:
    """Kill each, leave it down for a moment, start it again on what its disk kept."""
    for server in servers:
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(DOWN_SECONDS)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(SETTLE_SECONDS)


async def lose_what_nats_has(system: System) -> None:
    """Stop NATS, delete its data directory, start it empty."""
    await asyncio.to_thread(system.nats.kill)
    await asyncio.to_thread(system.nats.delete_data)
    await asyncio.to_thread(system.nats.start)


async def converged(witness: Witness) -> tuple[list[Check], float]:
    """Wait, within the limit, until all is calm; then what must hold, and how long it took."""
    started = time.monotonic()
    async with asyncio.timeout(CONVERGE_SECONDS):
        assert await witness.calm()
    return await checks_of_system(witness), time.monotonic() - started


async def everything_acknowledged_is_there(operator: Session, done: Acknowledged) -> None:
    stub = operator.stub(AccountsServiceStub, "accounts")
    for account_id, charges in done.posted.items():
        found = await stub.GetAccount(pb.GetAccountRequest(account_id=account_id))
        assert found.account.balance.minor_units == sum(charges.values())
        assert found.account.held.minor_units == 0
        for charge_id, amount in charges.items():
            request = pb.GetChargeRequest(account_id=account_id, charge_id=charge_id)
            charge = (await stub.GetCharge(request)).charge
            assert charge.captured.minor_units == amount


async def run(system: System) -> None:
    address = SystemAddress.read(system.folder / DESCRIPTION)
    await hire(address)
    servers: list[ServerProcess] = [system.services[name] for name in SERVICES]
    servers.append(system.nats)
    if system.postgres is not None:
        servers.append(system.postgres)
    async with Session(address, OPERATOR) as operator, Session(address, "gateway") as gateway:
        load, witness = Load(operator, gateway), Witness(operator)
        await load.open()
        running = asyncio.create_task(load.run())
        await kill_one_by_one(servers)
        await lose_what_nats_has(system)
        await asyncio.sleep(SETTLE_SECONDS)
        load.stop()
        await running
        held, seconds = await converged(witness)
        assert not [check for check in held if not check.holds]
        await everything_acknowledged_is_there(operator, load.done)
        charges = sum(len(each) for each in load.done.posted.values())
        print(f"{charges} charges, {load.done.retries} retries, converged in {seconds:.1f} s")
        assert charges > 0


@pytest.mark.serial
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_nothing_is_lost_and_nothing_is_done_twice(
    store: str, make_system: Callable[[str], System]
) -> None:
    system = make_system(store)
    system.start()
    asyncio.run(run(system))
