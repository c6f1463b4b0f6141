"""The rpcs about the keys that a gateway shares with the house."""

from typing import Any

import grpc
from cards.accounts.v1 import network_keys_service_pb2 as pb
from cards.accounts.v1.network_keys_service_pb2_grpc import NetworkKeysServiceServicer

from chassis import answers, call
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.pins.network_keys import NetworkKey
from services.accounts.use_cases.network_keys import GatewayKeys, agreed_in

Context = grpc.aio.ServicerContext[Any, Any]


class NetworkKeysApi(NetworkKeysServiceServicer):
    """cards.accounts.v1.NetworkKeysService."""

    def __init__(self, ports: Ports) -> None:
        self._application = ports.application
        self._keys = GatewayKeys(ports, agreed_in(ports.settings))

    async def ChangeNetworkKey(
        self, request: pb.ChangeNetworkKeyRequest, context: Context
    ) -> pb.ChangeNetworkKeyResponse:
        # A gateway changes its own keys and nobody else's.
        gateway_id = call.current().principal.subject.partition(":")[2]
        change_id = request.change_id or call.derived_id()
        command = await self._keys.changing(gateway_id, request.key_block, change_id)

        def render(settled: Settled) -> pb.ChangeNetworkKeyResponse:
            made = next(each for each in settled.state.keys if each.change_id == change_id)
            return pb.ChangeNetworkKeyResponse(
                key=_key(made),
                former_until=answers.timestamp(made.former_until),
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def ListNetworkKeys(
        self, request: pb.ListNetworkKeysRequest, context: Context
    ) -> pb.ListNetworkKeysResponse:
        state = await self._keys.state(request.gateway_id)
        return pb.ListNetworkKeysResponse(keys=[_key(each) for each in state.keys])


def _key(kept: NetworkKey) -> pb.NetworkKey:
    return pb.NetworkKey(
        kind=pb.NetworkKeyKind.Value(f"NETWORK_KEY_KIND_{kept.kind}"),
        number=kept.number,
        check_value=kept.check_value,
        effective_at=answers.timestamp(kept.effective_at),
        until=None if kept.until is None else answers.timestamp(kept.until),
    )
