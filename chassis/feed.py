"""The public facts of a service straight from its store: the rpc, and the side that asks."""

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from typing import Protocol

import grpc
from cards.feed.v1 import feed_service_pb2 as pb
from cards.feed.v1.feed_service_pb2_grpc import FeedServiceServicer

from chassis.bounded import Bounded
from chassis.bus import Message
from chassis.kernel.errors import Unavailable
from chassis.publishing import Chain, Publishing
from chassis.recorded import Recorded
from chassis.relay import LogReader

PAGE_FACTS = 1_000
"""Facts in an answer when the request does not say."""
READ_LIMIT = 500
"""Events that are read from the log at a time."""
CHAINS_LIMIT = 64
"""Ends of pages that are remembered for whoever asks for the next."""
FEED_TIMEOUT_SECONDS = 20.0
HEAD_TIMEOUT_SECONDS = 2.0


class FeedApi(FeedServiceServicer):
    """cards.feed.v1.FeedService, the same for every service."""

    def __init__(self, log: LogReader, publishing: Publishing) -> None:
        self._log = log
        self._publishing = publishing
        self._chains: Bounded[tuple[int, frozenset[int]], Chain] = Bounded(CHAINS_LIMIT)

    async def Feed(
        self,
        request: pb.FeedRequest,
        context: "grpc.aio.ServicerContext[pb.FeedRequest, pb.FeedResponse]",
    ) -> AsyncIterator[pb.FeedResponse]:
        """Answers facts one by one, so that what was sent before a deadline is of use."""
        left = request.limit or PAGE_FACTS
        wanted = frozenset(request.partitions)
        position = request.after_position
        chain = await self._chain(position, wanted)
        while left > 0:
            recorded = await self._log.after(position, READ_LIMIT)
            if not recorded:
                # Only an empty page is the end: one from memory may be short before it.
                return
            for each in recorded:
                if left > 0 and self._is_wanted(each, wanted):
                    left -= 1
                    yield self._response(each, chain.link(each))
                    if left == 0:
                        self._chains.put((each.position, wanted), chain)
            position = recorded[-1].position

    async def _chain(self, position: int, wanted: frozenset[int]) -> Chain:
        """The chain behind a position; whoever goes from page to page finds it as it was left."""
        left_off = self._chains.get((position, wanted))
        if left_off is not None:
            return left_off.copy()
        if position == 0:
            return Chain({})
        return Chain(await self._log.last_public_positions(self._publishing.topics, position))

    async def GetHead(
        self,
        request: pb.GetHeadRequest,
        context: "grpc.aio.ServicerContext[pb.GetHeadRequest, pb.GetHeadResponse]",
    ) -> pb.GetHeadResponse:
        # Head first: a fact that is committed in between may be named, but none is left out.
        head = await self._log.head()
        last = await self._log.last_public_positions(self._publishing.topics)
        return pb.GetHeadResponse(
            epoch=head.epoch, position=head.position, last_public_positions=dict(last)
        )

    def _is_wanted(self, recorded: Recorded, partitions: frozenset[int]) -> bool:
        if not self._publishing.is_public(recorded):
            return False
        return not partitions or recorded.partition in partitions

    def _response(self, recorded: Recorded, previous: int) -> pb.FeedResponse:
        message = self._publishing.message(recorded, previous)
        return pb.FeedResponse(
            position=recorded.position,
            subject=message.subject,
            headers=dict(message.headers),
            payload=message.payload,
        )


@dataclass(frozen=True, slots=True)
class FeedHead:
    """Where another service's log stands, and its last public position per partition."""

    epoch: int
    position: int
    last_public_positions: Mapping[int, int]


class Feed(Protocol):
    """Another service's facts, from the side that asks. All of it raises Unavailable."""

    async def head(self) -> FeedHead:
        """Where its log stands."""
        ...

    async def after(
        self, position: int, partitions: Collection[int], limit: int
    ) -> Sequence[Message]:
        """Up to `limit` public facts of these partitions behind `position`, in order; none means
        that there are no more."""
        ...


class FeedStub(Protocol):
    """What of the generated stub is used, called with a request and a `timeout` in seconds."""

    @property
    def Feed(self) -> Callable[..., AsyncIterable[pb.FeedResponse]]: ...

    @property
    def GetHead(self) -> Callable[..., Awaitable[pb.GetHeadResponse]]: ...


class FeedClient:
    """`Feed` over gRPC."""

    def __init__(self, stub: FeedStub) -> None:
        self._stub = stub

    async def head(self) -> FeedHead:
        try:
            found = await self._stub.GetHead(pb.GetHeadRequest(), timeout=HEAD_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            raise _unavailable(error) from None
        return FeedHead(found.epoch, found.position, dict(found.last_public_positions))

    async def after(
        self, position: int, partitions: Collection[int], limit: int
    ) -> Sequence[Message]:
        request = pb.FeedRequest(
            after_position=position, partitions=sorted(partitions), limit=limit
        )
        found: list[Message] = []
        try:
            async for each in self._stub.Feed(request, timeout=FEED_TIMEOUT_SECONDS):
                message = Message(each.subject, dict(each.headers), each.payload)
                # Kept at once: what came before a deadline is dense as far as it goes.
                found.append(message)
        except (grpc.RpcError, Unavailable) as error:
            if not found:
                raise _unavailable(error) from None
        return found


def _unavailable(error: Exception) -> Unavailable:
    if isinstance(error, Unavailable):
        return error
    code = error.code().name if isinstance(error, grpc.aio.AioRpcError) else "UNKNOWN"
    return Unavailable("FEED_UNAVAILABLE", f"the feed answered {code}")
