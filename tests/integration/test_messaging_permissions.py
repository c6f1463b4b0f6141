"""Permissions on a real NATS server: each service can do its work, and nobody that of others."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from chassis.bus import Delivery
from chassis.jetstream import JetStreamBus, JetStreamSettings
from chassis.nats_config import OBSERVER, NatsPermissions, permissions
from chassis.relay import stream_spec
from chassis.testing.servers import NatsServer, NatsUser
from tests.integration.messaging import PATIENCE_SECONDS, STREAM, bus_on, some_messages

READERS = {"diary": (), "memory": ("diary",), "stranger": ()}
ADMIN = "admin"


def nats_users() -> tuple[NatsUser, ...]:
    def user(each: NatsPermissions) -> NatsUser:
        password = f"{each.user}-password"
        return NatsUser(
            name=each.user, password=password, publish=each.publish, subscribe=each.subscribe
        )

    everybody = [user(each) for each in permissions(READERS, workers=2)]
    return (*everybody, NatsUser(name=ADMIN, password=f"{ADMIN}-password"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("guarded"), users=nats_users()) as running:
        yield running


def user_on(server: NatsServer, name: str) -> AbstractAsyncContextManager[JetStreamBus]:
    return bus_on(server, name, password=f"{name}-password")


async def test_everybody_can_do_their_work(guarded: NatsServer) -> None:
    async with (
        user_on(guarded, "diary") as diary,
        user_on(guarded, "memory") as memory,
        user_on(guarded, OBSERVER) as observer,
    ):
        await diary.ensure_stream(stream_spec("diary"))
        await diary.ensure_stream(stream_spec("diary", max_age_seconds=3600))
        last = await diary.last_message(STREAM)
        following = observer.follow(STREAM, last.sequence)
        sent = some_messages(20, last.sequence)
        await diary.publish_batch(STREAM, sent, last.sequence)
        assert (await anext(following)).message.payload == sent[0].payload
        for durable in ("memory-0-of-1", "memory-1-of-2"):
            consumer = await memory.consume(STREAM, durable, ())
            # A fetch answers with what has arrived, which need not be everything that was sent.
            found: list[Delivery] = []
            while len(found) < len(sent):
                fetched = await consumer.fetch(256, PATIENCE_SECONDS)
                assert fetched
                found += fetched
            await consumer.acknowledge(found[-1])
            assert await _acknowledged_up_to(guarded, durable, found[-1].sequence)


async def _acknowledged_up_to(server: NatsServer, durable: str, sequence: int) -> bool:
    """Whether the server comes to know that a place was moved."""
    async with user_on(server, ADMIN) as admin, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            info = await admin.client.jetstream().consumer_info(STREAM, durable)
            if info.ack_floor is not None and info.ack_floor.stream_seq == sequence:
                return not info.num_ack_pending
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        ("memory", "cards.diary.v1.note_written.3"),
        ("memory", "$JS.API.STREAM.DELETE.DIARY"),
        ("memory", "$JS.API.STREAM.UPDATE.DIARY"),
        ("memory", "$JS.API.STREAM.PURGE.DIARY"),
        ("diary", "$JS.API.STREAM.DELETE.DIARY"),
        ("diary", "$JS.API.STREAM.CREATE.MEMORY"),
        ("diary", "$JS.API.CONSUMER.DELETE.DIARY.memory-0-of-1"),
        ("memory", "$JS.API.CONSUMER.CREATE.DIARY.stranger-0-of-1"),
        ("stranger", "$JS.API.CONSUMER.CREATE.DIARY.stranger-0-of-1"),
        ("stranger", "$JS.API.CONSUMER.MSG.NEXT.DIARY.memory-0-of-1"),
        ("stranger", "$JS.ACK.DIARY.memory-0-of-1.1.1.1.1.0"),
        ("stranger", "_INBOX_memory.answer"),
        (OBSERVER, "cards.diary.v1.note_written.3"),
        (OBSERVER, "$JS.API.CONSUMER.DELETE.DIARY.memory-0-of-1"),
        (OBSERVER, "$JS.API.CONSUMER.CREATE.DIARY.memory-0-of-1"),
        (OBSERVER, "$JS.API.CONSUMER.MSG.NEXT.DIARY.memory-0-of-1"),
    ],
)
async def test_nobody_can_do_the_work_of_others(
    guarded: NatsServer, user: str, subject: str
) -> None:
    async with user_on(guarded, user) as bus, refusal(bus) as refused:
        await bus.client.publish(subject, b"{}", bus.client.new_inbox())
        assert "permissions violation for publish" in await refused


@pytest.mark.parametrize("subject", ["_INBOX_diary.>", "cards.>", ">", "$JS.>", "_INBOX.>"])
async def test_nobody_hears_what_is_for_others(guarded: NatsServer, subject: str) -> None:
    async with user_on(guarded, "stranger") as bus, refusal(bus) as refused:
        await bus.client.subscribe(subject)
        assert "permissions violation for subscription" in await refused


@asynccontextmanager
async def refusal(bus: JetStreamBus) -> AsyncIterator[asyncio.Future[str]]:
    """The next thing that the server complains of."""
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def note(error: Exception) -> None:
        if not said.done():
            said.set_result(str(error).lower())

    bus.client._error_cb = note
    async with asyncio.timeout(PATIENCE_SECONDS):
        yield said


async def test_a_wrong_password_never_connects(guarded: NatsServer) -> None:
    bus = JetStreamBus(JetStreamSettings((guarded.url,), "diary", "diary", "guess"))
    assert not await bus.open(1.0)
    await bus.close()
