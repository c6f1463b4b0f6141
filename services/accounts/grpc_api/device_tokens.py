"""The rpcs about device tokens."""

from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from cards.accounts.v1 import device_tokens_service_pb2 as pb
from cards.accounts.v1.device_tokens_service_pb2_grpc import DeviceTokensServiceServicer

from chassis import answers
from chassis.call import derived_id
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.tokens.commands import ChangeDeviceToken
from services.accounts.domain.tokens.decide import find
from services.accounts.domain.tokens.state import DeviceToken, TokenDevice, TokenStatus
from services.accounts.grpc_api import messages
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.tokens import Tokens

Context = grpc.aio.ServicerContext[Any, Any]
R = TypeVar("R")


class DeviceTokensApi(DeviceTokensServiceServicer):
    """cards.accounts.v1.DeviceTokensService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._accounts = accounts
        self._tokens = Tokens(accounts)
        self._application = ports.application

    async def ProvisionDeviceToken(
        self, request: pb.ProvisionDeviceTokenRequest, context: Context
    ) -> pb.ProvisionDeviceTokenResponse:
        token_id = request.token_id or derived_id()
        word = messages.word(pb.TokenDevice, request.device, "TOKEN_DEVICE")
        render = _answer(pb.ProvisionDeviceTokenResponse, token_id)
        return await self._tokens.provision(
            request.card_id,
            token_id,
            TokenDevice(word) if word else TokenDevice.WALLET,
            messages.channel_of_caller(),
            render,
        )

    async def ActivateDeviceToken(
        self, request: pb.ActivateDeviceTokenRequest, context: Context
    ) -> pb.ActivateDeviceTokenResponse:
        return await self._changed(
            request,
            TokenStatus.ACTIVE,
            pb.ActivateDeviceTokenResponse,
            before=TokenStatus.INACTIVE,
        )

    async def SuspendDeviceToken(
        self, request: pb.SuspendDeviceTokenRequest, context: Context
    ) -> pb.SuspendDeviceTokenResponse:
        return await self._changed(request, TokenStatus.SUSPENDED, pb.SuspendDeviceTokenResponse)

    async def ResumeDeviceToken(
        self, request: pb.ResumeDeviceTokenRequest, context: Context
    ) -> pb.ResumeDeviceTokenResponse:
        return await self._changed(
            request,
            TokenStatus.ACTIVE,
            pb.ResumeDeviceTokenResponse,
            before=TokenStatus.SUSPENDED,
        )

    async def DeleteDeviceToken(
        self, request: pb.DeleteDeviceTokenRequest, context: Context
    ) -> pb.DeleteDeviceTokenResponse:
        return await self._changed(request, TokenStatus.DELETED, pb.DeleteDeviceTokenResponse)

    async def ListDeviceTokens(
        self, request: pb.ListDeviceTokensRequest, context: Context
    ) -> pb.ListDeviceTokensResponse:
        account, _ = await self._accounts.card(request.card_id)
        cursor = answers.of_page_token(request.page_token, int)
        start = int(cursor[0]) if cursor else 0
        size = answers.page_size(request.page_size)
        # A token never leaves the list and keeps its place in it; only its card changes.
        numbered = list(enumerate(account.tokens))[max(0, start) :]
        found = [(place, each) for place, each in numbered if each.card_id == request.card_id]
        more = len(found) > size
        return pb.ListDeviceTokensResponse(
            tokens=[_message(each) for _, each in found[:size]],
            next_page_token=answers.page_token(found[size][0]) if more else "",
        )

    async def RevealDeviceToken(
        self, request: pb.RevealDeviceTokenRequest, context: Context
    ) -> pb.RevealDeviceTokenResponse:
        number = await self._tokens.reveal(request.card_id, request.token_id)
        return pb.RevealDeviceTokenResponse(number=number)

    async def _changed(
        self,
        request: Any,
        status: TokenStatus,
        response: type[R],
        before: TokenStatus | None = None,
    ) -> R:
        account, token = await self._tokens.token(request.card_id, request.token_id)
        command = ChangeDeviceToken(
            account_id=account.account_id,
            token_id=token.token_id,
            status=status,
            reason=request.reason,
            channel=messages.channel_of_caller(),
            before=before,
        )
        render: Any = _answer(response, token.token_id)
        answer: R = await self._application.answer(command, render=render)
        return answer


def _answer(response: Callable[..., R], token_id: str) -> Callable[[Settled], R]:
    """Renders the token and the receipt as such a response."""
    return lambda settled: response(
        token=_message(find(settled.state, token_id)), receipt=answers.receipt(settled)
    )


def _message(of: DeviceToken) -> pb.DeviceToken:
    return pb.DeviceToken(
        token_id=of.token_id,
        card_id=of.card_id,
        last_four=of.last_four,
        device=pb.TokenDevice.Value(f"TOKEN_DEVICE_{of.device}"),
        status=pb.TokenStatus.Value(f"TOKEN_STATUS_{of.status}"),
        reason=of.reason,
        channel=messages.CHANNELS[of.channel] if of.channel else 0,  # type: ignore[arg-type]
    )
