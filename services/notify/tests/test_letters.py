"""What accounts tells the world reaches its holder: every public fact has its letter, or a reason
why it needs none."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cards.accounts.v1 import events_pb2 as accounts
from cards.notify.v1 import notify_service_pb2 as pb
from cards.type.v1.money_pb2 import Money
from google.protobuf.message import Message

from chassis.testing.harness import TestNode, running
from services.notify.app import SERVICE
from services.notify.domain.events import NoticeDecided, Template
from services.notify.grpc_api import NotifyApi
from services.notify.policies import POLICIES
from services.notify.rendering import Templates
from services.notify.tests.letters import TOLD, UNTOLD, example

CUSTOMER = "customer-1"
PARTS = {"Merchant", "CorrectedInterest", "ChangedTerm"}
NO_CONTEXT: Any = None


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[TestNode]:
    async with running(SERVICE, tmp_path) as node:
        yield node


async def told(node: TestNode, *said: Message) -> list[pb.InboxMessage]:
    """What stands in the inbox afterwards, in the order of telling."""
    for each in said:
        await node.take_in(each)
    await node.caught_up()
    api = NotifyApi(node.ports, Templates())
    request = pb.ListInboxRequest(customer_id=CUSTOMER, page_size=200)
    return list(reversed((await api.ListInbox(request, NO_CONTEXT)).messages))


def pounds(amount: int) -> Money:
    return Money(minor_units=100 * amount, currency_code="GBP")


def test_every_public_fact_of_accounts_is_told_or_needs_no_telling() -> None:
    public = set(accounts.DESCRIPTOR.message_types_by_name) - PARTS
    by_letter = {each.DESCRIPTOR.name for each in TOLD}
    assert by_letter | set(UNTOLD) == public
    assert not by_letter & set(UNTOLD)
    assert {each.on for each in POLICIES} == set(TOLD)
    assert set(TOLD.values()) == set(Template)


async def test_every_fact_that_is_told_has_its_letter(node: TestNode) -> None:
    messages = await told(node, *(example(each, CUSTOMER) for each in TOLD))
    assert [each.template for each in messages] == [str(each) for each in TOLD.values()]
    assert all(each.text and each.subject for each in messages)


async def test_a_fact_that_comes_twice_is_one_letter(node: TestNode) -> None:
    announced = example(accounts.MigrationAnnounced, CUSTOMER)
    for _ in range(2):
        await node.take_in(announced, position=8)
    decided = [each for each in node.facts() if isinstance(each, NoticeDecided)]
    assert [each.template for each in decided] == [Template.TERMS_CHANGING]


async def test_dearer_terms_can_be_rejected_until_the_day_before(node: TestNode) -> None:
    """12 CFR 1026.9(h)(1): before the effective date."""
    announced = accounts.MigrationAnnounced(
        customer_id=CUSTOMER,
        raised=["ANNUAL_FEE"],
        may_reject=True,
        effective_on="2026-05-01",
        protected_until="2026-03-30",
        currency="GBP",
        changes=[
            accounts.ChangedTerm(
                term="ANNUAL_FEE", unit="MINOR_UNITS", after=95_00, from_on="2026-05-01"
            )
        ],
    )
    (message,) = await told(node, announced)
    assert "right to reject these changes up to and including 30 April 2026" in message.text
    assert "Annual fee\t£0.00 now\t£95.00 from 1 May 2026" in message.text


async def test_a_limit_is_told_once_whether_raised_or_lowered(node: TestNode) -> None:
    change: Any = {"customer_id": CUSTOMER, "previous": pounds(900), "limit": pounds(500)}
    lowered = (
        accounts.LimitChanged(**change),
        accounts.CreditLineReduced(
            **change, reason="PAYMENTS_PAST_DUE", consequences_from="2026-06-15"
        ),
    )
    raised = accounts.LimitChanged(
        customer_id=CUSTOMER, previous=pounds(500), limit=pounds(2_000), reason="REQUESTED"
    )
    messages = await told(node, *lowered, raised)
    assert [each.template for each in messages] == ["credit_line_reduced", "credit_line_raised"]
    assert "from £900.00 to £500.00" in messages[0].text
    assert "payments on your account are past due" in messages[0].text
    assert "before 15 June 2026" in messages[0].text


async def test_only_the_end_of_an_account_is_told_of_its_standing(node: TestNode) -> None:
    late = accounts.AccountStandingChanged(
        customer_id=CUSTOMER, before="ACTIVE", status="ACTIVE", sub_statuses=["DELINQUENT"]
    )
    lost = accounts.AccountStandingChanged(
        customer_id=CUSTOMER, before="ACTIVE", status="CHARGED_OFF"
    )
    closed = accounts.AccountStandingChanged(
        customer_id=CUSTOMER, before="CHARGED_OFF", status="CLOSED"
    )
    messages = await told(node, late, lost, closed)
    assert [each.template for each in messages] == ["account_closed"]


async def test_a_declined_applicant_of_whom_nothing_is_known_is_not_written_to(
    node: TestNode,
) -> None:
    """Facts from before there was a customer id say nothing of whom to tell."""
    assert await told(node, accounts.ApplicationDeclined(application_id="a", reasons=["X"])) == []
    assert not [each for each in node.facts() if isinstance(each, NoticeDecided)]


async def test_a_dispute_is_acknowledged_and_its_end_explained(node: TestNode) -> None:
    """12 CFR 1026.13(c)(1), (e), (f) and (g)(1)."""
    opened = accounts.DisputeOpened(
        customer_id=CUSTOMER,
        amount=pounds(60),
        transaction_date="2026-03-02",
        acknowledge_by="2026-04-01",
        resolve_by="2026-05-31",
    )
    lost = accounts.DisputeResolved(
        customer_id=CUSTOMER,
        outcome="LOST",
        amount=pounds(60),
        corrected=pounds(0),
        owed=pounds(60),
        pay_by="2026-06-20",
        merchant=accounts.Merchant(name="Corner Shop"),
    )
    won = accounts.DisputeResolved(
        customer_id=CUSTOMER,
        outcome="WON",
        amount=pounds(60),
        corrected=pounds(60),
        owed=pounds(0),
    )
    first, refused, granted = await told(node, opened, lost, won)
    assert "On 2 March 2026 we received your notice about a charge of £60.00" in first.text
    assert "by 31 May 2026" in first.text
    assert "We found no error" in refused.text
    assert "£60.00 of what was in dispute is owed after all" in refused.text
    assert "by 20 June 2026" in refused.text
    assert "We found an error of £60.00" in granted.text
    assert "owed after all" not in granted.text
