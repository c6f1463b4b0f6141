"""The bus on a real NATS server: batches, places, permissions, and a server that is killed."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from chassis import jetstream
from chassis.bus import Away, Bus, BusError, Delivery, Last, Message, Missing, Rejected
from chassis.jetstream import JetStreamBus, JetStreamSettings
from chassis.relay import stream_spec
from chassis.testing.servers import NatsServer
from tests.integration.messaging import PATIENCE_SECONDS, STREAM, bus_on, some_messages


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as running:
        yield running


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[NatsServer]:
    """A server of the test's own, to be killed."""
    with NatsServer(tmp_path) as running:
        yield running


@asynccontextmanager
async def stream_on(server: NatsServer) -> AsyncIterator[tuple[JetStreamBus, str]]:
    """A bus and a stream of its own on a shared server."""
    service = f"diary_{secrets.token_hex(4)}"
    async with bus_on(server) as bus:
        await bus.ensure_stream(stream_spec(service, max_bytes=16 * 1024 * 1024))
        await bus.last_message(service.upper())
        yield bus, service


def of(service: str, messages: list[Message]) -> list[Message]:
    """The same messages from a service of another name."""
    return [
        Message(
            each.subject.replace(".diary.", f".{service}.", 1),
            {**each.headers, "Nats-Msg-Id": each.headers["Nats-Msg-Id"].replace("diary", service)},
            each.payload,
        )
        for each in messages
    ]


async def all_of(
    bus: Bus, service: str, count: int, durable: str = "reader", subjects: Sequence[str] = ()
) -> list[Delivery]:
    """The first `count` messages, acknowledged."""
    consumer = await bus.consume(service.upper(), durable, subjects)
    found: list[Delivery] = []
    while len(found) < count:
        batch = await consumer.fetch(256, PATIENCE_SECONDS)
        assert batch, f"{len(found)} of {count} came"
        found += batch
        await consumer.acknowledge(batch[-1])
    await consumer.close()
    return found


async def test_a_batch_arrives_as_it_was_sent(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        sent = of(service, some_messages(300))
        assert await bus.publish_batch(service.upper(), sent[:1], 0) == 1
        assert await bus.publish_batch(service.upper(), sent[1:], 1) == 300
        last = await bus.last_message(service.upper())
        assert last.sequence == 300
        assert last.message is not None
        assert last.message.payload == sent[-1].payload
        arrived = await all_of(bus, service, 300)
        assert [each.sequence for each in arrived] == list(range(1, 301))
        assert [(each.message.subject, each.message.payload) for each in arrived] == [
            (each.subject, each.payload) for each in sent
        ]
        for each, original in zip(arrived, sent, strict=True):
            assert original.headers.items() <= each.message.headers.items()


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_batch_behind_another_sequence_is_rejected_whole(
    server: NatsServer, atomic: bool
) -> None:
    async with stream_on(server) as (bus, service):
        bus._atomic[service.upper()] = atomic
        sent = of(service, some_messages(100))
        await bus.publish_batch(service.upper(), sent[:50], 0)
        for expected in (0, 49, 51):
            with pytest.raises(Rejected):
                await bus.publish_batch(service.upper(), sent[50:], expected)
        assert (await bus.last_message(service.upper())).sequence == 50
        # It was somebody else's turn, not a fault of the batch: batches stay atomic.
        bus._atomic[service.upper()] = atomic
        assert await bus.publish_batch(service.upper(), sent[50:], 50) == 100


async def test_without_atomic_batches_a_chain_does_the_same(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        bus._atomic[service.upper()] = False
        sent = of(service, some_messages(300))
        assert await bus.publish_batch(service.upper(), sent, 0) == 300
        arrived = await all_of(bus, service, 300)
        assert [each.message.payload for each in arrived] == [each.payload for each in sent]


async def test_a_known_message_behind_the_right_sequence_is_rejected(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        sent = of(service, some_messages(3))
        await bus.publish_batch(service.upper(), sent, 0)
        for again in (sent[:1], sent):
            with pytest.raises(Rejected):
                await bus.publish_batch(service.upper(), again, 3)


async def test_a_stream_can_be_neither_purged_nor_deleted_from(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        await bus.publish_batch(service.upper(), of(service, some_messages(3)), 0)
        js = bus.client.jetstream()
        with pytest.raises(Exception, match="not permitted"):
            await js.purge_stream(service.upper())
        with pytest.raises(Exception, match="not permitted"):
            await js.delete_msg(service.upper(), 1)


async def test_a_stream_is_brought_to_what_it_should_be(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        spec = stream_spec(service, max_bytes=32 * 1024 * 1024, max_age_seconds=3600)
        await bus.ensure_stream(spec)
        config = (await bus.client.jetstream().stream_info(service.upper())).config
        assert (config.max_bytes, config.max_age) == (32 * 1024 * 1024, 3600)
        assert (config.discard, config.storage, config.allow_atomic) == ("new", "file", True)


async def test_a_full_stream_rejects_and_keeps_what_it_has(server: NatsServer) -> None:
    service = f"diary_{secrets.token_hex(4)}"
    stored: list[int] = []

    async def fill(bus: Bus) -> None:
        for number in range(100):
            batch = of(service, some_messages(1, number))
            stored.append(await bus.publish_batch(service.upper(), batch, number))

    async with bus_on(server) as bus:
        await bus.ensure_stream(stream_spec(service, max_bytes=20_000))
        with pytest.raises(Rejected, match="maximum bytes exceeded"):
            await fill(bus)
        assert (await bus.last_message(service.upper())).sequence == stored[-1] > 5


async def test_the_end_of_a_stream_is_told_as_it_was_before_a_message(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        messages = [Message(f"cards.{service}.v1.said.0", {}, b"%d" % each) for each in range(3)]
        await bus.publish_batch(service.upper(), messages, 0)
        found = [await bus.last_message(service.upper(), before=each) for each in (4, 3, 2, 1)]
        said = [each.message.payload if each.message else None for each in found]
        assert [(each.sequence, payload) for each, payload in zip(found, said, strict=True)] == [
            (3, b"2"),
            (2, b"1"),
            (1, b"0"),
            (0, None),
        ]


async def test_what_is_not_there_is_missing(server: NatsServer) -> None:
    async with bus_on(server) as bus:
        with pytest.raises(Missing):
            await bus.last_message("NOBODY")
        with pytest.raises(Missing):
            await bus.consume("NOBODY", "reader", ())
        with pytest.raises(BusError):
            await bus.publish_batch("NOBODY", [Message("nobody.listens", {}, b"")], 0)


async def test_a_consumer_that_is_deleted_says_so(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        consumer = await bus.consume(service.upper(), "reader", ())
        waiting = asyncio.create_task(consumer.fetch(10, PATIENCE_SECONDS))
        await asyncio.sleep(0.1)
        await bus.client.jetstream().delete_consumer(service.upper(), "reader")
        with pytest.raises(Missing):
            await waiting
        with pytest.raises(Missing):
            await consumer.fetch(10, 1.0)


async def test_a_durable_place_is_kept_and_shares_are_filtered(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        sent = of(service, some_messages(40))
        await bus.publish_batch(service.upper(), sent, 0)
        await all_of(bus, service, 40)
        consumer = await bus.consume(service.upper(), "reader", ())
        assert await consumer.fetch(10, 0.3) == []

        odd = [f"cards.{service}.*.*.{partition}" for partition in (1, 3)]
        expected = [each for each in sent if each.subject.rsplit(".", 1)[-1] in ("1", "3")]
        found = await all_of(bus, service, len(expected), "share", odd)
        assert [each.message.subject for each in found] == [each.subject for each in expected]


async def test_an_empty_fetch_ends_in_time(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        consumer = await bus.consume(service.upper(), "reader", ())
        began = time.monotonic()
        assert await consumer.fetch(10, 0.2) == []
        assert time.monotonic() - began > 0.15


async def test_following_gives_each_once_across_a_crash_of_the_server(fresh: NatsServer) -> None:
    async with bus_on(fresh) as bus:
        await bus.ensure_stream(stream_spec("diary"))
        await bus.last_message(STREAM)
        sent = some_messages(60)
        await bus.publish_batch(STREAM, sent[:20], 0)
        following = bus.follow(STREAM, 5)
        sequences = [(await anext(following)).sequence for _ in range(15)]
        fresh.kill()
        fresh.start()
        await _until_back(bus)
        await bus.publish_batch(STREAM, sent[20:], 20)
        async with asyncio.timeout(PATIENCE_SECONDS):
            sequences += [(await anext(following)).sequence for _ in range(40)]
        assert sequences == list(range(6, 61))


async def test_following_what_is_new_begins_at_the_end(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        sent = of(service, some_messages(6))
        await bus.publish_batch(service.upper(), sent[:3], 0)
        following = bus.follow(service.upper(), None)
        first = await _begun(bus, following)
        await bus.publish_batch(service.upper(), sent[3:], 3)
        assert (await asyncio.wait_for(first, PATIENCE_SECONDS)).sequence == 4


async def test_following_can_be_of_some_subjects(server: NatsServer) -> None:
    async with stream_on(server) as (bus, service):
        await bus.publish_batch(service.upper(), of(service, some_messages(12)), 0)
        subjects = [f"cards.{service}.*.*.{partition}" for partition in (1, 3)]
        following = bus.follow(service.upper(), 2, subjects)
        assert [(await anext(following)).sequence for _ in range(5)] == [4, 6, 8, 10, 12]


async def test_following_goes_on_in_a_stream_that_was_made_anew(fresh: NatsServer) -> None:
    async with bus_on(fresh) as bus:
        await bus.ensure_stream(stream_spec("diary"))
        await bus.last_message(STREAM)
        await bus.publish_batch(STREAM, some_messages(3), 0)
        following = bus.follow(STREAM, None)
        waiting = await _begun(bus, following)
        fresh.kill()
        fresh.delete_data()
        fresh.start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await _ensured(bus)
            await bus.publish_batch(STREAM, some_messages(2), 0)
            assert (await waiting).sequence == 1


async def test_what_is_under_way_when_the_server_dies_is_away_at_once(fresh: NatsServer) -> None:
    async with bus_on(fresh) as bus:
        await bus.ensure_stream(stream_spec("diary"))
        await bus.last_message(STREAM)
        consumer = await bus.consume(STREAM, "reader", ())
        waiting = asyncio.create_task(consumer.fetch(10, PATIENCE_SECONDS))
        await asyncio.sleep(0.1)
        fresh.kill()
        began = time.monotonic()
        with pytest.raises(Away):
            await bus.publish_batch(STREAM, some_messages(10), 0)
        with pytest.raises(Away):
            await waiting
        with pytest.raises(Away):
            await bus.last_message(STREAM)
        assert time.monotonic() - began < PATIENCE_SECONDS / 2
        fresh.start()
        await _until_back(bus)
        # Nothing was kept to be sent later.
        assert (await bus.last_message(STREAM)).sequence == 0


async def _begun(bus: JetStreamBus, following: AsyncIterator[Delivery]) -> asyncio.Future[Delivery]:
    """The first message of one who follows what is new, who knows by now where that begins."""
    looked, look = asyncio.Event(), bus.last_message

    async def noted(stream: str) -> Last:
        found = await look(stream)
        looked.set()
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bus, "last_message", noted)
        first = asyncio.ensure_future(anext(following))
        await asyncio.wait_for(looked.wait(), PATIENCE_SECONDS)
    return first


async def _ensured(bus: JetStreamBus) -> None:
    """Make the stream as soon as the server is back."""
    while True:
        try:
            await bus.ensure_stream(stream_spec("diary"))
            await bus.last_message(STREAM)
            return
        except BusError:
            await asyncio.sleep(0.05)


async def _until_back(bus: JetStreamBus) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await bus.last_message(STREAM)
                return
            except BusError:
                await asyncio.sleep(0.05)


async def test_a_bus_may_be_opened_before_there_is_a_server(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    bus = JetStreamBus(JetStreamSettings((server.url,), "diary"))
    assert not await bus.open(0.2)
    with pytest.raises(Away):
        await bus.last_message(STREAM)
    with server:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await bus._connected.wait()
        await bus.ensure_stream(stream_spec("diary"))
        await bus.close()


async def test_a_server_that_says_nothing_does_not_hold_us_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jetstream, "CONNECT_SECONDS", 0.2)
    attempts: list[asyncio.StreamWriter] = []

    async def keep_silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attempts.append(writer)

    silent = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    bus = JetStreamBus(JetStreamSettings((f"nats://127.0.0.1:{port}",), "diary"))
    assert not await bus.open(1.0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(attempts) <= 2:  # noqa: ASYNC110 - the server knows of no event.
            await asyncio.sleep(0.05)
    await bus.close()
    for writer in attempts:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
    silent.close()
    await silent.wait_closed()


async def test_a_connection_beyond_help_is_lost(fresh: NatsServer) -> None:
    async with bus_on(fresh) as bus:
        lost = asyncio.create_task(bus.lost())
        await asyncio.sleep(0.1)
        assert not lost.done()
        # What nats-py does to itself when it cannot read what the server says.
        await bus.client.close()
        assert "closed for good" in await asyncio.wait_for(lost, PATIENCE_SECONDS)
        with pytest.raises(Away):
            await bus.last_message(STREAM)


async def test_a_bus_that_was_closed_is_not_lost(fresh: NatsServer) -> None:
    async with bus_on(fresh) as bus:
        lost = asyncio.create_task(bus.lost())
        await bus.close()
        await asyncio.sleep(0.1)
        assert not lost.done()
        lost.cancel()
