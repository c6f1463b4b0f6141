"""What the messaging tests share that need a real NATS server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.bus import Message
from chassis.jetstream import JetStreamBus, JetStreamSettings
from chassis.testing.servers import NatsServer
from chassis.tests.messaging import MemoryLog, NoteWritten, messages_of, stream_in

STREAM = "DIARY"
PATIENCE_SECONDS = 60.0


def some_messages(count: int, start: int = 0) -> list[Message]:
    log = MemoryLog()
    for number in range(start + count):
        log.append(NoteWritten(note_id=f"{number}"), stream=stream_in(number % 4))
    return messages_of(log)[start:]


@asynccontextmanager
async def bus_on(
    server: NatsServer, name: str = "diary", *, password: str | None = None
) -> AsyncIterator[JetStreamBus]:
    """A connection, as the user `name` if there is a password."""
    user = name if password is not None else None
    bus = JetStreamBus(JetStreamSettings((server.url,), name, user, password))
    assert await bus.open(PATIENCE_SECONDS)
    try:
        yield bus
    finally:
        await bus.close()
