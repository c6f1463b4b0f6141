"""The rpcs about payments that a bank confirms, and about plans of payments."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import payments_service_pb2 as pb
from cards.accounts.v1.payments_service_pb2_grpc import (
    PaymentsServiceServicer,
    add_PaymentsServiceServicer_to_server,
)

from chassis import answers
from chassis.call import derived_id
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.domain.account import charges
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.collecting.commands import ReportPayment
from services.accounts.domain.collecting.state import PaymentStatus
from services.accounts.domain.repaying import commands
from services.accounts.domain.repaying.state import (
    Frequency,
    PlannedPayment,
    RepaymentPlan,
    dates,
    spread,
)
from services.accounts.grpc_api import messages
from services.accounts.grpc_api.billing_terms import word
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.billing import BillingCases

Context = grpc.aio.ServicerContext[Any, Any]


def rpcs(ports: Ports, accounts: Accounts) -> Rpcs:
    """What is served about payments."""
    service = pb.DESCRIPTOR.services_by_name["PaymentsService"]
    return [(add_PaymentsServiceServicer_to_server, PaymentsApi(ports, accounts), service)]


class PaymentsApi(PaymentsServiceServicer):
    """cards.accounts.v1.PaymentsService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._cases = BillingCases(ports, accounts)
        self._accounts = accounts
        self._application = ports.application

    async def ReportPayment(
        self, request: pb.ReportPaymentRequest, context: Context
    ) -> pb.ReportPaymentResponse:
        account = await self._accounts.account(request.account_id)
        settled = request.outcome == pb.PAYMENT_OUTCOME_SETTLED
        if not settled and not request.reason:
            raise Invalid("REASON_MISSING", "say why it came back", field="reason")
        command = ReportPayment(
            account_id=request.account_id,
            payment_id=request.payment_id,
            outcome=PaymentStatus.SETTLED if settled else PaymentStatus.RETURNED,
            reason=request.reason,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ReportPaymentResponse(
                balance=answers.money(settled.state.money(settled.state.posted_minor)),
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            ),
        )

    async def ScheduleRepayments(
        self, request: pb.ScheduleRepaymentsRequest, context: Context
    ) -> pb.ScheduleRepaymentsResponse:
        account, plan_id = await self._accounts.account(request.account_id), derived_id()
        today = await self._cases.today(account)
        command = commands.ScheduleRepayments(
            account_id=request.account_id,
            plan_id=plan_id,
            payments=_asked(account, request, today),
            transaction_date=today,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ScheduleRepaymentsResponse(
                plan=_plan(settled.state, plan_id), receipt=answers.receipt(settled)
            ),
        )

    async def ChangeRepayments(
        self, request: pb.ChangeRepaymentsRequest, context: Context
    ) -> pb.ChangeRepaymentsResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.ChangeRepayments(
            account_id=request.account_id,
            plan_id=request.plan_id,
            change_id=derived_id(),
            payments=_payments(account, request.payments),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ChangeRepaymentsResponse(
                plan=_plan(settled.state, request.plan_id), receipt=answers.receipt(settled)
            ),
        )

    async def SkipRepayment(
        self, request: pb.SkipRepaymentRequest, context: Context
    ) -> pb.SkipRepaymentResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.SkipRepayment(
            account_id=request.account_id,
            plan_id=request.plan_id,
            number=request.number,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.SkipRepaymentResponse(
                plan=_plan(settled.state, request.plan_id), receipt=answers.receipt(settled)
            ),
        )

    async def CancelRepayments(
        self, request: pb.CancelRepaymentsRequest, context: Context
    ) -> pb.CancelRepaymentsResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.CancelRepayments(
            account_id=request.account_id,
            plan_id=request.plan_id,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.CancelRepaymentsResponse(
                plan=_plan(settled.state, request.plan_id), receipt=answers.receipt(settled)
            ),
        )

    async def GetRepayments(
        self, request: pb.GetRepaymentsRequest, context: Context
    ) -> pb.GetRepaymentsResponse:
        account = await self._accounts.account(request.account_id)
        return pb.GetRepaymentsResponse(
            plans=[_message(account, each) for each in account.billing.repayments],
            pending=[
                pb.PendingPayment(
                    payment_id=each.payment_id,
                    source=each.source,
                    amount=answers.money(account.money(each.minor)),
                    initiated_on=each.initiated_on.isoformat(),
                )
                for each in account.billing.collecting.pending
            ],
        )


def _asked(
    account: CreditAccount, request: pb.ScheduleRepaymentsRequest, today: date
) -> tuple[PlannedPayment, ...]:
    """The payments that are listed, or a total in equal parts. Raises Invalid."""
    if request.payments:
        return _payments(account, request.payments)
    total = messages.of_optional_money(request, "total")
    if total is None or not request.count:
        text = "list payments, or a total and how many"
        raise Invalid("PAYMENTS_OUT_OF_RANGE", text, field="payments")
    minor = charges.check_currency(account, total, "total")
    first_on = messages.day(request.first_on, "first_on", today)
    frequency = word(Frequency, pb.Frequency, request.frequency, Frequency.MONTHLY)
    return spread(minor, dates(first_on, frequency, request.count))


def _payments(
    account: CreditAccount, listed: Iterable[pb.PlannedPayment]
) -> tuple[PlannedPayment, ...]:
    return tuple(
        PlannedPayment(
            on=messages.day(each.on_date, f"payments[{place}].on_date", date.min),
            minor=charges.check_currency(
                account, answers.of_money(each.amount), f"payments[{place}].amount"
            ),
        )
        for place, each in enumerate(listed)
    )


def _plan(account: CreditAccount, plan_id: str) -> pb.RepaymentPlan:
    plans = account.billing.repayments
    return _message(account, next(each for each in plans if each.plan_id == plan_id))


def _message(account: CreditAccount, of: RepaymentPlan) -> pb.RepaymentPlan:
    return pb.RepaymentPlan(
        plan_id=of.plan_id,
        status=pb.RepaymentPlanStatus.Value(f"REPAYMENT_PLAN_STATUS_{of.status}"),
        payments=[
            pb.Repayment(
                number=each.number,
                on_date=each.on.isoformat(),
                amount=answers.money(account.money(each.minor)),
                status=pb.RepaymentStatus.Value(f"REPAYMENT_STATUS_{each.status}"),
                drawn=answers.money(account.money(each.drawn_minor)),
            )
            for each in of.payments
        ],
        total=answers.money(account.money(sum(each.minor for each in of.payments))),
    )
