"""Nothing is dated by a day that has not begun anywhere; by one that has, somewhere, it may be."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cards.accounts.v1 import clearing_service_pb2 as clearing
from cards.accounts.v1 import disputes_service_pb2 as disputes
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.kernel.errors import Error, Invalid, Refused
from services.accounts.tests.clearing_files import csv_file, record
from services.accounts.tests.conftest import GROCER, Door, gbp
from services.accounts.tests.test_clearing import process, submit
from services.accounts.tests.test_dates_left_out import next_day
from services.accounts.use_cases.programme_clock import latest_day

FAR = "2030-01-01"
DAY = timedelta(days=1)


async def refusal(door: Door, name: str, **fields: Any) -> tuple[str, str | None]:
    with pytest.raises(Error) as refused:
        await door(name, **fields)
    return refused.value.reason, refused.value.field


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("AuthoriseCharge", ("transaction_date",)),
        ("RecordStandIn", ("transaction_date",)),
        ("ClearCharge", ("transaction_date", "posting_date")),
        ("RefundCharge", ("transaction_date", "posting_date")),
        ("AuthoriseRefund", ("transaction_date",)),
        ("PostOriginalCredit", ("transaction_date", "posting_date")),
    ],
)
async def test_what_is_done_with_a_card_is_not_of_a_day_to_come(
    door: Door, name: str, dates: tuple[str, ...]
) -> None:
    account = await door.open()
    who = "sender" if name == "PostOriginalCredit" else "merchant"
    more = {"response_code": "00"} if name == "RecordStandIn" else {}
    made = {"card_id": account.cards[0].card_id, "amount": gbp(1), who: GROCER, **more}
    before = len(door.node.facts())
    for field in dates:
        told = {field: FAR}
        assert await refusal(door, name, **made, **told) == ("DATE_IN_THE_FUTURE", field)
    assert len(door.node.facts()) == before


async def test_what_is_done_with_a_charge_is_not_of_a_day_to_come(door: Door) -> None:
    account = await door.open()
    charge = (await door.charge(account, 20)).charge
    of = {"account_id": account.account_id, "charge_id": charge.charge_id}
    late, expected = {"transaction_date": FAR}, ("DATE_IN_THE_FUTURE", "transaction_date")
    assert await refusal(door, "AdviseCharge", **of, amount=gbp(30), **late) == expected
    assert await refusal(door, "IncrementCharge", **of, by=gbp(1), **late) == expected
    assert await refusal(door, "ReverseCharge", **of, **late) == expected
    paid = {"account_id": account.account_id, "amount": gbp(1)}
    assert await refusal(door, "RecordPayment", **paid, **late) == expected
    late, expected = {"posting_date": FAR}, ("DATE_IN_THE_FUTURE", "posting_date")
    assert await refusal(door, "RecordPayment", **paid, **late) == expected


async def test_a_notice_of_a_dispute_is_not_of_a_day_to_come(door: Door) -> None:
    account = await door.open()
    posted = {"card_id": account.cards[0].card_id, "clearing_id": "c" * 32}
    await door("ClearCharge", **posted, amount=gbp(9), merchant=GROCER)
    notice = {
        "account_id": account.account_id,
        "charge_id": "c" * 32,
        "reason": disputes.DISPUTE_REASON_UNAUTHORISED,
    }
    for field in ("received_on", "statement_on"):
        told = {field: FAR}
        assert await refusal(door, "OpenDispute", **notice, **told) == (
            "DATE_IN_THE_FUTURE",
            field,
        )
    opened = (await door("OpenDispute", **notice)).dispute
    of = {"account_id": account.account_id, "dispute_id": opened.dispute_id}
    late = {"posting_date": FAR}
    decision = {"outcome": disputes.DISPUTE_OUTCOME_LOST, "explanation": "so it is"}
    expected = ("DATE_IN_THE_FUTURE", "posting_date")
    assert await refusal(door, "ResolveDispute", **of, **decision, **late) == expected
    assert await refusal(door, "WithdrawDispute", **of, **late) == expected


async def test_a_moment_to_come_is_refused_also_for_a_card_that_nobody_knows(door: Door) -> None:
    account = await door.open()
    at = Timestamp()
    at.FromDatetime(door.node.clock.now() + 2 * DAY)
    expected = ("DATE_IN_THE_FUTURE", "transaction_at")
    made = {"amount": gbp(1), "merchant": GROCER, "transaction_at": at}
    known = {"card_id": account.cards[0].card_id}
    assert await refusal(door, "AuthoriseCharge", **made, **known) == expected
    nobody = {"card_number": "4111111111111111"}
    assert await refusal(door, "AuthoriseCharge", **made, **nobody) == expected


# Where it is tomorrow already


async def test_a_day_that_has_begun_anywhere_has_begun(door: Door) -> None:
    """At noon of January 1 in UTC it is January 2 on Kiritimati; nowhere is it January 3."""
    account = await door.open()
    of = {"account_id": account.account_id, "amount": gbp(1)}
    await door("RecordPayment", **of, posting_date="2026-01-02")
    with pytest.raises(Invalid, match="DATE_IN_THE_FUTURE"):
        await door("RecordPayment", **of, posting_date="2026-01-03")
    assert latest_day(datetime(2026, 1, 1, 9, 59, tzinfo=UTC)).day == 1
    assert latest_day(datetime(2026, 1, 1, 10, tzinfo=UTC)).day == 2


async def test_the_business_date_of_a_programme_has_come_however_far_ahead_it_is(
    door: Door,
) -> None:
    account = await door.open()
    today = await next_day(door)
    of = {"account_id": account.account_id, "amount": gbp(1)}
    await door("RecordPayment", **of, posting_date=today.isoformat())
    with pytest.raises(Invalid, match="DATE_IN_THE_FUTURE"):
        await door("RecordPayment", **of, posting_date=(today + DAY).isoformat())


# Clearing files


async def test_a_record_of_a_day_to_come_waits_and_is_posted_when_it_comes_again(
    door: Door,
) -> None:
    account = await door.open()
    card = account.cards[0].card_id
    records = [
        record("R-1", 1_000, card=card),
        record("R-2", 2_000, card=card, posting_date="2026-03-17"),
    ]
    file = await process(door, (await submit(door, csv_file(records))).file.file_id)
    assert (file.forced, file.exceptions) == (1, 1)
    (item,) = (await door("ListUnmatched")).items
    assert (item.kind, item.reason, item.field) == (
        clearing.CLEARING_ITEM_KIND_EXCEPTION,
        "DATE_IN_THE_FUTURE",
        "posting_date",
    )
    door.wait_for("2026-03-17")
    again = csv_file(records, reference="F-2")
    file = await process(door, (await submit(door, again)).file.file_id)
    assert (file.forced, file.duplicates, file.exceptions) == (1, 1, 0)


async def test_what_waits_for_its_card_is_not_posted_before_its_day(door: Door) -> None:
    account = await door.open()
    early = record("R-1", 1_000, card="", posting_date="2026-03-17")
    await process(door, (await submit(door, csv_file([early]))).file.file_id)
    (item,) = (await door("ListUnmatched")).items
    answer = {
        "item_id": item.item_id,
        "resolution": clearing.CLEARING_RESOLUTION_POSTED,
        "card_id": account.cards[0].card_id,
    }
    with pytest.raises(Refused, match="DATE_IN_THE_FUTURE") as refused:
        await door("ResolveUnmatched", **answer)
    assert refused.value.field == "posting_date"
    door.wait_for("2026-03-17")
    await door("ResolveUnmatched", **answer)
