"""The rpcs about billing: statements, interest explained, payments and what follows."""

from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import billing_service_pb2 as pb
from cards.accounts.v1 import billing_terms_pb2 as terms_pb
from cards.accounts.v1.billing_service_pb2_grpc import (
    BillingServiceServicer,
    add_BillingServiceServicer_to_server,
)

from chassis import answers
from chassis.call import derived_id
from chassis.kernel.errors import Refused
from chassis.kernel.money import Money
from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import commands
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.disputed import awaited_in, disputed_in
from services.accounts.domain.billing.dues import paid_towards
from services.accounts.domain.billing.explaining import ROUNDING, by_day
from services.accounts.domain.billing.interest import compute
from services.accounts.domain.billing.positions import standing_on
from services.accounts.domain.billing.statement import LineKind
from services.accounts.domain.billing.terms import AutopayKind, BillingTerms
from services.accounts.domain.collecting.state import Settlement
from services.accounts.grpc_api import messages, statements
from services.accounts.grpc_api.billing_terms import number, word
from services.accounts.grpc_api.programmes import person
from services.accounts.queries import billing as queries
from services.accounts.queries.statements import list_statements
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.billing import BillingCases, Choice, chosen, payment

BESIDES = (LineKind.INTEREST, LineKind.INTEREST_ADJUSTED)
"""Entries that are interest too, beside that of the cycle."""

Context = grpc.aio.ServicerContext[Any, Any]


def rpcs(ports: Ports, accounts: Accounts) -> Rpcs:
    """What billing serves."""
    service = pb.DESCRIPTOR.services_by_name["BillingService"]
    return [(add_BillingServiceServicer_to_server, BillingApi(ports, accounts), service)]


class BillingApi(BillingServiceServicer):
    """cards.accounts.v1.BillingService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._cases = BillingCases(ports, accounts)
        self._accounts = accounts
        self._application = ports.application
        self._database = ports.database

    async def ListStatements(
        self, request: pb.ListStatementsRequest, context: Context
    ) -> pb.ListStatementsResponse:
        cursor = answers.of_page_token(request.page_token, int)
        size = answers.page_size(request.page_size)
        await self._accounts.account(request.account_id)
        before = cursor[0] if cursor else 0
        rows = await self._database.read(
            lambda connection: list_statements(connection, request.account_id, before, size + 1)
        )
        return pb.ListStatementsResponse(
            statements=[statements.summary(row, row.currency) for row in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1].number) if len(rows) > size else "",
        )

    async def GetStatement(
        self, request: pb.GetStatementRequest, context: Context
    ) -> pb.GetStatementResponse:
        as_of = messages.checked_day(request.as_of, "as_of")
        found = await self._cases.statement(request.account_id, request.number, as_of)
        return pb.GetStatementResponse(statement=statements.statement(found))

    async def ExplainInterest(
        self, request: pb.ExplainInterestRequest, context: Context
    ) -> pb.ExplainInterestResponse:
        account = await self._accounts.account(request.account_id)
        terms = _terms(account)
        if request.number:
            told = await self._cases.statement(request.account_id, request.number, "")
            lines, booked = told.interest, told.lines
        else:
            booked = tuple(account.billing.booked())
            disputed, awaited = disputed_in(account), awaited_in(account)
            sheet = account.billing.sheet(terms, disputed=disputed, awaited_minor=awaited)
            lines = compute(sheet).lines
        days = list(by_day(lines, account.billing.book(terms)))
        total = sum(day.interest_minor for day in days)
        return pb.ExplainInterestResponse(
            days=[statements.interest_line(day, account.currency) for day in days],
            total=answers.money(account.money(total)),
            rounding=ROUNDING,
            adjustments=[
                statements.line(each, account.currency) for each in booked if each.kind in BESIDES
            ],
        )

    async def GetBalance(
        self, request: pb.GetBalanceRequest, context: Context
    ) -> pb.GetBalanceResponse:
        account = await self._accounts.account(request.account_id)
        terms, billing = _terms(account), account.billing
        told = messages.checked_day(request.as_of, "as_of")
        owed, day = account.posted_minor, await self._cases.today(account)
        if told and date.fromisoformat(told) < day:
            day = date.fromisoformat(told)
            owed = await self._owed_on(account, day)
        due = billing.last_due
        left = max(0, due.minimum_now - paid_towards(billing, due)) if due else 0
        return pb.GetBalanceResponse(
            balance=answers.money(account.money(owed)),
            buckets=[
                pb.BucketBalance(
                    bucket=each.bucket, amount=answers.money(account.money(each.minor))
                )
                for each in standing_on(billing, terms, day, disputed_in(account)) or ()
            ],
            minimum_left=answers.money(account.money(left)),
            due_on=due.due_on.isoformat() if due and left else "",
            past_due=answers.money(account.money(billing.past_due_minor(day))),
            delinquency_days=billing.delinquency_days,
            minimum_told=answers.money(account.money(due.minimum_minor if due else 0)),
            minimum_required=answers.money(account.money(due.minimum_now if due else 0)),
            disputed=answers.money(account.money(account.disputes.open_minor)),
            restored_by=due.restored_by.isoformat() if due and due.restored_by else "",
        )

    async def _owed_on(self, account: CreditAccount, day: date) -> int:
        """By posting dates: in the open cycle as the account knows it at this moment, before that
        as the ledger tells it."""
        billing = account.billing
        if billing.active and day >= billing.cycle_opened_on:
            later = (each for each in billing.booked() if each.posting_date > day)
            return account.posted_minor - sum(each.amount_minor for each in later)
        return await self._database.read(
            lambda connection: queries.owed_on(connection, account.account_id, day)
        )

    async def ProcessBillingDay(
        self, request: pb.ProcessBillingDayRequest, context: Context
    ) -> pb.ProcessBillingDayResponse:
        account = await self._accounts.account(request.account_id)
        # What is due on a day is done when it is over: until then more may be posted on it.
        over = await self._cases.today(account) - (1 + request.leave_out_days) * DAY
        command = commands.ProcessBillingDay(account_id=request.account_id, business_date=over)

        def render(settled: Any) -> pb.ProcessBillingDayResponse:
            following = settled.state.billing.agenda_on
            return pb.ProcessBillingDayResponse(
                next_due_on=following.isoformat() if following else "",
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def SetAutopay(
        self, request: pb.SetAutopayRequest, context: Context
    ) -> pb.SetAutopayResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.SetAutopay(
            account_id=request.account_id,
            kind=word(AutopayKind, terms_pb.AutopayKind, request.kind, AutopayKind.NONE),
            amount=messages.of_optional_money(request, "amount"),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.SetAutopayResponse(
                kind=number(settled.state.billing.autopay, terms_pb.AutopayKind),
                receipt=answers.receipt(settled),
            ),
        )

    async def MakePayment(
        self, request: pb.MakePaymentRequest, context: Context
    ) -> pb.MakePaymentResponse:
        account = await self._accounts.account(request.account_id)
        terms = _terms(account)
        name = messages.word(pb.PaymentChoice, request.choice, "PAYMENT_CHOICE")
        amount = messages.of_optional_money(request, "amount")
        settles = word(Settlement, terms_pb.Settlement, request.settlement, terms.settlement)
        command = payment(
            account,
            derived_id(),
            chosen(account, derived_id(), Choice(name or Choice.AMOUNT), amount),
            await self._cases.today(account),
            settles,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.MakePaymentResponse(
                payment_id=command.payment_id,
                balance=_balance(settled),
                receipt=answers.receipt(settled),
                pending=settles is Settlement.ON_CONFIRMATION,
            ),
        )

    async def ReturnPayment(
        self, request: pb.ReturnPaymentRequest, context: Context
    ) -> pb.ReturnPaymentResponse:
        account = await self._accounts.account(request.account_id)
        today = await self._cases.today(account)
        command = commands.ReturnPayment(
            account_id=request.account_id,
            payment_id=request.payment_id,
            reason=request.reason,
            transaction_date=today,
            posting_date=today,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ReturnPaymentResponse(
                balance=_balance(settled), receipt=answers.receipt(settled)
            ),
        )

    async def WaiveFee(self, request: pb.WaiveFeeRequest, context: Context) -> pb.WaiveFeeResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.WaiveFee(
            account_id=request.account_id,
            fee_id=request.fee_id,
            waiver_id=derived_id(),
            amount=messages.of_optional_money(request, "amount"),
            reason=request.reason,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.WaiveFeeResponse(
                balance=_balance(settled), receipt=answers.receipt(settled)
            ),
        )

    async def ChangeCreditLine(
        self, request: pb.ChangeCreditLineRequest, context: Context
    ) -> pb.ChangeCreditLineResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.ChangeCreditLine(
            account_id=request.account_id,
            change_id=derived_id(),
            limit=answers.of_money(request.limit),
            reason=request.reason,
            by=person(),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ChangeCreditLineResponse(
                limit=answers.money(settled.state.money(settled.state.limit_minor)),
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            ),
        )

    async def RefundCreditBalance(
        self, request: pb.RefundCreditBalanceRequest, context: Context
    ) -> pb.RefundCreditBalanceResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.RefundCreditBalance(
            account_id=request.account_id,
            refund_id=derived_id(),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RefundCreditBalanceResponse(
                balance=_balance(settled), receipt=answers.receipt(settled)
            ),
        )

    async def GrantHardship(
        self, request: pb.GrantHardshipRequest, context: Context
    ) -> pb.GrantHardshipResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.GrantHardship(
            account_id=request.account_id,
            days=request.days,
            reason=request.reason,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.GrantHardshipResponse(
                ends_on=str(settled.state.billing.paused_until), receipt=answers.receipt(settled)
            ),
        )

    async def AgreeInstalmentPlan(
        self, request: pb.AgreeInstalmentPlanRequest, context: Context
    ) -> pb.AgreeInstalmentPlanResponse:
        account = await self._accounts.account(request.account_id)
        plan_id = derived_id()
        command = commands.AgreeInstalmentPlan(
            account_id=request.account_id,
            plan_id=plan_id,
            charge_id=request.charge_id,
            months=request.months,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.AgreeInstalmentPlanResponse(
                plan_id=plan_id, receipt=answers.receipt(settled)
            ),
        )


def _terms(account: CreditAccount) -> BillingTerms:
    """The billing of the programme. Raises Refused NO_BILLING."""
    terms = account.in_force.billing
    if terms is None or not account.billing.number:
        raise Refused("NO_BILLING", "the account has no billing cycles")
    return terms


def _balance(settled: Any) -> Any:
    state: CreditAccount = settled.state
    money: Money = state.money(state.posted_minor)
    return answers.money(money)
