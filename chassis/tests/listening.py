"""A producer and one listener in virtual time, for the tests of the subscriber."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.bus import Message
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command
from chassis.policies import About, Policy
from chassis.simulation.world import World
from chassis.subscriber import WHOLE, Share, Subscriber
from chassis.tests.memory_bus import MemoryBus
from chassis.tests.messaging import (
    DIARY,
    MemoryFeed,
    MemoryIntake,
    MemoryLog,
    NoteWritten,
    Remember,
    messages_of,
    stream_in,
)

ONE, OTHER, THIRD = stream_in(3), stream_in(4), stream_in(3, 1)


def remember_what_is_written(message: Any, about: About) -> Iterable[Command]:
    yield Remember(note_id=message.note_id)


def remember_the_stream(message: Any, about: About) -> Iterable[Command]:
    yield Remember(note_id=about.stream)


POLICIES = (Policy(DIARY.NoteWritten, remember_what_is_written),)


@dataclass
class Scene:
    """A producer and one listener in virtual time."""

    world: World = field(default_factory=lambda: World(0))
    log: MemoryLog = field(default_factory=MemoryLog)
    bus: MemoryBus = field(default_factory=MemoryBus)
    intake: MemoryIntake = field(default_factory=MemoryIntake)
    policies: Sequence[Policy] = POLICIES
    ahead: int = 1
    lags: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.feed = MemoryFeed(self.log)

    def subscriber(self, share: Share = WHOLE) -> Subscriber:
        return Subscriber(
            "memory",
            "diary",
            self.policies,
            self.bus,
            self.feed,
            self.intake,
            self.world.clock(),
            share=share,
            ahead=self.ahead,
            on_applied=lambda source, lag: self.lags.append((source, lag)),
        )

    def write(self, *note_ids: str, stream: str = ONE) -> None:
        self.log.append(*(NoteWritten(note_id=each) for each in note_ids), stream=stream)

    def publish(self, messages: Sequence[Message] | None = None) -> None:
        """Bring to the stream what it does not have, or just these."""
        if messages is None:
            known = len(self.bus.streams["DIARY"].messages) if self.bus.streams else 0
            messages = messages_of(self.log)[known:]
        self.bus.put("DIARY", messages)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with self.world:
            return self.world.run(coroutine)

    async def listen(self, seconds: float = 2.0, share: Share = WHOLE) -> None:
        subscriber = self.subscriber(share)
        task = asyncio.create_task(subscriber.run())
        await asyncio.sleep(seconds)
        await subscriber.stop(5.0)
        await task


def refuse(*note_ids: str) -> Any:
    def refusing(command: Command) -> None:
        if isinstance(command, Remember) and command.note_id in note_ids:
            raise Refused("ACCOUNT_CLOSED", "holder Ms Example")

    return refusing
