"""Statements at the door: as data, as documents, verified byte by byte; balances of the past."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts_pb
from cards.accounts.v1 import statements_service_pb2 as pb
from sqlalchemy import select, update

from chassis.call import Principal, entered
from chassis.event_store.tables import events
from chassis.kernel.clock import FixedClock
from chassis.kernel.errors import Invalid, NotFound
from chassis.testing.harness import TestNode, call, running
from services.accounts.app import SERVICE
from services.accounts.domain.account import commands
from services.accounts.domain.billing.commands import ProcessBillingDay
from services.accounts.domain.billing.events import StatementCut
from services.accounts.domain.programme import DefineProgramme
from services.accounts.domain.statements.rebuilding import Verification
from services.accounts.domain.values import CardKind
from services.accounts.tests.billing_stories import CASH_MACHINE, STANDARD, BilledStory
from services.accounts.tests.stories import GROCER, pounds, terms
from services.accounts.use_cases import statements as use_case
from services.accounts.use_cases.statements import FORMATS

ACCOUNT = "a" * 32
OPERATOR = Principal("operator:olga", "operator", ("operator",))
OPENED = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLOSES = (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31))


@dataclass
class Desk:
    """The rpcs of a service with one account and three statements."""

    node: TestNode
    keys: Any

    async def __call__(self, name: str, **fields: Any) -> Any:
        api, described = next(
            (api, described)
            for _, api, described in SERVICE.rpcs(self.node.ports)
            if name in described.methods_by_name
        )
        messages = accounts_pb if described.name == "AccountsService" else pb
        request = getattr(messages, f"{name}Request")(**fields)
        with entered(call(f"accounts.{name}", f"desk-{next(self.keys)}", principal=OPERATOR)):
            answered = getattr(api, name)(request, None)
            return answered if described.methods_by_name[name].server_streaming else await answered

    async def carry_out(self, *given: Any) -> None:
        await self.node.ports.application.execute(*given, actor="operator:olga")

    async def post(self, number: int, amount: float, on: date, merchant: Any = GROCER) -> None:
        await self.carry_out(
            commands.ClearCharge(
                account_id=ACCOUNT,
                clearing_id=f"clearing-{number}",
                charge_id="",
                card_id="card",
                amount=pounds(amount),
                merchant=merchant,
                final=True,
                transaction_date=on,
                posting_date=on,
            )
        )

    async def pay(self, number: int, amount: float, on: date) -> None:
        await self.carry_out(
            commands.RecordPayment(
                account_id=ACCOUNT,
                payment_id=f"payment-{number}",
                amount=pounds(amount),
                transaction_date=on,
                posting_date=on,
            )
        )

    async def close(self, on: date) -> None:
        await self.carry_out(ProcessBillingDay(account_id=ACCOUNT, business_date=on))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    billed = terms(billing=STANDARD)
    async with running(SERVICE, tmp_path, clock=FixedClock(OPENED)) as node:
        desk = Desk(node, count(1))
        customer = await desk(
            "RegisterCustomer",
            details=accounts_pb.PersonalDetails(
                given_name="Ada",
                family_name="Canary",
                email="ada.canary@example.com",
                phone="+441632960961",
                date_of_birth="1990-12-10",
                address=accounts_pb.Address(
                    lines=["1 Canary Street"],
                    city="Birmingham",
                    postal_code="B1 1BB",
                    country="GB",
                ),
            ),
        )
        await desk.carry_out(
            DefineProgramme(programme_id="everyday", name="Everyday", terms=billed),
            commands.OpenAccount(
                account_id=ACCOUNT,
                customer_id=customer.customer_id,
                programme_id="everyday",
                programme_version=1,
                terms=billed,
                limit=pounds(1000),
                card=commands.NewCard(card_id="card", last_four="4242", kind=CardKind.VIRTUAL),
            ),
        )
        await desk.post(1, 100, date(2026, 1, 10))
        await desk.post(2, 50, date(2026, 1, 20), CASH_MACHINE)
        await desk.close(CLOSES[0])
        await desk.pay(1, 30, date(2026, 2, 10))
        await desk.post(3, 25, date(2026, 2, 12))
        await desk.close(CLOSES[1])
        await desk.pay(2, 40, date(2026, 3, 3))
        await desk.close(CLOSES[2])
        await node.caught_up()
        yield desk


def cut(desk: Desk) -> list[Any]:
    return [fact.statement for fact in desk.node.facts() if isinstance(fact, StatementCut)]


async def test_a_statement_that_there_is_not_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="STATEMENT_NOT_FOUND"):
        await desk("DownloadStatement", account_id=ACCOUNT, number=9)
    with pytest.raises(NotFound, match="ACCOUNT_NOT_FOUND"):
        await desk("DownloadStatement", account_id="b" * 32)


@pytest.mark.parametrize("format", ["PDF", "CSV", "OFX", "CAMT"])
async def test_a_document_is_the_same_bytes_whatever_happened_since(
    desk: Desk, format: str
) -> None:
    asked = {"account_id": ACCOUNT, "number": 1, "format": f"DOCUMENT_FORMAT_{format}"}
    first = await desk("DownloadStatement", **asked)
    assert first.content
    assert ACCOUNT not in first.file_name
    assert any(first.media_type == media for media, _ in FORMATS.values())
    await desk.post(9, 77, date(2026, 4, 2))
    await desk.close(date(2026, 4, 30))
    again = await desk("DownloadStatement", **asked)
    assert (again.content, again.sha256) == (first.content, first.sha256)


async def test_every_past_statement_is_rebuilt_byte_by_byte(desk: Desk) -> None:
    found = (await desk("VerifyStatements", account_id=ACCOUNT)).verifications
    assert [each.number for each in found] == [1, 2, 3]
    assert all(each.equal for each in found)
    assert len({each.told_sha256 for each in found}) == 3


def test_a_statement_that_was_tampered_with_is_found() -> None:
    story = BilledStory()
    story.on(1, 5).buy(100)
    story.on(1, 31).when(ProcessBillingDay(account_id="account", business_date=story.today))
    ((told, again),) = Verification().pairs(story.facts)
    assert told == again
    forged = [
        replace(fact, statement=replace(fact.statement, closing_minor=1))
        if isinstance(fact, StatementCut)
        else fact
        for fact in story.facts
    ]
    ((told, again),) = Verification().pairs(forged)
    assert told != again


@pytest.mark.parametrize(
    ("as_of", "owed", "by_type"),
    [
        ("2026-01-09", 0, {}),
        ("2026-01-15", 100_00, {"PURCHASE": 100_00}),
        ("2026-01-25", 150_00, {"PURCHASE": 100_00, "CASH_ADVANCE": 50_00}),
    ],
)
async def test_a_balance_is_told_as_of_any_date(
    desk: Desk, as_of: str, owed: int, by_type: dict[str, int]
) -> None:
    found = await desk("GetBalanceAsOf", account_id=ACCOUNT, as_of=as_of)
    assert found.balance.minor_units == owed
    assert {each.bucket: each.balance.minor_units for each in found.balances} == by_type


async def test_at_the_close_of_a_cycle_the_balance_is_that_of_its_statement(desk: Desk) -> None:
    for told in cut(desk):
        found = await desk("GetBalanceAsOf", account_id=ACCOUNT, as_of=told.closed_on.isoformat())
        assert found.balance.minor_units == told.closing_minor
        assert sum(each.balance.minor_units for each in found.balances) == told.closing_minor


async def test_every_day_the_types_add_up_to_the_ledger(desk: Desk) -> None:
    for number in range(1, 91):
        as_of = date.fromordinal(date(2025, 12, 31).toordinal() + number).isoformat()
        found = await desk("GetBalanceAsOf", account_id=ACCOUNT, as_of=as_of)
        types = sum(each.balance.minor_units for each in found.balances)
        assert types == found.balance.minor_units, as_of


async def test_a_balance_is_told_as_it_was_known_at_a_position(desk: Desk) -> None:
    head = (await desk("GetBalanceAsOf", account_id=ACCOUNT)).position
    before = await desk("GetBalanceAsOf", account_id=ACCOUNT, as_of="2026-02-20")
    await desk.pay(7, 5, date(2026, 2, 15))
    await desk.node.caught_up()
    now = await desk("GetBalanceAsOf", account_id=ACCOUNT, as_of="2026-02-20")
    then = await desk("GetBalanceAsOf", account_id=ACCOUNT, as_of="2026-02-20", position=head)
    assert now.balance.minor_units == before.balance.minor_units - 500
    assert then == before
    with pytest.raises(Invalid, match="DATE_MALFORMED"):
        await desk("GetBalanceAsOf", account_id=ACCOUNT, as_of="2026-02-30")


async def open_another(desk: Desk, account_id: str) -> None:
    """An account beside, with one statement."""
    billed = terms(billing=STANDARD)
    await desk.carry_out(
        commands.OpenAccount(
            account_id=account_id,
            customer_id="customer",
            programme_id="everyday",
            programme_version=1,
            terms=billed,
            limit=pounds(1000),
            card=commands.NewCard(
                card_id=f"card {account_id}", last_four="4242", kind=CardKind.VIRTUAL
            ),
        ),
        ProcessBillingDay(account_id=account_id, business_date=CLOSES[0]),
    )


def forge(desk: Desk, account_id: str, change: Any) -> None:
    """Somebody changes the stored statement of an account behind our backs."""
    its = (
        events.c.originator_id == f"credit_account-{account_id}",
        events.c.topic == "StatementCut.v1",
    )
    engine = desk.node.world.engine.execution_options(writing=True)
    with engine.begin() as connection:
        stored = bytes(connection.execute(select(events.c.state).where(*its)).scalar_one())
        changed = change(stored)
        assert changed != stored
        connection.execute(update(events).where(*its).values(state=changed))


async def all_of(desk: Desk, **asked: Any) -> list[Any]:
    """The answers of a verification of many accounts."""
    return [each async for each in await desk("VerifyAllStatements", **asked)]


async def test_the_statements_of_all_accounts_are_rebuilt_one_account_after_the_other(
    desk: Desk,
) -> None:
    others = [digit * 32 for digit in "bcd"]
    for each in others:
        await open_another(desk, each)
    await open_another(desk, "e" * 32)
    forge(
        desk, "c" * 32, lambda stored: stored.replace(b'"limit_minor":100000', b'"limit_minor":9')
    )
    forge(desk, "d" * 32, lambda stored: stored[:-1])
    await desk.node.caught_up()

    found = await all_of(desk)
    assert [each.account_id for each in found] == [ACCOUNT, *others, "e" * 32]
    assert [each.statements for each in found] == [3, 1, 1, 0, 1]
    assert [list(each.differing) for each in found] == [[], [], [1], [], []]
    assert [bool(each.error) for each in found] == [False, False, False, True, False]
    assert [each.remaining for each in found] == [4, 3, 2, 1, 0]


async def test_a_verification_goes_on_where_it_was_broken_off(desk: Desk) -> None:
    for digit in "bcd":
        await open_another(desk, digit * 32)
    await desk.node.caught_up()
    whole = await all_of(desk)
    first = await all_of(desk, accounts=1)
    rest = await all_of(desk, page_token=first[-1].page_token)
    assert [*first, *rest] == whole
    assert await all_of(desk, page_token=rest[-1].page_token) == []
    with pytest.raises(Invalid, match="PAGE_TOKEN_UNKNOWN"):
        await all_of(desk, page_token="nonsense")


async def test_an_account_with_many_pages_of_history_is_verified(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements whose cycles lie on either side of a page's edge are worked out all the same."""
    monkeypatch.setattr(use_case, "HISTORY_PAGE", 2)
    found = (await desk("VerifyStatements", account_id=ACCOUNT)).verifications
    assert [(each.number, each.equal) for each in found] == [(1, True), (2, True), (3, True)]
