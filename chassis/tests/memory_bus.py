"""A bus in memory that loses, refuses and delays what a test wants it to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from chassis.bus import Away, Consumer, Delivery, Last, Message, Missing, Rejected, StreamSpec


@dataclass
class _Place:
    subjects: Sequence[str]
    delivered: int = 0
    floor: int = 0


@dataclass
class MemoryStream:
    messages: list[Message] = field(default_factory=list)
    places: dict[str, _Place] = field(default_factory=dict)


class MemoryBus:
    """`chassis.bus.Bus`. `on_publish` may raise, and stores what it likes of the batch before."""

    def __init__(self) -> None:
        self.streams: dict[str, MemoryStream] = {}
        self.away = False
        self.lose: Callable[[Message], bool] = lambda message: False
        """Which messages are never delivered."""
        self.on_publish: Callable[[MemoryStream, Sequence[Message]], None] = lambda *_: None
        self.batches: list[int] = []
        self.publish_seconds = 0.001
        self.publishing = asyncio.Event()
        self._moved = asyncio.Event()

    async def ensure_stream(self, spec: StreamSpec) -> None:
        self._check()
        self.streams.setdefault(spec.name, MemoryStream())

    async def last_message(self, stream: str, before: int | None = None) -> Last:
        messages = self._stream(stream).messages[: None if before is None else before - 1]
        return Last(len(messages), messages[-1] if messages else None)

    async def publish_batch(
        self, stream: str, messages: Sequence[Message], expected_last_sequence: int
    ) -> int:
        found = self._stream(stream)
        self.publishing.set()
        await asyncio.sleep(self.publish_seconds)
        if len(found.messages) != expected_last_sequence:
            raise Rejected("wrong last sequence")
        self.on_publish(found, messages)
        self.put(stream, messages)
        self.batches.append(len(messages))
        return len(found.messages)

    def put(self, stream: str, messages: Sequence[Message]) -> None:
        """Store messages without further ado."""
        self.streams.setdefault(stream, MemoryStream()).messages.extend(messages)
        self._moved.set()
        self._moved = asyncio.Event()

    async def consume(self, stream: str, durable: str, subjects: Sequence[str]) -> Consumer:
        self._stream(stream).places.setdefault(durable, _Place(subjects))
        return MemoryConsumer(self, stream, durable)

    async def follow(
        self, stream: str, after_sequence: int | None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Delivery]:
        at = len(self._stream(stream).messages) if after_sequence is None else after_sequence
        while True:
            messages = self._stream(stream).messages
            while at < len(messages):
                at += 1
                yield Delivery(messages[at - 1], at)
            await self.moved(1.0)

    async def close(self) -> None:
        """Nothing is held."""

    async def moved(self, seconds: float) -> None:
        """Wait for something to be put."""
        try:
            async with asyncio.timeout(seconds):
                await self._moved.wait()
        except TimeoutError:
            return

    def _stream(self, name: str) -> MemoryStream:
        self._check()
        if name not in self.streams:
            raise Missing(f"no stream {name}")
        return self.streams[name]

    def _check(self) -> None:
        if self.away:
            raise Away("the bus is away")


class MemoryConsumer:
    def __init__(self, bus: MemoryBus, stream: str, durable: str) -> None:
        self._bus = bus
        self._name = stream
        self._durable = durable

    def _place(self) -> tuple[MemoryStream, _Place]:
        stream = self._bus._stream(self._name)
        if self._durable not in stream.places:
            raise Missing("no such consumer")
        return stream, stream.places[self._durable]

    async def fetch(self, limit: int, timeout_seconds: float) -> list[Delivery]:
        stream, place = self._place()
        if place.delivered >= len(stream.messages):
            await self._bus.moved(timeout_seconds)
            stream, place = self._place()
        begin = place.delivered
        place.delivered = min(len(stream.messages), begin + limit)
        return [
            Delivery(message, sequence)
            for sequence, message in enumerate(stream.messages[begin : place.delivered], begin + 1)
            if not self._bus.lose(message)
        ]

    async def acknowledge(self, delivery: Delivery) -> None:
        _, place = self._place()
        place.floor = max(place.floor, delivery.sequence)

    async def close(self) -> None:
        """Nothing is held."""
