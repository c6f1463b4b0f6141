"""A simulated JetStream behind `chassis.bus.Bus`: late, twice, disordered, crashed, wiped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from chassis.bus import (
    MAX_BATCH_MESSAGES,
    Away,
    Consumer,
    Delivery,
    Last,
    Message,
    Missing,
    Rejected,
    StreamSpec,
)
from chassis.simulation.network import SimulatedNetwork

T = TypeVar("T")

NAME = "nats"
REQUEST_TIMEOUT_SECONDS = 2.0
ACK_WAIT_SECONDS = 5.0
POLL_SECONDS = 0.5
"""How long a follower waits before it looks again when the server was away."""
AGAIN_CHANCE = 0.04
"""How often a fetch brings what was not acknowledged before its time, as after a lost place."""
ACK_LOSS_CHANCE = 0.06
PART_CHANCE = 0.3
"""How often a batch whose answer is lost was stored only in part."""


@dataclass(eq=False)
class _Place:
    """A durable consumer: all up to `floor` is done with, all up to `delivered` was given out."""

    subjects: tuple[str, ...]
    floor: int = 0
    flushed: int = 0
    delivered: int = 0
    pending: dict[int, float] = field(default_factory=dict)


@dataclass(eq=False)
class _Stream:
    """The messages of one stream from sequence 1; `synced` of them survive a crash."""

    spec: StreamSpec
    messages: list[Message] = field(default_factory=list)
    places: dict[str, _Place] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class SimulatedBusServer:
    """The server: what it holds, and what can happen to it."""

    def __init__(self, network: SimulatedNetwork) -> None:
        self.network = network
        self.world = network.world
        self.random = network.world.random("bus")
        self.up = True
        self.streams: dict[str, _Stream] = {}

    def client(self, name: str) -> "SimulatedBus":
        """The bus as a process on the machine of that name sees it."""
        return SimulatedBus(self, name)

    def crash(self, lost_messages: int = 0) -> None:
        """Stop. Each stream loses up to so many messages at its end, each place what was not
        flushed."""
        self.world.trace.add("bus", f"crash, up to {lost_messages} messages lost")
        self.up = False
        for stream in self.streams.values():
            lost = self.random.randint(0, min(lost_messages, len(stream.messages)))
            self.world.sometimes("the bus lost acknowledged messages in a crash", lost > 0)
            if lost:
                del stream.messages[-lost:]
            for place in stream.places.values():
                self.world.sometimes("the bus lost a consumer's place", place.flushed < place.floor)
                place.floor = min(place.flushed, len(stream.messages))
                place.delivered = place.floor
                place.pending.clear()

    def restart(self) -> None:
        """Serve again."""
        self.world.trace.add("bus", "restart")
        self.up = True
        for stream in self.streams.values():
            stream.arrived.set()

    def wipe(self) -> None:
        """The whole data directory is deleted."""
        self.world.trace.add("bus", "wipe")
        self.world.sometimes("the bus was wiped", bool(self.streams))
        for stream in self.streams.values():
            stream.arrived.set()
        self.streams.clear()

    def messages(self, stream: str) -> list[Message]:
        """What a stream holds, for invariants."""
        found = self.streams.get(stream)
        return list(found.messages) if found is not None else []

    # ------------------------------------------------------------------ what clients ask

    def stream(self, name: str) -> _Stream:
        """The stream of that name. Raises Missing."""
        found = self.streams.get(name)
        if found is None:
            raise Missing(f"no stream {name}")
        return found

    def ensure(self, spec: StreamSpec) -> None:
        """Create a stream, or change what it is to be."""
        found = self.streams.get(spec.name)
        if found is None:
            self.streams[spec.name] = _Stream(spec)
        else:
            found.spec = spec

    def append(self, name: str, messages: Sequence[Message], expected: int, part: int) -> int:
        """Store the first `part` messages if the stream ends at `expected`. Raises Rejected."""
        stream = self.stream(name)
        last = len(stream.messages)
        if last != expected:
            self.world.sometimes("a publish was fenced off by the expected sequence")
            raise Rejected(f"wrong last sequence: {last}")
        stream.messages.extend(messages[:part])
        self.world.trace.add("publish", f"{name} {expected + 1}..{len(stream.messages)}")
        stream.arrived.set()
        return len(stream.messages)

    def take(self, name: str, durable: str, limit: int) -> list[Delivery]:
        """What a fetch brings now: what is due again, disordered, then what is new, in order."""
        stream = self.stream(name)
        place = stream.places.get(durable)
        if place is None:
            raise Missing(f"no consumer {durable}")
        again = self._due_again(place)[:limit]
        fresh: list[int] = []
        while place.delivered < len(stream.messages) and len(again) + len(fresh) < limit:
            place.delivered += 1
            if _matches(stream.messages[place.delivered - 1].subject, place.subjects):
                fresh.append(place.delivered)
        due = self.world.loop.time() + ACK_WAIT_SECONDS
        place.pending.update(dict.fromkeys([*again, *fresh], due))
        self.world.sometimes("a message was delivered again", bool(again))
        if again or fresh:
            self.world.trace.add("deliver", f"{name} {durable} again {again} new {fresh}")
        elif place.delivered == len(stream.messages):
            stream.arrived.clear()
        return [Delivery(stream.messages[each - 1], each, f"{each}") for each in [*again, *fresh]]

    def acknowledge(self, name: str, durable: str, sequence: int) -> None:
        """Move a place; forgets what is no longer there."""
        stream = self.streams.get(name)
        place = stream.places.get(durable) if stream is not None else None
        if place is None or place.floor >= sequence or place.delivered < sequence:
            return
        place.floor = sequence
        if self.random.random() < 0.5:
            place.flushed = sequence
        for each in [each for each in place.pending if each <= sequence]:
            del place.pending[each]

    def _due_again(self, place: _Place) -> list[int]:
        early = self.network.rough and self.random.random() < AGAIN_CHANCE
        now = self.world.loop.time()
        due = [each for each, at in place.pending.items() if early or at <= now]
        if len(due) > 1 and self.random.random() < 0.5:
            self.random.shuffle(due)
        return due


def _matches(subject: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(_matches_one(subject, each) for each in patterns)


def _matches_one(subject: str, pattern: str) -> bool:
    words, wanted = subject.split("."), pattern.split(".")
    if wanted[-1] == ">":
        wanted = wanted[:-1]
        if len(words) <= len(wanted):
            return False
        words = words[: len(wanted)]
    return len(words) == len(wanted) and all(
        w == "*" or w == s for w, s in zip(wanted, words, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    """What the server answered: a value or an error."""

    value: T | None = None
    error: Exception | None = None

    def get(self) -> T:
        if self.error is not None:
            raise self.error
        return cast(T, self.value)


class SimulatedBus:
    """`chassis.bus.Bus` of one process."""

    def __init__(self, server: SimulatedBusServer, name: str) -> None:
        self.server = server
        self._name = name

    async def ensure_stream(self, spec: StreamSpec) -> None:
        await self.ask(lambda: self.server.ensure(spec))

    async def last_message(self, stream: str, before: int | None = None) -> Last:
        def last() -> Last:
            messages = self.server.stream(stream).messages[: None if before is None else before - 1]
            return Last(len(messages), messages[-1] if messages else None)

        return await self.ask(last)

    async def publish_batch(
        self, stream: str, messages: Sequence[Message], expected_last_sequence: int
    ) -> int:
        if not 1 <= len(messages) <= MAX_BATCH_MESSAGES:
            raise ValueError("a batch has 1 to MAX_BATCH_MESSAGES messages")
        self.server.world.sometimes("a batch of more than one message", len(messages) > 1)
        loses_answer, part = self.server.network.loses(), len(messages)
        if loses_answer and self.server.random.random() < PART_CHANCE:
            part = self.server.random.randint(0, len(messages))

        def append() -> int:
            return self.server.append(stream, messages, expected_last_sequence, part)

        return await self.ask(append, loses_answer)

    async def consume(self, stream: str, durable: str, subjects: Sequence[str]) -> Consumer:
        def open_place() -> None:
            places = self.server.stream(stream).places
            if durable in places:
                places[durable].subjects = tuple(subjects)
            else:
                places[durable] = _Place(tuple(subjects))

        await self.ask(open_place)
        return _SimulatedConsumer(self, stream, durable)

    async def follow(
        self, stream: str, after_sequence: int | None, subjects: Sequence[str] = ()
    ) -> AsyncIterator[Delivery]:
        at = after_sequence
        while True:
            try:
                if at is None:
                    at = (await self.last_message(stream)).sequence
                found = await self.ask(lambda: list(self.server.stream(stream).messages))
            except (Away, Missing):
                await asyncio.sleep(POLL_SECONDS)
                continue
            at = min(at, len(found))
            for message in found[at:]:
                at += 1
                if _matches(message.subject, subjects):
                    yield Delivery(message, at)
            await asyncio.sleep(POLL_SECONDS)

    async def close(self) -> None:
        """Nothing is held."""

    def reachable(self) -> bool:
        """Whether a request gets through to the server now."""
        return self.server.up and not self.server.network.parted(self._name, NAME)

    async def ask(self, what: Callable[[], T], loses_answer: bool | None = None) -> T:
        """A request and its answer. The request goes on when the process that sent it is gone."""
        network = self.server.network
        # An error travels as a value: nobody may be left to retrieve it.
        answer: asyncio.Future[_Answer[T]] = self.server.world.loop.create_future()
        lost = network.loses() if loses_answer is None else loses_answer
        self.server.world.start(None, self._carry(what, answer, lost))
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                return (await answer).get()
        except TimeoutError:
            raise Away("the bus did not answer in time") from None

    async def _carry(
        self, what: Callable[[], T], answer: asyncio.Future[_Answer[T]], lost: bool
    ) -> None:
        network = self.server.network
        await network.hop(NAME)
        if not self.reachable():
            return
        try:
            made = _Answer(value=what())
        except Rejected as error:
            made = _Answer(error=error)
        await network.hop(NAME)
        self.server.world.sometimes("an answer of the bus was lost", lost)
        if not lost and not answer.done() and self.reachable():
            answer.set_result(made)


class _SimulatedConsumer:
    """`chassis.bus.Consumer` of one process."""

    def __init__(self, bus: SimulatedBus, stream: str, durable: str) -> None:
        self._bus = bus
        self._server = bus.server
        self._stream = stream
        self._durable = durable

    async def fetch(self, limit: int, timeout_seconds: float) -> list[Delivery]:
        loop = self._server.world.loop
        until = loop.time() + timeout_seconds
        while True:
            await self._server.network.hop(NAME)
            if not self._bus.reachable():
                await asyncio.sleep(POLL_SECONDS)
                raise Away("the bus is away")
            found = self._server.take(self._stream, self._durable, limit)
            if found:
                await self._server.network.hop(NAME)
                return found
            left = until - loop.time()
            if left <= 0:
                return []
            await self._wait(min(left, ACK_WAIT_SECONDS))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._server.stream(self._stream).arrived.wait()
        except TimeoutError:
            return

    async def acknowledge(self, delivery: Delivery) -> None:
        self._server.world.start(None, self._carry(int(delivery.handle)))
        await asyncio.sleep(0)

    async def _carry(self, sequence: int) -> None:
        network = self._server.network
        await network.hop(NAME)
        if network.rough and self._server.random.random() < ACK_LOSS_CHANCE:
            self._server.world.sometimes("an acknowledgement was lost")
            return
        if self._bus.reachable():
            self._server.acknowledge(self._stream, self._durable, sequence)

    async def close(self) -> None:
        """The durable place stays."""
