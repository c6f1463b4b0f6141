"""Disputes through the door: opened by holders, worked by operators, watched by timers."""

from datetime import timedelta
from typing import Any

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import billing_service_pb2 as billing_pb
from cards.accounts.v1 import disputes_service_pb2 as pb

from chassis.call import Principal
from chassis.kernel.errors import Forbidden, NotFound, Refused
from services.accounts.tests.conftest import GROCER, Door, gbp
from services.accounts.tests.test_billing_service import BILLING, billed


def holder(account: Any) -> Principal:
    """Whose account it is."""
    return Principal("cardholder:ada", "cardholder", ("holder",), account.customer_id)


async def disputed(door: Door, account: Any, amount: float = 40, **more: Any) -> dict[str, Any]:
    """A charge that is posted and disputed by its holder; what the other rpcs want to know."""
    card_id = account.cards[0].card_id
    posted = await door("ClearCharge", card_id=card_id, amount=gbp(amount), merchant=GROCER)
    opened = await door(
        "OpenDispute",
        as_=holder(account),
        account_id=account.account_id,
        charge_id=posted.charge.charge_id,
        reason=pb.DISPUTE_REASON_NOT_RECEIVED,
        evidence=["letter/1"],
        **more,
    )
    return {"account_id": account.account_id, "dispute_id": opened.dispute.dispute_id}


async def test_a_dispute_goes_from_notice_to_decision(door: Door) -> None:
    account = await door.open()
    ids = await disputed(door, account)
    await door("AcknowledgeDispute", **ids)
    await door("AddDisputeEvidence", evidence=["letter/1", "letter/2"], **ids)
    credited = await door("CreditDispute", **ids)
    assert (credited.dispute.credited, credited.dispute.withheld) == (gbp(40), gbp(0))
    for stage in (pb.DISPUTE_STAGE_CHARGED_BACK, pb.DISPUTE_STAGE_REPRESENTED):
        await door("AdvanceDispute", stage=stage, **ids)
    decided = await door(
        "ResolveDispute", outcome=pb.DISPUTE_OUTCOME_LOST, explanation="It was delivered", **ids
    )
    assert (decided.dispute.status, decided.dispute.owed) == (pb.DISPUTE_STATUS_LOST, gbp(40))
    await door.node.caught_up()
    found = await door("GetDispute", as_=holder(account), **ids)
    assert list(found.dispute.evidence) == ["letter/1", "letter/2"]
    assert [(each.step, each.actor) for each in found.timeline] == [
        ("OPENED", "cardholder"),
        ("ACKNOWLEDGED", "operator"),
        ("EVIDENCE_ADDED", "operator"),
        ("CREDITED", "operator"),
        ("CHARGED_BACK", "operator"),
        ("REPRESENTED", "operator"),
        ("LOST", "operator"),
    ]
    moved = [(each.credit.minor_units, each.recovered.minor_units) for each in found.timeline]
    assert moved == [(0, 0)] * 3 + [(4_000, 0), (0, 4_000), (0, -4_000), (-4_000, 0)]
    balances = {
        each.ledger_account: each.balance for each in (await door("GetTrialBalance")).balances
    }
    assert balances["DISPUTE_RECEIVABLE"] == gbp(0)
    assert balances["RECEIVABLE"] == gbp(40)


async def test_what_is_not_decided_is_credited_on_its_last_day(door: Door) -> None:
    account = await door.open()
    ids = await disputed(door, account)
    door.node.clock.advance(timedelta(days=31))
    await door.node.timers_due()
    door.node.clock.advance(timedelta(days=58))
    await door.node.timers_due()
    assert (await door("GetDispute", **ids)).dispute.final is False
    door.node.clock.advance(timedelta(days=1))
    await door.node.timers_due()
    found = (await door("GetDispute", **ids)).dispute
    assert (found.final, found.credited) == (True, gbp(40))
    await door.node.caught_up()
    steps = (await door("GetDispute", **ids)).timeline
    assert [(each.step, each.details) for each in steps][1:] == [
        ("DEADLINE_MISSED", "ACKNOWLEDGE"),
        ("DEADLINE_MISSED", "RESOLVE"),
        ("CREDITED", ""),
        ("CREDIT_FINALISED", ""),
    ]


async def test_a_merchant_who_does_not_answer_in_time_has_lost(door: Door) -> None:
    account = await door.open()
    ids = await disputed(door, account)
    opened = (await door("GetDispute", **ids)).dispute
    assert opened.next_stage == pb.DISPUTE_STAGE_CHARGED_BACK
    begun = await door("AdvanceDispute", stage=pb.DISPUTE_STAGE_CHARGED_BACK, **ids)
    assert begun.dispute.next_stage == pb.DISPUTE_STAGE_REPRESENTED
    for days in (23, 7, 1):
        door.node.clock.advance(timedelta(days=days))
        await door.node.timers_due()
    await door.node.caught_up()
    found = await door("GetDispute", **ids)
    assert found.dispute.status == pb.DISPUTE_STATUS_WON
    assert found.dispute.lapsed == pb.DISPUTE_STAGE_REPRESENTED
    assert found.dispute.window_ends_on == ""
    ends_on = begun.dispute.window_ends_on
    assert [(each.step, each.details) for each in found.timeline][2:] == [
        ("WINDOW_ENDING", f"REPRESENTED {ends_on}"),
        ("DEADLINE_MISSED", "ACKNOWLEDGE"),
        ("STAGE_LAPSED", "REPRESENTED HOUSE"),
        ("WON", "UNCONTESTED"),
    ]


async def test_the_table_of_windows_is_told(door: Door) -> None:
    rows = (await door("ListDisputeWindows")).windows
    visa = [row for row in rows if row.network == accounts.NETWORK_VISA]
    assert {row.category for row in visa} == set(pb.DisputeCategory.values()) - {0}
    assert [row.representment_days for row in visa] == [30, 30, 30]


async def test_a_decided_dispute_has_no_timers_left(door: Door) -> None:
    account = await door.open()
    ids = await disputed(door, account)
    await door("WithdrawDispute", as_=holder(account), **ids)
    before = len(door.node.facts())
    door.node.clock.advance(timedelta(days=100))
    await door.node.timers_due()
    mine = [fact for fact in door.node.facts()[before:] if hasattr(fact, "dispute_id")]
    assert mine == []


async def test_disputes_are_listed_in_pages_and_queued_by_their_deadline(door: Door) -> None:
    account = await door.open()
    asked = {"account_id": account.account_id}
    first = await disputed(door, account)
    door.node.clock.advance(timedelta(days=3))
    second = await disputed(door, account, 50)
    await door("WithdrawDispute", **first)
    third = await disputed(door, account, 60)
    await door.node.caught_up()
    page = await door("ListDisputes", page_size=2, **asked)
    assert [each.dispute_id for each in page.disputes] == [
        third["dispute_id"],
        second["dispute_id"],
    ]
    rest = await door("ListDisputes", page_size=2, page_token=page.next_page_token, **asked)
    assert [each.dispute_id for each in rest.disputes] == [first["dispute_id"]]
    assert not rest.next_page_token
    still = await door("ListDisputes", open_only=True, **asked)
    assert len(still.disputes) == 2
    queue = await door("ListDisputeQueue", page_size=1)
    assert [each.dispute_id for each in queue.disputes] == [second["dispute_id"]]
    more = await door("ListDisputeQueue", page_size=1, page_token=queue.next_page_token)
    assert [each.dispute_id for each in more.disputes] == [third["dispute_id"]]


@pytest.mark.parametrize(
    "more", [{"received_on": "2026-01-01"}, {"statement_on": "2026-01-01"}, {"accept_late": True}]
)
async def test_a_holder_does_not_say_when_the_notice_came(door: Door, more: dict[str, Any]) -> None:
    account = await door.open()
    with pytest.raises(Forbidden) as refused:
        await disputed(door, account, **more)
    assert refused.value.reason == "ONLY_STAFF_MAY_SAY"


async def test_a_dispute_that_is_not_there_is_not_found(door: Door) -> None:
    account = await door.open()
    with pytest.raises(NotFound) as unknown:
        await door("GetDispute", account_id=account.account_id, dispute_id="0" * 32)
    assert unknown.value.reason == "DISPUTE_NOT_FOUND"


async def test_a_statement_stays_as_it_was_told_and_less_is_required(door: Door) -> None:
    account = await door.open(billing=BILLING)
    ids = await disputed(door, account, 300)
    await door("WithdrawDispute", **ids)
    again = {**ids, "dispute_id": "d" * 32}
    charge_id = (await door("GetDispute", **ids)).dispute.charge_id
    of_account = {"account_id": account.account_id}
    today = door.node.ports.clock.now().date()
    await billed(door, account.account_id, today + timedelta(days=31))
    told = await door("GetStatement", number=1, **of_account)
    before = await door("GetBalance", **of_account)
    assert before.minimum_told == before.minimum_required == before.minimum_left == gbp(25)
    opened = {**again, "charge_id": charge_id, "reason": pb.DISPUTE_REASON_DUPLICATE}
    await door("OpenDispute", **opened)
    now = await door("GetBalance", **of_account)
    assert (now.minimum_told, now.minimum_required, now.minimum_left) == (gbp(25), gbp(0), gbp(0))
    assert (now.balance, now.disputed) == (before.balance, gbp(300))
    assert await door("GetStatement", number=1, **of_account) == told
    with pytest.raises(Refused, match="NOTHING_TO_PAY"):
        await door("MakePayment", choice=billing_pb.PAYMENT_CHOICE_MINIMUM, **of_account)
    lost = await door(
        "ResolveDispute", outcome=pb.DISPUTE_OUTCOME_LOST, explanation="It came once", **again
    )
    after = await door("GetBalance", **of_account)
    assert after.disputed == gbp(0)
    assert after.minimum_required == gbp(25)
    assert lost.dispute.pay_by


async def test_disputes_of_an_account_that_there_is_not_are_not_found(door: Door) -> None:
    with pytest.raises(NotFound, match="ACCOUNT_NOT_FOUND") as found:
        await door("ListDisputes", account_id="0" * 32)
    assert found.value.reason == "ACCOUNT_NOT_FOUND"
