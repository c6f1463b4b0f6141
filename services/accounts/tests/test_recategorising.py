"""What a holder calls things holds everywhere; a merchant's lines follow in bounded batches."""

from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from sqlalchemy import Connection, Engine, select

from chassis.projector import Projector
from services.accounts.domain.transactions.events import MerchantCategorised
from services.accounts.projections import search as projection
from services.accounts.queries.books import is_recategorising
from services.accounts.tables.search import merchant_reindexing, transaction_search
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.test_search import about, holder_of, line_of, shopping
from services.accounts.tests.test_search_stores import (
    ACCOUNT,
    DAY,
    LINES,
    Book,
    emptied,
    postgresql,
    sqlite,
)

__all__ = ["postgresql", "sqlite"]
AT_ONCE = 4


def called(category: str) -> MerchantCategorised:
    """The holder calls the bank by the river something."""
    return MerchantCategorised(
        account_id=ACCOUNT,
        customer_id="b" * 32,
        merchant_key="river bank",
        category=category,
        transaction_date=DAY,
    )


def categories(engine: Engine) -> list[str]:
    """The categories of all lines, oldest first."""
    with engine.begin() as connection:
        query = select(transaction_search.c.category).order_by(transaction_search.c.position)
        return list(connection.scalars(query))


def work_on(engine: Engine) -> bool:
    """One turn of what is left over; whether more is."""
    with engine.begin() as connection:
        return projection.reindex_some(connection)


def lines_follow_in_batches(engine: Engine) -> None:
    with engine.begin() as connection:
        emptied(connection)
    book = Book(engine)
    book.record(*(book.charge("RIVER BANK", 100 + number) for number in range(10)))
    book.record(called("travel"), book.charge("RIVER BANK", 1))
    with engine.begin() as connection:
        assert is_recategorising(connection, ACCOUNT)
        assert not is_recategorising(connection, "d" * 32)
    # What comes with the rule, or after it, has the category at once; the rest from the newest on.
    assert categories(engine) == ["groceries"] * 10 + ["travel"]
    assert work_on(engine)
    book.record(book.charge("RIVER BANK", 2))
    assert categories(engine) == ["groceries"] * 7 + ["travel"] * 5
    # Called otherwise in the midst of it: from the newest on again.
    book.record(called("education"))
    assert work_on(engine)
    assert categories(engine) == ["groceries"] * 7 + ["travel"] * 1 + ["education"] * 4
    assert work_on(engine)
    assert work_on(engine)
    assert not work_on(engine)
    assert categories(engine) == ["education"] * 12
    assert not work_on(engine)
    with engine.begin() as connection:
        assert not is_recategorising(connection, ACCOUNT)
        assert connection.execute(select(merchant_reindexing)).all() == []


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "REINDEXED_AT_ONCE", AT_ONCE)


def test_a_merchants_lines_follow_in_batches_on_sqlite(sqlite: Engine) -> None:
    lines_follow_in_batches(sqlite)


def test_a_merchants_lines_follow_in_batches_on_postgresql(
    postgresql: Engine,
) -> None:
    lines_follow_in_batches(postgresql)


async def test_what_a_stopped_worker_left_is_taken_up_without_another_fact(door: Door) -> None:
    account = await shopping(door)
    river = await line_of(door, account, '"river bank"')
    await door(
        "CategoriseTransaction",
        category="education",
        always_for_merchant=True,
        **about(account, river),
    )
    node = door.node
    await node.caught_up()
    left = (account.account_id, "river bank", 1_000_000)

    def stop_half_way(connection: Connection) -> None:
        connection.execute(merchant_reindexing.insert().values(left))
        connection.execute(transaction_search.update().values(category="", fingerprint=0))

    await node.database.write(stop_half_way)
    asked: dict[str, Any] = {"account_id": account.account_id, "as_": holder_of(account)}
    assert (await door("ListTransactions", **asked)).recategorising
    assert (await door("SearchTransactions", **asked)).recategorising
    assert (await door("GetSpending", **asked)).recategorising
    again = Projector(LINES, node.log, node.database, lambda name, error: None)
    await again.catch_up(await again.position())
    listed = await door("ListTransactions", **asked)
    assert not listed.recategorising
    named = [each.category for each in listed.transactions if each.merchant_name == "River Bank"]
    assert named == ["education"]


async def test_every_list_says_what_its_holder_calls_things(door: Door) -> None:
    account = await shopping(door)
    river = await line_of(door, account, '"river bank"')
    merchant = events_pb2.Merchant(id="M", name="RIVER BANK", mcc="5942", country="GB")
    for number in range(3 * AT_ONCE):
        await door.charge(account, 1 + number, merchant=merchant)
    await door("ClearCharge", card_id=account.cards[0].card_id, amount=gbp(9), merchant=merchant)
    await door.node.caught_up()
    rule = {"category": "education", "always_for_merchant": True, **about(account, river)}
    await door("CategoriseTransaction", **rule)
    petrol = await line_of(door, account, "tesco petrol")
    await door("CategoriseTransaction", category="travel", **about(account, petrol))
    await door.node.caught_up()
    asked: dict[str, Any] = {"account_id": account.account_id, "as_": holder_of(account)}
    listed = await door(
        "ListTransactions", filter=pb.TransactionFilter(category="education"), **asked
    )
    assert len(listed.transactions) == 3 * AT_ONCE + 2
    assert {each.merchant_name.casefold() for each in listed.transactions} == {"river bank"}
    assert not any(each.category_is_own for each in listed.transactions)
    assert not listed.recategorising
    own = await door("ListTransactions", filter=pb.TransactionFilter(category="travel"), **asked)
    assert [each.category_is_own for each in own.transactions] == [True]
    by_name = pb.TransactionFilter(merchant="marketplace")
    (cleaned,) = (await door("ListTransactions", filter=by_name, **asked)).transactions
    assert (cleaned.merchant.name, cleaned.merchant_name) == (
        "AMZN Mktp UK*2H4J07",
        "Amazon Marketplace",
    )
    for group, name in ((pb.SPEND_GROUP_CATEGORY, "education"), (pb.SPEND_GROUP_MERCHANT, None)):
        breakdown = await door("GetSpendBreakdown", group=group, **asked)
        (spend,) = breakdown.spends
        assert (spend.name.casefold(), spend.spent) == (name or "river bank", gbp(9))
        assert not breakdown.recategorising
