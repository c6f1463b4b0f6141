"""The rpcs of networks beside charges: questions, stand-in decisions, refunds, credits sent."""

from typing import Any

import grpc
from cards.accounts.v1 import charges_service_pb2 as pb
from cards.accounts.v1.charges_service_pb2_grpc import ChargesServiceServicer

from chassis import answers
from chassis.call import derived_id
from chassis.kernel.money import Money
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.account.authorising import card_objection
from services.accounts.domain.account.commands import AuthoriseCharge
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.charging.commands import (
    AuthoriseRefund,
    PostOriginalCredit,
    RecordStandIn,
    ReverseOriginalCredit,
    ReverseRefund,
)
from services.accounts.domain.charging.refunds import find_refund
from services.accounts.domain.charging.state import Refund, RefundStatus
from services.accounts.domain.tokens.paying import token_objection
from services.accounts.domain.values import APPROVED, RESPONSE_CODES
from services.accounts.grpc_api import messages
from services.accounts.grpc_api.charges import paying_with, place_of
from services.accounts.grpc_api.dates import both_dates, day_of, moment_of, today_of
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.programme_clock import Zones

Context = grpc.aio.ServicerContext[Any, Any]

_STATUSES = {each: pb.RefundStatus.Value(f"REFUND_STATUS_{each}") for each in RefundStatus}


class ChargesApi(ChargesServiceServicer):
    """cards.accounts.v1.ChargesService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._ports = ports
        self._accounts = accounts
        self._application = ports.application
        self._clock = ports.clock
        self._zones = Zones(ports)

    async def InquireBalance(
        self, request: pb.InquireBalanceRequest, context: Context
    ) -> pb.InquireBalanceResponse:
        account_id, card_id, token_id = await paying_with(self._accounts, request)
        account = await self._accounts.account(account_id)
        reason = card_objection(account, card_id, await today_of(self._ports, account_id))
        reason = reason or token_objection(account, token_id)
        if reason is not None:
            code = RESPONSE_CODES[reason]
            return pb.InquireBalanceResponse(response_code=code, reason=reason)
        return pb.InquireBalanceResponse(
            response_code=APPROVED,
            available=messages.available(account),
            balance=answers.money(account.money(account.posted_minor)),
        )

    async def RecordStandIn(
        self, request: pb.RecordStandInRequest, context: Context
    ) -> pb.RecordStandInResponse:
        account_id, card_id, token_id = await paying_with(self._accounts, request)
        charge_id = request.charge_id or derived_id()
        on, at = await moment_of(self._ports, self._zones, account_id, request)
        charge = AuthoriseCharge(
            account_id=account_id,
            charge_id=charge_id,
            card_id=card_id,
            amount=answers.of_money(request.amount),
            original=messages.original_of(request),
            merchant=messages.of_merchant(request.merchant),
            entry_mode=messages.entry_mode(request.entry_mode),
            estimated=request.estimated,
            transaction_date=on,
            transaction_at=at,
            network=messages.network(request.network),
            token_id=token_id,
        )
        command = RecordStandIn(
            account_id=account_id, charge=charge, response_code=request.response_code
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RecordStandInResponse(
                charge=messages.charge(settled.state, settled.state.charges[charge_id]),
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            ),
        )

    async def AuthoriseRefund(
        self, request: pb.AuthoriseRefundRequest, context: Context
    ) -> pb.AuthoriseRefundResponse:
        account_id, card_id = await place_of(self._accounts, request)
        command = AuthoriseRefund(
            account_id=account_id,
            refund_id=request.refund_id or derived_id(),
            charge_id=request.charge_id,
            card_id=card_id,
            amount=answers.of_money(request.amount),
            original=messages.original_of(request),
            merchant=messages.of_optional_merchant(request),
            transaction_date=await day_of(self._ports, account_id, request, "transaction_date"),
        )

        def render(settled: Settled) -> pb.AuthoriseRefundResponse:
            found = settled.state.charging.refunds[command.refund_id]
            return pb.AuthoriseRefundResponse(
                approved=found.response_code == APPROVED,
                refund=_refund(settled.state, found),
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def ReverseRefund(
        self, request: pb.ReverseRefundRequest, context: Context
    ) -> pb.ReverseRefundResponse:
        command = ReverseRefund(
            account_id=request.account_id,
            refund_id=request.refund_id,
            reversal_id=request.reversal_id or derived_id(),
            amount=messages.of_optional_money(request, "amount"),
            **await both_dates(self._ports, request.account_id, request),
        )

        def render(settled: Settled) -> pb.ReverseRefundResponse:
            found = settled.state.charging.refunds.get(command.refund_id)
            return pb.ReverseRefundResponse(
                refund=_refund(settled.state, found) if found else None,
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def PostOriginalCredit(
        self, request: pb.PostOriginalCreditRequest, context: Context
    ) -> pb.PostOriginalCreditResponse:
        account_id, card_id = await place_of(self._accounts, request)
        command = PostOriginalCredit(
            account_id=account_id,
            credit_id=request.credit_id or derived_id(),
            card_id=card_id,
            amount=answers.of_money(request.amount),
            original=messages.original_of(request),
            sender=messages.of_merchant(request.sender),
            network=messages.network(request.network),
            **await both_dates(self._ports, account_id, request),
        )

        def render(settled: Settled) -> pb.PostOriginalCreditResponse:
            found = settled.state.charging.credits[command.credit_id]
            return pb.PostOriginalCreditResponse(
                approved=found.response_code == APPROVED,
                credit=_refund(settled.state, found),
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def ReverseOriginalCredit(
        self, request: pb.ReverseOriginalCreditRequest, context: Context
    ) -> pb.ReverseOriginalCreditResponse:
        command = ReverseOriginalCredit(
            account_id=request.account_id,
            credit_id=request.credit_id,
            reversal_id=request.reversal_id or derived_id(),
            amount=messages.of_optional_money(request, "amount"),
            **await both_dates(self._ports, request.account_id, request),
        )

        def render(settled: Settled) -> pb.ReverseOriginalCreditResponse:
            found = settled.state.charging.credits.get(command.credit_id)
            return pb.ReverseOriginalCreditResponse(
                credit=_refund(settled.state, found) if found else None,
                available=messages.available(settled.state),
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def GetRefund(
        self, request: pb.GetRefundRequest, context: Context
    ) -> pb.GetRefundResponse:
        account = await self._accounts.account(request.account_id)
        found = find_refund(account, request.refund_id)
        return pb.GetRefundResponse(refund=_refund(account, found))


def _refund(account: CreditAccount, of: Refund) -> pb.Refund:
    def money(minor_units: int) -> Any:
        return answers.money(Money(minor_units, account.currency))

    return pb.Refund(
        refund_id=of.refund_id,
        charge_id=of.charge_id,
        card_id=of.card_id,
        status=_STATUSES[of.status],
        pending=money(of.pending_minor),
        posted=money(of.posted_minor),
        reversed=money(of.reversed_minor),
        merchant=messages.merchant(of.merchant),
        response_code=of.response_code,
        reason=of.reason,
        expires_at=None if of.expires_at is None else answers.timestamp(of.expires_at),
        transaction_date=of.transaction_date.isoformat(),
    )
