"""The rpcs about the keys of a BIN: which there are, and replacing them by two people."""

from typing import Any

import grpc
from cards.accounts.v1 import card_keys_service_pb2 as pb
from cards.accounts.v1.card_keys_service_pb2_grpc import CardKeysServiceServicer

from chassis import answers
from chassis.call import derived_id
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.pins.card_keys import (
    CARD_KEYS,
    ApproveKeyRotation,
    CardKeys,
    KeySet,
    ProposeKeyRotation,
    RejectKeyRotation,
    Rotation,
)
from services.accounts.domain.programme import PROGRAMME
from services.accounts.grpc_api.programmes import person
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.bin_keys import BinKeys

Context = grpc.aio.ServicerContext[Any, Any]


class CardKeysApi(CardKeysServiceServicer):
    """cards.accounts.v1.CardKeysService."""

    def __init__(self, ports: Ports, accounts: Accounts) -> None:
        self._application = ports.application
        self._clock = ports.clock
        self._bins = BinKeys(accounts)

    async def ProposeKeyRotation(
        self, request: pb.ProposeKeyRotationRequest, context: Context
    ) -> pb.ProposeKeyRotationResponse:
        command = ProposeKeyRotation(
            bin=await self._bin(request.programme_id),
            rotation_id=request.rotation_id or derived_id(),
            reason=request.reason,
            by=person(),
        )
        rotation = Rotation(
            rotation_id=command.rotation_id, reason=command.reason, proposed_by=command.by
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ProposeKeyRotationResponse(
                rotation=_rotation(rotation), receipt=answers.receipt(settled)
            ),
        )

    async def ApproveKeyRotation(
        self, request: pb.ApproveKeyRotationRequest, context: Context
    ) -> pb.ApproveKeyRotationResponse:
        bin_digits = await self._bin(request.programme_id)
        command = ApproveKeyRotation(
            bin=bin_digits,
            rotation_id=request.rotation_id,
            by=person(),
            **await self._bins.sealed(bin_digits, request.rotation_id),
        )

        def render(settled: Settled) -> pb.ApproveKeyRotationResponse:
            state: CardKeys = settled.state
            made = next(each for each in state.sets if each.rotation_id == request.rotation_id)
            return pb.ApproveKeyRotationResponse(
                version=_version(made), receipt=answers.receipt(settled)
            )

        return await self._application.answer(command, render=render)

    async def RejectKeyRotation(
        self, request: pb.RejectKeyRotationRequest, context: Context
    ) -> pb.RejectKeyRotationResponse:
        command = RejectKeyRotation(
            bin=await self._bin(request.programme_id),
            rotation_id=request.rotation_id,
            reason=request.reason,
            by=person(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RejectKeyRotationResponse(receipt=answers.receipt(settled)),
        )

    async def GetCardKeys(
        self, request: pb.GetCardKeysRequest, context: Context
    ) -> pb.GetCardKeysResponse:
        bin_digits = await self._bin(request.programme_id)
        state = await self._application.find(CARD_KEYS, bin_digits) or CardKeys()
        return pb.GetCardKeysResponse(
            versions=[_version(each) for each in reversed(state.sets)],
            proposed=_rotation(state.proposed) if state.proposed else None,
        )

    async def _bin(self, programme_id: str) -> str:
        programme = await self._application.state(PROGRAMME, programme_id)
        return programme.in_force_on(self._clock.now().date()).terms.bin


def _version(kept: KeySet) -> pb.CardKeyVersion:
    return pb.CardKeyVersion(
        version=kept.version,
        effective_on=kept.effective_on.isoformat() if kept.effective_on else "",
        rotation_id=kept.rotation_id,
        proposed_by=kept.proposed_by,
        approved_by=kept.approved_by,
    )


def _rotation(rotation: Rotation) -> pb.CardKeyRotation:
    return pb.CardKeyRotation(
        rotation_id=rotation.rotation_id,
        reason=rotation.reason,
        proposed_by=rotation.proposed_by,
    )
