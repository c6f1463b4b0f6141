"""Publishes the public facts of the log, in order, each once: the log is the outbox, and the last
message in the stream is the relay's place."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from chassis.background import TRANSIENT, Background, Backoff
from chassis.bus import MAX_BATCH_MESSAGES, Bus, Last, Rejected, StreamSpec
from chassis.envelope import Place, place_of, stream_of, subjects_of
from chassis.kernel.clock import Clock
from chassis.publishing import Chain, Publishing
from chassis.recorded import Recorded

logger = logging.getLogger(__name__)

READ_LIMIT = MAX_BATCH_MESSAGES
"""Facts that are read at a time; their messages are one batch."""
REPUBLISH_LIMIT = 50_000
"""When the stream is empty or new, so many of the last facts are published again; what is older
consumers fetch from Feed."""
WAKE_SECONDS = 5.0
"""How long to wait for a commit before looking whether the stream is still all there."""
FOREIGN_LIMIT = 1_000
"""So many messages that no relay published are passed over to find the last that one did."""
STREAM_MAX_BYTES = 1024**3
"""Size of a stream on disk. A full one refuses messages; readers then live on Feed."""
STREAM_MAX_AGE_SECONDS = 14 * 86_400


class Head(Protocol):
    """Where a log stands."""

    @property
    def epoch(self) -> int: ...

    @property
    def position(self) -> int: ...


class LogReader(Protocol):
    """What the relay and Feed need of the log. Raises Unavailable while the store is away."""

    async def head(self) -> Head:
        """Where the log stands; position 0 when it is empty."""
        ...

    async def after(self, position: int, limit: int) -> Sequence[Recorded]:
        """Up to `limit` events behind `position`, in order; none at the head."""
        ...

    async def last_public_positions(
        self, topics: Collection[str], up_to: int | None = None
    ) -> Mapping[int, int]:
        """Per partition the last position not behind `up_to` (default: the head) that holds a fact
        of one of `topics`; partitions without any are absent."""
        ...

    async def committed(self, *, after: int, timeout_seconds: float) -> None:
        """Return as soon as the head is behind `after`, or when the time is over."""
        ...


class LogRewoundError(RuntimeError):
    """The stream knows positions that the log does not, although no new epoch was begun: the store
    was restored without saying so. Nothing may be published until an operator begins an epoch."""


def stream_spec(
    service: str,
    *,
    replicas: int = 1,
    max_bytes: int = STREAM_MAX_BYTES,
    max_age_seconds: int = STREAM_MAX_AGE_SECONDS,
) -> StreamSpec:
    """The stream of a service."""
    return StreamSpec(
        stream_of(service), (subjects_of(service),), max_bytes, max_age_seconds, replicas
    )


class Relay(Background):
    """Any number of relays of one service may run: each batch names the sequence that it follows,
    so of two that publish the same facts one is refused, reads the end of the stream and goes on
    from there."""

    def __init__(
        self,
        log: LogReader,
        bus: Bus,
        publishing: Publishing,
        clock: Clock,
        *,
        spec: StreamSpec | None = None,
        on_published: Callable[[float], None] = lambda lag_seconds: None,
    ) -> None:
        """`on_published` is told after each batch how long its first fact had waited."""
        super().__init__()
        self._log = log
        self._bus = bus
        self._publishing = publishing
        self._clock = clock
        self._spec = spec or stream_spec(publishing.service)
        self._on_published = on_published
        self._backoff = Backoff()

    async def main(self) -> None:
        while True:
            try:
                await self._publish_from_the_end()
            except TRANSIENT as error:
                delay = self._backoff.delay()
                logger.info("relay of %s begins again: %s", self._spec.name, error)
                await self.pause(asyncio.sleep(delay))

    async def _publish_from_the_end(self) -> None:
        """Find the place and publish from there until something is refused or away."""
        await self.pause(self._bus.ensure_stream(self._spec))
        last = await self.pause(self._bus.last_message(self._spec.name))
        position = await self._position_behind(await self._last_of_ours(last))
        sequence = last.sequence
        chain: Chain | None = None
        waited = False
        while True:
            facts = await self.pause(self._log.after(position, READ_LIMIT))
            if not facts:
                if waited:
                    await self._check_end(sequence)
                wait = self._log.committed(after=position, timeout_seconds=WAKE_SECONDS)
                await self.pause(wait)
                waited = True
                continue
            waited = False
            public = [each for each in facts if self._publishing.is_public(each)]
            if public:
                chain = chain or await self._chain(position)
                batch = [self._publishing.message(each, chain.link(each)) for each in public]
                sequence = await self._bus.publish_batch(self._spec.name, batch, sequence)
                lag = self._clock.now() - public[0].meta.occurred_at
                self._on_published(lag.total_seconds())
            position = facts[-1].position
            self._backoff.reset()

    async def _chain(self, position: int) -> Chain:
        return Chain(await self._log.last_public_positions(self._publishing.topics, position))

    async def _check_end(self, sequence: int) -> None:
        """A server that crashed may have lost the end of a stream, or all of it; it would be missed
        only with the next fact. Raises Rejected if the stream is not where we left it."""
        last = await self.pause(self._bus.last_message(self._spec.name))
        if last.sequence != sequence:
            raise Rejected(f"the stream ends at {last.sequence}, not at {sequence}")

    async def _last_of_ours(self, last: Last) -> Place | None:
        """What the last message of a relay tells. Somebody with our rights may have put others
        behind it, which nobody can take away again: they must not keep us from going on."""
        for _ in range(FOREIGN_LIMIT):
            if last.message is None:
                return None
            try:
                return place_of(last.message)
            except ValueError as error:
                name, at = self._spec.name, last.sequence
                logger.error("message %d in the stream %s is no relay's: %s", at, name, error)
                last = await self.pause(self._bus.last_message(name, before=at))
        return None

    async def _position_behind(self, published: Place | None) -> int:
        """The position of the log up to which everything is published (or is left to Feed)."""
        head = await self._log.head()
        if published is None:
            return max(0, head.position - REPUBLISH_LIMIT)
        if published.epoch >= head.epoch:
            if published > Place(head.epoch, head.position):
                raise LogRewoundError(f"published up to {published}, the log ends at {head}")
            return published.position
        return await self._end_of_history_shared_with(published, head)

    async def _end_of_history_shared_with(self, published: Place, head: Head) -> int:
        """A restored store began a new epoch: positions behind the backup mean other facts now.

        Epochs only grow along the log, so the first fact of a later epoch is found by halving.
        """
        low, high = 0, min(published.position, head.position)
        while low < high:
            middle = (low + high + 1) // 2
            at_middle = await self._log.after(middle - 1, 1)
            if at_middle[0].epoch <= published.epoch:
                low = middle
            else:
                high = middle - 1
        return low
