"""Looking for all customers again after a list has changed: accounts and risk in one process, each
on a SQLite store: python -m benchmarks.rescreening --lists DIR [--customers N]
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.risk.v1 import events_pb2
from cards.risk.v1 import screening_service_pb2 as pb
from rich.console import Console

from benchmarks.screening import content_of, published, sample
from chassis.call import Principal, entered
from chassis.testing.harness import TestNode, call, running
from services.accounts.app import SERVICE as ACCOUNTS
from services.accounts.app import rescreenings
from services.accounts.domain.screening.events import RescreeningCompleted
from services.accounts.tests.conftest import Door, methods_of
from services.risk.app import build
from services.risk.grpc_api import ScreeningApi

PIECE_BYTES = 65_536
TURNS_LIMIT = 100_000
OFFICER = Principal("operator:ann", "operator", ("compliance_officer",))
SECOND = Principal("operator:ben", "operator", ("compliance_officer",))
ACCOUNTS_ITSELF = Principal("service:accounts", "service")
console = Console()


@dataclass
class InProcess:
    """Risk as accounts asks it, without a network between."""

    api: ScreeningApi

    async def ScreenName(
        self, request: pb.ScreenNameRequest, timeout: float
    ) -> pb.ScreenNameResponse:
        body = request.screening_id.encode()
        asked = call(
            "risk.ScreenName", request.idempotency_key, principal=ACCOUNTS_ITSELF, body=body
        )
        with entered(asked):
            return await self.api.ScreenName(request, None)  # type: ignore[arg-type]


def main() -> int:
    """Register customers, put the lists in force, and look for everybody."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rescreening")
    parser.add_argument("--lists", type=Path, help="a folder with the published lists")
    parser.add_argument("--customers", type=int, default=1_000)
    asked = parser.parse_args()
    if asked.lists is None:
        console.print("no --lists: nothing to measure")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), asked.lists, asked.customers))
    return 0


async def measure(folder: Path, lists: Path, customers: int) -> None:
    """Print how many customers a second are looked for."""
    for name in ("risk", "accounts"):
        (folder / name).mkdir()
    async with running(build(), folder / "risk") as risk:
        api = next(each for _, each, _ in risk.rpcs() if isinstance(each, ScreeningApi))
        await put_in_force(api, lists)
        stubs = {"risk": InProcess(api)}
        async with running(ACCOUNTS, folder / "accounts", stubs=stubs) as node:
            await register(node, lists, customers)
            await look(node, "new customers")
            message = events_pb2.ScreeningListActivated(list_id="ofac", version_id="again")
            await node.take_in(message, stream="screening_register-lists")
            await node.caught_up()
            await look(node, "customers looked for again")
            (end,) = (each for each in node.facts() if isinstance(each, RescreeningCompleted))
            console.print(f"screened {end.screened}, referred {end.referred}")
            assert end.screened == customers


async def put_in_force(api: ScreeningApi, lists: Path) -> None:
    """The list of OFAC, brought in by one and activated by another."""
    content, aliases = content_of(lists, "ofac_sdn.csv"), content_of(lists, "ofac_alt.csv")

    async def pieces() -> AsyncIterator[pb.ImportScreeningListRequest]:
        yield pb.ImportScreeningListRequest(
            list_id="ofac",
            format=pb.SCREENING_LIST_FORMAT_OFAC_CSV,
            purpose=pb.SCREENING_LIST_PURPOSE_SANCTIONS,
        )
        for start in range(0, max(len(content), len(aliases)), PIECE_BYTES):
            end = start + PIECE_BYTES
            yield pb.ImportScreeningListRequest(
                content=content[start:end], aliases=aliases[start:end]
            )

    nobody: Any = None
    with entered(call("risk.ImportScreeningList", "", principal=OFFICER)):
        brought = await api.ImportScreeningList(pieces(), nobody)
    request = pb.ActivateScreeningListRequest(list_id="ofac", version_id=brought.list.version_id)
    with entered(call("risk.ActivateScreeningList", "activate", principal=SECOND)):
        await api.ActivateScreeningList(request, nobody)


async def register(node: TestNode, lists: Path, customers: int) -> None:
    """Half with ordinary names, half with listed ones turned about."""
    nobody: Any = None
    door = Door(node, methods_of(node), nobody)
    for name in sample(list(published(lists)), customers):
        details = accounts.PersonalDetails(
            given_name=name[:80], email="nobody@example.com", date_of_birth="1990-12-10"
        )
        await door("RegisterCustomer", details=details)
    await node.caught_up()


async def look(node: TestNode, what: str) -> None:
    """Let the worker do what there is to do."""
    worker = rescreenings(node.ports)
    looked = 0
    started, spent = time.perf_counter(), time.process_time()
    for _ in range(TURNS_LIMIT):
        if not await worker.work():
            break
        looked += 1
        await node.caught_up()
    took, used = time.perf_counter() - started, time.process_time() - spent
    console.print(f"{what}: {looked} batches in {took:.1f} s, {used:.1f} s of a core")


if __name__ == "__main__":
    raise SystemExit(main())
