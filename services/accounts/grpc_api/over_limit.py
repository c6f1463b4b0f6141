"""The rpcs about the consent to be charged for exceeding the limit."""

from typing import Any

import grpc
from cards.accounts.v1 import over_limit_service_pb2 as pb
from cards.accounts.v1.over_limit_service_pb2_grpc import (
    OverLimitServiceServicer,
    add_OverLimitServiceServicer_to_server,
)

from chassis import answers
from chassis.call import derived_id
from chassis.kernel.errors import Refused
from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.domain.over_limit import commands
from services.accounts.domain.over_limit.notice import notice_of
from services.accounts.domain.over_limit.state import Consent, ConsentMethod
from services.accounts.grpc_api import messages
from services.accounts.grpc_api.billing_terms import word
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.billing import BillingCases

Context = grpc.aio.ServicerContext[Any, Any]


def rpcs(ports: Ports, accounts: Accounts) -> Rpcs:
    """What is served about exceeding the limit."""
    service = pb.DESCRIPTOR.services_by_name["OverLimitService"]
    return [(add_OverLimitServiceServicer_to_server, OverLimitApi(ports, accounts), service)]


class OverLimitApi(OverLimitServiceServicer):
    """cards.accounts.v1.OverLimitService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._cases = BillingCases(ports, accounts)
        self._accounts = accounts
        self._application = ports.application

    async def GetOverLimitConsent(
        self, request: pb.GetOverLimitConsentRequest, context: Context
    ) -> pb.GetOverLimitConsentResponse:
        account = await self._accounts.account(request.account_id)
        terms, known = account.in_force.billing, account.billing.over_limit
        if terms is None:
            raise Refused("NO_BILLING", "the account has no billing cycles")
        told = notice_of(terms, await self._cases.today(account))
        notice = None
        if told is not None:
            notice = pb.OverLimitNotice(
                notice_id=told.notice_id,
                fee=answers.money(account.money(told.fee_minor)),
                repeated_fee=answers.money(account.money(told.repeated_minor)),
            )
        return pb.GetOverLimitConsentResponse(
            notice=notice,
            in_force=known.current is not None,
            consents=[_message(each) for each in known.consents],
        )

    async def GiveOverLimitConsent(
        self, request: pb.GiveOverLimitConsentRequest, context: Context
    ) -> pb.GiveOverLimitConsentResponse:
        account, consent_id = await self._accounts.account(request.account_id), derived_id()
        command = commands.GiveOverLimitConsent(
            account_id=request.account_id,
            consent_id=consent_id,
            notice_id=request.notice_id,
            method=_method(request.method),
            channel=messages.channel_of_caller(),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.GiveOverLimitConsentResponse(
                consent=_message(settled.state.billing.over_limit.find(consent_id)),
                receipt=answers.receipt(settled),
            ),
        )

    async def ConfirmOverLimit(
        self, request: pb.ConfirmOverLimitRequest, context: Context
    ) -> pb.ConfirmOverLimitResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.ConfirmOverLimitConsent(
            account_id=request.account_id,
            consent_id=request.consent_id,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ConfirmOverLimitResponse(
                consent=_message(settled.state.billing.over_limit.find(request.consent_id)),
                receipt=answers.receipt(settled),
            ),
        )

    async def RevokeOverLimit(
        self, request: pb.RevokeOverLimitRequest, context: Context
    ) -> pb.RevokeOverLimitResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.RevokeOverLimitConsent(
            account_id=request.account_id,
            method=_method(request.method),
            channel=messages.channel_of_caller(),
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RevokeOverLimitResponse(receipt=answers.receipt(settled)),
        )


def _method(number: int) -> ConsentMethod:
    return word(ConsentMethod, pb.ConsentMethod, number, ConsentMethod.ELECTRONIC)


def _message(of: Consent) -> pb.OverLimitConsent:
    return pb.OverLimitConsent(
        consent_id=of.consent_id,
        given_on=of.given_on.isoformat(),
        confirmed_on=of.confirmed_on.isoformat() if of.confirmed_on else "",
        revoked_on=of.revoked_on.isoformat() if of.revoked_on else "",
    )
