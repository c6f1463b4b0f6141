"""The rpcs about PINs and verification values."""

from typing import Any

import grpc
from cards.accounts.v1 import card_secrets_service_pb2 as pb
from cards.accounts.v1.card_secrets_service_pb2_grpc import CardSecretsServiceServicer

from chassis import answers
from chassis.call import derived_id
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.account.state import act_key
from services.accounts.domain.life.decide import find
from services.accounts.domain.pins.commands import SetPin, UnblockPin, VerifyPin
from services.accounts.domain.pins.decide import PIN_TRIES
from services.accounts.domain.programme import PROGRAMME
from services.accounts.domain.values import APPROVED
from services.accounts.grpc_api import messages
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.secrets import Secrets, Shown

Context = grpc.aio.ServicerContext[Any, Any]


class CardSecretsApi(CardSecretsServiceServicer):
    """cards.accounts.v1.CardSecretsService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._accounts = accounts
        self._secrets = Secrets(accounts)
        self._application = ports.application
        self._clock = ports.clock

    async def SetPin(self, request: pb.SetPinRequest, context: Context) -> pb.SetPinResponse:
        place = await self._accounts.place(request.card_id)
        sealed, version = await self._secrets.sealed_pvv(request.card_id, request.pin_block)
        command = SetPin(
            account_id=place.account_id,
            card_id=request.card_id,
            sealed_pvv=sealed,
            key_version=version,
            channel=messages.channel_of_caller(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.SetPinResponse(
                pin_number=find(settled.state, request.card_id).pin_number,
                receipt=answers.receipt(settled),
            ),
        )

    async def VerifyPin(
        self, request: pb.VerifyPinRequest, context: Context
    ) -> pb.VerifyPinResponse:
        account, card = await self._accounts.card(request.card_id)
        command = VerifyPin(
            account_id=account.account_id,
            card_id=request.card_id,
            verification_id=request.verification_id or derived_id(),
            matches=await self._secrets.compare_pin(account, card, Shown(block=request.pin_block)),
            pin_number=card.pin_number,
        )

        def render(settled: Settled) -> pb.VerifyPinResponse:
            code = settled.state.acts[act_key("pin", command.verification_id)].response_code
            failures = find(settled.state, request.card_id).pin_failures
            return pb.VerifyPinResponse(
                verified=code == APPROVED,
                response_code=code,
                tries_left=PIN_TRIES - failures,
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def UnblockPin(
        self, request: pb.UnblockPinRequest, context: Context
    ) -> pb.UnblockPinResponse:
        place = await self._accounts.place(request.card_id)
        command = UnblockPin(
            account_id=place.account_id,
            card_id=request.card_id,
            reason=request.reason,
            channel=messages.channel_of_caller(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.UnblockPinResponse(receipt=answers.receipt(settled)),
        )

    async def RevealSecurityCode(
        self, request: pb.RevealSecurityCodeRequest, context: Context
    ) -> pb.RevealSecurityCodeResponse:
        value, card = await self._secrets.reveal(request.card_id)
        return pb.RevealSecurityCodeResponse(
            verification_value=value, expires_on=card.expires_on.isoformat()
        )

    async def ExportPinKeys(
        self, request: pb.ExportPinKeysRequest, context: Context
    ) -> pb.ExportPinKeysResponse:
        programme = await self._application.state(PROGRAMME, request.programme_id)
        bin_digits = programme.in_force_on(self._clock.now().date()).terms.bin
        tdes_key, aes_key = await self._secrets.exported(bin_digits, request.public_key)
        return pb.ExportPinKeysResponse(tdes_key=tdes_key, aes_key=aes_key)
