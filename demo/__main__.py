"""`python -m demo run | up | down`: the whole system, and a real month of purchases through it."""

import argparse
import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.loyalty.v1 import loyalty_service_pb2 as loyalty
from cards.loyalty.v1.loyalty_service_pb2_grpc import LoyaltyServiceStub
from cards.risk.v1 import risk_service_pb2 as risk
from cards.risk.v1.risk_service_pb2_grpc import RiskServiceStub
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.testing.processes import ServerFailed
from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.bank import Bank
from demo.proof import Check, Witness, checks
from demo.replay import BURST_CHARGES, Outcome, Replay
from demo.report import Findings, count_mails, show
from demo.rows import SAMPLE, Row, read_rows
from demo.system import DESCRIPTION, System

VAR = Path("var")
LOOKS_AT_ONCE = 32
EXIT_BROKEN = 1
console = Console()


def main() -> None:
    """Do what the command line says; exits 1 when something that must hold does not."""
    parser = argparse.ArgumentParser(prog="python -m demo")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start everything, replay, report, stop")
    run.add_argument("--data", type=Path, default=SAMPLE, help="a file like data/purchase_cards/")
    up = commands.add_parser("up", help="start everything and leave it running")
    for each in (run, up):
        each.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    commands.add_parser("down", help="stop what `up` left running")
    asked = parser.parse_args()
    try:
        match asked.command:
            case "run":
                sys.exit(_run(asked.data, asked.store))
            case "up":
                _up(asked.store)
            case _:
                _down()
    except ServerFailed as failure:
        console.print(f"[bold red]{failure}")
        sys.exit(EXIT_BROKEN)


def _run(data: Path, store: str) -> int:
    if not data.exists():
        console.print(f"[bold red]there is no file {data}")
        return EXIT_BROKEN
    rows = read_rows(data)
    folder = VAR / "demo" / store
    shutil.rmtree(folder, ignore_errors=True)
    system = System(folder, store=store)
    try:
        system.start(lambda what: console.print(f"starting {what} …"))
        address = SystemAddress.read(system.folder / DESCRIPTION)
        asyncio.run(hire(address))
        found = asyncio.run(_replay(address, rows, system))
    finally:
        system.stop()
    show(console, found)
    return 0 if all(check.holds for check in found.checks) else EXIT_BROKEN


def _up(store: str) -> None:
    system = System(VAR / "system", store=store)
    system.start(lambda what: console.print(f"starting {what} …"))
    asyncio.run(hire(SystemAddress.read(system.folder / DESCRIPTION)))
    system.leave_running()
    for name, server in system.services.items():
        console.print(f"  {name:10}{server.address}")
    console.print("It runs. Try [bold].venv/bin/cards --help[/]; stop it by [bold]make down[/].")


def _down() -> None:
    if not (VAR / "system" / DESCRIPTION).exists():
        console.print("nothing was left running here")
        return
    store = SystemAddress.read(VAR / "system" / DESCRIPTION).store
    stopped = System(VAR / "system", store=store).stop_left_running()
    console.print(f"stopped {stopped} processes; the data stay in {VAR / 'system'}")


async def _replay(address: SystemAddress, rows: Sequence[Row], system: System) -> Findings:
    columns = (
        TextColumn("{task.description:34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    async with Session(address, OPERATOR) as operator, Session(address, "gateway") as gateway:
        bank = Bank(operator, gateway, run=uuid4().hex[:8])
        witness = Witness(operator)
        with Progress(*columns, console=console) as progress:
            outcome, seconds = await _stages(progress, bank, rows)
            waiting = progress.add_task("waiting for every reaction", total=1)
            calm = await witness.calm()
            progress.advance(waiting)
            proving = progress.add_task("proving what must hold", total=1)
            held = await checks(witness, rows, outcome)
            progress.advance(proving)
        held.append(Check("every reaction has arrived", calm, "logs stand still"))
        categories, merchants, points = await _looks(operator, outcome)
        alerts = await operator.stub(RiskServiceStub, "risk").ListAlerts(
            risk.ListAlertsRequest(page_size=200)
        )
        return Findings(
            rows=rows,
            outcome=outcome,
            facts=await witness.facts(),
            timing=bank.timing,
            seconds=seconds,
            spend_by_category=categories,
            spend_by_merchant=merchants,
            points=points,
            alerts=alerts.alerts,
            mails=count_mails(system.mail),
            checks=held,
        )


async def _stages(progress: Progress, bank: Bank, rows: Sequence[Row]) -> tuple[Outcome, float]:
    endings = len({row.card for row in rows})
    refunds = sum(row.refund for row in rows)
    opening = progress.add_task("opening accounts and cards", total=endings)
    replaying = progress.add_task(
        "authorising, clearing, refunding", total=2 * (len(rows) - refunds) + refunds
    )
    testing = progress.add_task("a lost card, a burst of card testing", total=BURST_CHARGES)
    now = [opening]
    replay = Replay(bank, rows, lambda steps: progress.advance(now[0], steps))
    started = time.monotonic()
    await replay.open_accounts()
    now[0] = replaying
    await replay.run()
    seconds = time.monotonic() - started
    now[0] = testing
    await replay.lose_a_card()
    await replay.burst_of_card_testing()
    return replay.outcome, seconds


async def _looks(operator: Session, outcome: Outcome) -> tuple[Counter[str], Counter[str], int]:
    """Spend by category and by merchant, and points, summed over all accounts."""
    stub = operator.stub(AccountsServiceStub, "accounts")
    points = operator.stub(LoyaltyServiceStub, "loyalty")
    categories: Counter[str] = Counter()
    merchants: Counter[str] = Counter()
    balance = 0
    places = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def look(account_id: str) -> None:
        nonlocal balance
        async with places:
            for group, spend in (
                (accounts.SPEND_GROUP_CATEGORY, categories),
                (accounts.SPEND_GROUP_MERCHANT, merchants),
            ):
                answer = await stub.GetSpendBreakdown(
                    accounts.GetSpendBreakdownRequest(account_id=account_id, group=group)
                )
                for each in answer.spends:
                    spend[each.name] += each.spent.minor_units
            answer = await points.GetPoints(loyalty.GetPointsRequest(account_id=account_id))
            balance += answer.balance

    await asyncio.gather(*(look(holder.account_id) for holder in outcome.holders.values()))
    return categories, merchants, balance


if __name__ == "__main__":
    main()
