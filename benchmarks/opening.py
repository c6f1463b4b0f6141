"""How long an account with ten thousand charges takes to open: read cold, from its snapshot and
what happened since, then asked for one charge and decided on. `python -m benchmarks.opening`"""

import asyncio
import sys
import tempfile
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from benchmarks import MISSED
from benchmarks.decide import CONTEXT
from benchmarks.history import grow, pair
from chassis.event_store.cache import Folded, Streams
from chassis.kernel.ids import derive
from chassis.snapshots import SNAPSHOT_EVERY, keep_snapshot
from chassis.testing.harness import TestNode, running
from services.accounts.app import SERVICE
from services.accounts.domain.account.decider import CREDIT_ACCOUNT

CHARGES = (100, 1_000, 10_000)
ROUNDS = 15
GOAL_MS = 50.0
console = Console()


async def open_cold(node: TestNode, account_id: str, card_id: str) -> tuple[float, float]:
    """Milliseconds of reading the account with nothing in memory, and of its first decision."""
    streams = Streams(SERVICE.deciders, node.codec)
    stream = f"{CREDIT_ACCOUNT.category}-{account_id}"

    def load(connection: Connection) -> Any:
        return streams.load(connection, [stream])[stream]

    # Nor may the database have its pages at hand, apart from those of the operating system.
    node.database.engine.dispose()
    started = perf_counter_ns()
    fold = await node.database.read(load)
    read = perf_counter_ns()
    assert isinstance(fold, Folded)
    _, clearing = pair(account_id, card_id, 50, node)
    assert fold.state.charges[clearing.charge_id].captured_minor
    assert not CREDIT_ACCOUNT.decide(fold.state, clearing, CONTEXT), "it was cleared before"
    decided = perf_counter_ns()
    return (read - started) / 1e6, (decided - read) / 1e6


async def measure(folder: Path) -> dict[int, tuple[float, float]]:
    """The median of the rounds, by number of charges: reading and first decision."""
    medians: dict[int, tuple[float, float]] = {}
    async with running(SERVICE, folder) as node:
        for charges in CHARGES:
            facts = 2 * charges + 2
            card_id = await grow(node, facts, 0)
            account_id = derive("account", str(facts), "0")
            stream = f"{CREDIT_ACCOUNT.category}-{account_id}"
            await keep_snapshot(node.database, node.ticker.streams, stream)
            # At worst so much has happened since the snapshot.
            for number in range(charges, charges + SNAPSHOT_EVERY // 2):
                commands = pair(account_id, card_id, number, node)
                await node.ports.application.execute(*commands, actor="service:bench")
            rounds = [await open_cold(node, account_id, card_id) for _ in range(ROUNDS)]
            reading, deciding = (sorted(each) for each in zip(*rounds, strict=True))
            medians[charges] = (reading[ROUNDS // 2], deciding[ROUNDS // 2])
    return medians


def main() -> bool:
    """Print the table; whether the longest account opens in time."""
    with tempfile.TemporaryDirectory(prefix="cards-opening-") as folder:
        medians = asyncio.run(measure(Path(folder)))
    table = Table(
        title=f"opening an account cold: snapshot and {SNAPSHOT_EVERY} facts since, median",
        title_justify="left",
    )
    for heading in ("charges", "read, ms", "first decision, ms", "in all, ms"):
        table.add_column(heading, justify="right")
    for charges, (reading, deciding) in medians.items():
        table.add_row(
            f"{charges:,}", f"{reading:.1f}", f"{deciding:.2f}", f"{reading + deciding:.1f}"
        )
    console.print(table)
    longest = sum(medians[CHARGES[-1]])
    reached = longest <= GOAL_MS
    word = "reached" if reached else "missed"
    console.print(f"{CHARGES[-1]:,} charges in {longest:.1f} ms (goal {GOAL_MS:.0f} ms): {word}")
    return reached


if __name__ == "__main__":
    sys.exit(0 if main() else MISSED)
