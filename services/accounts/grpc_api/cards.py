"""The rpcs about the life of cards and the end of accounts."""

from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from cards.accounts.v1 import accounts_service_pb2 as accounts_pb
from cards.accounts.v1 import cards_service_pb2 as pb
from cards.accounts.v1.cards_service_pb2_grpc import CardsServiceServicer

from chassis import answers
from chassis.call import derived_id
from chassis.kernel.events import Command
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.account.commands import NewCard
from services.accounts.domain.life import commands
from services.accounts.domain.life.decide import find
from services.accounts.domain.standing.commands import ChangeStanding
from services.accounts.domain.values import AccountStatus, CardUse, Delivery
from services.accounts.grpc_api import messages
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.business_days import business_date
from services.accounts.use_cases.cards import Cards

Context = grpc.aio.ServicerContext[Any, Any]
R = TypeVar("R")


class CardsApi(CardsServiceServicer):
    """cards.accounts.v1.CardsService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._accounts = accounts
        self._cards = Cards(accounts)
        self._application = ports.application
        self._ports = ports

    async def OrderCard(
        self, request: pb.OrderCardRequest, context: Context
    ) -> pb.OrderCardResponse:
        wanted = NewCard(
            card_id=request.card_id or derived_id(),
            last_four="",
            kind=messages.card_kind(request.kind),
            cardholder_id=request.cardholder_id,
            use=CardUse(messages.word(accounts_pb.CardUse, request.use, "CARD_USE")),
            merchant_id=request.merchant_id,
        )
        render = _answer(pb.OrderCardResponse, wanted.card_id)
        return await self._cards.order(request.account_id, wanted, render)

    async def ActivateCard(
        self, request: pb.ActivateCardRequest, context: Context
    ) -> pb.ActivateCardResponse:
        named = await self._named(request)
        account = await self._accounts.account(named["account_id"])
        today = await business_date(self._ports, account.programme_id)
        command = commands.ActivateCard(**named, today=today)
        return await self._carried_out(command, request, pb.ActivateCardResponse)

    async def PauseCard(
        self, request: pb.PauseCardRequest, context: Context
    ) -> pb.PauseCardResponse:
        command = commands.PauseCard(**await self._named(request))
        return await self._carried_out(command, request, pb.PauseCardResponse)

    async def ResumeCard(
        self, request: pb.ResumeCardRequest, context: Context
    ) -> pb.ResumeCardResponse:
        command = commands.ResumeCard(**await self._named(request))
        return await self._carried_out(command, request, pb.ResumeCardResponse)

    async def TerminateCard(
        self, request: pb.TerminateCardRequest, context: Context
    ) -> pb.TerminateCardResponse:
        command = commands.TerminateCard(**await self._named(request))
        return await self._carried_out(command, request, pb.TerminateCardResponse)

    async def RenewCard(
        self, request: pb.RenewCardRequest, context: Context
    ) -> pb.RenewCardResponse:
        _, card = await self._accounts.card(request.card_id)
        command = commands.RenewCard(
            sequence=request.sequence or card.sequence, **await self._named(request)
        )
        return await self._carried_out(command, request, pb.RenewCardResponse)

    async def RecordDelivery(
        self, request: pb.RecordDeliveryRequest, context: Context
    ) -> pb.RecordDeliveryResponse:
        place = await self._accounts.place(request.card_id)
        command = commands.RecordDelivery(
            account_id=place.account_id,
            card_id=request.card_id,
            delivery=Delivery(messages.word(accounts_pb.Delivery, request.delivery, "DELIVERY")),
            channel=messages.channel_of_caller(),
        )
        return await self._carried_out(command, request, pb.RecordDeliveryResponse)

    async def CloseAccount(
        self, request: pb.CloseAccountRequest, context: Context
    ) -> pb.CloseAccountResponse:
        command = ChangeStanding(
            account_id=request.account_id,
            status=AccountStatus.CLOSED,
            reason=request.reason,
            channel=messages.channel_of_caller(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.CloseAccountResponse(
                account=messages.account(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def _named(self, request: Any) -> dict[str, Any]:
        """What every step of a card says: which, why, and who asks. Raises NotFound."""
        place = await self._accounts.place(request.card_id)
        return {
            "account_id": place.account_id,
            "card_id": request.card_id,
            "reason": request.reason,
            "channel": messages.channel_of_caller(),
        }

    async def _carried_out(self, command: Command, request: Any, response: type[R]) -> R:
        render: Any = _answer(response, request.card_id)
        answer: R = await self._application.answer(command, render=render)
        return answer


def _answer(response: Callable[..., R], card_id: str) -> Callable[[Settled], R]:
    """Renders the card and the receipt as such a response."""
    return lambda settled: response(
        card=messages.card(settled.state, find(settled.state, card_id)),
        receipt=answers.receipt(settled),
    )
