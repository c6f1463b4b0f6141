"""The rpcs about programmes, customers, accounts and cards."""

from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer

from chassis import answers
from chassis.call import derived_id
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.account.cards import find
from services.accounts.domain.account.commands import (
    BlockCard,
    ReinstateAccount,
    SuspendAccount,
    UnblockCard,
)
from services.accounts.domain.customer import CUSTOMER
from services.accounts.domain.customers.commands import RequireNoRestriction
from services.accounts.domain.programme import PROGRAMME, DefineProgramme
from services.accounts.domain.programmes.state import Programme
from services.accounts.grpc_api import messages
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.business_days import business_date
from services.accounts.use_cases.currencies import Currencies

Context = grpc.aio.ServicerContext[Any, Any]


class Holders(AccountsServiceServicer):
    """Whom and what cards are issued to."""

    def __init__(self, ports: Ports, accounts: Accounts, currencies: Currencies) -> None:
        self._accounts = accounts
        self._currencies = currencies
        self._application = ports.application
        self._ports = ports

    async def DefineProgramme(
        self, request: pb.DefineProgrammeRequest, context: Context
    ) -> pb.DefineProgrammeResponse:
        asked = request.programme
        self._currencies.require(asked.currency, "programme.currency")
        command = DefineProgramme(
            programme_id=asked.programme_id, name=asked.name, terms=messages.terms_of(asked)
        )
        today = await business_date(self._ports, asked.programme_id)
        return await self._application.answer(
            command,
            render=lambda settled: pb.DefineProgrammeResponse(
                programme=_programme(settled.state, today), receipt=answers.receipt(settled)
            ),
        )

    async def GetProgramme(
        self, request: pb.GetProgrammeRequest, context: Context
    ) -> pb.GetProgrammeResponse:
        state = await self._application.state(PROGRAMME, request.programme_id)
        today = await business_date(self._ports, request.programme_id)
        return pb.GetProgrammeResponse(programme=_programme(state, today))

    async def RegisterCustomer(
        self, request: pb.RegisterCustomerRequest, context: Context
    ) -> pb.RegisterCustomerResponse:
        return await self._accounts.register(
            request.customer_id or derived_id(),
            messages.profile_of(request.details, self._ports.clock.now().date()),
            lambda settled: pb.RegisterCustomerResponse(
                customer_id=settled.state.customer_id, receipt=answers.receipt(settled)
            ),
        )

    async def GetCustomer(
        self, request: pb.GetCustomerRequest, context: Context
    ) -> pb.GetCustomerResponse:
        profile = await self._accounts.profile(request.customer_id)
        customer = await self._application.state(CUSTOMER, request.customer_id)
        since = customer.registered_at
        return pb.GetCustomerResponse(
            customer_id=customer.customer_id,
            details=messages.details_of(profile),
            registered_at=None if since is None else answers.timestamp(since),
            restricted_because=customer.restricted_because,
        )

    async def OpenAccount(
        self, request: pb.OpenAccountRequest, context: Context
    ) -> pb.OpenAccountResponse:
        return await self._accounts.open_account(
            request.account_id or derived_id(),
            request.customer_id,
            request.programme_id,
            messages.of_optional_money(request, "limit"),
            messages.card_kind(request.card_kind),
            lambda settled: pb.OpenAccountResponse(
                account=messages.account(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def GetAccount(
        self, request: pb.GetAccountRequest, context: Context
    ) -> pb.GetAccountResponse:
        state = await self._accounts.account(request.account_id)
        return pb.GetAccountResponse(account=messages.account(state))

    async def SuspendAccount(
        self, request: pb.SuspendAccountRequest, context: Context
    ) -> pb.SuspendAccountResponse:
        command = SuspendAccount(
            account_id=request.account_id,
            reason=request.reason,
            channel=messages.channel_of_caller(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.SuspendAccountResponse(
                account=messages.account(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def ReinstateAccount(
        self, request: pb.ReinstateAccountRequest, context: Context
    ) -> pb.ReinstateAccountResponse:
        account = await self._accounts.account(request.account_id)
        command = ReinstateAccount(
            account_id=request.account_id,
            reason=request.reason,
            channel=messages.channel_of_caller(),
        )
        return await self._application.answer(
            RequireNoRestriction(customer_id=account.customer_id),
            command,
            render=lambda settled: pb.ReinstateAccountResponse(
                account=messages.account(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def IssueCard(
        self, request: pb.IssueCardRequest, context: Context
    ) -> pb.IssueCardResponse:
        card_id = request.card_id or derived_id()
        return await self._accounts.issue(
            request.account_id,
            card_id,
            messages.card_kind(request.kind),
            lambda settled: pb.IssueCardResponse(
                card=_card(settled, card_id), receipt=answers.receipt(settled)
            ),
        )

    async def GetCard(self, request: pb.GetCardRequest, context: Context) -> pb.GetCardResponse:
        account, card = await self._accounts.card(request.card_id)
        return pb.GetCardResponse(card=messages.card(account, card))

    async def RevealCardNumber(
        self, request: pb.RevealCardNumberRequest, context: Context
    ) -> pb.RevealCardNumberResponse:
        number, card = await self._accounts.reveal(request.card_id)
        return pb.RevealCardNumberResponse(number=number, expires_on=card.expires_on.isoformat())

    async def ListCards(
        self, request: pb.ListCardsRequest, context: Context
    ) -> pb.ListCardsResponse:
        account = await self._accounts.account(request.account_id)
        return pb.ListCardsResponse(cards=[messages.card(account, each) for each in account.cards])

    async def ReportCardLost(
        self, request: pb.ReportCardLostRequest, context: Context
    ) -> pb.ReportCardLostResponse:
        def render(settled: Settled) -> pb.ReportCardLostResponse:
            lost = find(settled.state, request.card_id)
            return pb.ReportCardLostResponse(
                card=messages.card(settled.state, lost),
                replacement=_card(settled, lost.replaced_by_card_id),
                receipt=answers.receipt(settled),
            )

        return await self._accounts.report_lost(
            request.card_id,
            messages.loss_kind(request.kind),
            messages.channel_of_caller(),
            derived_id(),
            render,
        )

    async def BlockCard(
        self, request: pb.BlockCardRequest, context: Context
    ) -> pb.BlockCardResponse:
        place = await self._accounts.place(request.card_id)
        command = BlockCard(
            account_id=place.account_id,
            card_id=request.card_id,
            reason=request.reason,
            channel=messages.channel_of_caller(),
            charge_id=request.charge_id,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.BlockCardResponse(
                card=_card(settled, request.card_id), receipt=answers.receipt(settled)
            ),
        )

    async def UnblockCard(
        self, request: pb.UnblockCardRequest, context: Context
    ) -> pb.UnblockCardResponse:
        place = await self._accounts.place(request.card_id)
        command = UnblockCard(
            account_id=place.account_id,
            card_id=request.card_id,
            reason=request.reason,
            channel=messages.channel_of_caller(),
        )
        return await self._application.answer(
            RequireNoRestriction(customer_id=place.holder_id),
            command,
            render=lambda settled: pb.UnblockCardResponse(
                card=_card(settled, request.card_id), receipt=answers.receipt(settled)
            ),
        )


def _programme(state: Programme, today: date) -> pb.Programme:
    """The version in force."""
    return messages.programme(state.programme_id, state.in_force_on(today))


def _card(settled: Settled, card_id: str) -> pb.Card:
    return messages.card(settled.state, find(settled.state, card_id))
