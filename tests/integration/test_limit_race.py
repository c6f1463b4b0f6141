"""A limit of 1,000.00 and 200 authorisations of 10.01 at once: exactly 99 are approved."""

import asyncio
from collections import Counter
from collections.abc import Callable

import grpc
import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.type.v1 import money_pb2

from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.system import DESCRIPTION, System

LIMIT_MINOR = 1_000_00
AMOUNT_MINOR = 10_01
CHARGES = 200
APPROVED = LIMIT_MINOR // AMOUNT_MINOR
RUNS = 20
TIMEOUT_SECONDS = 25.0


def pounds(minor_units: int) -> money_pb2.Money:
    return money_pb2.Money(minor_units=minor_units, currency_code="GBP")


async def open_card(operator: Session, run: int) -> tuple[str, str]:
    """An account with the limit, and its card."""
    stub = operator.stub(AccountsServiceStub, "accounts", TIMEOUT_SECONDS)
    details = pb.PersonalDetails(
        given_name="Race", family_name=str(run), email="race@cards.example"
    )
    customer = await stub.RegisterCustomer(
        pb.RegisterCustomerRequest(idempotency_key=f"c{run}", details=details)
    )
    opened = await stub.OpenAccount(
        pb.OpenAccountRequest(
            idempotency_key=f"a{run}",
            customer_id=customer.customer_id,
            programme_id="race",
            limit=pounds(LIMIT_MINOR),
            card_kind=pb.CARD_KIND_VIRTUAL,
        )
    )
    return opened.account.account_id, opened.account.cards[0].card_id


async def race(stubs: list[AccountsServiceStub], token: str, run: int, card: str) -> Counter[str]:
    """All at once, spread over the servers; what each was answered."""
    metadata = [("authorization", f"Bearer {token}")]
    merchant = events_pb2.Merchant(id="RACE", name="corner shop", mcc="5411", country="GB")

    async def charge(number: int) -> str:
        request = pb.AuthoriseChargeRequest(
            idempotency_key=f"r{run}-{number}",
            card_id=card,
            amount=pounds(AMOUNT_MINOR),
            merchant=merchant,
            entry_mode=pb.ENTRY_MODE_CHIP,
        )
        answer = await stubs[number % len(stubs)].AuthoriseCharge(
            request, metadata=metadata, timeout=TIMEOUT_SECONDS
        )
        return "approved" if answer.approved else answer.charge.reason

    return Counter(await asyncio.gather(*(charge(number) for number in range(CHARGES))))


async def run_races(address: SystemAddress, servers: list[str]) -> None:
    await hire(address)
    async with Session(address, OPERATOR) as operator, Session(address, "gateway") as gateway:
        stub = operator.stub(AccountsServiceStub, "accounts", TIMEOUT_SECONDS)
        programme = pb.Programme(
            programme_id="race",
            name="Race",
            currency="GBP",
            bin="400012",
            default_limit=pounds(LIMIT_MINOR),
            assessment_threshold=pounds(LIMIT_MINOR),
            stand_in_limit=pounds(LIMIT_MINOR),
        )
        await stub.DefineProgramme(
            pb.DefineProgrammeRequest(idempotency_key="race", programme=programme)
        )
        channels = [grpc.aio.insecure_channel(server) for server in servers]
        stubs = [AccountsServiceStub(channel) for channel in channels]
        for run in range(RUNS):
            account, card = await open_card(operator, run)
            answers = await race(stubs, gateway.access_token, run, card)
            expected = {"approved": APPROVED, "INSUFFICIENT_CREDIT": CHARGES - APPROVED}
            assert answers == expected, f"run {run}"
            found = await stub.GetAccount(pb.GetAccountRequest(account_id=account))
            assert found.account.held.minor_units == APPROVED * AMOUNT_MINOR
        for channel in channels:
            await channel.close(None)


@pytest.mark.serial
@pytest.mark.timeout(300)
def test_one_server_process_on_sqlite(make_system: Callable[[str], System]) -> None:
    system = make_system("sqlite")
    system.start(only=["auth", "accounts"])
    address = SystemAddress.read(system.folder / DESCRIPTION)
    asyncio.run(run_races(address, [system.services["accounts"].address]))


@pytest.mark.serial
@pytest.mark.timeout(300)
def test_two_server_processes_on_postgres(make_system: Callable[[str], System]) -> None:
    system = make_system("postgres")
    system.start(only=["auth", "accounts"])
    second = system.service("accounts", folder="accounts-2", command=["serve"])
    with second:
        address = SystemAddress.read(system.folder / DESCRIPTION)
        servers = [system.services["accounts"].address, second.address]
        asyncio.run(run_races(address, servers))
