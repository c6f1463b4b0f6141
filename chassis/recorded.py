"""An event as it stands in a log, and what travels with it."""

from datetime import datetime

from chassis.kernel import ids
from chassis.kernel.events import Fact
from chassis.kernel.values import record


@record
class Meta:
    """What travels with every event: when, by whom, and in the course of what."""

    occurred_at: datetime
    actor: str
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""


@record
class Recorded:
    """A fact at its place: `position` in the log (gap-free, in commit order, from 1) and
    `stream_version` in its stream (from 1)."""

    service: str
    epoch: int
    position: int
    stream: str
    stream_version: int
    topic: str
    fact: Fact
    meta: Meta

    @property
    def event_id(self) -> str:
        """The same for everybody: UUIDv5 of service, epoch and position."""
        return ids.event_id(self.service, self.epoch, self.position)

    @property
    def partition(self) -> int:
        """Which of the 64 partitions carries the event's stream."""
        return ids.partition(self.stream)
