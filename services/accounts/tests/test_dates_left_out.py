"""What a caller leaves out is dated by the programme's business day, whatever the calendar says."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cards.accounts.v1 import controls_service_pb2 as controls
from cards.accounts.v1 import disputes_service_pb2 as disputes
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.kernel.errors import Error, Invalid
from chassis.kernel.money import Money
from services.accounts.domain.business_day import commands as days
from services.accounts.domain.business_day.decider import BUSINESS_DAY
from services.accounts.tests.conftest import GROCER, Door, gbp
from services.accounts.tests.network import World

AHEAD = timedelta(days=1)
FIGURES = days.DayFigures(accounts=0, statements=0, interest=Money(0, "GBP"), fees=Money(0, "GBP"))


async def next_day(door: Door) -> date:
    """The business date of the everyday programme, which is ahead of the calendar."""
    execute, today = door.node.ports.application.execute, door.node.clock.now().date()
    everyday: dict[str, Any] = {"programme_id": "everyday"}
    if await door.node.ports.application.find(BUSINESS_DAY, "everyday") is None:
        begin = days.BeginBusinessDays(business_date=today, **everyday)
        await execute(begin, actor="service:accounts")
    for command in (
        days.AdvanceBusinessDate(to_date=today + AHEAD, **everyday),
        days.CloseBusinessDay(business_date=today, figures=FIGURES, **everyday),
    ):
        await execute(command, actor="service:accounts")
    return today + AHEAD


def dates(door: Door, fact: str) -> set[date]:
    """Every date that the last fact of a kind carries."""
    found = [each for each in door.node.facts() if type(each).__name__ == fact][-1]
    names = ("transaction_date", "posting_date", "received_on")
    return {getattr(found, name) for name in names if hasattr(found, name)}


async def test_what_is_posted_without_a_date_is_of_the_business_day(door: Door) -> None:
    account = await door.open()
    card_id, today = account.cards[0].card_id, await next_day(door)
    posted: dict[str, Any] = {"card_id": card_id, "amount": gbp(12.50), "merchant": GROCER}
    await door("ClearCharge", clearing_id="c" * 32, **posted)
    assert dates(door, "ChargeCleared") == {today}
    await door("RefundCharge", **posted)
    assert dates(door, "ChargeRefunded") == {today}
    await door("RecordPayment", account_id=account.account_id, amount=gbp(1))
    assert dates(door, "PaymentRecorded") == {today}
    await door(
        "OpenDispute",
        account_id=account.account_id,
        charge_id="c" * 32,
        reason=disputes.DISPUTE_REASON_UNAUTHORISED,
    )
    assert dates(door, "DisputeOpened") == {today}


async def test_a_date_that_is_told_stands(door: Door) -> None:
    account = await door.open()
    told = (await next_day(door) - 3 * AHEAD).isoformat()
    amount: dict[str, Any] = {"account_id": account.account_id, "amount": gbp(1)}
    await door("RecordPayment", transaction_date=told, posting_date=told, **amount)
    assert dates(door, "PaymentRecorded") == {date.fromisoformat(told)}
    with pytest.raises(Invalid, match="DATE_MALFORMED"):
        await door("RecordPayment", transaction_date="2026-02-30", **amount)


# What is charged, by the clock of the programme's time zone


async def in_tokyo(door: Door) -> Any:
    """An account of a programme whose days end at midnight in Tokyo, where it is one in the
    morning of January 2."""
    account = await door.open()
    await door("SetBusinessTimeZone", programme_id="everyday", time_zone="Asia/Tokyo")
    door.node.clock.advance(timedelta(hours=4))
    return account


def at(hour: int) -> Timestamp:
    """An hour of January 1 in UTC."""
    told = Timestamp()
    told.FromDatetime(datetime(2026, 1, 1, hour, tzinfo=UTC))
    return told


async def test_a_charge_without_a_date_is_of_the_day_where_its_programme_is(door: Door) -> None:
    account = await in_tokyo(door)
    made = await door.charge(account, 5)
    assert made.charge.transaction_date == "2026-01-02"
    assert made.charge.hold_expires_at.ToDatetime(UTC) > door.node.clock.now()
    (authorised,) = [f for f in door.node.facts() if type(f).__name__ == "ChargeAuthorised"]
    assert authorised.transaction_at == door.node.clock.now()
    early = await door.charge(account, 5, transaction_at=at(14))
    late = await door.charge(account, 5, transaction_at=at(15))
    told = [each.charge.transaction_date for each in (early, late)]
    assert told == ["2026-01-01", "2026-01-02"]
    other = await door.charge(account, 5, transaction_date="2026-01-01")
    assert other.charge.transaction_date == "2026-01-01"


async def test_a_day_of_a_control_ends_where_its_programme_is(door: Door) -> None:
    account = await in_tokyo(door)
    control = controls.SpendControl(
        control_id="daily",
        kind=controls.CONTROL_KIND_COUNT,
        window=controls.CONTROL_WINDOW_DAY,
        times=1,
    )
    of = {"account_id": account.account_id}
    await door("SetControl", **of, control=control)
    assert (await door.charge(account, 5, transaction_at=at(14))).approved
    assert (await door.charge(account, 5)).approved
    (in_force,) = (await door("ListControls", **of)).controls
    assert in_force.used_times == 1


async def test_the_first_day_of_all_has_not_begun_in_the_west(door: Door) -> None:
    account = await door.open()
    await door("SetBusinessTimeZone", programme_id="everyday", time_zone="America/New_York")
    first = Timestamp()
    first.FromDatetime(datetime(1, 1, 1, tzinfo=UTC))
    with pytest.raises(Error, match="TIMESTAMP_OUT_OF_RANGE"):
        await door.charge(account, 5, transaction_at=first)


async def test_what_a_network_leaves_out_is_of_the_programmes_day(network: World) -> None:
    set_zone = {"programme_id": "everyday", "time_zone": "Asia/Tokyo"}
    await network.rpcs("SetBusinessTimeZone", **set_zone)
    network.rpcs.node.clock.advance(timedelta(hours=4))
    network.terminal.later(hours=4)
    asked = network.terminal.message("0220", 1_000, f13=None, f15=None)
    assert (await network.line.ask(asked))[39] == "00"
    assert dates(network.rpcs, "ChargeCleared") == {date(2026, 1, 2)}
