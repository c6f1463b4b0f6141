"""All statements of an account with ten thousand charges are worked out again, over gRPC, while
others ask for something quick; and those of many accounts, one after the other.
`python -m benchmarks.statements [--store postgres]`"""

import argparse
import asyncio
import calendar
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cards.accounts.v1 import accounts_service_pb2 as accounts_pb
from cards.accounts.v1 import statements_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.statements_service_pb2_grpc import StatementsServiceStub
from rich.console import Console
from rich.progress import track

from benchmarks import MISSED
from benchmarks.authorise import AuthoriseSystem
from benchmarks.billing_run import BILLED, PROGRAMME
from benchmarks.decide import GROCER
from chassis.interceptors.deadline import DEFAULT_SECONDS
from chassis.kernel.clock import FixedClock
from chassis.kernel.events import Command
from chassis.kernel.ids import derive
from chassis.kernel.money import Money
from chassis.testing.harness import TestNode, running
from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.system import DESCRIPTION
from services.accounts.app import SERVICE
from services.accounts.domain.account.commands import (
    ClearCharge,
    NewCard,
    OpenAccount,
    RecordPayment,
)
from services.accounts.domain.billing.commands import ProcessBillingDay
from services.accounts.domain.programme import DefineProgramme
from services.accounts.domain.values import CardKind

CHARGES, STATEMENTS = 10_000, 24
OTHERS = 200
"""Accounts with a few charges and three statements each."""
OTHERS_CHARGES, OTHERS_STATEMENTS = 30, 3
FIRST_YEAR = 2024
UNIT = 500
RUNS = 5
BATCH_SECONDS = 60.0
PAUSE_SECONDS = 0.01
GOAL_SECONDS = DEFAULT_SECONDS
GOAL_HELD_UP_MS = 250.0
LONG = derive("verified", "long")
console = Console()


def history(account_id: str, charges: int, statements: int) -> Iterator[Command]:
    """An account that is used and paid in full for so many months."""
    card_id = derive(account_id, "card")
    yield OpenAccount(
        account_id=account_id,
        customer_id="customer",
        programme_id=PROGRAMME,
        programme_version=1,
        terms=BILLED,
        limit=Money(10**9, "GBP"),
        card=NewCard(card_id=card_id, last_four="4242", kind=CardKind.VIRTUAL),
    )
    for month in range(statements):
        year, number = FIRST_YEAR + month // 12, month % 12 + 1
        days = calendar.monthrange(year, number)[1]
        first, owed = charges * month // statements, 0
        for each in range(first, charges * (month + 1) // statements):
            on = date(year, number, 1 + each % days)
            amount = Money(1_000 + each % 97, "GBP")
            owed += amount.minor_units
            yield ClearCharge(
                account_id=account_id,
                clearing_id=derive(account_id, str(each)),
                charge_id="",
                card_id=card_id,
                amount=amount,
                merchant=GROCER,
                final=True,
                transaction_date=on,
                posting_date=on,
            )
        last = date(year, number, days)
        yield RecordPayment(
            account_id=account_id,
            payment_id=derive(account_id, f"payment {month}"),
            amount=Money(owed, "GBP"),
            transaction_date=last,
            posting_date=last,
        )
        for day in range(1, days + 1):
            yield ProcessBillingDay(account_id=account_id, business_date=last.replace(day=day))


async def fill(folder: Path, url: str) -> None:
    """Write the long account and the others to a store that nobody serves yet."""
    clock = FixedClock(datetime(FIRST_YEAR, 1, 1, 12, tzinfo=UTC))
    async with running(SERVICE, folder, clock=clock, url=url) as node:
        define = DefineProgramme(programme_id=PROGRAMME, name="Everyday", terms=BILLED)
        await _write(node, [define])
        await _write(node, list(history(LONG, CHARGES, STATEMENTS)))
        for number in track(range(OTHERS), "writing accounts", console=console, transient=True):
            account_id = derive("verified", str(number))
            await _write(node, list(history(account_id, OTHERS_CHARGES, OTHERS_STATEMENTS)))
        await node.caught_up()


async def _write(node: TestNode, commands: Sequence[Command]) -> None:
    for start in range(0, len(commands), UNIT):
        unit = commands[start : start + UNIT]
        await node.ports.application.execute(*unit, actor="service:bench")


async def held_up(stub: Any, took: list[float]) -> None:
    """Ask for something quick, over and over, and note how long each answer took."""
    while True:
        started = time.perf_counter()
        await stub.GetProgramme(accounts_pb.GetProgrammeRequest(programme_id=PROGRAMME))
        took.append((time.perf_counter() - started) * 1_000)
        await asyncio.sleep(PAUSE_SECONDS)


async def measure(address: SystemAddress) -> bool:
    """Print what was measured; whether the goals were reached."""
    await hire(address)
    async with Session(address, OPERATOR) as session:
        stub = session.stub(StatementsServiceStub, "accounts", GOAL_SECONDS * 2)
        quick = session.stub(AccountsServiceStub, "accounts")
        seconds, waits = [], list[float]()
        asking = asyncio.create_task(held_up(quick, waits))
        for _ in range(RUNS):
            started = time.perf_counter()
            answer = await stub.VerifyStatements(pb.VerifyStatementsRequest(account_id=LONG))
            seconds.append(time.perf_counter() - started)
            numbers = [each.number for each in answer.verifications if each.equal]
            if numbers != list(range(1, STATEMENTS + 1)):
                raise SystemExit(f"not worked out alike: {numbers}")
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        median, worst = statistics.median(seconds), max(waits)
        console.print(
            f"{CHARGES:,} charges, {STATEMENTS} statements: {median:.2f} s, at most"
            f" {max(seconds):.2f} s (goal {GOAL_SECONDS:.0f} s); meanwhile {len(waits):,} quick"
            f" calls took {statistics.median(waits):.0f} ms, the slowest {worst:.0f} ms"
            f" (goal {GOAL_HELD_UP_MS:.0f} ms)"
        )
        every = session.stub(StatementsServiceStub, "accounts", BATCH_SECONDS)
        started, accounts, statements = time.perf_counter(), 0, 0
        async for each in every.VerifyAllStatements(pb.VerifyAllStatementsRequest()):
            if each.differing or each.error:
                raise SystemExit(f"{each.account_id} was not worked out alike")
            accounts, statements = accounts + 1, statements + each.statements
        lasted = time.perf_counter() - started
        if accounts != OTHERS + 1:
            raise SystemExit(f"{accounts} accounts were verified")
        console.print(
            f"{accounts:,} accounts with {statements:,} statements in {lasted:.1f} s:"
            f" {accounts / lasted:.0f} accounts/s"
        )
    return median <= GOAL_SECONDS and worst <= GOAL_HELD_UP_MS


def main() -> bool:
    """Fill a store, serve it and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cards-statements-") as name:
        Path(name).chmod(0o755)
        system = AuthoriseSystem(Path(name), asked.store)
        try:
            system.start_two()
            system.services["accounts"].stop()
            asyncio.run(fill(system.folder / "accounts", system.store_url("accounts")))
            system.services["accounts"].start()
            return asyncio.run(measure(SystemAddress.read(system.folder / DESCRIPTION)))
        finally:
            for server in reversed(system.everything()):
                server.kill()
            if system.postgres is not None:
                system.postgres.remove()


if __name__ == "__main__":
    sys.exit(0 if main() else MISSED)
