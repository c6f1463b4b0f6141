"""The bus as a port: streams of messages, each brought at least once, perhaps late or disordered.

`chassis.jetstream` is the real one; the simulation has its own.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_BATCH_MESSAGES = 512
"""At most so many messages in one `publish_batch`; a NATS server allows 1,000 in an atomic one."""
MAX_PAYLOAD_BYTES = 256 * 1024
"""A payload is never larger."""
MAX_HEADER_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """What is published: a subject, headers with single values, and a payload."""

    subject: str
    headers: Mapping[str, str]
    payload: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message at its place in a stream (`sequence`, from 1). `handle` belongs to the bus: it is
    what the bus recognises the delivery by when it is acknowledged."""

    message: Message
    sequence: int
    handle: str = ""


@dataclass(frozen=True, slots=True)
class Last:
    """The end of a stream: the last sequence given out (0 if none ever was) and the message there,
    or None when nothing is kept of it."""

    sequence: int
    message: Message | None


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream as its owner wants it: on disk, refusing new messages when full, and letting nobody
    delete or purge."""

    name: str
    subjects: tuple[str, ...]
    max_bytes: int
    max_age_seconds: int
    replicas: int = 1


class BusError(Exception):
    """Base of what a bus raises. BusError ├── Away └── Rejected ── Missing."""


class Away(BusError):
    """The bus did not answer in time: whether the request had an effect is not known."""


class Rejected(BusError):
    """The bus said no, and nothing was stored: another last sequence, full, not permitted."""


class Missing(Rejected):
    """There is no such stream or consumer (any longer)."""


class Consumer(Protocol):
    """A durable place in a stream."""

    async def fetch(self, limit: int, timeout_seconds: float) -> list[Delivery]:
        """Wait for messages and give what there is, at most `limit`, in the order of the stream
        but for those that come again; an empty list when the time is over. Raises BusError."""
        ...

    async def acknowledge(self, delivery: Delivery) -> None:
        """Move the place behind `delivery` and all before it. A hint: when the bus is away nothing
        is raised, and what is not acknowledged comes again."""
        ...

    async def close(self) -> None:
        """Stop receiving; the durable place stays."""
        ...


class Bus(Protocol):
    """Everything that is asked of a message bus."""

    async def ensure_stream(self, spec: StreamSpec) -> None:
        """Create the stream, or bring it to `spec`. Raises BusError."""
        ...

    async def last_message(self, stream: str, before: int | None = None) -> Last:
        """Where the stream ends, or would end `before` a sequence, as its leader knows it. Raises
        BusError, Missing among it."""
        ...

    async def publish_batch(
        self, stream: str, messages: Sequence[Message], expected_last_sequence: int
    ) -> int:
        """Append `messages` (1 to MAX_BATCH_MESSAGES) in order behind `expected_last_sequence`, and
        give the sequence of the last.

        When anything is behind that sequence already it raises Rejected. After Away none, some of
        the first or all of the messages may be stored, each once, in order, without a gap: read
        `last_message` and go on from there. (An atomic batch stores all or none. A server that has
        none is given a chain of messages, each behind the next sequence; so whoever publishes to
        one stream at the same time has to agree on what stands at which sequence, as relays do.)
        """
        ...

    async def consume(self, stream: str, durable: str, subjects: Sequence[str]) -> Consumer:
        """Open the durable place `durable`, at the beginning of the stream when it is new, for
        messages whose subjects match one of `subjects` (NATS wildcards `*` and `>`), all if there
        are none. Raises BusError."""
        ...

    def follow(
        self, stream: str, after_sequence: int | None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Delivery]:
        """Messages behind `after_sequence`, or (None) only those that are still to come, each once,
        in order, for ever; leaves no place behind."""
        ...

    async def close(self) -> None:
        """Let go of the connection; everything still waiting raises Away."""
        ...
