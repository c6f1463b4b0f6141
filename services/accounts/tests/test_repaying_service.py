"""Plans of payments and payments to be confirmed, over their rpcs."""

from typing import Any

import pytest
from cards.accounts.v1 import billing_service_pb2 as billing
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import payments_service_pb2 as pb

from chassis.kernel.errors import Invalid, NotFound, Refused
from services.accounts.tests.conftest import GROCER, Door, gbp
from services.accounts.tests.test_billing_service import BILLING


async def owing(door: Door, confirmed: bool = False) -> str:
    """An account that owes 300.00, whose programme may leave it to banks to confirm."""
    made = terms.BillingTerms()
    made.CopyFrom(BILLING)
    if confirmed:
        made.settlement = terms.SETTLEMENT_ON_CONFIRMATION
    account = await door.open(billing=made)
    await door(
        "ClearCharge",
        clearing_id="1" * 32,
        card_id=account.cards[0].card_id,
        amount=gbp(300),
        merchant=GROCER,
    )
    return str(account.account_id)


async def pay(door: Door, account_id: str, key: str = "", **more: Any) -> Any:
    choice = billing.PAYMENT_CHOICE_AMOUNT
    return await door(
        "MakePayment", account_id=account_id, choice=choice, amount=gbp(50), key=key, **more
    )


async def test_a_plan_is_scheduled_changed_and_cancelled(door: Door) -> None:
    account_id = await owing(door)
    asked: dict[str, Any] = {"account_id": account_id, "total": gbp(100), "count": 3}
    request = pb.ScheduleRepaymentsRequest(**asked)
    made = await door("ScheduleRepayments", request, key="once")
    assert await door("ScheduleRepayments", request, key="once") == made
    assert [each.amount.minor_units for each in made.plan.payments] == [33_34, 33_33, 33_33]
    assert made.plan.total == gbp(100)
    ids = {"account_id": account_id, "plan_id": made.plan.plan_id}
    skipped = await door("SkipRepayment", number=2, **ids)
    assert skipped.plan.payments[1].status == pb.REPAYMENT_STATUS_SKIPPED
    day = made.plan.payments[2].on_date
    other = [pb.PlannedPayment(on_date=day, amount=gbp(20))]
    changed = await door("ChangeRepayments", payments=other, **ids)
    assert [each.amount for each in changed.plan.payments] == [gbp(33.33), gbp(20)]
    ended = await door("CancelRepayments", **ids)
    assert ended.plan.status == pb.REPAYMENT_PLAN_STATUS_CANCELLED
    with pytest.raises(Refused, match="REPAYMENT_PLAN_ENDED"):
        await door("ChangeRepayments", payments=other, **ids)
    with pytest.raises(Invalid, match="PAYMENTS_OUT_OF_RANGE"):
        await door("ScheduleRepayments", account_id=account_id)


async def test_by_default_a_payment_is_credited_at_once(door: Door) -> None:
    account_id = await owing(door)
    paid = await pay(door, account_id)
    assert (paid.balance, paid.pending) == (gbp(250), False)


async def test_a_payment_waits_for_the_bank_where_the_programme_or_the_request_says_so(
    door: Door,
) -> None:
    account_id = await owing(door)
    later = terms.SETTLEMENT_ON_CONFIRMATION
    paid = await pay(door, account_id, "once", settlement=later)
    assert await pay(door, account_id, "once", settlement=later) == paid
    assert (paid.balance, paid.pending) == (gbp(300), True)
    found = await door("GetRepayments", account_id=account_id)
    assert [each.payment_id for each in found.pending] == [paid.payment_id]
    ids = {"account_id": account_id, "payment_id": paid.payment_id}
    with pytest.raises(Invalid, match="REASON_MISSING"):
        await door("ReportPayment", outcome=pb.PAYMENT_OUTCOME_RETURNED, **ids)
    told = await door("ReportPayment", outcome=pb.PAYMENT_OUTCOME_SETTLED, **ids)
    assert told.balance == gbp(250)
    back = await door("ReportPayment", outcome=pb.PAYMENT_OUTCOME_RETURNED, reason="R01", **ids)
    assert back.balance == gbp(300)
    with pytest.raises(NotFound, match="PAYMENT_NOT_FOUND"):
        await door(
            "ReportPayment",
            account_id=account_id,
            payment_id="none",
            outcome=pb.PAYMENT_OUTCOME_SETTLED,
        )


async def test_what_is_on_its_way_is_not_paid_twice(door: Door) -> None:
    account_id = await owing(door, confirmed=True)
    await pay(door, account_id)
    everything = billing.PAYMENT_CHOICE_BALANCE
    await door("MakePayment", account_id=account_id, choice=everything)
    found = await door("GetRepayments", account_id=account_id)
    assert [each.amount for each in found.pending] == [gbp(50), gbp(250)]
    with pytest.raises(Refused, match="NOTHING_TO_PAY"):
        await door("MakePayment", account_id=account_id, choice=everything)
