"""Durable `AuthoriseCharge` over gRPC beside a no-op rpc on the same server and a bare echo. Load,
server, echo and database are processes of their own; rounds alternate, so that the noise of a
shared machine falls on all variants alike."""

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
from pathlib import Path
from typing import Any
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.type.v1 import money_pb2
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.load import AUTHORISE, ECHO, HEALTH
from chassis.config import DoorLayer
from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.system import DESCRIPTION, ROOT, ServiceServer, System

ACCOUNTS = 500
LIMIT_MINOR = 10**13
CALLERS = (1, 16, 64, 256)
LAYERS_AT = 64
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
def echo_server() -> Iterator[str]:
    """The bare echo; gives its address."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}"}
    command = [sys.executable, "-m", "benchmarks.echo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            yield f"127.0.0.1:{int(process.stdout.readline())}"
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


class Rounds:
    """Figures of several rounds, by variant."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, int], list[dict[str, Any]]] = {}

    def add(self, variant: str, callers: int, figures: dict[str, Any]) -> None:
        self.found.setdefault((variant, callers), []).append(figures)

    def median(self, variant: str, callers: int, figure: str = "per_second") -> float:
        """The median over the rounds."""
        return statistics.median(float(each[figure]) for each in self.found[(variant, callers)])


def compare(system: AuthoriseSystem, token: str, cards: list[str], asked: Any) -> Rounds:
    """Echo, no-op, authorise with the door on and off, in turn, at each number of callers."""
    rounds = Rounds()
    all_off = [layer.value for layer in DoorLayer]
    with echo_server() as echo, Progress(console=console) as progress:
        work = progress.add_task("measuring", total=asked.rounds * len(CALLERS) * 4)
        for _ in range(asked.rounds):
            for off, variant in (((), "door on"), (all_off, "door off")):
                accounts = system.restart_accounts(off).address
                authorise = {"token": token, "cards": cards}
                measure(accounts, AUTHORISE, 64, 1.0, **authorise)
                for callers in CALLERS:
                    figures = measure(accounts, AUTHORISE, callers, asked.seconds, **authorise)
                    rounds.add(variant, callers, figures)
                    progress.advance(work)
                    if variant == "door on":
                        rounds.add("no-op", callers, measure(accounts, HEALTH, callers, 2.0))
                        rounds.add("echo", callers, measure(echo, ECHO, callers, 2.0))
                        progress.advance(work, 2)
    return rounds


def layers(system: AuthoriseSystem, token: str, cards: list[str], asked: Any) -> dict[str, float]:
    """What each layer costs: µs a call, as the difference that leaving it out makes at 64."""
    removable = [
        DoorLayer.TELEMETRY,
        DoorLayer.DEADLINE,
        DoorLayer.ADMISSION,
        DoorLayer.VALIDATION,
        DoorLayer.PERMISSION,
    ]
    rounds = Rounds()
    variants: dict[str, list[str]] = {"all on": [], **{each: [each.value] for each in removable}}
    with Progress(console=console) as progress:
        work = progress.add_task("layer by layer", total=asked.rounds * len(variants))
        for _ in range(asked.rounds):
            for name, off in variants.items():
                address = system.restart_accounts(off).address
                measure(address, AUTHORISE, LAYERS_AT, 1.0, token=token, cards=cards)
                figures = measure(
                    address, AUTHORISE, LAYERS_AT, asked.seconds, token=token, cards=cards
                )
                rounds.add(name, LAYERS_AT, figures)
                progress.advance(work)
    whole = 1e6 / rounds.median("all on", LAYERS_AT)
    return {each: whole - 1e6 / rounds.median(each, LAYERS_AT) for each in removable}


def show(store: str, rounds: Rounds) -> bool:
    """Print the table; whether both goals are reached."""
    title = f"durable AuthoriseCharge on {store}, one server process (calls/s, p50/p99 ms)"
    table = Table(title=title, title_justify="left")
    for heading in ("callers", "echo", "no-op", "door on", "of echo", "door off", "of echo"):
        table.add_column(heading, justify="right")
    for callers in CALLERS:
        echo = rounds.median("echo", callers)
        cells = [str(callers), f"{echo:,.0f}", f"{rounds.median('no-op', callers):,.0f}"]
        for variant in ("door on", "door off"):
            rate = rounds.median(variant, callers)
            p50 = rounds.median(variant, callers, "p50_ms")
            p99 = rounds.median(variant, callers, "p99_ms")
            cells += [f"{rate:,.0f} ({p50:.1f}/{p99:.1f})", f"{rate / echo:.2f}"]
        table.add_row(*cells)
    console.print(table)
    echo = rounds.median("echo", LAYERS_AT)
    with_door = rounds.median("door on", LAYERS_AT) / echo
    without = rounds.median("door off", LAYERS_AT) / echo
    console.print(
        f"at {LAYERS_AT}: door on {with_door:.2f} of the echo (goal {GOAL_WITH_DOOR}), "
        f"door off {without:.2f} (goal {GOAL_WITHOUT_DOOR})"
    )
    return with_door >= GOAL_WITH_DOOR and without >= GOAL_WITHOUT_DOOR


def main(arguments: Sequence[str] | None = None) -> bool:
    """Measure; whether the goals are reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.authorise")
    parser.add_argument("--store", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
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
                reached &= show(store, compare(system, token, cards, asked))
                console.print(f"layers of the door on {store}, µs a call at {LAYERS_AT} callers:")
                for layer, cost in layers(system, token, cards, asked).items():
                    console.print(f"  {layer:12}{cost:8.0f}")
            finally:
                for server in (*system.services.values(), system.postgres):
                    if server is not None:
                        server.stop()
    return reached


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
