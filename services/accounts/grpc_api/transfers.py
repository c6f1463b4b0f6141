"""The rpcs about balance transfers."""

from typing import Any

import grpc
from cards.accounts.v1 import balance_transfer_service_pb2 as pb
from cards.accounts.v1.balance_transfer_service_pb2_grpc import (
    BalanceTransferServiceServicer,
    add_BalanceTransferServiceServicer_to_server,
)

from chassis import answers
from chassis.call import derived_id
from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.transfers import commands
from services.accounts.grpc_api import messages
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.billing import BillingCases
from services.accounts.use_cases.transfers import TransferCases

Context = grpc.aio.ServicerContext[Any, Any]


def rpcs(ports: Ports, accounts: Accounts) -> Rpcs:
    """What is served about balance transfers."""
    service = pb.DESCRIPTOR.services_by_name["BalanceTransferService"]
    api = BalanceTransferApi(ports, accounts)
    return [(add_BalanceTransferServiceServicer_to_server, api, service)]


class BalanceTransferApi(BalanceTransferServiceServicer):
    """cards.accounts.v1.BalanceTransferService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._cases = BillingCases(ports, accounts)
        self._transfers = TransferCases(accounts)
        self._accounts = accounts
        self._application = ports.application

    async def TransferBalance(
        self, request: pb.TransferBalanceRequest, context: Context
    ) -> pb.TransferBalanceResponse:
        account, transfer_id = await self._accounts.account(request.account_id), derived_id()
        command = await self._transfers.asked(
            account,
            transfer_id,
            request.creditor,
            request.number,
            answers.of_money(request.amount),
            request.offer,
            await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.TransferBalanceResponse(
                transfer=_message(settled.state, transfer_id),
                available=messages.available(settled.state),
                balance=_owed(settled.state),
                receipt=answers.receipt(settled),
            ),
        )

    async def ReturnBalanceTransfer(
        self, request: pb.ReturnBalanceTransferRequest, context: Context
    ) -> pb.ReturnBalanceTransferResponse:
        account = await self._accounts.account(request.account_id)
        command = commands.ReturnBalanceTransfer(
            account_id=request.account_id,
            transfer_id=request.transfer_id,
            reason=request.reason,
            transaction_date=await self._cases.today(account),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ReturnBalanceTransferResponse(
                transfer=_message(settled.state, request.transfer_id),
                balance=_owed(settled.state),
                receipt=answers.receipt(settled),
            ),
        )

    async def ListBalanceTransfers(
        self, request: pb.ListBalanceTransfersRequest, context: Context
    ) -> pb.ListBalanceTransfersResponse:
        account = await self._accounts.account(request.account_id)
        cursor = answers.of_page_token(request.page_token, str)
        after, size = cursor[0] if cursor else "", answers.page_size(request.page_size)
        known = account.billing.transfers.known
        found = sorted(each for each in known if each > after)
        more = len(found) > size
        return pb.ListBalanceTransfersResponse(
            transfers=[_message(account, each) for each in found[:size]],
            next_page_token=answers.page_token(found[size - 1]) if more else "",
        )

    async def RevealTransferNumber(
        self, request: pb.RevealTransferNumberRequest, context: Context
    ) -> pb.RevealTransferNumberResponse:
        account = await self._accounts.account(request.account_id)
        number = await self._transfers.reveal(account, request.transfer_id)
        return pb.RevealTransferNumberResponse(number=number)


def _owed(account: CreditAccount) -> Any:
    return answers.money(account.money(account.posted_minor))


def _message(account: CreditAccount, transfer_id: str) -> pb.BalanceTransfer:
    of = account.billing.transfers.known[transfer_id]
    return pb.BalanceTransfer(
        transfer_id=of.transfer_id,
        status=pb.BalanceTransferStatus.Value(f"BALANCE_TRANSFER_STATUS_{of.status}"),
        creditor=of.creditor,
        last_four=of.last_four,
        amount=answers.money(account.money(of.amount_minor)),
        ends_on=of.ends_on.isoformat() if of.ends_on else "",
        reason=of.reason,
        posted_on=of.posted_on.isoformat(),
    )
