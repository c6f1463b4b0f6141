"""What a durable command costs on an account with a long history: decided, committed and rendered
on the real store, by number of facts. Rounds alternate between the lengths, so that the noise of a
shared machine falls on all alike."""

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.type.v1 import money_pb2
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import MISSED
from benchmarks.decide import GROCER, HISTORIES, TERMS, TODAY
from chassis.call import entered
from chassis.kernel.ids import derive
from chassis.kernel.money import Money
from chassis.testing.harness import TestNode, call, running
from services.accounts.app import SERVICE
from services.accounts.domain.account.commands import (
    AuthoriseCharge,
    ClearCharge,
    NewCard,
    OpenAccount,
)
from services.accounts.domain.card_place import PlaceCard
from services.accounts.domain.values import CardKind
from services.accounts.grpc_api.charges import Charges

ROUNDS = 25
CALLS_PER_ROUND = 256
CALLERS = 64
SHORT_FACTS = 1_000
PAIRS_PER_UNIT = 400
GOAL_GROWTH = 0.10
console = Console()


def opening(account_id: str, card_id: str) -> tuple[OpenAccount, PlaceCard]:
    """An account with one card and no limit that matters."""
    card = NewCard(card_id=card_id, last_four="4242", kind=CardKind.VIRTUAL)
    account = OpenAccount(
        account_id=account_id,
        customer_id="customer",
        programme_id="everyday",
        programme_version=1,
        terms=TERMS,
        limit=Money(10**12, "GBP"),
        card=card,
    )
    placing = PlaceCard(
        card_id=card_id, account_id=account_id, customer_id="customer", pan_hash="0" * 64
    )
    return account, placing


async def grow(node: TestNode, facts: int, number: int) -> str:
    """An account with so many facts; returns its card. A large unit is quick to write."""
    account_id = derive("account", str(facts), str(number))
    card_id = derive("card", account_id)
    await node.ports.application.execute(*opening(account_id, card_id), actor="service:bench")
    pairs = [pair(account_id, card_id, number, node) for number in range((facts - 2) // 2)]
    for start in range(0, len(pairs), PAIRS_PER_UNIT):
        commands = [each for both in pairs[start : start + PAIRS_PER_UNIT] for each in both]
        await node.ports.application.execute(*commands, actor="service:bench")
    return card_id


def pair(
    account_id: str, card_id: str, number: int, node: TestNode
) -> tuple[AuthoriseCharge, ClearCharge]:
    """A charge and its clearing: two facts."""
    charge_id, amount = derive(account_id, str(number)), Money(1_001, "GBP")
    authorise = AuthoriseCharge(
        account_id=account_id,
        charge_id=charge_id,
        card_id=card_id,
        amount=amount,
        merchant=GROCER,
        transaction_date=TODAY,
        transaction_at=node.clock.now(),
    )
    clear = ClearCharge(
        account_id=account_id,
        clearing_id=derive(charge_id, "clearing"),
        charge_id=charge_id,
        card_id=card_id,
        amount=amount,
        transaction_date=TODAY,
        posting_date=TODAY,
    )
    return authorise, clear


async def time_round(api: Charges, card_id: str, numbers: Iterator[int]) -> float:
    """Microseconds of CPU for one charge, with 64 under way at a time."""
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

    async def caller() -> None:
        for request in waiting:
            with entered(call("accounts.AuthoriseCharge", request.idempotency_key)):
                answer = await api.AuthoriseCharge(request, None)  # type: ignore[arg-type]
                assert answer.approved

    started = time.process_time_ns()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return (time.process_time_ns() - started) / 1_000 / CALLS_PER_ROUND


async def measure(folder: Path) -> dict[int, float]:
    """The least of the rounds, by number of facts."""
    least = dict.fromkeys(HISTORIES, float("inf"))
    async with running(SERVICE, folder) as node:
        api = next(each for _, each, _ in node.rpcs() if isinstance(each, Charges))
        with Progress(console=console) as progress:
            growing = progress.add_task("writing histories", total=len(HISTORIES))
            cards = {}
            for facts in HISTORIES:
                # A short history does not stay short: every round has a new one.
                several = ROUNDS if facts <= SHORT_FACTS else 1
                cards[facts] = [await grow(node, facts, number) for number in range(several)]
                progress.advance(growing)
            numbers = count()
            # The collector would be charged to whoever happens to be measured.
            gc.collect()
            gc.disable()
            rounds = progress.add_task("measuring", total=ROUNDS)
            for number in range(ROUNDS):
                # Nobody is always first: the store copies its log back every so many calls.
                turn = number % len(HISTORIES)
                for facts in HISTORIES[turn:] + HISTORIES[:turn]:
                    known = cards[facts]
                    card_id = known[number % len(known)]
                    least[facts] = min(least[facts], await time_round(api, card_id, numbers))
                progress.advance(rounds)
            gc.enable()
    return least


def main() -> bool:
    """Print the table; whether the cost is flat."""
    with tempfile.TemporaryDirectory(prefix="cards-history-") as folder:
        least = asyncio.run(measure(Path(folder)))
    table = Table(title="durable AuthoriseCharge by length of history", title_justify="left")
    for heading in ("facts at first", "µs of CPU", "of the shortest"):
        table.add_column(heading, justify="right")
    first = least[HISTORIES[0]]
    for facts, cost in least.items():
        table.add_row(f"{facts:,}", f"{cost:.0f}", f"{cost / first - 1:+.1%}")
    console.print(table)
    worst = max(abs(cost / first - 1) for cost in least.values())
    reached = worst <= GOAL_GROWTH
    console.print(
        f"flat within {worst:.1%} (goal {GOAL_GROWTH:.0%}): {'reached' if reached else 'missed'}"
    )
    return reached


if __name__ == "__main__":
    sys.exit(0 if main() else MISSED)
