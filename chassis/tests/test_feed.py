"""Feed: the same messages as the stream brings, from the store, over real gRPC."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from cards.feed.v1 import feed_service_pb2 as pb
from cards.feed.v1.feed_service_pb2_grpc import (
    FeedServiceStub,
    add_FeedServiceServicer_to_server,
)

from chassis.bus import Message
from chassis.envelope import read
from chassis.feed import READ_LIMIT, FeedApi, FeedClient, FeedHead
from chassis.kernel.errors import Unavailable
from chassis.tests.messaging import (
    DraftSaved,
    MemoryLog,
    NoteWritten,
    messages_of,
    stream_in,
)


@asynccontextmanager
async def feed_of(log: MemoryLog) -> AsyncIterator[FeedClient]:
    server = grpc.aio.server()
    add_FeedServiceServicer_to_server(FeedApi(log, log.publishing), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield FeedClient(FeedServiceStub(channel))
    await server.stop(None)


def a_log(count: int) -> MemoryLog:
    log = MemoryLog()
    for number in range(count):
        log.append(NoteWritten(note_id=f"{number}"), stream=stream_in(number % 3))
        log.append(DraftSaved(note_id="x"), stream=stream_in(number % 3))
    return log


async def test_it_tells_what_the_stream_tells() -> None:
    log = a_log(10)
    async with feed_of(log) as feed:
        assert list(await feed.after(0, (), 100)) == messages_of(log)


async def test_from_any_position_the_chain_is_the_same() -> None:
    log = a_log(10)
    whole = messages_of(log)
    async with feed_of(log) as feed:
        for position in range(21):
            behind = [each for each in whole if read(each).place.position > position]
            assert list(await feed.after(position, (), 100)) == behind


async def test_only_the_partitions_that_are_asked_for() -> None:
    log = a_log(30)
    wanted = [each for each in messages_of(log) if read(each).partition in (0, 2)]
    async with feed_of(log) as feed:
        assert list(await feed.after(0, (0, 2), 100)) == wanted


async def test_page_by_page_is_the_whole() -> None:
    log = a_log(READ_LIMIT + 7)
    found: list[Message] = []
    async with feed_of(log) as feed:
        position = 0
        while page := await feed.after(position, (1, 2), 40):
            assert len(page) <= 40
            found += page
            position = read(page[-1]).place.position
    assert found == [each for each in messages_of(log) if read(each).partition in (1, 2)]


async def test_a_page_can_be_asked_for_again() -> None:
    log = a_log(10)
    async with feed_of(log) as feed:
        first = await feed.after(0, (), 4)
        end = read(first[-1]).place.position
        second = await feed.after(end, (), 4)
        assert await feed.after(end, (), 4) == second
        assert [*first, *second] == messages_of(log)[:8]


async def test_it_looks_beyond_what_is_nobodys_business() -> None:
    log = a_log(1)
    log.append(*(DraftSaved(note_id="x") for _ in range(2 * READ_LIMIT)))
    log.append(NoteWritten(note_id="last"))
    async with feed_of(log) as feed:
        assert await feed.after(1, (), 10) == messages_of(log)[1:]


async def test_the_head_says_where_each_partition_ends() -> None:
    log = a_log(4)
    async with feed_of(log) as feed:
        assert await feed.head() == FeedHead(1, 8, {0: 7, 1: 3, 2: 5})


async def test_an_empty_log_has_a_head_and_nothing_to_tell() -> None:
    async with feed_of(MemoryLog()) as feed:
        assert await feed.head() == FeedHead(1, 0, {})
        assert await feed.after(0, (), 10) == []


async def test_a_service_that_is_away_is_unavailable() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        feed = FeedClient(FeedServiceStub(channel))
        with pytest.raises(Unavailable, match="UNAVAILABLE"):
            await feed.head()
        with pytest.raises(Unavailable, match="UNAVAILABLE"):
            await feed.after(0, (), 10)


async def test_what_came_before_a_failure_is_kept() -> None:
    log = a_log(5)

    class Breaking:
        """A stub whose stream breaks after two facts."""

        async def Feed(
            self, request: pb.FeedRequest, *, timeout: float | None = None
        ) -> AsyncIterator[pb.FeedResponse]:
            for message in messages_of(log)[:2]:
                yield pb.FeedResponse(
                    subject=message.subject, headers=dict(message.headers), payload=message.payload
                )
            raise Unavailable("GONE", "gone")

        async def GetHead(
            self, request: pb.GetHeadRequest, *, timeout: float | None = None
        ) -> pb.GetHeadResponse:
            raise Unavailable("GONE", "gone")

    assert list(await FeedClient(Breaking()).after(0, (), 10)) == messages_of(log)[:2]
