"""Searching transactions, as holders and staff do; on SQLite here, on PostgreSQL beside."""

from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.accounts.v1 import transactions_service_pb2 as search

from chassis.call import Principal
from chassis.kernel.errors import Invalid, NotFound
from services.accounts.domain.transactions.query import parse
from services.accounts.domain.transactions.words import amount_marks
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.test_service import everything_in

SHOPS = (
    ("TESCO STORES 6025", "5411", 12.50, "2026-01-05"),
    ("TESCO PFS 3997", "5541", 60, "2026-01-06"),
    ("PAYPAL *STEAM GAMES", "5816", 19.99, "2026-01-07"),
    ("AMZN Mktp UK*2H4J07", "5942", 12.99, "2026-02-01"),
    ("Café Ümlaut", "5812", 8, "2026-02-02"),
    ("大超市 上海", "5411", 1234.50, "2026-02-03"),
    ("River Bank", "5942", 7, "2026-02-04"),
    ("Bank River Side", "5942", 6, "2026-02-05"),
)


async def shopping(door: Door) -> Any:
    """A charge at every shop, in order; and a payment."""
    account = await door.open(default_limit=gbp(10_000))
    door.wait_for("2026-02-05")
    for name, mcc, amount, day in SHOPS:
        merchant = events_pb2.Merchant(id="M", name=name, mcc=mcc, country="GB")
        await door.charge(account, amount, merchant=merchant, transaction_date=day)
    await door("RecordPayment", account_id=account.account_id, amount=gbp(40))
    await door.node.caught_up()
    return account


def holder_of(account: Any) -> Principal:
    return Principal("cardholder:ada", "cardholder", ("holder",), account.customer_id, 1)


async def found(door: Door, account: Any, query: str = "", **more: Any) -> list[str]:
    """The raw names of the merchants that a holder finds."""
    answer = await door(
        "SearchTransactions",
        account_id=account.account_id,
        query=query,
        as_=holder_of(account),
        **more,
    )
    return [each.transaction.merchant.name for each in answer.transactions]


def shops(*numbers: int) -> list[str]:
    return [SHOPS[number][0] for number in numbers]


QUERIES: list[tuple[str, tuple[int, ...]]] = [
    ("tesco", (0, 1)),
    ("TES", (1, 0)),
    ("tesco petrol", (1,)),
    ("stores", (0,)),
    ("steam", (2,)),
    ("paypal", (2,)),
    ("marketplace", (3,)),
    ("mktp", (3,)),
    ("cafe", (4,)),
    ("CAFÉ umlaut", (4,)),
    ("umlaut cafe", (4,)),
    ("超市", (5,)),
    ("大", (5,)),
    ("海", (5,)),
    ("市超", ()),
    ('"river bank"', (6,)),
    ("river bank", (6, 7)),
    ('"bank river"', (7,)),
    ("12.50", (0,)),
    ("£12.5", (0,)),
    ("12", (3, 0)),
    ("1,234.50", (5,)),
    ("2026-01-07", (2,)),
    ("7 jan 2026", (2,)),
    ("07/01/2026", (2,)),
    ("2026-02 river", (6, 7)),
    ("february umlaut", (4,)),
    ("groceries", (5, 0)),
    ("groc", (5, 0)),
    ("fuel", (1,)),
    ("restaurants 8", (4,)),
    ("marketplaces", ()),
    ("zzz", ()),
    ("tesco umlaut", ()),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES, ids=[query for query, _ in QUERIES])
async def test_lines_are_found_as_people_type(
    door: Door, query: str, expected: tuple[int, ...]
) -> None:
    account = await shopping(door)
    assert await found(door, account, query) == shops(*expected)


async def test_names_that_are_what_was_typed_come_first_or_else_the_newest(door: Door) -> None:
    account = await shopping(door)
    assert await found(door, account, "river bank") == shops(6, 7)
    newest = await found(door, account, "river bank", order=search.SEARCH_ORDER_NEWEST)
    assert newest == shops(7, 6)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"category": "groceries"}, (5, 0)),
        ({"from_date": "2026-01-06", "to_date": "2026-02-01"}, (3, 2, 1)),
        ({"from_date": "2026-01-06", "to_date": "2026-01-07"}, (2, 1)),
        ({"minimum_minor_units": 1_250, "maximum_minor_units": 2_000}, (3, 2, 0)),
        ({"kind": pb.TRANSACTION_KIND_REFUND}, ()),
        ({"status": pb.TRANSACTION_STATUS_DECLINED}, ()),
        ({"status": pb.TRANSACTION_STATUS_PENDING, "category": "fuel"}, (1,)),
        ({"card_id": "0" * 32}, ()),
    ],
)
async def test_searches_are_filtered(
    door: Door, wanted: dict[str, Any], expected: tuple[int, ...]
) -> None:
    account = await shopping(door)
    filter = search.SearchFilter(**wanted)
    assert await found(door, account, filter=filter) == shops(*expected)


async def test_a_line_shows_who_took_the_money_and_the_name_that_people_know(door: Door) -> None:
    account = await shopping(door)
    answer = await door("SearchTransactions", account_id=account.account_id, query="steam")
    (line,) = answer.transactions
    assert (line.merchant_name, line.facilitator) == ("Steam Games", "PayPal")
    assert line.transaction.merchant.name == "PAYPAL *STEAM GAMES"
    assert line.transaction.last_four == account.cards[0].last_four


async def test_a_clearing_changes_what_a_line_is_found_by(door: Door) -> None:
    account = await door.open()
    charge = (await door.charge(account, 20)).charge
    await door.node.caught_up()
    assert await found(door, account, "20.00") == ["Green Grocer"]
    other = events_pb2.Merchant(id="M-2", name="GREEN MARKET", mcc="5411", country="GB")
    await door(
        "ClearCharge",
        card_id=charge.card_id,
        charge_id=charge.charge_id,
        amount=gbp(23.45),
        merchant=other,
    )
    await door.node.caught_up()
    assert await found(door, account, "20.00") == []
    assert await found(door, account, '"grocer"') == []
    assert await found(door, account, "market 23.45") == ["GREEN MARKET"]


async def test_staff_search_all_accounts(door: Door) -> None:
    first, second = await shopping(door), await shopping(door)
    answer = await door("SearchAllTransactions", query="umlaut")
    accounts = [each.transaction.account_id for each in answer.transactions]
    assert accounts == [second.account_id, first.account_id]


async def test_a_query_without_words_or_with_too_many_is_refused(door: Door) -> None:
    account = await door.open()
    with pytest.raises(Invalid) as nothing:
        await found(door, account, "&&& -")
    assert (nothing.value.reason, nothing.value.field) == ("QUERY_WITHOUT_WORDS", "query")
    with pytest.raises(Invalid) as much:
        await found(door, account, "a b c d e f g h i j k l m")
    assert much.value.reason == "QUERY_TOO_LONG"
    with pytest.raises(NotFound):
        await door("SearchTransactions", account_id="0" * 32, query="x")


async def test_a_page_token_goes_with_its_search(door: Door) -> None:
    account = await shopping(door)
    about = {"account_id": account.account_id, "page_size": 1}
    first = await door("SearchTransactions", query="river", **about)
    with pytest.raises(Invalid) as another:
        await door("SearchTransactions", query="tesco", page_token=first.next_page_token, **about)
    assert another.value.reason == "PAGE_TOKEN_OF_ANOTHER_LIST"


# Labels


async def line_of(door: Door, account: Any, query: str) -> Any:
    answer = await door(
        "SearchTransactions",
        account_id=account.account_id,
        query=query,
        as_=holder_of(account),
    )
    (line,) = answer.transactions
    return line


def about(account: Any, line: Any) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "kind": line.transaction.kind,
        "transaction_id": line.transaction.transaction_id,
    }


NOTE = "Geburtstag für Oma, lunch with Zaphod Beeblebrox 生日礼物"


async def noted(door: Door) -> tuple[Any, Any]:
    account = await shopping(door)
    line = await line_of(door, account, "umlaut")
    await door("SetTransactionNote", note=NOTE, as_=holder_of(account), **about(account, line))
    await door.node.caught_up()
    return account, line


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("zaphod", True),
        ("beeb", True),
        ("beeblebrox", True),
        ("oma fur", True),
        ('"lunch with zaphod"', True),
        ('"with lunch"', False),
        ('"zaph"', False),
        ("umlaut lunch", True),
        ("tesco lunch", False),
        ("礼物", True),
        ("日", True),
        ("trillian", False),
    ],
)
async def test_a_note_is_found_by_its_words(door: Door, query: str, is_found: bool) -> None:
    account, _ = await noted(door)
    assert await found(door, account, query) == (shops(4) if is_found else [])


async def test_a_note_stands_nowhere_in_clear_and_is_read_by_its_holder(
    door: Door, tmp_path: Path
) -> None:
    account, line = await noted(door)
    shown = await line_of(door, account, "umlaut")
    assert (shown.note, shown.has_note) == (NOTE, True)
    (found,) = (await door("SearchAllTransactions", query="umlaut")).transactions
    assert (found.note, found.has_note) == ("", True)
    assert not (await door("SearchAllTransactions", query="zaphod")).transactions
    kept = everything_in(tmp_path).lower()
    assert line.transaction.transaction_id.encode() in kept
    for word in ("zaphod", "beeble", "geburtstag", "生日"):
        assert word.encode() not in kept


async def test_who_reads_notes_of_another_is_put_on_record(door: Door) -> None:
    account, _ = await noted(door)

    def leaves() -> int:
        with door.node.world.engine.begin() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM audit").scalar_one())

    before = leaves()
    await found(door, account, "zaphod")
    assert leaves() == before
    await door("SearchTransactions", account_id=account.account_id, query="zaphod")
    assert leaves() == before + 1


async def test_with_the_key_a_note_is_gone_and_its_words_say_nothing(door: Door) -> None:
    account, _ = await noted(door)
    keys: Any = door.node.world.keys
    keys.local.destroy(f"customer:{account.customer_id}")
    keys.forget(f"customer:{account.customer_id}")
    assert await found(door, account, "zaphod") == []
    shown = await line_of(door, account, "umlaut")
    assert (shown.note, shown.has_note) == ("", True)
    for projector in door.node.projectors:
        await projector.rebuild()
    assert await line_of(door, account, "umlaut") == shown


async def test_a_note_is_changed_and_taken_away(door: Door) -> None:
    account, line = await noted(door)
    for note, query in (("for Ford", "ford"), ("", "")):
        await door("SetTransactionNote", note=note, **about(account, line))
        await door.node.caught_up()
        assert await found(door, account, "zaphod") == []
        if query:
            assert await found(door, account, query) == shops(4)
    assert not (await line_of(door, account, "umlaut")).has_note
    facts = len(door.node.facts())
    await door("SetTransactionNote", note="", **about(account, line))
    assert len(door.node.facts()) == facts


async def test_a_line_or_a_whole_merchant_has_a_category_of_the_holders_own(door: Door) -> None:
    account = await shopping(door)
    petrol = await line_of(door, account, "tesco petrol")
    await door("CategoriseTransaction", category="travel", **about(account, petrol))
    await door.node.caught_up()
    assert await found(door, account, "travel") == shops(1)
    assert await found(door, account, "fuel") == []
    shown = await line_of(door, account, "travel")
    assert (shown.category, shown.category_is_own) == ("travel", True)
    amazon = await line_of(door, account, '"river bank"')
    answer = await door(
        "CategoriseTransaction",
        category="education",
        always_for_merchant=True,
        **about(account, amazon),
    )
    assert answer.merchant_name == "River Bank"
    merchant = events_pb2.Merchant(id="M", name="RIVER BANK", mcc="5942", country="GB")
    await door.charge(account, 3, merchant=merchant)
    await door.node.caught_up()
    filter = search.SearchFilter(category="education")
    assert await found(door, account, filter=filter) == ["RIVER BANK", "River Bank"]
    await door("CategoriseTransaction", category="", **about(account, petrol))
    await door.node.caught_up()
    assert await found(door, account, "fuel") == shops(1)


async def test_labels_need_a_line_and_a_category_that_exist(door: Door) -> None:
    account = await shopping(door)
    line = await line_of(door, account, "umlaut")
    with pytest.raises(Invalid) as unknown:
        await door("CategoriseTransaction", category="fun", **about(account, line))
    assert unknown.value.reason == "CATEGORY_UNKNOWN"
    nowhere = {**about(account, line), "transaction_id": "0" * 32}
    for rpc in ("CategoriseTransaction", "SetTransactionNote"):
        with pytest.raises(NotFound) as missing:
            await door(rpc, **nowhere)
        assert missing.value.reason == "TRANSACTION_NOT_FOUND"
    assert "groceries" in (await door("ListCategories")).categories


@pytest.mark.parametrize(
    ("typed", "minor_units", "currency"),
    [
        ("12.50", 12_50, "GBP"),
        ("£1,234.5", 1_234_50, "GBP"),
        ("¥1250", 1_250, "JPY"),
        ("12.345", 12_345, "KWD"),
        ("12.3456", 12_3456, "CLF"),
    ],
)
def test_an_amount_is_found_with_the_decimals_of_its_currency(
    typed: str, minor_units: int, currency: str
) -> None:
    (term,) = parse(typed).terms
    assert set(term.marks) & set(amount_marks(minor_units, currency))
