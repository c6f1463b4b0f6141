"""Durable `AuthoriseCharge` beside a no-op on the same server and a bare echo of the same requests.
Each part is a process of its own; rounds alternate, so that noise falls on all of them alike. What
each layer of the door costs is told by `benchmarks.door`, to which the network is no noise."""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.type.v1 import money_pb2
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import MISSED
from benchmarks.load import AUTHORISE, ECHO, HEALTH
from chassis.config import DoorLayer
from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.system import DESCRIPTION, ROOT, ServiceServer, System

ACCOUNTS = 200
LIMIT_MINOR = 10**13
CALLERS = (1, 16, 64, 256)
GOALS_AT = 64
ALL_OFF = tuple(layer.value for layer in DoorLayer)
WARM_CALLS = 1_000
GOAL_WITH_DOOR = 0.5
GOAL_WITHOUT_DOOR = 0.7
console = Console()


class AuthoriseSystem(System):
    """auth and accounts only, accounts with some layers of its door off."""

    def __init__(self, folder: Path, store: str, off: Sequence[str] = ()) -> None:
        self.off = tuple(off)
        super().__init__(folder, store=store)

    def _of_its_own(self, name: str) -> dict[str, str]:
        own = super()._of_its_own(name)
        if name == "accounts":
            own["DOOR_LAYERS_OFF"] = json.dumps(list(self.off))
            # Where money is real there is no test clock to look at.
            own["TEST_CLOCK_ALLOWED"] = "false"
        return own

    def start_two(self) -> None:
        """Start auth and accounts, without NATS: nothing here reacts."""
        for name in ("auth", "accounts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if self.postgres is not None:
            self.postgres.start()
            self._create_databases(self.postgres)
        for name in ("auth", "accounts"):
            self.services[name] = self.service(name, command=["serve"])
        self.services["auth"].start()
        self.services["accounts"].start()
        self.describe()

    def restart_accounts(self, off: Sequence[str]) -> ServiceServer:
        """The same store behind a door with other layers."""
        self.off = tuple(off)
        server = self.services["accounts"]
        server.stop()
        server.start()
        return server


async def prepare(address: SystemAddress) -> tuple[str, list[str]]:
    """Open accounts without a limit that matters; returns the gateway's token and the cards."""
    await hire(address)
    amount = money_pb2.Money(minor_units=LIMIT_MINOR, currency_code="GBP")
    programme = pb.Programme(
        programme_id="bench",
        name="Bench",
        currency="GBP",
        bin="400012",
        default_limit=amount,
        assessment_threshold=amount,
        stand_in_limit=amount,
    )
    async with Session(address, OPERATOR) as operator, Session(address, "gateway") as gateway:
        stub = operator.stub(AccountsServiceStub, "accounts")
        await stub.DefineProgramme(
            pb.DefineProgrammeRequest(idempotency_key="bench", programme=programme)
        )

        async def open_one(number: int) -> str:
            details = pb.PersonalDetails(
                given_name="Bench", family_name=str(number), email="bench@cards.example"
            )
            customer = await stub.RegisterCustomer(
                pb.RegisterCustomerRequest(idempotency_key=f"c{number}", details=details)
            )
            opened = await stub.OpenAccount(
                pb.OpenAccountRequest(
                    idempotency_key=f"a{number}",
                    customer_id=customer.customer_id,
                    programme_id="bench",
                    card_kind=pb.CARD_KIND_VIRTUAL,
                )
            )
            return str(opened.account.cards[0].card_id)

        cards = [await open_one(number) for number in range(ACCOUNTS)]
        return gateway.access_token, cards


@contextmanager
def echo_server(*command: str) -> Iterator[tuple[str, int]]:
    """The bare echo, or what is named instead; gives its address and process."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}"}
    started = [sys.executable, "-m", *(command or ("benchmarks.echo",))]
    with subprocess.Popen(started, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            yield f"127.0.0.1:{int(process.stdout.readline())}", process.pid
        finally:
            process.kill()


def measure(address: str, method: str, callers: int, seconds: float, **more: Any) -> dict[str, Any]:
    """Let the load generator do one job."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}"}
    job = {
        "addresses": [address],
        "method": method,
        "callers": callers,
        "seconds": seconds,
        "run": uuid4().hex[:12],
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    if found["errors"]:
        console.print(f"[red]{method}: {found['errors']}")
    return found


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True)
class Target:
    """What is called."""

    address: str
    pid: int
    method: str = AUTHORISE

    def measure(self, callers: int, seconds: float, **more: Any) -> dict[str, Any]:
        """Let the load generator do one job; with the server's CPU for a call, as `cpu_us`."""
        before = cpu_seconds(self.pid)
        found = measure(self.address, self.method, callers, seconds, **more)
        used = cpu_seconds(self.pid) - before
        return {**found, "cpu_us": used / max(1, found["calls"]) * 1e6}


class Rounds:
    """Figures of several rounds, by variant."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, int], list[dict[str, Any]]] = {}

    def add(self, variant: str, callers: int, figures: dict[str, Any]) -> None:
        self.found.setdefault((variant, callers), []).append(figures)

    def median(self, variant: str, callers: int, figure: str = "per_second") -> float:
        """The median over the rounds."""
        return statistics.median(float(each[figure]) for each in self.found[(variant, callers)])

    def least(self, variant: str, callers: int, figure: str) -> float:
        """The least of the rounds."""
        return min(float(each[figure]) for each in self.found[(variant, callers)])


def started(system: AuthoriseSystem, off: Sequence[str], **work: Any) -> Target:
    """accounts behind a door with some layers off, every account read into memory."""
    server = system.restart_accounts(off)
    target = Target(server.address, server.pid)
    target.measure(GOALS_AT, 0.1, warm_calls=WARM_CALLS, **work)
    return target


def compare(system: AuthoriseSystem, asked: Any, **work: Any) -> Rounds:
    """Echo, no-op, authorise with the door on and off, in turn, at each number of callers."""
    rounds = Rounds()
    with echo_server() as (address, pid), Progress(console=console) as progress:
        echo = Target(address, pid, ECHO)
        measuring = progress.add_task("measuring", total=asked.rounds * len(CALLERS) * 2)
        for _ in range(asked.rounds):
            for off, variant in (((), "door on"), (ALL_OFF, "door off")):
                accounts = started(system, off, **work)
                no_op = Target(accounts.address, accounts.pid, HEALTH)
                for callers in CALLERS:
                    figures = accounts.measure(callers, asked.seconds, **work)
                    rounds.add(variant, callers, figures)
                    rounds.add("echo", callers, echo.measure(callers, asked.seconds, **work))
                    rounds.add("no-op", callers, no_op.measure(callers, asked.seconds / 2, **work))
                    progress.advance(measuring)
    return rounds


def show(store: str, rounds: Rounds) -> bool:
    """Print the table; whether both goals are reached."""
    title = f"durable AuthoriseCharge on {store}, one server process: calls/s (p50/p99 ms, µs CPU)"
    table = Table(title=title, title_justify="left")
    for heading in ("callers", "echo", "no-op", "door on", "of echo", "door off", "of echo"):
        table.add_column(heading, justify="right")
    for callers in CALLERS:
        cells = [str(callers)]
        for variant in ("echo", "no-op", "door on", "door off"):
            rate = rounds.median(variant, callers)
            p50, p99 = (rounds.median(variant, callers, name) for name in ("p50_ms", "p99_ms"))
            cpu = rounds.least(variant, callers, "cpu_us")
            cells.append(f"{rate:,.0f}\n{p50:.1f}/{p99:.1f}\n{cpu:.0f} µs")
            if variant.startswith("door"):
                cells.append(f"{rate / rounds.median('echo', callers):.2f}")
        table.add_row(*cells, end_section=True)
    console.print(table)
    reached = True
    for variant, goal in (("door on", GOAL_WITH_DOOR), ("door off", GOAL_WITHOUT_DOOR)):
        part = rounds.median(variant, GOALS_AT) / rounds.median("echo", GOALS_AT)
        cpu, of_echo = (rounds.least(each, GOALS_AT, "cpu_us") for each in (variant, "echo"))
        console.print(
            f"{variant} at {GOALS_AT}: {part:.2f} of the echo's calls (goal {goal}):"
            f" {'reached' if part >= goal else 'missed'};"
            f" {cpu:.0f} µs of CPU a call to the echo's {of_echo:.0f}"
        )
        reached &= part >= goal
    return reached


def main(arguments: Sequence[str] | None = None) -> bool:
    """Measure; whether the goals are reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.authorise")
    parser.add_argument("--store", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args(arguments)
    reached = True
    for store in asked.store or ["sqlite", "postgres"]:
        with tempfile.TemporaryDirectory(prefix="cards-bench-") as folder:
            Path(folder).chmod(0o755)
            system = AuthoriseSystem(Path(folder), store)
            try:
                system.start_two()
                address = SystemAddress.read(system.folder / DESCRIPTION)
                token, cards = asyncio.run(prepare(address))
                work = {"token": token, "cards": cards}
                reached &= show(store, compare(system, asked, **work))
            finally:
                for server in (*system.services.values(), system.postgres):
                    if server is not None:
                        server.stop()
    return reached


if __name__ == "__main__":
    sys.exit(0 if main() else MISSED)
