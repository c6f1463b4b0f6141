"""The end of a day: the ledger, the network and the customers say the same, or it is told where."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from cards.accounts.v1 import ledger_service_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from chassis.kernel.errors import Invalid, NotFound, Unavailable
from services.accounts.domain.ledger import LedgerAccount
from services.accounts.domain.reconciliation.chart import CHART
from services.accounts.domain.reconciliation.day_end import DAY_END, ProveDay
from services.accounts.domain.reconciliation.events import (
    AccountDifference,
    DayFigures,
    DayLine,
    DayProved,
)
from services.accounts.tables.books import ledger_entries
from services.accounts.tables.reconciliation import customer_days, network_days
from services.accounts.tests.clearing_files import csv_file, record
from services.accounts.tests.conftest import GROCER, Door, gbp
from services.accounts.tests.stories import Story
from services.accounts.tests.test_clearing import deliver
from services.accounts.use_cases import day_ends

DAY = "2026-03-15"


async def busy_day(door: Door) -> Any:
    """From a file: 10.00, 20.00, and 5.00 back. At the door: 30.00, 1.00 back, 12.00 paid in. The
    day before: 7.00. An account that did nothing."""
    account, _ = await door.open(), await door.open()
    door.wait_for(DAY)
    card = account.cards[0].card_id
    dated = {"transaction_date": DAY, "posting_date": DAY, "card_id": card, "merchant": GROCER}
    earlier = {**dated, "posting_date": "2026-03-14"}
    await door("ClearCharge", amount=gbp(7), **earlier)
    await deliver(
        door,
        csv_file(
            [
                record("R-1", 1_000, card=card),
                record("R-2", 2_000, card=card),
                record("R-3", 500, card=card, kind="refund"),
            ]
        ),
    )
    await door("ClearCharge", amount=gbp(30), **dated)
    await door("RefundCharge", amount=gbp(1), **dated)
    await door("RecordPayment", account_id=account.account_id, amount=gbp(12), posting_date=DAY)
    await door.node.caught_up()
    return account


async def close(door: Door, day: str = DAY) -> Any:
    return (await door("CloseDay", programme_id="everyday", date=day)).day_end


def minor(line: Any) -> tuple[int, int, int, int]:
    return tuple(
        getattr(line, name).minor_units for name in ("opening", "debits", "credits", "closing")
    )


async def test_a_day_on_which_all_books_agree_is_balanced(door: Door) -> None:
    await busy_day(door)
    proof = await close(door)
    assert proof.balanced
    assert proof.revision == 1
    assert not proof.differences
    assert proof.files_charged.minor_units == 3_000
    assert proof.files_refunded.minor_units == 500
    assert proof.online.minor_units == 3_000 - 100
    assert proof.network.minor_units == 5_400
    assert proof.ledger.minor_units == proof.customers.minor_units == 5_400 - 1_200
    assert proof.receivable.minor_units == 700 + 5_400 - 1_200
    assert {line.ledger_account: minor(line) for line in proof.lines} == {
        "CASH": (0, 1_200, 0, 1_200),
        "RECEIVABLE": (700, 6_000, 1_800, 4_900),
        "SETTLEMENT": (-700, 600, 6_000, -6_100),
    }


async def test_a_day_is_proved_anew_only_when_it_changed(door: Door) -> None:
    account = await busy_day(door)
    first = await close(door)
    await door.node.caught_up()
    assert (await close(door)).position == first.position
    await door("RecordPayment", account_id=account.account_id, amount=gbp(1), posting_date=DAY)
    await door.node.caught_up()
    second = await close(door)
    assert (second.revision, second.balanced) == (2, True)
    assert second.ledger.minor_units == first.ledger.minor_units - 100


async def test_a_day_without_anything_is_balanced(door: Door) -> None:
    await door.open()
    await door.node.caught_up()
    proof = await close(door, "2020-02-29")
    assert proof.balanced
    assert not proof.lines


async def test_a_record_that_somebody_posted_is_counted_as_the_files(door: Door) -> None:
    account = await door.open()
    await deliver(door, csv_file([record("R-1", 1_000, card="4111111111111111")]))
    (item,) = (await door("ListUnmatched")).items
    await door(
        "ResolveUnmatched", item_id=item.item_id, resolution=1, card_id=account.cards[0].card_id
    )
    await door.node.caught_up()
    proof = await close(door)
    assert proof.balanced
    assert (proof.files_charged.minor_units, proof.online.minor_units) == (1_000, 0)


async def test_a_network_that_counted_otherwise_is_found(door: Door) -> None:
    """A record the file counts and nothing posted: 0.01 is enough."""
    await busy_day(door)
    columns = network_days.c
    one_more = update(network_days).where(columns.channel == "FILE")
    await door.node.ports.database.write(
        lambda c: c.execute(one_more.values(charged_minor=columns.charged_minor + 1))
    )
    proof = await close(door)
    assert not proof.balanced
    (difference,) = proof.differences
    assert difference.check == "NETWORK"
    assert difference.expected.minor_units - difference.found.minor_units == 1
    await door.node.caught_up()
    (listed,) = (await door("ListDayEnds", differing_only=True)).day_ends
    assert listed == proof


async def test_an_account_that_decided_otherwise_than_the_ledger_says_is_named(door: Door) -> None:
    account = await busy_day(door)
    columns = customer_days.c
    other = update(customer_days).where(columns.posting_date == DAY)
    await door.node.ports.database.write(
        lambda c: c.execute(other.values(decided_minor=columns.decided_minor + 5))
    )
    proof = await close(door)
    assert [(each.check, each.account_id) for each in proof.differences] == [
        ("ACCOUNT", account.account_id)
    ]
    assert proof.accounts_differing == 1


async def test_books_that_are_behind_are_not_proved(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_ends, "CAUGHT_UP_ATTEMPTS", 2)
    await door.open()
    with pytest.raises(Unavailable) as refused:
        await close(door)
    assert refused.value.reason == "LEDGER_BEHIND"


async def test_what_is_not_there_is_not_found(door: Door) -> None:
    with pytest.raises(NotFound) as refused:
        await close(door)
    assert refused.value.reason == "PROGRAMME_NOT_FOUND"
    await door.open()
    with pytest.raises(NotFound) as refused:
        await door("GetDayEnd", programme_id="everyday", date=DAY)
    assert refused.value.reason == "DAY_END_NOT_FOUND"


async def test_days_are_listed_newest_first_in_pages(door: Door) -> None:
    await door.open()
    await door.node.caught_up()
    for day in (14, 16, 15):
        await close(door, f"2026-03-{day}")
        await door.node.caught_up()
    page = await door("ListDayEnds", page_size=2, programme_id="everyday")
    rest = await door("ListDayEnds", page_size=2, page_token=page.next_page_token)
    found = [each.date[-2:] for each in (*page.day_ends, *rest.day_ends)]
    assert found == ["16", "15", "14"]


async def export(door: Door, **fields: Any) -> str:
    method: Any
    method, kind = door.methods["ExportJournal"]
    pieces = [each.content async for each in method(kind(**fields), None)]
    return b"".join(pieces).decode()


async def test_the_journal_is_exported_by_day_with_codes(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_ends, "JOURNAL_PAGE", 3)
    await busy_day(door)
    rows = list(csv.DictReader(io.StringIO(await export(door), newline="")))
    assert len(rows) == 14
    assert [row["posting_date"] for row in rows[:3]] == ["2026-03-14", "2026-03-14", DAY]
    assert {row["ledger_account"]: row["code"] for row in rows} == {
        "CASH": "1000",
        "RECEIVABLE": "1100",
        "SETTLEMENT": "2100",
    }
    debits, credits = (
        sum(int(row[name]) for row in rows) for name in ("debit_minor", "credit_minor")
    )
    assert debits == credits == 700 + 6_000 + 600 + 1_200
    text = await export(door, from_date=DAY, to_date=DAY, format=pb.JOURNAL_FORMAT_JSON_LINES)
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["position"] for line in lines] == [int(row["position"]) for row in rows[2:]]
    assert not await export(door, from_date="2027-01-01", format=pb.JOURNAL_FORMAT_JSON_LINES)
    with pytest.raises(Invalid) as refused:
        await export(door, from_date="2026-02-01", to_date="2026-01-01")
    assert refused.value.reason == "DATES_REVERSED"


async def test_the_chart_says_what_each_account_stood_at_in_the_evening(door: Door) -> None:
    await busy_day(door)
    for day, expected in (("2026-03-14", 700), (DAY, 4_900), ("2026-03-13", None)):
        chart = await door("GetChartOfAccounts", date=day)
        assert [line.code for line in chart.lines] == sorted(each.code for each in CHART.values())
        (line,) = [each for each in chart.lines if each.ledger_account == "RECEIVABLE"]
        assert [each.minor_units for each in line.balances] == ([expected] if expected else [])
        assert sum(each.minor_units for line in chart.lines for each in line.balances) == 0


async def test_the_books_of_a_day_are_the_ledgers(door: Door) -> None:
    """The sums by day and the postings themselves, added up anew, are the same."""
    await busy_day(door)
    proof = await close(door)
    entries = await door.node.ports.database.read(
        lambda c: c.execute(ledger_entries.select()).all()
    )
    for line in proof.lines:
        mine = [each for each in entries if each.ledger_account == line.ledger_account]
        assert line.closing.minor_units == sum(each.amount_minor for each in mine)


def test_every_ledger_account_has_a_code() -> None:
    assert {str(each) for each in LedgerAccount} <= CHART.keys()
    assert len({line.code for line in CHART.values()}) == len(CHART)


def figures(**changes: Any) -> DayFigures:
    """A day: 30.00 charged and 5.00 given back by files, 10.00 paid; 7.00 owed before."""
    lines = (
        ("CASH", 0, 1_000, 0),
        ("RECEIVABLE", 700, 3_000, 1_500),
        ("SETTLEMENT", -700, 500, 3_000),
    )
    fields: dict[str, Any] = {
        "lines": tuple(
            DayLine(ledger_account=name, opening_minor=o, debits_minor=d, credits_minor=c)
            for name, o, d, c in lines
        ),
        "files_charged_minor": 3_000,
        "files_refunded_minor": 500,
        "customers_opening_minor": 700,
        "customers_movement_minor": 1_500,
    }
    return DayFigures(**{**fields, **changes})


def prove(of: DayFigures) -> DayProved:
    """Prove a day, twice."""
    command = ProveDay(
        programme_id="p", currency="GBP", day=date(2026, 3, 15), figures=of, position=9
    )
    (fact,) = Story(DAY_END).when(command)
    assert isinstance(fact, DayProved)
    return fact


def test_the_three_books_are_compared_signed() -> None:
    fact = prove(figures())
    assert fact.balanced
    assert (fact.ledger_minor, fact.network_minor, fact.customers_minor) == (1_500, 2_500, 1_500)
    assert fact.receivable_minor == 2_200


SUMS = (
    *("files_charged_minor", "files_refunded_minor", "online_minor"),
    *("customers_opening_minor", "customers_movement_minor"),
)


@given(st.sampled_from(SUMS), st.integers(-1_000, 1_000).filter(bool))
def test_a_day_of_which_one_sum_is_wrong_is_never_balanced(name: str, by: int) -> None:
    right = figures()
    fact = prove(figures(**{name: getattr(right, name) + by}))
    assert not fact.balanced
    assert all(each.expected_minor != each.found_minor for each in fact.differences)


@given(st.integers(0, 2), st.sampled_from(["opening_minor", "debits_minor", "credits_minor"]))
def test_a_day_of_which_one_line_is_wrong_is_never_balanced(number: int, name: str) -> None:
    lines: Sequence[DayLine] = figures().lines
    changes: dict[str, Any] = {name: getattr(lines[number], name) + 1}
    wrong = replace(lines[number], **changes)
    changed = (*lines[:number], wrong, *lines[number + 1 :])
    assert not prove(figures(lines=changed)).balanced


def test_an_account_that_differs_is_named() -> None:
    each = AccountDifference(account_id="a", ledger_minor=1, decided_minor=2)
    fact = prove(figures(accounts=(each,), accounts_differing=1))
    assert [(one.check, one.account_id) for one in fact.differences] == [("ACCOUNT", "a")]
