"""Ada pays from a bank that confirms, and plans payments: drawn, changed, skipped, cancelled."""

from typing import TYPE_CHECKING, Any

from cards.accounts.v1 import billing_service_pb2 as billing
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import payments_service_pb2 as pb

from tests.contract.billed import advance, buy, define, gbp, open_account

if TYPE_CHECKING:
    from tests.contract.story import Story

PROGRAMME = "banked"


def tell(story: "Story") -> None:
    """All of it, on a programme of its own, so that its date is its own."""
    define(story, PROGRAMME, settlement=terms.SETTLEMENT_ON_CONFIRMATION)
    account = open_account(story, PROGRAMME)
    ids: dict[str, Any] = {"account_id": account.account_id}
    buy(story, account.cards[0].card_id, 300_00)

    def pay(minor: int, outcome: pb.PaymentOutcome.ValueType) -> None:
        choice = billing.PAYMENT_CHOICE_AMOUNT
        request = billing.MakePaymentRequest(choice=choice, amount=gbp(minor), **ids)
        made = story.ask("accounts.MakePayment", request, "Ada")
        assert made.pending
        report = pb.ReportPaymentRequest(
            payment_id=made.payment_id, outcome=outcome, reason="TOLD_BY_THE_BANK", **ids
        )
        story.ask("accounts.ReportPayment", report, "gateway")

    def schedule(count: int) -> str:
        request = pb.ScheduleRepaymentsRequest(
            total=gbp(60_00), count=count, frequency=pb.FREQUENCY_WEEKLY, **ids
        )
        return str(story.ask("accounts.ScheduleRepayments", request, "Ada").plan.plan_id)

    pay(50_00, pb.PAYMENT_OUTCOME_SETTLED)
    pay(40_00, pb.PAYMENT_OUTCOME_RETURNED)
    plan_id = schedule(3)
    skip = pb.SkipRepaymentRequest(plan_id=plan_id, number=2, **ids)
    story.ask("accounts.SkipRepayment", skip, "Ada")
    cancel = pb.CancelRepaymentsRequest(plan_id=plan_id, **ids)
    story.ask("accounts.CancelRepayments", cancel, "Ada")
    plan_id = schedule(2)
    before = story.ask("accounts.GetRepayments", pb.GetRepaymentsRequest(**ids), "Ada").plans[-1]
    today = before.payments[0].on_date
    only = pb.PlannedPayment(on_date=today, amount=gbp(10_00))
    change = pb.ChangeRepaymentsRequest(plan_id=plan_id, payments=[only], **ids)
    story.ask("accounts.ChangeRepayments", change, "Ada")
    advance(story, PROGRAMME, 2)
    story.outsider.until(lambda: _completed(story, ids), "the plan is completed")


def _completed(story: "Story", ids: dict[str, Any]) -> bool:
    """Whether what is due is done, by the run or here."""
    story.ask("accounts.ProcessBillingDay", billing.ProcessBillingDayRequest(**ids))
    found = story.ask("accounts.GetRepayments", pb.GetRepaymentsRequest(**ids), "Ada").plans[-1]
    return bool(found.status == pb.REPAYMENT_PLAN_STATUS_COMPLETED)
