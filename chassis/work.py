"""What is handed to the committer and what comes back."""

from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from hashlib import sha256
from typing import Any

from chassis.kernel.events import Command, Fact
from chassis.kernel.values import keyword_record, record
from chassis.recorded import Meta


@record
class Idempotency:
    """The caller's name for one request; `request_hash` is SHA-256 of its canonical bytes."""

    principal: str
    method: str
    key: str
    request_hash: bytes
    request_id: str = field(init=False)
    """One id for the three that name a request."""

    def __post_init__(self) -> None:
        parts = f"{len(self.principal)}:{self.principal}{len(self.method)}:{self.method}{self.key}"
        object.__setattr__(self, "request_id", sha256(parts.encode()).hexdigest()[:32])


@record
class Inbox:
    """One message of another service, about to be taken in.

    `outcome` is `applied`, `ignored` (no policy), `parked` (its stream waits) or `redriven` (it was
    parked and is tried again; only then may the row be there already)."""

    source: str
    epoch: int
    position: int
    partition: int
    topic: str
    stream: str
    outcome: str = "applied"


@record
class Audit:
    """A privileged act for the Merkle log: who, for whom, what, on what, from where."""

    actor: str
    on_behalf_of: str
    action: str
    object: str
    origin: str
    correlation_id: str


@record
class Receipt:
    """Where the effect of a unit stands; see cards.type.v1.Receipt."""

    event_id: str
    stream: str
    stream_version: int
    epoch: int
    position: int


@record
class Settled:
    """What an answer may be rendered from: the state after each command, and the place."""

    states: tuple[Any, ...]
    facts: tuple[Fact, ...]
    receipt: Receipt

    @property
    def state(self) -> Any:
        """The state after the last command."""
        return self.states[-1]


@record
class Outcome:
    """What became of a unit. `answer` is what `render` gave, or gave the first time."""

    answer: bytes
    facts: tuple[Fact, ...]
    receipt: Receipt
    replayed: bool = False


@keyword_record
class Work:
    """One unit for the committer: all of it is stored, or none.

    A unit whose inbox rows are all there already is skipped; one whose idempotency row is there is
    answered from it; one whose timer is gone does nothing. `inside` runs in the same transaction,
    with its connection, after the events are inserted: for rows that must not be in an event.
    `wanted` is asked once the store is ours: a unit that nobody wants any more is not settled.
    """

    commands: tuple[Command, ...]
    meta: Meta
    idempotency: Idempotency | None = None
    inbox: tuple[Inbox, ...] = ()
    timer: str | None = None
    render: Callable[[Settled], bytes] | None = None
    audit: Audit | None = None
    inside: Callable[[Any, Settled], None] | None = None
    wanted: Callable[[], bool] | None = None


@record
class Schedule:
    """Ask for `command` to be carried out at `due_at`, durably; the same `timer_id` replaces."""

    timer_id: str
    due_at: datetime
    command: Command


@record
class Cancel:
    """Take a timer back; nothing happens if it is not there."""

    timer_id: str
