"""Whenever somebody speaks, what we do: the shape of a policy and of a timer rule."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from chassis.kernel.events import Command, Fact
from chassis.recorded import Meta
from chassis.work import Cancel, Schedule


@dataclass(frozen=True, slots=True)
class About:
    """Where a public message comes from."""

    source: str
    epoch: int
    position: int
    event_id: str
    stream: str
    stream_version: int
    occurred_at: datetime
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Policy:
    """`do` is pure: a public message of type `on` and where it is from → commands.

    Each command is decided in our own store; together with the inbox row they are one unit.
    """

    on: type[Message]
    do: Callable[[Any, About], Iterable[Command]]

    @property
    def name(self) -> str:
        """The sentence that the policy is."""
        return self.do.__name__

    @property
    def source(self) -> str:
        """The service that speaks: `accounts` for `cards.accounts.v1.…`."""
        return str(self.on.DESCRIPTOR.full_name).split(".")[1]


@dataclass(frozen=True, slots=True)
class TimerRule:
    """`do` is pure: an own fact of type `on` → timers to set or to take back, stored with it."""

    on: type[Fact]
    do: Callable[[Any, Meta], Iterable[Schedule | Cancel]]
