"""The port to the store of whoever takes messages in: watermarks, inbox rows, parked messages."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from chassis.bus import Message
from chassis.envelope import NOWHERE, Incoming, Place
from chassis.kernel.errors import Error
from chassis.kernel.values import record
from chassis.work import Inbox, Outcome, Work

APPLIED = "applied"
"""Policies ran, and their commands were carried out in the same transaction."""
IGNORED = "ignored"
"""We have no policy for such a fact."""
PARKED = "parked"
"""It was refused, or waits behind one that was."""
REDRIVEN = "redriven"
"""It was parked and is carried out now; without a parked row the unit is skipped."""
SKIPPED = "skipped"
"""It was parked and is given up; without a parked row the unit is skipped."""

BEHIND = "BEHIND"
"""The reason of a message that was not refused itself: an earlier one of its stream is parked."""
REASON_LENGTH = 120


@record
class Following(Inbox):
    """A row that may be committed only when its lane (source and partition) is taken in at least up
    to `after`. So several units of a lane can be submitted at once, and none overtakes another that
    is refused."""

    after: Place = NOWHERE


@record
class Parked:
    """A message that waits. `reason` is an error's class and reason code, no other text of it,
    which might say too much."""

    inbox: Inbox
    reason: str
    message: Message


class Intake(Protocol):
    """All of it raises Unavailable while the store is away."""

    async def watermarks(self, source: str) -> Mapping[int, Place]:
        """Per partition the place of the last message of `source` that has an inbox row."""
        ...

    async def parked_streams(self, source: str) -> Collection[str]:
        """The streams of `source` of which messages wait."""
        ...

    async def parked(self, source: str, stream: str, limit: int) -> Sequence[Parked]:
        """The first `limit` messages that wait of a stream, in order of place."""
        ...

    async def submit(self, work: Work) -> Outcome:
        """Commit a unit with its inbox rows and move the watermarks of their partitions, all in one
        transaction; rows that are there already are not taken in again.

        A unit with a fresh row that is `Following` and whose lane is not so far is refused with
        Conflict; an intake that does not check that must be given one unit of a lane at a time.

        A row of outcome `redriven` or `skipped` changes the parked one instead and removes the
        parked message; watermarks stay.
        """
        ...

    async def park(self, parked: Parked) -> None:
        """Keep a message with its inbox row and move the watermark, in one transaction, under the
        same condition as `submit`. If it is parked already only the reason changes; if it was
        taken in, nothing does."""
        ...


def row(incoming: Incoming, outcome: str) -> Inbox:
    """The inbox row of a message."""
    return following(incoming, outcome, NOWHERE)


def following(incoming: Incoming, outcome: str, after: Place) -> Following:
    """The inbox row of a message whose predecessor in its lane is at `after`."""
    return Following(
        source=incoming.source,
        epoch=incoming.place.epoch,
        position=incoming.place.position,
        partition=incoming.partition,
        topic=incoming.type_name,
        stream=incoming.stream,
        outcome=outcome,
        after=after,
    )


def reason_of(error: Exception) -> str:
    """What may be told of an error: its class and, if it is one of ours, its reason code."""
    name = type(error).__name__
    return (f"{name}:{error.reason}" if isinstance(error, Error) else name)[:REASON_LENGTH]
