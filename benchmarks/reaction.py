"""How long after its commit in accounts a charge has had its effect in loyalty, NATS syncing every
write, and whether the relay keeps up. One watcher reads both stores, accounts' head and loyalty's
inbox (committed with the points), so both instants are late by the same look."""

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from rich.console import Console
from sqlalchemy import select

from benchmarks import MISSED
from benchmarks.authorise import AuthoriseSystem, measure, prepare
from benchmarks.load import AUTHORISE, authorisations
from chassis.database import open_engine
from chassis.event_store.tables import inbox, log_head
from client.session import SystemAddress
from demo.system import DESCRIPTION

NEEDED = ("auth", "accounts", "loyalty")
RATE = 200
SECONDS = 15.0
WARM_SECONDS = 3.0
FULL_SECONDS = 6.0
FULL_CALLERS = 64
LOOK_SECONDS = 0.002
CATCH_UP_SECONDS = 60.0
RPC_SECONDS = 10.0
GOAL_P99_MS = 60.0
GOAL_BEHIND_SECONDS = 1.0
console = Console()


class Watcher:
    """Looks at both stores all the time, and notes when each fact was first seen in each."""

    def __init__(self, system: AuthoriseSystem) -> None:
        self._accounts = open_engine(system.store_url("accounts"))
        self._loyalty = open_engine(system.store_url("loyalty"))
        self.committed: dict[int, float] = {}
        self.applied: dict[int, float] = {}
        self.head = self.latest()
        # Partitions are taken in side by side: up to here nothing is missing.
        self.whole = self.head
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher")

    def latest(self) -> int:
        """The position of the last fact that is committed, whether it was seen yet or not."""
        with self._accounts.begin() as connection:
            return int(connection.scalar(select(log_head.c.position)) or 0)

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            query = select(inbox.c.position).where(
                inbox.c.source == "accounts", inbox.c.position > self.whole
            )
            with self._loyalty.begin() as connection:
                found = connection.execute(query).scalars().all()
            now = time.perf_counter()
            for position in found:
                self.applied.setdefault(position, now)
            head = self.latest()
            now = time.perf_counter()
            self.committed.update(dict.fromkeys(range(self.head + 1, head + 1), now))
            self.head = head
            while self.whole + 1 in self.applied:
                self.whole += 1

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._accounts.dispose()
        self._loyalty.dispose()


async def steadily(address: str, token: str, cards: list[str], rate: int, seconds: float) -> int:
    """Ask so many times a second, whether answers have come or not; returns how many failed."""
    metadata = [("authorization", f"Bearer {token}")]
    made = authorisations(cards, uuid4().hex[:12])
    failed = 0

    async def one(invoke: Any, request: bytes) -> None:
        nonlocal failed
        try:
            await invoke(request, metadata=metadata, timeout=RPC_SECONDS)
        except grpc.aio.AioRpcError:
            failed += 1

    async with grpc.aio.insecure_channel(address) as channel:
        invoke = channel.unary_unary(AUTHORISE, None, None)
        begin = time.perf_counter()
        async with asyncio.TaskGroup() as calls:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(begin + number / rate - time.perf_counter())
                calls.create_task(one(invoke, next(made)))
    return failed


def wait_until_applied(watcher: Watcher) -> float:
    """Seconds until loyalty has taken in everything, at most a minute."""
    begin, last = time.perf_counter(), watcher.latest()
    while watcher.whole < last and time.perf_counter() - begin < CATCH_UP_SECONDS:
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - begin


def delays_ms(watcher: Watcher) -> list[float]:
    """Commit to effect of every fact that was seen in both, ascending."""
    return sorted(
        (watcher.applied[position] - at) * 1000
        for position, at in watcher.committed.items()
        if position in watcher.applied
    )


def at_a_steady_rate(system: AuthoriseSystem, token: str, cards: list[str], asked: Any) -> bool:
    """Whether the delay stays within the goal."""
    address = system.services["accounts"].address
    asyncio.run(steadily(address, token, cards, asked.rate, WARM_SECONDS))
    with Watcher(system) as watcher:
        failed = asyncio.run(steadily(address, token, cards, asked.rate, asked.seconds))
        wait_until_applied(watcher)
    delays = delays_ms(watcher)
    p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
    reached = p99 <= GOAL_P99_MS and not failed and len(delays) == len(watcher.committed)
    console.print(
        f"{asked.rate} charges/s for {asked.seconds:g} s on {system.store}: {len(delays):,} facts,"
        f" commit → applied in loyalty p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest"
        f" {delays[-1]:.1f} ms, {failed} failed (goal p99 {GOAL_P99_MS:.0f} ms):"
        f" {'reached' if reached else 'missed'}"
    )
    return reached


def at_full_rate(system: AuthoriseSystem, token: str, cards: list[str]) -> bool:
    """Whether relay and subscriber keep up while accounts takes what it can."""
    address = system.services["accounts"].address
    with Watcher(system) as watcher:
        begin = watcher.head
        started = time.perf_counter()
        measured = measure(address, AUTHORISE, FULL_CALLERS, FULL_SECONDS, token=token, cards=cards)
        lasted = time.perf_counter() - started
        applied = len(watcher.applied)
        behind = watcher.head - begin - applied
        late = wait_until_applied(watcher)
        facts = watcher.head - begin
    reached = late <= GOAL_BEHIND_SECONDS
    console.print(
        f"{FULL_CALLERS} callers on {system.store}: {measured['per_second']:,.0f} authorised/s,"
        f" {applied / lasted:,.0f} applied/s; {behind:,} of {facts:,} facts behind at the end,"
        f" caught up after {late:.2f} s (goal {GOAL_BEHIND_SECONDS:g} s):"
        f" {'reached' if reached else 'missed'}"
    )
    return reached


def main(arguments: Sequence[str] | None = None) -> bool:
    """Measure; whether the goals are reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reaction")
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rate", type=int, default=RATE)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="cards-bench-") as folder:
        Path(folder).chmod(0o755)
        system = AuthoriseSystem(Path(folder), asked.store)
        try:
            system.start(only=NEEDED)
            address = SystemAddress.read(system.folder / DESCRIPTION)
            token, cards = asyncio.run(prepare(address))
            steady = at_a_steady_rate(system, token, cards, asked)
            full = at_full_rate(system, token, cards)
        finally:
            system.stop()
    return steady and full


if __name__ == "__main__":
    sys.exit(0 if main() else MISSED)
