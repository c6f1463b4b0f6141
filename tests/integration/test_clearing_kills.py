"""kill -9 of accounts while it works through a clearing file: nothing lost, nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from uuid import uuid4

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import clearing_service_pb2 as pb
from cards.accounts.v1 import ledger_service_pb2 as ledger
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.clearing_service_pb2_grpc import ClearingServiceStub
from cards.accounts.v1.ledger_service_pb2_grpc import LedgerServiceStub
from cards.type.v1.money_pb2 import Money

from chassis.kernel.errors import Error
from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.system import DESCRIPTION, System
from services.accounts.tests.clearing_files import csv_file, record

RECORDS = {"sqlite": 3_000, "postgres": 1_000}
"""By store: enough of them that a kill falls among them."""
KILLS = 3
PIECE_BYTES = 65_536
POLL_SECONDS = 0.1
LIMIT_SECONDS = 180.0
PROGRAMME = "killed"
DAY = "2026-03-15"


async def open_card(session: Session) -> tuple[str, str]:
    """An account and its card."""
    stub = session.stub(AccountsServiceStub, "accounts")
    programme = accounts.Programme(
        programme_id=PROGRAMME,
        name="Killed",
        currency="GBP",
        bin="400012",
        default_limit=Money(minor_units=10**9, currency_code="GBP"),
    )
    await stub.DefineProgramme(
        accounts.DefineProgrammeRequest(idempotency_key=uuid4().hex, programme=programme)
    )
    customer = await stub.RegisterCustomer(
        accounts.RegisterCustomerRequest(
            idempotency_key=uuid4().hex,
            details=accounts.PersonalDetails(
                given_name="K", family_name="Illed", email="k@cards.example"
            ),
        )
    )
    opened = await stub.OpenAccount(
        accounts.OpenAccountRequest(
            idempotency_key=uuid4().hex, customer_id=customer.customer_id, programme_id=PROGRAMME
        )
    )
    return opened.account.account_id, opened.account.cards[0].card_id


async def pieces(content: bytes) -> AsyncIterator[pb.SubmitClearingFileRequest]:
    yield pb.SubmitClearingFileRequest(format=pb.CLEARING_FILE_FORMAT_CSV, name="killed.csv")
    for start in range(0, len(content), PIECE_BYTES):
        yield pb.SubmitClearingFileRequest(content=content[start : start + PIECE_BYTES])


async def stands(session: Session, file_id: str) -> pb.ClearingFile:
    """How far the file is, as soon as somebody answers."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            with suppress(Error):
                stub = session.stub(ClearingServiceStub, "accounts")
                answer = await stub.GetClearingFile(pb.GetClearingFileRequest(file_id=file_id))
                found: pb.ClearingFile = answer.file
                return found
            await asyncio.sleep(POLL_SECONDS)


async def reaches(session: Session, file_id: str, processed: int) -> pb.ClearingFile:
    """The file once so many records are processed."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            file = await stands(session, file_id)
            if file.processed >= processed:
                return file
            await asyncio.sleep(POLL_SECONDS)


async def run(system: System, records: int) -> None:
    address = SystemAddress.read(system.folder / DESCRIPTION)
    await hire(address)
    server = system.services["accounts"]
    async with Session(address, OPERATOR) as session:
        account_id, card = await open_card(session)
        content = csv_file(record(f"R-{n}", 100 + n, card=card) for n in range(records))
        submit = session.stub(ClearingServiceStub, "accounts", LIMIT_SECONDS / 8)
        file = (await submit.SubmitClearingFile(pieces(content))).file
        seen = []
        for _ in range(KILLS):
            file = await reaches(session, file.file_id, file.processed + 1)
            seen.append(file.processed)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        file = await reaches(session, file.file_id, records)
        assert file.completed
        assert (file.forced, file.duplicates) == (records, 0)
        assert any(0 < each < records for each in seen), f"killed too late: {seen}"
        stub = session.stub(AccountsServiceStub, "accounts")
        account = (await stub.GetAccount(accounts.GetAccountRequest(account_id=account_id))).account
        assert account.balance.minor_units == sum(100 + n for n in range(records))
        await books_agree(session, account.balance.minor_units, records)


async def books_agree(session: Session, owed: int, records: int) -> None:
    """The day is balanced, and a journal has two lines for each record."""
    stub = session.stub(LedgerServiceStub, "accounts")
    proof = None
    async with asyncio.timeout(LIMIT_SECONDS):
        while proof is None:
            # The books may be a while behind after so many facts.
            with suppress(Error):
                request = ledger.CloseDayRequest(
                    idempotency_key=uuid4().hex, programme_id=PROGRAMME, date=DAY
                )
                proof = (await stub.CloseDay(request)).day_end
    assert proof.balanced
    assert proof.files_charged.minor_units == proof.ledger.minor_units == owed
    entries = 0
    async for piece in stub.ExportJournal(ledger.ExportJournalRequest()):
        entries += piece.entries
    assert entries == 2 * records


@pytest.mark.serial
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_file_that_is_killed_on_the_way_is_posted_exactly_once(
    store: str, make_system: Callable[[str], System]
) -> None:
    system = make_system(store)
    system.start(only=["auth", "accounts"])
    asyncio.run(run(system, RECORDS[store]))
