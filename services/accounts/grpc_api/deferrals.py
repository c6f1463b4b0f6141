"""The rpcs about deferred-interest promotions."""

from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import deferrals_service_pb2 as pb
from cards.accounts.v1.deferrals_service_pb2_grpc import (
    DeferralsServiceServicer,
    add_DeferralsServiceServicer_to_server,
)

from chassis import answers
from chassis.call import derived_id
from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agreements import billed_terms
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.domain.billing.positions import standing_on
from services.accounts.domain.deferring import commands
from services.accounts.domain.deferring.accruing import accrued_by
from services.accounts.domain.deferring.state import Deferral
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.billing import BillingCases

Context = grpc.aio.ServicerContext[Any, Any]


def rpcs(ports: Ports, accounts: Accounts) -> Rpcs:
    """What is served about deferrals."""
    service = pb.DESCRIPTOR.services_by_name["DeferralsService"]
    return [(add_DeferralsServiceServicer_to_server, DeferralsApi(ports, accounts), service)]


class DeferralsApi(DeferralsServiceServicer):
    """cards.accounts.v1.DeferralsService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._cases = BillingCases(ports, accounts)
        self._accounts = accounts
        self._application = ports.application

    async def DeferPurchase(
        self, request: pb.DeferPurchaseRequest, context: Context
    ) -> pb.DeferPurchaseResponse:
        today = await self._today(request.account_id)
        deferral_id = derived_id()
        command = commands.DeferPurchase(
            account_id=request.account_id,
            deferral_id=deferral_id,
            charge_id=request.charge_id,
            promotion_code=request.promotion_code,
            transaction_date=today,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.DeferPurchaseResponse(
                deferral=_of_id(settled.state, deferral_id, today),
                receipt=answers.receipt(settled),
            ),
        )

    async def ListDeferrals(
        self, request: pb.ListDeferralsRequest, context: Context
    ) -> pb.ListDeferralsResponse:
        account = await self._accounts.account(request.account_id)
        billed_terms(account)
        today = await self._cases.today(account)
        found = sorted(account.billing.deferrals, key=lambda each: each.ends_on)
        return pb.ListDeferralsResponse(
            deferrals=[_deferral(account, each, today) for each in found]
        )

    async def DirectPayment(
        self, request: pb.DirectPaymentRequest, context: Context
    ) -> pb.DirectPaymentResponse:
        today = await self._today(request.account_id)
        command = commands.DirectPayment(
            account_id=request.account_id,
            payment_id=request.payment_id,
            deferral_id=request.deferral_id,
            transaction_date=today,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.DirectPaymentResponse(
                deferral=_of_id(settled.state, request.deferral_id, today),
                receipt=answers.receipt(settled),
            ),
        )

    async def _today(self, account_id: str) -> date:
        return await self._cases.today(await self._accounts.account(account_id))


def _of_id(account: CreditAccount, deferral_id: str, day: date) -> pb.Deferral | None:
    """Nothing for one that is long over when the same is asked again."""
    for each in account.billing.deferrals:
        if each.deferral_id == deferral_id:
            return _deferral(account, each, day)
    return None


def _deferral(account: CreditAccount, of: Deferral, day: date) -> pb.Deferral:
    terms = billed_terms(account)
    day = max(day, account.billing.cycle_opened_on)
    disputed = disputed_in(account)
    standing = standing_on(account.billing, terms, day, disputed) or ()
    owed = sum(each.minor for each in standing if each.bucket == of.bucket)
    accrued = accrued_by(account.billing, terms, of, day, disputed)

    def money(minor: int) -> Any:
        return answers.money(account.money(minor))

    return pb.Deferral(
        deferral_id=of.deferral_id,
        charge_id=of.charge_id,
        promotion_code=of.promotion_code,
        principal=money(of.principal_minor),
        balance=money(owed),
        accrued=money(0 if of.settled else accrued),
        apr_basis_points=of.apr_basis_points,
        accrues_from=of.accrues_from.isoformat(),
        ends_on=of.ends_on.isoformat(),
        settled=of.settled,
        charged=money(of.charged_minor),
        promised_until=of.promised_until.isoformat() if of.promised_until else "",
    )
