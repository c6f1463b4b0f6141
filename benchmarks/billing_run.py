"""The billing run: a business day is closed on which the cycle of every account ends, once with a
thousand accounts and once with ten thousand, each with thirty charges; cost per account compared,
and the larger run killed twice on the way. `python -m benchmarks.billing_run [--store postgres]`"""

import argparse
import asyncio
import gc
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import func, select

from benchmarks import MISSED
from benchmarks.decide import GROCER, TERMS
from chassis.event_store.tables import events
from chassis.kernel.clock import FixedClock
from chassis.kernel.events import Command
from chassis.kernel.ids import derive
from chassis.kernel.money import Money
from chassis.process import tune_interpreter
from chassis.testing.harness import TestNode, running
from chassis.testing.servers import PostgresServer
from services.accounts.app import SERVICE
from services.accounts.config import AccountsSettings
from services.accounts.domain.account.commands import ClearCharge, NewCard, OpenAccount
from services.accounts.domain.billing.terms import (
    BalanceType,
    BillingTerms,
    MinimumPaymentRule,
    Rate,
)
from services.accounts.domain.business_day.commands import AdvanceBusinessDate
from services.accounts.domain.programme import DefineProgramme
from services.accounts.domain.values import CardKind
from services.accounts.projections import billing_run as billing_run_projections
from services.accounts.projections import business_days as business_day_projections
from services.accounts.use_cases.billing_run import BillingRun

FEW, MANY = 1_000, 10_000
CHARGES = 30
SMALL_RUNS = 6
"""So many of each, in turn, of which the cheapest counts: what neighbours do only ever adds."""
ACCOUNTS_PER_UNIT = 25
GOAL_GROWTH = 0.15
PROGRAMME = "everyday"
OPENED_ON = date(2026, 1, 1)
LAST_DAY = date(2026, 1, 31)
BILLING = BillingTerms(
    rates=(Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=1_999),),
    minimum_payment=MinimumPaymentRule(floor_minor=2_500, basis_points=100, includes_interest=True),
    # Purchases without grace, so that every account has interest to be worked out and explained.
    grace_regained_after_statements=10**6,
)
BILLED = replace(TERMS, billing=BILLING)
FOLLOWING = replace(
    SERVICE,
    projections=(*billing_run_projections.PROJECTIONS, *business_day_projections.PROJECTIONS),
)
"""The read models that the run waits for; the others follow in their own time."""
console = Console()


@dataclass(frozen=True, slots=True)
class Slice:
    """What one process did before it was killed or the day was closed."""

    accounts: int
    cpu_seconds: float
    seconds: float


class Killed(Exception):
    """The process is gone."""


async def _unproved(programme_id: str, day: date, actor: str) -> None:
    """The proof of the day's end waits for the ledger, which is not measured here."""


class Mortal(BillingRun):
    """A run that dies after so many accounts, and tells of each."""

    def __init__(self, node: TestNode, after: int, progress: Progress, bar: Any) -> None:
        super().__init__(node.ports, _unproved)
        self._left = after
        self._progress, self._bar = progress, bar

    async def _work_through(self, waiting: Any, run: str, on: date) -> None:
        def mortal() -> Iterator[str]:
            for each in waiting:
                if self._left <= 0:
                    raise Killed
                self._left -= 1
                self._progress.advance(self._bar)
                yield each

        await super()._work_through(mortal(), run, on)


def commands_for(number: int) -> list[Command]:
    """An account with its charges, spread over the cycle."""
    account_id, card_id = derive("billed", str(number)), derive("billed card", str(number))
    made: list[Command] = [
        OpenAccount(
            account_id=account_id,
            customer_id="customer",
            programme_id=PROGRAMME,
            programme_version=1,
            terms=BILLED,
            limit=Money(10**8, "GBP"),
            card=NewCard(card_id=card_id, last_four="4242", kind=CardKind.VIRTUAL),
        )
    ]
    for each in range(CHARGES):
        on = OPENED_ON + timedelta(days=each)
        made.append(
            ClearCharge(
                account_id=account_id,
                clearing_id=derive(account_id, str(each)),
                charge_id="",
                card_id=card_id,
                amount=Money(1_000 + 37 * each + number % 97, "GBP"),
                merchant=GROCER,
                final=True,
                transaction_date=on,
                posting_date=on,
            )
        )
    return made


@dataclass(frozen=True, slots=True)
class Store:
    """A store with so many accounts, whose day waits to be closed."""

    folder: Path
    url: str
    accounts: int

    @asynccontextmanager
    async def process(self, on: date) -> AsyncIterator[TestNode]:
        """A process with nothing in memory, on a day."""
        clock = FixedClock(datetime(on.year, on.month, on.day, 12, tzinfo=UTC))
        settings = AccountsSettings(test_clock_allowed=True)
        async with running(
            FOLLOWING, self.folder, settings=settings, clock=clock, url=self.url
        ) as node:
            yield node

    async def fill(self, progress: Progress) -> None:
        """Write the accounts and their charges; then the day ends."""
        bar = progress.add_task(f"writing {self.accounts:,} accounts", total=self.accounts)
        async with self.process(OPENED_ON) as node:
            for start in range(0, self.accounts, ACCOUNTS_PER_UNIT):
                numbers = range(start, min(start + ACCOUNTS_PER_UNIT, self.accounts))
                unit = [each for number in numbers for each in commands_for(number)]
                await node.ports.application.execute(*unit, actor="service:bench")
                progress.advance(bar, len(numbers))
        async with self.process(LAST_DAY) as node:
            define = DefineProgramme(programme_id=PROGRAMME, name="Everyday", terms=BILLED)
            await node.ports.application.execute(define, actor="service:bench")
            await node.timers_due()
            ended = AdvanceBusinessDate(
                programme_id=PROGRAMME, to_date=LAST_DAY + timedelta(days=1)
            )
            await node.ports.application.execute(ended, actor="service:bench")
            await node.caught_up()
        progress.remove_task(bar)

    async def run(self, after: int, progress: Progress) -> Slice:
        """Close the day with a fresh process that dies after so many accounts."""
        async with self.process(LAST_DAY) as node:
            bar = progress.add_task(f"billing {self.accounts:,} accounts", total=self.accounts)
            before = await self.count(node, "StatementCut.v1")
            progress.advance(bar, before)
            gc.collect()
            cpu, started = process_time(), perf_counter()
            following = asyncio.create_task(_follow(node))
            try:
                with suppress(Killed):
                    await Mortal(node, after, progress, bar).close(PROGRAMME, LAST_DAY)
                # Of a process that is killed, what was under way may still be written.
                await node.committer.close()
            finally:
                following.cancel()
            cpu, seconds = process_time() - cpu, perf_counter() - started
            done = await self.count(node, "StatementCut.v1") - before
            progress.remove_task(bar)
        return Slice(done, cpu, seconds)

    @staticmethod
    async def count(node: TestNode, topic: str) -> int:
        """So many events of a kind there are."""
        query = select(func.count()).where(events.c.topic == topic)
        found = await node.database.read(lambda connection: connection.scalar(query))
        return found or 0

    async def doubled(self) -> int:
        """Accounts with more than one statement."""
        several = (
            select(events.c.originator_id)
            .where(events.c.topic == "StatementCut.v1")
            .group_by(events.c.originator_id)
            .having(func.count() > 1)
        )
        async with self.process(LAST_DAY) as node:
            rows = await node.database.read(lambda c: c.execute(several).all())
        return len(rows)

    async def closed(self) -> int:
        """How many times the day was closed."""
        async with self.process(LAST_DAY) as node:
            return await self.count(node, "BusinessDayClosed.v1")


async def _follow(node: TestNode) -> None:
    while True:
        await node.caught_up()
        await asyncio.sleep(0.05)


async def measure(folder: Path, postgres: PostgresServer | None) -> tuple[list[Slice], list[Slice]]:
    """Slices of small runs and of the large one, in turn, so that noise meets both alike."""

    def store(name: str, accounts: int) -> Store:
        (folder / name).mkdir()
        url = postgres.create_database(name) if postgres else ""
        return Store(folder / name, url, accounts)

    small = [store(f"few_{number}", FEW) for number in range(SMALL_RUNS)]
    large = store("many", MANY)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    few: list[Slice] = []
    many: list[Slice] = []
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        for each in (*small, large):
            await each.fill(progress)
        for number, each in enumerate(small):
            few.append(await each.run(2 * FEW, progress))
            last = number == SMALL_RUNS - 1
            many.append(await large.run(2 * MANY if last else MANY // SMALL_RUNS, progress))
    twice, closed = await large.doubled(), await large.closed()
    lost = MANY - sum(each.accounts for each in many)
    parts = " + ".join(f"{each.accounts:,}" for each in many)
    console.print(
        f"killed {SMALL_RUNS - 1} times: {parts} statements for {MANY:,} accounts;"
        f" lost {lost}, doubled {twice}, day closed {closed} time(s)"
    )
    if lost or twice or closed != 1:
        raise SystemExit("the run lost or doubled something")
    return few, many


def main() -> bool:
    """Print the table; whether the cost is flat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    asked = parser.parse_args()
    # As every process of a service does.
    tune_interpreter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cards-billing-")))
        postgres = None
        if asked.store == "postgres":
            folder.chmod(0o755)
            postgres = stack.enter_context(PostgresServer(folder / "postgres"))
        few, many = asyncio.run(measure(folder, postgres))
    table = Table(
        title=f"billing run on {asked.store}, {CHARGES} charges an account", title_justify="left"
    )
    for heading in ("accounts", "accounts/s", "ms of CPU an account"):
        table.add_column(heading, justify="right")
    costs = []
    for accounts, slices in ((FEW, few), (MANY, many)):
        rate = sum(each.accounts for each in slices) / sum(each.seconds for each in slices)
        costs.append(min(each.cpu_seconds / each.accounts for each in slices))
        table.add_row(f"{accounts:,}", f"{rate:,.0f}", f"{costs[-1] * 1_000:.2f}")
    console.print(table)
    growth = costs[1] / costs[0] - 1
    reached = abs(growth) <= GOAL_GROWTH
    word = "reached" if reached else "missed"
    console.print(f"from {FEW:,} to {MANY:,}: {growth:+.1%} (goal ±{GOAL_GROWTH:.0%}): {word}")
    return reached


if __name__ == "__main__":
    sys.exit(0 if main() else MISSED)
