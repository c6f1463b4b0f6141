"""The billing run: everything due happens once, whoever runs it and however often it is killed."""

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.kernel.clock import FixedClock
from chassis.kernel.ids import derive
from chassis.testing.harness import TestNode, running
from services.accounts.app import SERVICE
from services.accounts.config import AccountsSettings
from services.accounts.domain.account import commands
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.billing import events as billing
from services.accounts.domain.business_day import events as days
from services.accounts.domain.business_day.commands import AdvanceBusinessDate
from services.accounts.domain.business_day.decider import BUSINESS_DAY, run_of
from services.accounts.domain.programme import DefineProgramme
from services.accounts.domain.values import CardKind
from services.accounts.queries import billing_run
from services.accounts.tests.billing_stories import STANDARD
from services.accounts.tests.stories import GROCER, pounds, terms
from services.accounts.use_cases.billing_run import BillingRun
from services.accounts.use_cases.day_ends import DayEnds

P = "everyday"
BEGINNING = datetime(2026, 1, 29, 12, tzinfo=UTC)
FIRST_DAY = date(2026, 1, 29)
CYCLE_END = date(2026, 1, 31)
ACCOUNTS = 40
SETTINGS = AccountsSettings(test_clock_allowed=True)
TERMS = terms(billing=STANDARD)


def begun(folder: Path) -> AbstractAsyncContextManager[TestNode]:
    """A process of accounts on the store in a folder, two days before the end of a cycle."""
    return running(SERVICE, folder, settings=SETTINGS, clock=FixedClock(BEGINNING))


def account_id(number: int) -> str:
    return derive("account", str(number))


async def open_accounts(node: TestNode, count: int = ACCOUNTS) -> None:
    """A programme and accounts that each bought something, shortly before the cycle ends."""
    application = node.ports.application
    define = DefineProgramme(programme_id=P, name="Everyday", terms=TERMS)
    await application.execute(define, actor="operator:olga")
    await node.timers_due()
    for number in range(count):
        card = commands.NewCard(card_id=f"card-{number}", last_four="4242", kind=CardKind.VIRTUAL)
        opening = commands.OpenAccount(
            account_id=account_id(number),
            customer_id="customer",
            programme_id=P,
            programme_version=1,
            terms=TERMS,
            limit=pounds(1000),
            card=card,
        )
        charge = commands.ClearCharge(
            account_id=account_id(number),
            clearing_id=f"clearing-{number}",
            charge_id="",
            card_id=f"card-{number}",
            amount=pounds(10 + number),
            merchant=GROCER,
            final=True,
            transaction_date=FIRST_DAY,
            posting_date=FIRST_DAY,
        )
        await application.execute(opening, charge, actor="operator:olga")


async def advance(node: TestNode, to_date: date) -> None:
    command = AdvanceBusinessDate(programme_id=P, to_date=to_date)
    await node.ports.application.execute(command, actor="operator:olga")


async def follow(node: TestNode) -> None:
    """Let the read models follow for ever, as `work` does."""
    while True:
        await node.caught_up()
        await asyncio.sleep(0)


async def close_all(node: TestNode, *runs: BillingRun, until: date) -> None:
    """Let workers close days until a date is open."""
    following = asyncio.create_task(follow(node))
    try:
        async with asyncio.timeout(100):
            while (await node.ports.application.state(BUSINESS_DAY, P)).today < until:
                await asyncio.gather(*(run.close_what_ended() for run in runs))
                await asyncio.sleep(0)
    finally:
        following.cancel()


def told(node: TestNode, kind: type[Any]) -> list[Any]:
    return [fact for fact in node.facts() if isinstance(fact, kind)]


async def test_a_day_is_closed_when_everything_due_on_it_is_done(tmp_path: Path) -> None:
    async with begun(tmp_path) as node:
        await open_accounts(node)
        await advance(node, CYCLE_END + timedelta(days=1))
        await close_all(
            node,
            BillingRun(node.ports, DayEnds(node.ports).prove),
            until=CYCLE_END + timedelta(days=1),
        )
        cut = Counter(fact.account_id for fact in told(node, billing.StatementCut))
        assert cut == {account_id(number): 1 for number in range(ACCOUNTS)}
        *quiet, last = told(node, days.BusinessDayClosed)
        assert [(each.accounts, each.statements) for each in quiet] == [(0, 0)] * 2
        assert last.business_date == CYCLE_END
        assert (last.accounts, last.statements, last.failed) == (ACCOUNTS, ACCOUNTS, 0)


async def test_late_fees_and_interest_of_the_run_are_its_figures(tmp_path: Path) -> None:
    async with begun(tmp_path) as node:
        await open_accounts(node, 3)
        await advance(node, date(2026, 3, 1))
        await close_all(
            node, BillingRun(node.ports, DayEnds(node.ports).prove), until=date(2026, 3, 1)
        )
        closed = told(node, days.BusinessDayClosed)
        fees = [fact.amount.minor_units for fact in told(node, billing.FeeCharged)]
        interest = [fact.amount.minor_units for fact in told(node, billing.InterestCharged)]
        assert fees
        assert interest
        assert sum(day.fees.minor_units for day in closed) == sum(fees)
        assert sum(day.interest.minor_units for day in closed) == sum(interest)
        assert sum(day.statements for day in closed) == 6


class Killed(Exception):
    """The process is gone."""


class Mortal(BillingRun):
    """A worker that is killed after so many accounts, in the middle of the rest."""

    def __init__(self, node: TestNode, after: int) -> None:
        super().__init__(node.ports, DayEnds(node.ports).prove)
        self._left = after

    async def _work_through(self, waiting: Any, run: str, on: date) -> None:
        def mortal() -> Any:
            for each in waiting:
                if self._left <= 0:
                    raise Killed
                self._left -= 1
                yield each

        await super()._work_through(mortal(), run, on)


@pytest.mark.parametrize("after", [1, 7, 39, 40])
async def test_a_run_that_is_killed_and_begun_again_loses_and_doubles_nothing(
    tmp_path: Path, after: int
) -> None:
    until = CYCLE_END + timedelta(days=1)
    async with begun(tmp_path) as node:
        await open_accounts(node)
        await advance(node, until)
        with suppress(Killed):
            await close_all(node, Mortal(node, after), until=until)
    # Another process, with nothing in memory.
    async with begun(tmp_path) as node:
        await close_all(node, BillingRun(node.ports, DayEnds(node.ports).prove), until=until)
        cut = Counter(fact.account_id for fact in told(node, billing.StatementCut))
        assert cut == {account_id(number): 1 for number in range(ACCOUNTS)}
        last = told(node, days.BusinessDayClosed)[-1]
        assert (last.accounts, last.statements) == (ACCOUNTS, ACCOUNTS)


async def test_several_workers_meet_and_double_nothing(tmp_path: Path) -> None:
    until = CYCLE_END + timedelta(days=1)
    async with begun(tmp_path) as node:
        await open_accounts(node)
        await advance(node, until)
        runs = []
        for index in range(3):
            node.ports.settings = AccountsSettings(worker_index=index, worker_count=3)
            runs.append(BillingRun(node.ports, DayEnds(node.ports).prove))
        await close_all(node, *runs, until=until)
        cut = Counter(fact.account_id for fact in told(node, billing.StatementCut))
        assert cut == {account_id(number): 1 for number in range(ACCOUNTS)}
        closed = told(node, days.BusinessDayClosed)
        assert len(closed) == 3
        assert (closed[-1].accounts, closed[-1].statements) == (ACCOUNTS, ACCOUNTS)


async def test_an_account_that_cannot_be_processed_stays_due_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = CYCLE_END + timedelta(days=1)
    async with begun(tmp_path) as node:
        await open_accounts(node, 5)
        broken = account_id(2)
        decide = CREDIT_ACCOUNT.decide

        def failing(state: Any, command: Any, context: Any) -> Any:
            if getattr(command, "business_date", None) and command.account_id == broken:
                raise ZeroDivisionError
            return decide(state, command, context)

        object.__setattr__(CREDIT_ACCOUNT, "decide", failing)
        try:
            await advance(node, until)
            await close_all(node, BillingRun(node.ports, DayEnds(node.ports).prove), until=until)
        finally:
            object.__setattr__(CREDIT_ACCOUNT, "decide", decide)
        last = told(node, days.BusinessDayClosed)[-1]
        assert (last.accounts, last.statements, last.failed) == (4, 4, 1)
        await advance(node, until + timedelta(days=1))
        await close_all(
            node, BillingRun(node.ports, DayEnds(node.ports).prove), until=until + timedelta(days=1)
        )
        assert len(told(node, billing.StatementCut)) == 5


async def test_the_progress_of_a_run_is_what_its_facts_say(tmp_path: Path) -> None:
    async with begun(tmp_path) as node:
        await open_accounts(node, 4)
        await node.caught_up()

        async def progress() -> billing_run.Progress:
            await node.caught_up()
            return await node.ports.database.read(
                lambda connection: billing_run.progress(connection, P, CYCLE_END)
            )

        assert (await progress()).due == 4
        run = BillingRun(node.ports, DayEnds(node.ports).prove)
        await run._carry_out([account_id(0), account_id(0), account_id(1)], P, CYCLE_END)
        found = await progress()
        assert (found.due, found.accounts, found.statements) == (2, 2, 2)
        recorded = await node.log.after(0)
        marked = {each.meta.correlation_id for each in recorded}
        assert run_of(P, CYCLE_END) in marked
