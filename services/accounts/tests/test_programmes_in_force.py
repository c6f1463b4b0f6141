"""Versions of a programme are in force by its business date, wherever the test clock has set it."""

from datetime import date, timedelta
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms

from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.money import Money
from services.accounts.domain.business_day.commands import (
    AdvanceBusinessDate,
    BeginBusinessDays,
    CloseBusinessDay,
    DayFigures,
)
from services.accounts.tests.conftest import Door, gbp
from services.accounts.tests.test_programmes_at_the_door import SECOND, proposal

DAY = timedelta(days=1)
NOTHING = Money(0, "GBP")
FIGURES = DayFigures(accounts=0, statements=0, interest=NOTHING, fees=NOTHING)


async def business_days_go_on(door: Door, days: int) -> date:
    """The programme's business date is so many days ahead of the calendar."""

    async def give(command: Any) -> None:
        await door.node.ports.application.execute(command, actor="service:accounts")

    today = door.node.clock.now().date()
    await give(BeginBusinessDays(programme_id="everyday", business_date=today))
    to_date = today + days * DAY
    await give(AdvanceBusinessDate(programme_id="everyday", to_date=to_date))
    for n in range(days):
        on = today + n * DAY
        await give(CloseBusinessDay(programme_id="everyday", business_date=on, figures=FIGURES))
    return to_date


async def test_a_version_takes_effect_by_the_business_date(door: Door) -> None:
    """It is still the first of January 2026 for everybody else."""
    before = await door.open()
    change = (await door("ProposeTerms", proposal(effective_on="2026-01-11"))).change
    await door("ApproveTerms", as_=SECOND, programme_id="everyday", change_id=change.change_id)
    assert (await door("GetProgramme", programme_id="everyday")).programme.version == 1
    assert await business_days_go_on(door, 10) == date(2026, 1, 11)
    assert (await door("GetProgramme", programme_id="everyday")).programme.version == 2
    opened = await door("OpenAccount", customer_id=before.customer_id, programme_id="everyday")
    assert (opened.account.programme_version, opened.account.limit) == (2, gbp(2000))
    moved = await door("MoveAccountToVersion", account_id=before.account_id, programme_version=2)
    assert moved.account.programme_version == 2
    listed = (await door("ListProgrammeVersions", programme_id="everyday")).versions
    assert [each.in_force for each in listed] == [True, False]


async def test_no_version_takes_effect_on_a_business_date_that_is_past(door: Door) -> None:
    await door.open()
    waiting = (await door("ProposeTerms", proposal(effective_on="2026-01-05"))).change
    await business_days_go_on(door, 10)
    with pytest.raises(Invalid) as past:
        await door("ProposeTerms", proposal(effective_on="2026-01-10"))
    assert (past.value.reason, past.value.field) == ("EFFECTIVE_DATE_PAST", "effective_on")
    with pytest.raises(Refused) as late:
        await door("ApproveTerms", as_=SECOND, programme_id="everyday", change_id=waiting.change_id)
    assert late.value.reason == "CHANGE_TOO_LATE"


async def test_a_grace_that_is_too_short_is_refused_by_its_field(door: Door) -> None:
    """12 CFR 1026.5(b)(2)(ii)(A): 21 days at least."""
    rate = terms.Rate(balance_type=terms.BALANCE_TYPE_PURCHASE, apr_basis_points=1_500)
    minimum = terms.MinimumPaymentRule(floor_minor=25_00)
    billing = terms.BillingTerms(rates=[rate], minimum_payment=minimum, grace_days=20)
    with pytest.raises(Invalid) as short:
        await door.define(billing=billing)
    assert (short.value.reason, short.value.field) == (
        "GRACE_TOO_SHORT",
        "programme.billing.grace_days",
    )
    programme = pb.Programme(
        programme_id="everyday",
        name="Everyday",
        currency="GBP",
        bin="500012",
        default_limit=gbp(1000),
        billing=billing,
    )
    await door.define()
    with pytest.raises(Invalid) as proposed:
        await door("ProposeTerms", proposal(programme=programme))
    assert proposed.value.field == "programme.billing.grace_days"


async def test_an_account_is_opened_on_the_business_date(door: Door) -> None:
    """Its first cycle begins then, not on the calendar's day."""
    rate = terms.Rate(balance_type=terms.BALANCE_TYPE_PURCHASE, apr_basis_points=1_500)
    minimum = terms.MinimumPaymentRule(floor_minor=25_00)
    billing = terms.BillingTerms(rates=[rate], minimum_payment=minimum)
    before = await door.open(billing=billing)
    await business_days_go_on(door, 40)
    opened = await door("OpenAccount", customer_id=before.customer_id, programme_id="everyday")
    done = await door("ProcessBillingDay", account_id=opened.account.account_id)
    assert done.next_due_on == "2026-02-28"
