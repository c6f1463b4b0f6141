"""Transactions, spending and the ledger, as callers read them."""

from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from chassis.kernel.errors import Invalid
from services.accounts.config import AccountsSettings
from services.accounts.domain.categories import CATEGORIES, category_of
from services.accounts.domain.ledger import LedgerAccount
from services.accounts.queries.books import Trades
from services.accounts.tables.books import ledger_totals
from services.accounts.tests.conftest import GROCER, Door, gbp, opened

CAFE = events_pb2.Merchant(id="M-9", name="Café Ümlaut 100%", mcc="5812", country="DE")


async def history(door: Door) -> Any:
    """A cleared, a pending, a declined and a reversed charge, two refunds and a payment."""
    account = await door.open()
    card_id = account.cards[0].card_id
    first: dict[str, Any] = {"transaction_date": "2026-01-01"}
    both: dict[str, Any] = {**first, "posting_date": "2026-01-01"}
    door.wait_for("2026-02-01")
    cleared = (await door.charge(account, 100, transaction_date="2026-01-02")).charge
    await door(
        "ClearCharge",
        card_id=card_id,
        charge_id=cleared.charge_id,
        amount=gbp(110),
        transaction_date="2026-01-01",
        posting_date="2026-01-04",
    )
    await door.charge(account, 20, merchant=CAFE, transaction_date="2026-01-05")
    await door.charge(account, 5000, merchant=CAFE, **first)
    reversed_ = (await door.charge(account, 30, **first)).charge
    taken_back = {"account_id": account.account_id, "charge_id": reversed_.charge_id}
    await door("ReverseCharge", **taken_back, **first)
    returned = {"card_id": card_id, "charge_id": cleared.charge_id, "amount": gbp(10)}
    await door("RefundCharge", **returned, **both)
    await door(
        "RefundCharge",
        card_id=card_id,
        amount=gbp(3),
        merchant=CAFE,
        transaction_date="2026-02-01",
        posting_date="2026-01-01",
    )
    await door("RecordPayment", account_id=account.account_id, amount=gbp(40), **both)
    await door.node.caught_up()
    return account


def shown(answer: Any) -> list[tuple[str, str, float]]:
    return [
        (
            pb.TransactionKind.Name(each.kind).removeprefix("TRANSACTION_KIND_"),
            pb.TransactionStatus.Name(each.status).removeprefix("TRANSACTION_STATUS_"),
            each.amount.minor_units / 100,
        )
        for each in answer.transactions
    ]


ALL = [
    ("PAYMENT", "POSTED", 40),
    ("REFUND", "POSTED", 3),
    ("REFUND", "POSTED", 10),
    ("CHARGE", "REVERSED", 30),
    ("CHARGE", "DECLINED", 5000),
    ("CHARGE", "PENDING", 20),
    ("CHARGE", "POSTED", 110),
]


async def test_every_transaction_is_listed_newest_first(door: Door) -> None:
    account = await history(door)
    answer = await door("ListTransactions", account_id=account.account_id)
    assert shown(answer) == ALL
    posted = answer.transactions[-1]
    assert posted.merchant == GROCER
    assert (posted.category, posted.category_name) == (
        "groceries",
        "Grocery Stores, Supermarkets",
    )
    assert (posted.transaction_date, posted.posting_date) == ("2026-01-02", "2026-01-04")
    assert posted.last_four == account.cards[0].last_four
    assert answer.transactions[4].reason == "INSUFFICIENT_CREDIT"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"kind": pb.TRANSACTION_KIND_REFUND}, ALL[1:3]),
        ({"status": pb.TRANSACTION_STATUS_PENDING}, [ALL[5]]),
        ({"category": "restaurants"}, [ALL[1], ALL[4], ALL[5]]),
        ({"merchant": "ÜMLAUT 100%"}, [ALL[1], ALL[4], ALL[5]]),
        ({"merchant": "_"}, []),
        ({"from_date": "2026-01-02", "to_date": "2026-01-05"}, [ALL[5], ALL[6]]),
        ({"minimum_minor_units": 3_000, "maximum_minor_units": 11_000}, [ALL[0], ALL[3], ALL[6]]),
        ({"card_id": "0" * 32}, []),
    ],
)
async def test_transactions_are_filtered(
    door: Door, wanted: dict[str, Any], expected: list[Any]
) -> None:
    account = await history(door)
    answer = await door(
        "ListTransactions", account_id=account.account_id, filter=pb.TransactionFilter(**wanted)
    )
    assert shown(answer) == expected


async def test_pages_stay_stable_while_new_transactions_arrive(door: Door) -> None:
    account = await history(door)
    about = {"account_id": account.account_id, "page_size": 3}
    seen, token = [], ""
    while True:
        answer = await door("ListTransactions", **about, page_token=token)
        seen += shown(answer)
        token = answer.next_page_token
        if not token:
            break
        await door.charge(account, 1)
        await door.node.caught_up()
    assert seen == ALL


async def test_a_page_token_goes_with_its_list(door: Door) -> None:
    account = await history(door)
    first = await door("ListTransactions", account_id=account.account_id, page_size=1)
    with pytest.raises(Invalid) as another:
        await door(
            "ListTransactions",
            account_id=account.account_id,
            filter=pb.TransactionFilter(merchant="x"),
            page_token=first.next_page_token,
        )
    assert another.value.reason == "PAGE_TOKEN_OF_ANOTHER_LIST"


async def test_a_date_that_is_none_is_malformed(door: Door) -> None:
    account = await door.open()
    with pytest.raises(Invalid) as malformed:
        await door.charge(account, 1, transaction_date="2026-02-30")
    assert (malformed.value.reason, malformed.value.field) == (
        "DATE_MALFORMED",
        "transaction_date",
    )


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (pb.SPEND_GROUP_CATEGORY, [("groceries", 100.0, 2), ("restaurants", -3.0, 1)]),
        (pb.SPEND_GROUP_MERCHANT, [("Green Grocer", 100.0, 2), (CAFE.name, -3.0, 1)]),
        (pb.SPEND_GROUP_MONTH, [("2026-01", 100.0, 2), ("2026-02", -3.0, 1)]),
    ],
)
async def test_spending_is_what_was_posted_less_refunds(
    door: Door, group: Any, expected: list[Any]
) -> None:
    account = await history(door)
    answer = await door("GetSpendBreakdown", account_id=account.account_id, group=group)
    rows = [(row.name, row.spent.minor_units / 100, row.transactions) for row in answer.spends]
    assert rows == expected
    assert answer.total == gbp(97)


async def test_the_trial_balance_is_zero_now_and_at_every_position(door: Door) -> None:
    account = await history(door)
    head = (await door("GetTrialBalance")).position
    assert head == len(door.node.facts())
    for position in range(1, head + 1):
        answer = await door("GetTrialBalance", position=position)
        assert all(total.total.minor_units == 0 for total in answer.totals)
    now = await door("GetTrialBalance")
    balances = {
        each.ledger_account: each.balance for each in now.balances if each.balance.minor_units
    }
    assert balances == {"RECEIVABLE": gbp(57), "SETTLEMENT": gbp(-97), "CASH": gbp(40)}
    assert [each.total for each in now.receivable_by_account] == [gbp(57)]
    assert now.entries == 8
    decided = (await door("GetAccount", account_id=account.account_id)).account.balance
    listed = await door("GetBalances")
    assert [(each.account_id, each.balance) for each in listed.balances] == [
        (account.account_id, decided)
    ]


async def test_balances_have_pages_and_a_past(door: Door) -> None:
    accounts = []
    for _ in range(3):
        account = await door.open()
        accounts.append(account.account_id)
        await door("ClearCharge", card_id=account.cards[0].card_id, amount=gbp(10), merchant=GROCER)
    await door.node.caught_up()
    first = await door("GetBalances", page_size=2)
    second = await door("GetBalances", page_size=2, page_token=first.next_page_token)
    listed = [*first.balances, *second.balances]
    assert [each.account_id for each in listed] == sorted(accounts)
    assert {each.balance.minor_units for each in listed} == {1_000}
    assert second.next_page_token == ""
    past = await door("GetBalances", position=second.position - 1)
    assert sum(each.balance.minor_units for each in past.balances) == 2_000


async def test_read_models_rebuilt_are_the_same(door: Door) -> None:
    account = await history(door)
    before = await door("ListTransactions", account_id=account.account_id)
    trial = await door("GetTrialBalance")
    for projector in door.node.projectors:
        await projector.rebuild()
    assert await door("ListTransactions", account_id=account.account_id) == before
    assert await door("GetTrialBalance") == trial


@given(st.integers(0, 9999))
def test_every_code_has_a_category(code: int) -> None:
    assert category_of(f"{code:04}") in CATEGORIES


@pytest.mark.parametrize(
    ("mcc", "category"),
    [
        ("5411", "groceries"),
        ("5499", "groceries"),
        ("5541", "fuel"),
        ("5542", "fuel"),
        ("5814", "restaurants"),
        ("3100", "travel"),
        ("3999", "travel"),
        ("7011", "travel"),
        ("4111", "transport"),
        ("4121", "transport"),
        ("4814", "telecoms"),
        ("4900", "utilities"),
        ("5942", "entertainment"),
        ("8062", "health"),
        ("8220", "education"),
        ("9399", "government"),
        ("6011", "cash"),
        ("", "uncategorised"),
        ("54", "uncategorised"),
        ("541x", "uncategorised"),
    ],
)
def test_a_trade_has_the_category_that_holders_expect(mcc: str, category: str) -> None:
    assert category_of(mcc) == category


def test_the_table_of_trades_names_nearly_a_thousand_codes() -> None:
    trades = Trades.load(AccountsSettings().category_codes_path)
    assert len(trades.names) > 900
    assert trades.name_of("5411") == "Grocery Stores, Supermarkets"
    assert trades.name_of("") == ""


async def ledger_without_rows(door: Door) -> None:
    """An account is open and nothing posted: no row; then only those that have entries."""

    def rows(connection: Connection) -> set[str]:
        return set(connection.scalars(select(ledger_totals.c.ledger_account)))

    account = await door.open()
    await door.node.caught_up()
    database = door.node.database
    assert await database.read(rows) == set()
    before = (await door("GetTrialBalance")).balances
    assert {each.ledger_account for each in before} == set(LedgerAccount)
    assert all(each.balance == each.debits == gbp(0) for each in before)
    for _ in range(2):
        await door("ClearCharge", card_id=account.cards[0].card_id, amount=gbp(10), merchant=GROCER)
    await door.node.caught_up()
    assert await database.read(rows) == {"RECEIVABLE", "SETTLEMENT"}
    after = {each.ledger_account: each for each in (await door("GetTrialBalance")).balances}
    assert set(after) == set(LedgerAccount)
    assert (after["RECEIVABLE"].debits, after["SETTLEMENT"].credits) == (gbp(20), gbp(20))
    assert after["DISPUTE_LOSS"].balance == gbp(0)


async def test_a_ledger_account_without_a_row_is_zero(door: Door) -> None:
    await ledger_without_rows(door)


async def test_a_ledger_account_without_a_row_is_zero_on_postgresql(
    tmp_path: Path, postgres_server: Any
) -> None:
    name = "ledger_without_rows"
    url = postgres_server.create_database(name)
    async with opened(tmp_path, url) as door:
        await ledger_without_rows(door)
    postgres_server.drop_database(name)
