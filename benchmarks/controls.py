"""What spend controls cost: a durable AuthoriseCharge on an account with every control active,
beside one without any, in the same run. The meters hold a month of charges; rounds alternate, so
that the noise of a shared machine falls on both alike. `python -m benchmarks.controls`"""

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.type.v1 import money_pb2
from rich.console import Console
from rich.table import Table

from benchmarks import MISSED
from benchmarks.decide import GROCER
from benchmarks.history import opening
from chassis.call import entered
from chassis.kernel.events import Command
from chassis.kernel.ids import derive
from chassis.kernel.money import Money
from chassis.testing.harness import TestNode, call, running
from services.accounts.app import SERVICE
from services.accounts.domain.account.commands import AuthoriseCharge
from services.accounts.domain.controls.commands import SetControl
from services.accounts.domain.controls.metering import Window
from services.accounts.domain.controls.state import Control, ControlKind, Scope
from services.accounts.domain.values import EntryMode
from services.accounts.grpc_api.charges import Charges

ROUNDS = 20
CALLS_PER_ROUND = 128
CALLERS = 32
HISTORY_DAYS = 45
CHARGES_PER_DAY = 6
GOAL_RATIO = 1.3
console = Console()


def every_control(card_id: str) -> Iterator[Control]:
    """Amount and count in every window, and each list blocked and allowed, for account and card."""
    for of_card in ("", card_id):
        name = "card" if of_card else "account"
        scope = Scope(card_id=of_card)
        for window in Window:
            for rolling in (False, True):
                single = window is Window.TRANSACTION
                if rolling and (single or window is Window.LIFETIME):
                    continue
                common = {"scope": scope, "window": window, "rolling": rolling}
                label = f"{name}-{window}-{rolling}".lower()
                yield Control(
                    control_id=f"amount-{label}",
                    kind=ControlKind.AMOUNT,
                    limit_minor=10**12,
                    **common,  # type: ignore[arg-type]
                )
                if not single:
                    yield Control(
                        control_id=f"count-{label}",
                        kind=ControlKind.COUNT,
                        times=10**9,
                        **common,  # type: ignore[arg-type]
                    )
        yield from _lists(name, of_card)


def _lists(name: str, card_id: str) -> Iterator[Control]:
    allowed = {
        "mcc": {"mccs": ("5411", "5812")},
        "group": {"mccs": ("3000-3350", "5400-5499")},
        "merchant": {"merchant_ids": ("M-1", "M-2")},
        "country": {"countries": ("GB", "IE")},
        "entry": {"entry_modes": (EntryMode.CHIP, EntryMode.CONTACTLESS)},
    }
    blocked = {
        "mcc": {"mccs": ("7995", "5933")},
        "group": {"mccs": ("7800-7995", "4829")},
        "merchant": {"merchant_ids": ("M-8", "M-9")},
        "country": {"countries": ("KP",)},
        "entry": {"entry_modes": (EntryMode.MAGNETIC_STRIPE,)},
    }
    for kind, lists in ((ControlKind.ALLOW, allowed), (ControlKind.BLOCK, blocked)):
        for what, fields in lists.items():
            scope = Scope(card_id=card_id, **fields)  # type: ignore[arg-type]
            yield Control(control_id=f"{kind}-{what}-{name}".lower(), kind=kind, scope=scope)


async def prepare(node: TestNode, name: str, controlled: bool) -> str:
    """An account with a month and a half of charges, with all controls or with none; its card."""
    account_id = derive("account", name)
    card_id = derive("card", account_id)
    commands: list[Command] = [*opening(account_id, card_id)]
    if controlled:
        commands += [SetControl(account_id=account_id, control=c) for c in every_control(card_id)]
    await node.ports.application.execute(*commands, actor="service:bench")
    begin = node.clock.now() - timedelta(days=HISTORY_DAYS)
    history = []
    for number in range(HISTORY_DAYS * CHARGES_PER_DAY):
        at = begin + timedelta(days=1) * number / CHARGES_PER_DAY
        history.append(
            AuthoriseCharge(
                account_id=account_id,
                charge_id=derive(account_id, str(number)),
                card_id=card_id,
                amount=Money(1_001, "GBP"),
                merchant=GROCER,
                entry_mode=EntryMode.CHIP,
                transaction_date=at.date(),
                transaction_at=at,
            )
        )
    await node.ports.application.execute(*history, actor="service:bench")
    return card_id


async def time_round(api: Charges, card_id: str, numbers: Iterator[int]) -> tuple[float, float]:
    """Microseconds of CPU for a charge with many under way, and milliseconds that one takes."""
    merchant = events_pb2.Merchant(id="M-1", name="Green Grocer", mcc="5411", country="GB")
    waiting = iter(
        [
            pb.AuthoriseChargeRequest(
                idempotency_key=f"bench-{next(numbers)}",
                card_id=card_id,
                amount=money_pb2.Money(minor_units=1_001, currency_code="GBP"),
                merchant=merchant,
                entry_mode=pb.ENTRY_MODE_CHIP,
            )
            for _ in range(CALLS_PER_ROUND)
        ]
    )
    took: list[float] = []

    async def caller() -> None:
        for request in waiting:
            began = time.perf_counter()
            with entered(call("accounts.AuthoriseCharge", request.idempotency_key)):
                answer = await api.AuthoriseCharge(request, None)  # type: ignore[arg-type]
                assert answer.approved, answer
            took.append(time.perf_counter() - began)

    started = time.process_time_ns()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return (time.process_time_ns() - started) / 1_000 / CALLS_PER_ROUND, median(took) * 1_000


Figures = dict[str, tuple[float, float]]


async def measure(folder: Path) -> tuple[Figures, int]:
    """The least of the rounds by kind of account, and how many controls there are."""
    rounds: dict[str, list[tuple[float, float]]] = {"none": [], "every": []}
    async with running(SERVICE, folder) as node:
        api = next(each for _, each, _ in node.rpcs() if isinstance(each, Charges))
        cards = {name: await prepare(node, name, name == "every") for name in rounds}
        numbers = count()
        # The collector would be charged to whoever happens to be measured.
        gc.collect()
        gc.disable()
        for _ in range(ROUNDS):
            for name, card_id in cards.items():
                rounds[name].append(await time_round(api, card_id, numbers))
        gc.enable()
    least: Figures = {}
    for name, found in rounds.items():
        cpu, took = zip(*found, strict=True)
        least[name] = (min(cpu), min(took))
    return least, len(list(every_control("card")))


def main() -> bool:
    """Print the table; whether the ratio is within its goal."""
    with tempfile.TemporaryDirectory(prefix="cards-controls-") as folder:
        least, controls = asyncio.run(measure(Path(folder)))
    title = f"durable AuthoriseCharge, {CALLERS} under way, by controls in force"
    table = Table(title=title, title_justify="left")
    for heading in ("controls", "µs of CPU", "median ms"):
        table.add_column(heading, justify="right")
    for name, number in (("none", 0), ("every", controls)):
        cpu, took = least[name]
        table.add_row(str(number), f"{cpu:.0f}", f"{took:.2f}")
    console.print(table)
    (bare_cpu, bare), (full_cpu, full) = least["none"], least["every"]
    reached = full / bare <= GOAL_RATIO
    console.print(
        f"latency with every control {full / bare:.2f} × bare, CPU {full_cpu / bare_cpu:.2f} ×"
        f" (goal {GOAL_RATIO:.1f} ×): {'reached' if reached else 'missed'}"
    )
    return reached


if __name__ == "__main__":
    sys.exit(0 if main() else MISSED)
