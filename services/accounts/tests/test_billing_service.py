"""Billing over its rpcs: a cycle is closed, told, explained and paid."""

from datetime import date, timedelta

import pytest
from cards.accounts.v1 import billing_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms

from chassis.kernel.errors import Refused
from services.accounts.domain.billing import commands
from services.accounts.tests.conftest import GROCER, Door, gbp

BILLING = terms.BillingTerms(
    rates=[terms.Rate(balance_type=terms.BALANCE_TYPE_PURCHASE, apr_basis_points=1_990)],
    minimum_payment=terms.MinimumPaymentRule(floor_minor=25_00),
    fees=[terms.Fee(kind=terms.FEE_KIND_LATE, amount_minor=12_00)],
)


async def billed(door: Door, account_id: str, until: date) -> None:
    """The billing day is run as the billing run does, up to a date."""
    command = commands.ProcessBillingDay(account_id=account_id, business_date=until)
    await door.node.ports.application.execute(command, actor="service:accounts")
    await door.node.caught_up()


async def test_a_statement_is_cut_explained_and_paid(door: Door) -> None:
    account = await door.open(billing=BILLING)
    card_id = account.cards[0].card_id
    await door(
        "ClearCharge", clearing_id="1" * 32, card_id=card_id, amount=gbp(300), merchant=GROCER
    )
    today = door.node.ports.clock.now().date()
    await billed(door, account.account_id, today + timedelta(days=60))
    listed = await door("ListStatements", account_id=account.account_id)
    assert [each.number for each in listed.statements][-1] == 1
    last = listed.statements[0].number
    found = await door("GetStatement", account_id=account.account_id, number=last)
    told = found.statement
    lines = sum(line.interest.minor_units for line in told.interest_lines)
    assert lines == sum(line.interest.minor_units for line in told.balances)
    explained = await door("ExplainInterest", account_id=account.account_id, number=last)
    assert explained.total.minor_units == lines
    assert sum(day.interest.minor_units for day in explained.days) == lines
    first = await door(
        "GetStatement",
        account_id=account.account_id,
        as_of=listed.statements[-1].closed_on,
    )
    assert first.statement.summary.number == 1
    owed = await door("GetBalance", account_id=account.account_id)
    paid = await door(
        "MakePayment", account_id=account.account_id, choice=pb.PAYMENT_CHOICE_BALANCE, key="pay"
    )
    again = await door(
        "MakePayment", account_id=account.account_id, choice=pb.PAYMENT_CHOICE_BALANCE, key="pay"
    )
    assert paid == again
    assert owed.balance.minor_units > 300_00
    # By the calendar it is still the first day: so no interest was ever due.
    assert paid.balance.minor_units == -lines


async def test_an_account_without_billing_says_so(door: Door) -> None:
    account = await door.open()
    with pytest.raises(Refused, match="NO_BILLING"):
        await door("GetBalance", account_id=account.account_id)


async def test_a_day_of_the_open_cycle_is_told_at_once(door: Door) -> None:
    """What was posted on it and after it is known before any read model has caught up."""
    account = await door.open(billing=BILLING)
    posted = {"card_id": account.cards[0].card_id, "merchant": GROCER}
    await door("ClearCharge", amount=gbp(300), **posted)
    first = door.node.clock.now().date()
    door.node.clock.advance(timedelta(days=2))
    await door("ClearCharge", amount=gbp(40), **posted)
    asked = {"account_id": account.account_id}
    for day, owed in ((first, 300), (first + timedelta(days=1), 300), (None, 340)):
        found = await door("GetBalance", as_of=day.isoformat() if day else "", **asked)
        assert found.balance == gbp(owed)
