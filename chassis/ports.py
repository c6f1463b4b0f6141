"""What a service stands on: what the world gives it, and what is made of that for its code."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from chassis.application import Application
from chassis.bus import Bus
from chassis.crypto.keys import Keys
from chassis.database import Database, Runner
from chassis.event_store.log import Log
from chassis.kernel.clock import Clock
from chassis.kernel.ids import Ids, uuid_digits
from chassis.subscriber import WHOLE, Share
from chassis.taking_in import BeginSpan, no_span

IDS_AT_ONCE = 128
ID_DIGITS = 32


class Rpc(Protocol):
    """Other services, by name."""

    def stub(self, stub: Any, service: str) -> Any:
        """A stub of the generated class `stub`; its methods raise kernel errors."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class RandomIds:
    """Ids nobody can guess: UUIDs of version 4.

    Asking the kernel for chance gives up the interpreter's lock, for which a busy server waits
    longer than for the chance; so it is asked for many ids at a time.
    """

    def __init__(self) -> None:
        self._ready: list[str] = []

    def new(self) -> str:
        try:
            return self._ready.pop()
        except IndexError:
            # Another thread may do the same meanwhile; then there are ids for both.
            chance = os.urandom(IDS_AT_ONCE * ID_DIGITS // 2).hex()
            starts = range(0, len(chance), ID_DIGITS)
            self._ready += [uuid_digits(chance[i : i + ID_DIGITS], 4) for i in starts]
            return self.new()


def system_random() -> Random:
    """Random numbers nobody can guess: they become card numbers."""
    return SystemRandom()


@dataclass(kw_only=True)
class World:
    """What differs between production, a test and a simulation."""

    clock: Clock
    ids: Ids
    random: Random
    engine: Engine
    runner: Runner
    bus: Bus | None
    rpc: Rpc
    keys: Keys | None = None
    checkpoint_key: Ed25519PrivateKey | None = None
    """Signs checkpoints of the audit log; none are signed without it."""
    request_secret: bytes = b""
    """Keys the stored hashes of requests; the same for all processes of a service, for ever."""
    alone: bool = True
    """Whether no other process writes to this store."""
    share: Share = WHOLE
    """Which partitions of what others say this process takes in."""
    on_batch: Callable[[int, float], None] = lambda units, seconds: None
    """Told of every commit: units and seconds."""
    on_published: Callable[[float], None] = lambda lag_seconds: None
    """Told by the relay how long the first fact of a batch had waited."""
    begin_span: BeginSpan = no_span
    """Begins the span of a message that is taken in."""
    on_applied: Callable[[str, float], None] = lambda source, lag_seconds: None
    """Told by a subscriber how old a fact was when its effects were durable."""


@dataclass(kw_only=True)
class Ports:
    """What a service's own code may touch of the world."""

    clock: Clock
    ids: Ids
    random: Random
    application: Application
    database: Database
    log: Log
    rpc: Rpc
    settings: Any
    keys: Any = None
    """A chassis.crypto.keys.Keys; set last, because auth makes its own from the other ports."""

    async def sleep(self, seconds: float) -> None:
        """Wait, in the time of the world."""
        await asyncio.sleep(seconds)
