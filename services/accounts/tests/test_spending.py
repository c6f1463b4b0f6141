"""What holders spent, as they call things, beside the period before; and their lines as a file."""

import csv
import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
from cards.accounts.v1 import transactions_service_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.errors import Invalid
from services.accounts.domain.transactions.periods import period_before
from services.accounts.grpc_api.exporting import COLUMNS, amount_text, unrun
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.test_books import CAFE, history
from services.accounts.tests.test_search import SHOPS, about, holder_of, line_of, shopping


async def spent(door: Door, account: Any, **more: Any) -> list[tuple[str, float, float]]:
    answer = await door("GetSpending", account_id=account.account_id, **more)
    return [
        (row.name, row.spent.minor_units / 100, row.spent_before.minor_units / 100)
        for row in answer.spendings
    ]


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (pb.SPENDING_GROUP_CATEGORY, [("groceries", 100, 0), ("restaurants", -3, 0)]),
        (pb.SPENDING_GROUP_MERCHANT, [("Green Grocer", 100, 0), (CAFE.name, -3, 0)]),
        (pb.SPENDING_GROUP_MONTH, [("2026-01", 100, 0), ("2026-02", -3, 0)]),
    ],
)
async def test_spending_is_what_was_posted_less_what_came_back(
    door: Door, group: Any, expected: list[Any]
) -> None:
    account = await history(door)
    assert await spent(door, account, group=group) == expected


async def test_spending_by_card_says_which(door: Door) -> None:
    account = await history(door)
    answer = await door("GetSpending", account_id=account.account_id, group=pb.SPENDING_GROUP_CARD)
    (row,) = answer.spendings
    assert (row.name, row.last_four) == (account.cards[0].card_id, account.cards[0].last_four)
    assert (row.spent, answer.total, row.transactions) == (gbp(97), gbp(97), 3)


async def test_a_month_is_compared_with_the_month_before(door: Door) -> None:
    account = await history(door)
    answer = await door(
        "GetSpending",
        account_id=account.account_id,
        from_date="2026-02-01",
        to_date="2026-02-28",
    )
    assert (answer.before_from_date, answer.before_to_date) == ("2026-01-01", "2026-01-31")
    assert (answer.total, answer.total_before) == (gbp(-3), gbp(100))
    names = [(row.name, row.spent, row.spent_before) for row in answer.spendings]
    assert names == [("restaurants", gbp(-3), gbp(0)), ("groceries", gbp(0), gbp(100))]


async def test_the_holders_own_categories_count(door: Door) -> None:
    account = await history(door)
    answer = await door("SearchTransactions", account_id=account.account_id, query="grocer")
    for line in answer.transactions:
        of_line = about(account, line)
        await door("CategoriseTransaction", category="home", as_=holder_of(account), **of_line)
    await door.node.caught_up()
    assert await spent(door, account) == [("home", 100, 0), ("restaurants", -3, 0)]


async def test_a_period_ends_after_it_begins(door: Door) -> None:
    account = await door.open()
    with pytest.raises(Invalid) as inverted:
        await spent(door, account, from_date="2026-02-02", to_date="2026-02-01")
    assert inverted.value.reason == "PERIOD_INVERTED"


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        ("2026-02-01", "2026-02-28", ("2026-01-01", "2026-01-31")),
        ("2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31")),
        ("2024-01-01", "2024-12-31", ("2023-01-01", "2023-12-31")),
        ("2026-02-03", "2026-02-09", ("2026-01-27", "2026-02-02")),
        ("2026-03-01", "2026-03-01", ("2026-02-28", "2026-02-28")),
        ("0001-01-01", "0001-01-31", ("0001-01-01", "0001-01-01")),
        ("0001-02-01", "9999-12-31", ("0001-01-01", "0001-01-31")),
    ],
)
def test_the_period_before(first: str, last: str, before: tuple[str, str]) -> None:
    found = period_before(date.fromisoformat(first), date.fromisoformat(last))
    assert tuple(each.isoformat() for each in found) == before


days = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@given(days, st.integers(0, 2_000))
def test_the_period_before_ends_the_day_before(first: date, length: int) -> None:
    begins, ends = period_before(first, first + timedelta(days=length))
    assert ends == first - timedelta(days=1)
    assert begins <= ends


async def exported(door: Door, account: Any, format: Any) -> list[str]:
    parts, token = [], ""
    while True:
        answer = await door(
            "ExportTransactions",
            account_id=account.account_id,
            format=format,
            page_token=token,
            as_=holder_of(account),
        )
        parts.append(answer.content)
        token = answer.next_page_token
        if not token:
            return parts


async def test_lines_are_taken_away_part_by_part(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.accounts.grpc_api.transactions.EXPORTED_LINES", 3)
    account = await shopping(door)
    line = await line_of(door, account, "umlaut")
    note = '=HYPERLINK("http://x","a, b")'
    await door("SetTransactionNote", note=note, **about(account, line))
    await door.node.caught_up()
    parts = await exported(door, account, pb.EXPORT_FORMAT_CSV)
    assert len(parts) == 3
    rows = list(csv.DictReader(io.StringIO("".join(parts))))
    assert [row["merchant_as_written"] for row in rows[1:]] == [s[0] for s in reversed(SHOPS)]
    noted = next(row for row in rows if row["note"])
    assert (noted["note"], noted["amount"], noted["currency"]) == (f"'{note}", "8.00", "GBP")
    as_json = [
        json.loads(each)
        for each in "".join(await exported(door, account, pb.EXPORT_FORMAT_JSON_LINES)).splitlines()
    ]
    assert [each["transaction_id"] for each in as_json] == [r["transaction_id"] for r in rows]
    assert note in {each["note"] for each in as_json}
    assert set(as_json[0]) == set(COLUMNS)


@given(st.text())
def test_no_cell_is_run_by_a_spreadsheet(text: str) -> None:
    cell = unrun(text)
    assert cell.endswith(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [(1250, "GBP", "12.50"), (5, "GBP", "0.05"), (1250, "JPY", "1250"), (1250, "KWD", "1.250")],
)
def test_amounts_have_the_decimals_of_their_currency(
    minor_units: int, currency: str, text: str
) -> None:
    assert amount_text(minor_units, currency) == text
