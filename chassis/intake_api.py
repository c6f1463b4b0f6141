"""The rpcs about what a service took in of others: how far it is, what is parked, and what next."""

from collections.abc import Sequence

from cards.feed.v1 import intake_service_pb2 as pb
from cards.feed.v1.intake_service_pb2_grpc import IntakeServiceServicer
from cards.type.v1 import receipt_pb2

from chassis import call
from chassis.application import Application
from chassis.event_store.intake import StoreIntake
from chassis.event_store.log import Log
from chassis.intake import Parked
from chassis.parking import PARKED_PAGE, Parking, Redriven
from chassis.work import Audit

STREAMS_LIMIT = 100


class IntakeApi(IntakeServiceServicer):
    """cards.feed.v1.IntakeService, the same for every service."""

    def __init__(
        self,
        sources: Sequence[str],
        intake: StoreIntake,
        parking: Parking,
        log: Log,
        application: Application,
    ) -> None:
        self._sources = tuple(sources)
        self._intake = intake
        self._parking = parking
        self._log = log
        self._application = application

    async def GetIntake(
        self, request: pb.GetIntakeRequest, context: object
    ) -> pb.GetIntakeResponse:
        return pb.GetIntakeResponse(sources=[await self._source(each) for each in self._sources])

    async def _source(self, source: str) -> pb.SourceIntake:
        places = await self._intake.watermarks(source)
        streams = sorted(await self._intake.parked_streams(source))
        return pb.SourceIntake(
            source=source,
            messages=await self._intake.count(source),
            parked=await self._intake.count_parked(source),
            parked_streams=streams[:STREAMS_LIMIT],
            last_positions={partition: place.position for partition, place in places.items()},
        )

    async def ListParked(
        self, request: pb.ListParkedRequest, context: object
    ) -> pb.ListParkedResponse:
        waiting = await self._intake.parked(request.source, request.stream, PARKED_PAGE)
        return pb.ListParkedResponse(messages=[_message(each) for each in waiting])

    async def RedriveStream(
        self, request: pb.RedriveStreamRequest, context: object
    ) -> pb.RedriveStreamResponse:
        return await self._application.once(lambda: self._redrive(request))

    async def _redrive(self, request: pb.RedriveStreamRequest) -> pb.RedriveStreamResponse:
        # Repeatable: what is no longer parked is not tried again.
        done = await self._parking.redrive(request.source, request.stream, _audit(request.stream))
        return pb.RedriveStreamResponse(
            done=done.done, reason=done.reason, receipt=await self._receipt(request.stream)
        )

    async def SkipMessage(
        self, request: pb.SkipMessageRequest, context: object
    ) -> pb.SkipMessageResponse:
        return await self._application.once(lambda: self._skip(request))

    async def _skip(self, request: pb.SkipMessageRequest) -> pb.SkipMessageResponse:
        waiting = await self._intake.parked(request.source, request.stream, 1)
        if waiting and waiting[0].inbox.position != request.position:
            # It was given up before, or redriven; the one that is first now was not meant.
            done = Redriven(0, waiting[0].reason)
        else:
            audit = _audit(request.stream)
            done = await self._parking.skip(request.source, request.stream, audit)
        return pb.SkipMessageResponse(
            done=done.done, reason=done.reason, receipt=await self._receipt(request.stream)
        )

    async def _receipt(self, stream: str) -> receipt_pb2.Receipt:
        head = await self._log.head()
        return receipt_pb2.Receipt(stream=stream, epoch=head.epoch, position=head.position)


def _message(parked: Parked) -> pb.ParkedMessage:
    return pb.ParkedMessage(
        position=parked.inbox.position, type=parked.inbox.topic, reason=parked.reason
    )


def _audit(stream: str) -> Audit:
    current = call.current()
    person = current.principal.on_behalf_of
    return Audit(
        actor=current.principal.subject,
        on_behalf_of=person.subject if person is not None else "",
        action=current.method,
        object=stream,
        origin=current.origin,
        correlation_id=current.correlation_id,
    )
