"""A month of real purchases through the system: day by day, each cleared when it was posted."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TypeVar

from demo.bank import Bank, Holder
from demo.rows import Row

T = TypeVar("T")

CONCURRENCY = 64
"""Rpcs under way at once."""
BURST_CHARGES = 12
BURST_SECONDS = 20
BURST_AMOUNT_MINOR = 1_00
BLOCK_LIMIT_SECONDS = 30.0
BLOCK_POLL_SECONDS = 0.2


@dataclass
class Outcome:
    """What became of every row, and of what else was done."""

    holders: dict[str, Holder] = field(default_factory=dict)
    authorised: set[str] = field(default_factory=set)
    declined: dict[str, str] = field(default_factory=dict)
    refunded: set[str] = field(default_factory=set)
    cleared: set[str] = field(default_factory=set)
    lost: Holder | None = None
    replacement_last_four: str = ""
    unrecognised: str = ""
    tested: Holder | None = None
    burst: Counter[str] = field(default_factory=Counter)
    burst_blocked_after_seconds: float | None = None


class Replay:
    """Runs rows through a bank. `advance` is called whenever so many steps are done."""

    def __init__(self, bank: Bank, rows: Sequence[Row], advance: Callable[[int], None]) -> None:
        self._bank = bank
        self._rows = rows
        self._advance = advance
        self._places = asyncio.Semaphore(CONCURRENCY)
        self.outcome = Outcome()

    async def _placed(self, what: Callable[[], Awaitable[T]]) -> T:
        async with self._places:
            return await what()

    async def open_accounts(self) -> None:
        """An account and a card per card ending."""

        async def open_one(ending: str) -> None:
            holder = await self._placed(lambda: self._bank.open(ending))
            self.outcome.holders[ending] = holder
            self._advance(1)

        await self._bank.define_programme()
        endings = sorted({row.card for row in self._rows})
        await _together(open_one(ending) for ending in endings)

    async def run(self) -> None:
        """Every day: what posts today, then what is bought today; cards side by side."""
        posting: dict[date, list[Row]] = defaultdict(list)
        buying: dict[date, list[Row]] = defaultdict(list)
        for row in self._rows:
            posting[row.posted_on].append(row)
            buying[row.transaction_at.date()].append(row)
        for day in sorted({*posting, *buying}):
            by_card: dict[str, list[Callable[[], Awaitable[None]]]] = defaultdict(list)
            # What posts on the day it was bought comes after the purchase.
            early = [row for row in posting[day] if row.transaction_at.date() < day or row.refund]
            late = [row for row in posting[day] if row.transaction_at.date() >= day]
            for row in early:
                by_card[row.card].append(lambda row=row: self._post(row))  # type: ignore[misc]
            for row in buying[day]:
                if not row.refund:
                    by_card[row.card].append(lambda row=row: self._buy(row))  # type: ignore[misc]
            for row in late:
                if not row.refund:
                    by_card[row.card].append(lambda row=row: self._post(row))  # type: ignore[misc]
            await _together(self._in_order(steps) for steps in by_card.values())

    async def _in_order(self, steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
        for step in steps:
            await self._placed(step)

    async def _buy(self, row: Row) -> None:
        answer = await self._bank.authorise(self.outcome.holders[row.card], row)
        if answer.approved:
            self.outcome.authorised.add(row.id)
        else:
            self.outcome.declined[row.id] = answer.charge.reason
        self._advance(1)

    async def _post(self, row: Row) -> None:
        holder = self.outcome.holders[row.card]
        if row.refund:
            await self._bank.refund(holder, row)
            self.outcome.refunded.add(row.id)
        elif row.id in self.outcome.authorised:
            await self._bank.clear(holder, row)
            self.outcome.cleared.add(row.id)
        self._advance(1)

    # What happens besides -------------------------------------------------------------------------

    async def lose_a_card(self) -> None:
        """The holder of the quietest card loses it, and does not recognise its last charge."""
        row = self._quiet_rows()[0]
        holder = self.outcome.holders[row.card]
        answer = await self._bank.report_lost(holder)
        self.outcome.lost = holder
        self.outcome.replacement_last_four = answer.replacement.last_four
        charge_id = self._bank.id("charge", row.id)
        await self._bank.report_unrecognised(holder, charge_id)
        self.outcome.unrecognised = charge_id

    async def burst_of_card_testing(self) -> None:
        """Somebody tries a stolen number at one shop after another, until risk has it blocked."""
        row = self._quiet_rows()[1]
        holder = self.outcome.holders[row.card]
        self.outcome.tested = holder
        begin = row.transaction_at + timedelta(days=1)
        for number in range(BURST_CHARGES):
            small = replace(
                row,
                amount_minor=BURST_AMOUNT_MINOR + number,
                merchant=f"online shop {number + 1}",
                merchant_id=f"TEST{number:06d}",
                mcc="5815",
                transaction_at=begin + timedelta(seconds=number * BURST_SECONDS),
            )
            answer = await self._bank.test_card(holder, number, small)
            self.outcome.burst["approved" if answer.approved else answer.charge.reason] += 1
            self._advance(1)
        await self._wait_for_block(holder)

    async def _wait_for_block(self, holder: Holder) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        while loop.time() - started < BLOCK_LIMIT_SECONDS:
            card = await self._bank.card(holder.card_id)
            if card.status_reason and card.status != 1:
                self.outcome.burst_blocked_after_seconds = loop.time() - started
                return
            await asyncio.sleep(BLOCK_POLL_SECONDS)

    def _quiet_rows(self) -> list[Row]:
        """The last accepted purchase of each card, those of the quietest cards first."""
        used = Counter(row.card for row in self._rows)
        last = {row.card: row for row in self._rows if row.id in self.outcome.cleared}
        return sorted(last.values(), key=lambda row: (used[row.card], row.card))


async def _together(works: Iterable[Awaitable[None]]) -> None:
    """All of them; the first failure ends the others."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(_wrapped(work))


async def _wrapped(work: Awaitable[None]) -> None:
    await work
