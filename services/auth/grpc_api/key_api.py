"""cards.auth.v1.KeyService: data keys for the services they belong to, and their destruction."""

from cards.auth.v1 import key_service_pb2 as pb
from cards.auth.v1.key_service_pb2_grpc import KeyServiceServicer

from chassis import call
from chassis.answers import receipt, timestamp
from chassis.crypto.data_keys import NEWEST, DataKey
from chassis.kernel.errors import NotFound, Refused
from chassis.ports import Ports
from chassis.work import Settled
from services.auth.domain.data_keys import DATA_KEYS, DataKeys
from services.auth.use_cases.safe import Safe

REWRAP_DEFAULT = 200


class KeyApi(KeyServiceServicer):
    """Whether a caller may have a purpose's keys was decided at the door."""

    def __init__(self, ports: Ports, safe: Safe) -> None:
        self._application = ports.application
        self._safe = safe

    async def CreateDataKey(
        self, request: pb.CreateDataKeyRequest, context: object
    ) -> pb.CreateDataKeyResponse:
        command, inside = await self._safe.ring.creation(request.subject, request.purpose)
        answer = await self._application.answer(
            command,
            render=lambda settled: pb.CreateDataKeyResponse(receipt=receipt(settled)),
            inside=inside,
        )
        # Read anew each time: a key is no part of a stored answer, and may have been destroyed.
        key = await self._safe.ring.get(request.subject, request.purpose, NEWEST)
        answer.data_key.CopyFrom(_message(key))
        return answer

    async def GetDataKey(
        self, request: pb.GetDataKeyRequest, context: object
    ) -> pb.GetDataKeyResponse:
        key = await self._safe.ring.get(request.subject, request.purpose, request.version)
        return pb.GetDataKeyResponse(data_key=_message(key))

    async def RotateWrappingKey(
        self, request: pb.RotateWrappingKeyRequest, context: object
    ) -> pb.RotateWrappingKeyResponse:
        command, inside = await self._safe.ring.rotation()

        def render(settled: Settled) -> pb.RotateWrappingKeyResponse:
            return pb.RotateWrappingKeyResponse(
                version=settled.state.active, receipt=receipt(settled)
            )

        return await self._application.answer(command, render=render, inside=inside)

    async def RewrapDataKeys(
        self, request: pb.RewrapDataKeysRequest, context: object
    ) -> pb.RewrapDataKeysResponse:
        rewrapped, remaining = await self._safe.ring.rewrap(request.limit or REWRAP_DEFAULT)
        return pb.RewrapDataKeysResponse(rewrapped=rewrapped, remaining=remaining)

    async def DestroyDataKeys(
        self, request: pb.DestroyDataKeysRequest, context: object
    ) -> pb.DestroyDataKeysResponse:
        person = call.current().principal.person.subject
        command, inside = self._safe.ring.destruction(request.subject, person)
        answer = await self._application.answer(
            command,
            render=lambda settled: pb.DestroyDataKeysResponse(
                certificate=_certificate(settled.state), receipt=receipt(settled)
            ),
            inside=inside,
        )
        self._safe.forget(request.subject)
        answer.certificate.signed = await self._signed(request.subject)
        return answer

    async def GetCertificate(
        self, request: pb.GetCertificateRequest, context: object
    ) -> pb.GetCertificateResponse:
        state = await self._application.find(DATA_KEYS, request.subject)
        if state is None:
            raise NotFound("KEY_UNKNOWN", "there never was a data key for this subject")
        if state.destroyed_at is None:
            raise Refused("KEY_NOT_DESTROYED", "the keys of this subject are in use")
        certificate = _certificate(state)
        certificate.signed = await self._safe.signer.certificate(state)
        return pb.GetCertificateResponse(certificate=certificate)

    async def _signed(self, subject: str) -> str:
        state = await self._application.state(DATA_KEYS, subject)
        return await self._safe.signer.certificate(state)


def _message(key: DataKey) -> pb.DataKey:
    return pb.DataKey(subject=key.subject, purpose=key.purpose, version=key.version, key=key.key)


def _certificate(state: DataKeys) -> pb.DestructionCertificate:
    assert state.destroyed_at is not None
    return pb.DestructionCertificate(
        certificate_id=state.certificate_id,
        subject=state.subject,
        destroyed_keys=state.destroyed_keys,
        destroyed_at=timestamp(state.destroyed_at),
    )
