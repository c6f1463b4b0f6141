"""The test clock is the clock of all accounts of its programme: holds fall, promises lapse, cards
are renewed and expire as it advances, and what is asked is asked at the moment it shows."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import charges_service_pb2 as credits
from cards.accounts.v1 import controls_service_pb2 as controls

from chassis.kernel.clock import FixedClock
from chassis.testing.harness import running
from services.accounts.app import SERVICE
from services.accounts.config import AccountsSettings
from services.accounts.domain.business_day.decider import BUSINESS_DAY
from services.accounts.tests.conftest import GROCER, Door, RiskStub, gbp, methods_of
from services.accounts.tests.test_billing_run import close_all
from services.accounts.use_cases.billing_run import BillingRun
from services.accounts.use_cases.day_ends import DayEnds
from services.accounts.use_cases.programme_clock import TimersAhead, shown

P = "everyday"
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TODAY = NOON.date()
DAY = timedelta(days=1)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A test system, at noon."""
    settings, stub = AccountsSettings(test_clock_allowed=True), RiskStub()
    clock = FixedClock(NOON)
    async with running(
        SERVICE, tmp_path, settings=settings, clock=clock, stubs={"risk": stub}
    ) as node:
        yield Door(node, methods_of(node), stub)


async def advance(door: Door, to_date: date) -> None:
    """Set the test clock, and wait for the date as the worker brings it about."""
    await door.node.timers_due()
    await door("AdvanceBusinessDate", programme_id=P, to_date=to_date.isoformat())
    ports, ahead = door.node.ports, timers_ahead(door)
    await close_all(
        door.node, BillingRun(ports, DayEnds(ports).prove, ahead.carry_out), until=to_date
    )


def timers_ahead(door: Door) -> TimersAhead:
    return TimersAhead(door.node.ports, SERVICE.codec().decode_command)


async def charge_of(door: Door, made: Any) -> Any:
    asked = {"account_id": made.charge.account_id, "charge_id": made.charge.charge_id}
    return (await door("GetCharge", **asked)).charge


def told(door: Door, kind: str) -> list[Any]:
    return [each for each in door.node.facts() if type(each).__name__ == kind]


async def test_a_hold_falls_when_the_test_clock_has_passed_its_time(door: Door) -> None:
    account = await door.open(hold_lifetime_hours=36)
    made = await door.charge(account, 50)
    await advance(door, TODAY + DAY)
    assert (await charge_of(door, made)).status == pb.CHARGE_STATUS_HELD
    await advance(door, TODAY + 2 * DAY)
    assert (await charge_of(door, made)).status == pb.CHARGE_STATUS_EXPIRED
    (fallen,) = told(door, "HoldExpired")
    # At midnight, which is when the day of the hold's end begins.
    assert fallen.transaction_date == TODAY + 2 * DAY
    assert fallen.available.minor_units == 1000_00
    late = {"card_id": made.charge.card_id, "charge_id": made.charge.charge_id}
    cleared = await door("ClearCharge", amount=gbp(50), **late)
    assert not cleared.charge.forced
    assert cleared.available.minor_units == 950_00


async def test_what_is_due_by_the_hour_shown_falls_on_the_day_that_is_asked_for(
    door: Door,
) -> None:
    longer = pb.HoldRule(entry_mode=pb.ENTRY_MODE_MANUAL, lifetime_hours=25)
    account = await door.open(hold_lifetime_hours=24, hold_rules=[longer])
    due = await door.charge(account, 50)
    later = await door.charge(account, 5, entry_mode=pb.ENTRY_MODE_MANUAL)
    await advance(door, TODAY + DAY)
    assert await shown(door.node.ports, P) == NOON + DAY
    assert (await charge_of(door, due)).status == pb.CHARGE_STATUS_EXPIRED
    assert (await charge_of(door, later)).status == pb.CHARGE_STATUS_HELD
    assert await timers_ahead(door).carry_out(P, NOON + DAY) == 0


async def test_a_hold_made_under_the_test_clock_lives_as_long_as_any(door: Door) -> None:
    account = await door.open(hold_lifetime_hours=25)
    await advance(door, TODAY + 30 * DAY)
    made = await door.charge(account, 50)
    assert made.charge.transaction_date == (TODAY + 30 * DAY).isoformat()
    assert made.charge.hold_expires_at.ToDatetime(UTC) == NOON + 31 * DAY + timedelta(hours=1)
    (authorised,) = told(door, "ChargeAuthorised")
    assert authorised.transaction_at == NOON + 30 * DAY
    await advance(door, TODAY + 31 * DAY)
    assert (await charge_of(door, made)).status == pb.CHARGE_STATUS_HELD
    await advance(door, TODAY + 32 * DAY)
    assert (await charge_of(door, made)).status == pb.CHARGE_STATUS_EXPIRED


async def test_an_advice_counts_the_time_of_a_hold_from_what_the_clock_shows(door: Door) -> None:
    account = await door.open(hold_lifetime_hours=72)
    made = await door.charge(account, 50)
    await advance(door, TODAY + 2 * DAY)
    asked = {"account_id": account.account_id, "charge_id": made.charge.charge_id}
    advised = await door("AdviseCharge", amount=gbp(30), **asked)
    assert advised.charge.hold_expires_at.ToDatetime(UTC) == NOON + 5 * DAY
    await advance(door, TODAY + 4 * DAY)
    assert (await charge_of(door, made)).held.minor_units == 30_00


async def test_a_promise_of_money_lapses_with_the_test_clock(door: Door) -> None:
    account = await door.open()
    promised = await door(
        "AuthoriseRefund", card_id=account.cards[0].card_id, amount=gbp(5), merchant=GROCER
    )
    await advance(door, TODAY + 31 * DAY)
    asked = {"account_id": account.account_id, "refund_id": promised.refund.refund_id}
    found = await door("GetRefund", **asked)
    assert found.refund.status == credits.REFUND_STATUS_EXPIRED


async def test_a_card_is_renewed_and_expires_as_the_test_clock_advances(door: Door) -> None:
    account = await door.open(card_validity_months=1)
    kept, ended = (
        account.cards[0],
        await door("OrderCard", account_id=account.account_id, use=pb.CARD_USE_SINGLE_USE),
    )
    assert kept.expires_on == ended.card.expires_on == "2026-04-30"
    await advance(door, date(2026, 5, 1))
    now = {each.card_id: each for each in (await cards_of(door, account)).cards}
    assert now[kept.card_id].sequence == 2
    assert now[kept.card_id].expires_on > "2026-05-01"
    # What is good for one charge is not renewed.
    assert now[ended.card.card_id].status == pb.CARD_STATUS_EXPIRED
    (renewed,), (expired,) = told(door, "CardRenewed"), told(door, "CardExpired")
    assert renewed.transaction_date < expired.transaction_date == date(2026, 5, 1)
    refused = await door.charge(account, 5, card_id=ended.card.card_id)
    assert (refused.approved, refused.charge.reason) == (False, "CARD_EXPIRED")


async def cards_of(door: Door, account: Any) -> Any:
    return await door("ListCards", account_id=account.account_id)


async def test_a_card_issued_under_the_test_clock_is_good_from_then_on(door: Door) -> None:
    account = await door.open(card_validity_months=12)
    await advance(door, TODAY + 100 * DAY)
    issued = await door("IssueCard", account_id=account.account_id)
    assert issued.card.expires_on == "2027-06-30"


async def test_what_is_used_of_a_limit_is_told_as_of_the_day_that_is_shown(door: Door) -> None:
    account = await door.open()
    about = {"account_id": account.account_id}
    daily = controls.SpendControl(
        control_id="daily",
        kind=controls.CONTROL_KIND_AMOUNT,
        window=controls.CONTROL_WINDOW_DAY,
        limit=gbp(50),
    )
    await door("SetControl", control=daily, **about)
    await door.charge(account, 50)
    assert not (await door.charge(account, 1)).approved
    await advance(door, TODAY + DAY)
    (unused,) = (await door("ListControls", **about)).controls
    assert unused.used == gbp(0)
    assert (await door.charge(account, 20)).approved
    (some,) = (await door("ListControls", **about)).controls
    assert (some.used, some.used_times) == (gbp(20), 1)


async def test_the_clock_of_one_programme_is_not_that_of_another(door: Door) -> None:
    account = await door.open(hold_lifetime_hours=24)
    await door.define(programme_id="other", name="Other", bin="500013")
    opened = await door("OpenAccount", customer_id=account.customer_id, programme_id="other")
    there = await door.charge(opened.account, 5)
    here = await door.charge(account, 5)
    await advance(door, TODAY + 10 * DAY)
    assert (await charge_of(door, here)).status == pb.CHARGE_STATUS_EXPIRED
    assert (await charge_of(door, there)).status == pb.CHARGE_STATUS_HELD
    other = await door.node.ports.application.state(BUSINESS_DAY, "other")
    assert other.shown(NOON) == NOON


async def test_the_same_is_asked_again_after_the_clock_has_moved(door: Door) -> None:
    account = await door.open()
    card, key = account.cards[0].card_id, "the-same-request"
    asked = {"card_id": card, "amount": gbp(5), "merchant": GROCER}
    first = await door("AuthoriseCharge", key=key, **asked)
    await advance(door, TODAY + DAY)
    assert await door("AuthoriseCharge", key=key, **asked) == first
    again = await door("AuthoriseCharge", charge_id=first.charge.charge_id, **asked)
    assert again.charge == first.charge
    assert len(told(door, "ChargeAuthorised")) == 1
