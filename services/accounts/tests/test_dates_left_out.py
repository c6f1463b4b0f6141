"""What a caller leaves out is dated by the programme's business day, whatever the calendar says."""

from datetime import date, timedelta
from typing import Any

import pytest
from cards.accounts.v1 import disputes_service_pb2 as disputes

from chassis.kernel.errors import Invalid
from chassis.kernel.money import Money
from services.accounts.domain.business_day import commands as days
from services.accounts.domain.business_day.decider import BUSINESS_DAY
from services.accounts.tests.conftest import GROCER, Door, gbp

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
