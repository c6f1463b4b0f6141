"""Real card transactions as clearing files: each file delivered twice, one under another name, all
records once more shuffled between other files; then everything that must hold is counted.

    python -m benchmarks.clearing [--data FILE.csv.gz] [--seed N] [--store postgres]
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from cards.accounts.v1 import clearing_service_pb2 as pb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.clearing_year import PROGRAMME, Delivery, Year, account_of, days_of, key_of
from chassis.call import Principal, entered
from chassis.testing.harness import TestNode, call, running
from chassis.testing.servers import PostgresServer
from demo.rows import SAMPLE, Row, read_rows
from services.accounts.app import SERVICE
from services.accounts.domain.clearing.file import CLEARING_FILE
from services.accounts.domain.events import ChargeCleared, ChargeRefunded
from services.accounts.domain.reconciliation.day_end import DAY_END, DayEnd, day_end_id
from services.accounts.queries.books import trial_balance
from services.accounts.use_cases.clearing import ClearingFiles
from services.accounts.use_cases.day_ends import DayEnds

ACTOR = "service:benchmark"
NETWORK = Principal("gateway:network", "service", ("gateway",))
PIECE_BYTES = 65_536
PAGE = 5_000
BATCHES_BETWEEN_RESTARTS = 40
BOOKS = ("ledger", "reconciliation")
"""The read models that are looked at; others take no part in what is proved."""
console = Console()
Step = Callable[[str, int, int], None]
"""Told what is being done, how much of it, and of how much."""


@dataclass
class Findings:
    """What was done, and what of it holds."""

    rows: int
    cards: int
    repeats: int
    files: int = 0
    recognised: int = 0
    tally: Counter[str] = field(default_factory=Counter)
    posted: Counter[str] = field(default_factory=Counter)
    days: list[DayEnd] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    checks: list[tuple[str, bool, str]] = field(default_factory=list)

    def check(self, what: str, expected: Any, found: Any) -> None:
        """Something that must hold."""
        self.checks.append((what, expected == found, f"{found:,}" if found != "" else ""))

    @property
    def holds(self) -> bool:
        """Whether everything does."""
        return bool(self.checks) and all(held for _, held, _ in self.checks)


async def replay(rows: list[Row], seed: int, folder: Path, step: Step, url: str = "") -> Findings:
    """All of it, on SQLite in `folder`, or on the empty database at `url`."""
    found = Findings(len(rows), len({row.card for row in rows}), repeats_of(rows))
    year = Year(rows, seed)
    async with running(SERVICE, folder, url=url) as node:
        await _timed(found, "opening and authorising", _prepare(node, year, step))
        await _timed(found, "clearing", _clear(node, year.deliveries(), found, step))
        await _timed(found, "proving every day", _close(node, rows, found, step))
        await _check(node, rows, found)
    return found


async def _books(node: TestNode) -> None:
    """Let the books catch up with the log."""
    for each in node.projectors:
        if each.projection.name in BOOKS:
            await each.catch_up(await each.position())


async def _timed(found: Findings, what: str, work: Awaitable[None]) -> None:
    started = time.monotonic()
    await work
    found.seconds[what] = time.monotonic() - started


async def _prepare(node: TestNode, year: Year, step: Step) -> None:
    units = [*await year.open(node), *year.authorise()]
    for number, commands in enumerate(units, 1):
        await node.application.execute(*commands, actor=ACTOR)
        step("opening cards, authorising", number, len(units))
    await _books(node)


async def _clear(node: TestNode, files: list[Delivery], found: Findings, step: Step) -> None:
    """Hand every file over and work it through; the worker is begun anew every now and then."""
    batches = 0
    for number, delivery in enumerate(files, 1):
        answer = await _submit(node, delivery)
        found.files += 1
        found.recognised += answer.already_received
        worker = ClearingFiles(node.ports)
        while await worker.process_batch(answer.file.file_id):
            batches += 1
            if batches % BATCHES_BETWEEN_RESTARTS == 0:
                worker = ClearingFiles(node.ports)
        if not answer.already_received:
            file = await node.application.state(CLEARING_FILE, answer.file.file_id)
            for name in ("matched", "forced", "refunded", "duplicates", "unmatched", "exceptions"):
                found.tally[name] += getattr(file.tally, name)
        step("clearing files", number, len(files))
    await _books(node)


async def _submit(node: TestNode, delivery: Delivery) -> Any:
    form = pb.CLEARING_FILE_FORMAT_ISO8583 if delivery.iso8583 else pb.CLEARING_FILE_FORMAT_CSV

    async def pieces() -> AsyncIterator[pb.SubmitClearingFileRequest]:
        yield pb.SubmitClearingFileRequest(format=form, name=delivery.name)
        for start in range(0, len(delivery.content), PIECE_BYTES):
            piece = delivery.content[start : start + PIECE_BYTES]
            yield pb.SubmitClearingFileRequest(content=piece)

    (api,) = (a for _, a, d in SERVICE.rpcs(node.ports) if d.name == "ClearingService")
    with entered(call("accounts.SubmitClearingFile", "", principal=NETWORK)):
        return await api.SubmitClearingFile(pieces(), None)


async def _close(node: TestNode, rows: list[Row], found: Findings, step: Step) -> None:
    days, ends = days_of(rows), DayEnds(node.ports)
    for number, day in enumerate(days, 1):
        # What the proofs themselves add to the log moves no money.
        await _books(node)
        await ends.prove(PROGRAMME, date.fromisoformat(day), ACTOR)
        id = day_end_id(PROGRAMME, "GBP", date.fromisoformat(day))
        found.days.append(await node.application.state(DAY_END, id))
        step("proving days", number, len(days))


def repeats_of(rows: list[Row]) -> int:
    """How many rows are the second or a later one of a card, merchant, day, amount and way."""
    return sum(count - 1 for count in Counter(map(_looks, rows)).values())


def _looks(row: Row) -> tuple[Any, ...]:
    day = row.transaction_at.date()
    return (row.card, row.merchant, day, row.amount_minor, row.refund)


async def _facts(node: TestNode) -> AsyncIterator[Any]:
    position = 0
    while page := await node.log.after(position, PAGE):
        for each in page:
            yield each.fact
        position = page[-1].position


async def _check(node: TestNode, rows: list[Row], found: Findings) -> None:
    signed: Counter[str] = Counter()
    async for fact in _facts(node):
        if isinstance(fact, ChargeCleared):
            found.posted[fact.clearing_id] += 1
            signed[fact.clearing_id] = fact.amount.minor_units
        elif isinstance(fact, ChargeRefunded):
            found.posted[fact.refund_id] += 1
            signed[fact.refund_id] = -fact.amount.minor_units
    owed, by_day = Counter[str](), Counter[str]()
    for row in rows:
        minor = -row.amount_minor if row.refund else row.amount_minor
        owed[account_of(row)] += minor
        by_day[row.posted_on.isoformat()] += minor
    once = sum(found.posted[key_of(row)] == 1 for row in rows)
    right = sum(
        signed[key_of(row)] == (-row.amount_minor if row.refund else row.amount_minor)
        for row in rows
    )
    groups = Counter(map(_looks, rows))
    repeats = sum(found.posted[key_of(row)] for row in rows if groups[_looks(row)] > 1)
    found.check("records posted exactly once", len(rows), once)
    found.check("with the amount and sign of the row", len(rows), right)
    found.check("postings in all", len(rows), found.posted.total())
    found.check(
        "legitimate same-day repeats posted (with their firsts)",
        sum(count for count in groups.values() if count > 1),
        repeats,
    )
    found.check("records found to have come before", len(rows), found.tally["duplicates"])
    found.check("records left over", 0, found.tally["unmatched"] + found.tally["exceptions"])
    found.check("files recognised", found.files - (found.files - 1) // 2, found.recognised)
    balances = await node.ports.database.read(lambda c: trial_balance(c, 0))
    sums = Counter[str]()
    for line in balances.rows:
        sums[line.currency] += line.debits_minor - line.credits_minor
    found.check("trial balance, every currency", 0, sum(map(abs, sums.values())))
    found.check("holders owe, in pence", sum(owed.values()), dict(balances.receivable)["GBP"])
    proved = [day for day in found.days if day.balanced and day.day is not None]
    found.check("days proved balanced", len(found.days), len(proved))
    agree = sum(
        day.ledger_minor == day.network_minor == day.customers_minor == by_day[str(day.day)]
        for day in proved
    )
    found.check("days on which ledger = network = customers = the data", len(found.days), agree)


def show(found: Findings) -> None:
    """What was found, as tables."""
    table = Table(title=f"{found.rows:,} rows on {found.cards:,} cards", title_justify="left")
    for heading in ("records of the files came to", "", "took", "seconds"):
        table.add_column(heading, justify="right" if heading in ("", "seconds") else "left")
    left, right = list(found.tally.items()), list(found.seconds.items())
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else ("", "")
        two = right[number] if number < len(right) else ("", "")
        table.add_row(
            one[0],
            f"{one[1]:,}" if one[0] else "",
            two[0],
            f"{two[1]:.1f}" if two[0] else "",
        )
    console.print(table)
    handled = found.tally.total() / found.seconds["clearing"]
    console.print(f"{found.files} files handed over, {handled:,.0f} records/s, SQLite")
    checks = Table(title="what must hold", title_justify="left")
    for heading in ("", "found", ""):
        checks.add_column(heading, justify="right" if heading == "found" else "left")
    for what, held, figure in found.checks:
        checks.add_row(what, figure, "[green]holds" if held else "[bold red]BROKEN")
    console.print(checks)


def main() -> int:
    """Replay what the command line names; 1 when something that must hold does not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clearing")
    parser.add_argument(
        "--data", type=Path, default=SAMPLE, help="a file like data/purchase_cards/"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    asked = parser.parse_args()
    rows = read_rows(asked.data)
    columns = (TextColumn("{task.description:28}"), BarColumn(), MofNCompleteColumn())
    with (
        Progress(*columns, TimeElapsedColumn(), console=console) as progress,
        tempfile.TemporaryDirectory() as folder,
        ExitStack() as stack,
    ):
        url = ""
        if asked.store == "postgres":
            Path(folder).chmod(0o755)
            postgres = stack.enter_context(PostgresServer(Path(folder) / "postgres"))
            url = postgres.create_database("clearing")
        bars: dict[str, Any] = {}

        def step(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=total)
            progress.update(bars[what], completed=done)

        found = asyncio.run(replay(rows, asked.seed, Path(folder), step, url))
    show(found)
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
