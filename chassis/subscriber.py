"""Hears what another service says and lets our policies react: from the stream when all is well,
from the service's Feed when something is missing."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chassis.background import TRANSIENT, Background, Backoff
from chassis.bus import Bus, BusError, Consumer, Delivery, Message
from chassis.envelope import NOWHERE, Incoming, Place, place_of, read, stream_of, subjects_of
from chassis.feed import Feed, FeedHead
from chassis.intake import BEHIND, Intake
from chassis.kernel.clock import Clock
from chassis.kernel.ids import PARTITIONS
from chassis.parking import Parking
from chassis.policies import Policy
from chassis.taking_in import BeginSpan, TakingIn, no_span, reactions_to

logger = logging.getLogger(__name__)

FETCH_LIMIT = 256
"""Messages that are taken in together."""
FETCH_SECONDS = 5.0
QUIET_SECONDS = 0.25
"""How long nothing comes when a comparison with the producer's head waits for the stream to have
brought what it has."""
FEED_PAGE = 1_000
RECONCILE_SECONDS = 60.0
SHORTEST_RECONCILE_SECONDS = 5.0
"""After a disturbance the comparison is made at once, but not more often than this."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which partitions a worker takes: those that leave `index` when divided by `count`."""

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count <= PARTITIONS:
            raise ValueError("a share is index of count, with 0 <= index < count <= 64")

    def has(self, partition: int) -> bool:
        return partition % self.count == self.index

    def partitions(self) -> list[int]:
        return [each for each in range(PARTITIONS) if self.has(each)]

    def subjects(self, source: str) -> tuple[str, ...]:
        """What to ask the bus for."""
        if self.count == 1:
            return (subjects_of(source),)
        return tuple(f"cards.{source}.*.*.{each}" for each in self.partitions())

    def durable(self, service: str) -> str:
        """The name of the durable place of `service` in somebody's stream."""
        return f"{service}-{self.index}-of-{self.count}"


WHOLE = Share()


class Subscriber(Background):
    """One source, one durable place.

    A message is acknowledged when its inbox row is committed, or when its lane is known to miss
    something, for then Feed brings it. Acknowledging only saves work: what is taken in is known by
    the watermarks in our own store, and they are compared with the producer's log at the start,
    after each disturbance of the bus and every `reconcile_seconds`.
    """

    def __init__(
        self,
        service: str,
        source: str,
        policies: Iterable[Policy],
        bus: Bus,
        feed: Feed,
        intake: Intake,
        clock: Clock,
        *,
        share: Share = WHOLE,
        ahead: int = 1,
        reconcile_seconds: float = RECONCILE_SECONDS,
        on_applied: Callable[[str, float], None] = lambda source, lag_seconds: None,
        begin_span: BeginSpan = no_span,
    ) -> None:
        """`policies` are all of the service; those about other sources are left aside. For `ahead`
        see TakingIn."""
        super().__init__()
        reactions = reactions_to(policies)
        self._service = service
        self._source = source
        self._bus = bus
        self._feed = feed
        self._intake = intake
        self._share = share
        self._taking = TakingIn(
            source,
            reactions,
            intake,
            clock,
            ahead=ahead,
            on_applied=on_applied,
            begin_span=begin_span,
        )
        self._parking = Parking(reactions, intake, clock)
        self._reconcile_seconds = reconcile_seconds
        self._reconcile_at = 0.0
        self._reconciled_at = float("-inf")
        self._expected: FeedHead | None = None
        self._seen = NOWHERE
        self._broken: set[int] = set()
        self._settled: dict[int, Place] = {}
        self._ends: dict[int, int] = {}
        self._mend_at = 0.0
        self._bus_backoff = Backoff()
        self._feed_backoff = Backoff()

    async def main(self) -> None:
        await self._load()
        consumer: Consumer | None = None
        try:
            while True:
                deliveries: list[Delivery] = []
                try:
                    if consumer is None:
                        consumer = await self.pause(self._open())
                    wait = consumer.fetch(FETCH_LIMIT, self._patience_seconds())
                    deliveries = await self.pause(wait)
                    self._bus_backoff.reset()
                except BusError as error:
                    logger.info("%s hears nothing of %s: %s", self._service, self._source, error)
                    await self._let_go(consumer)
                    consumer = None
                if deliveries and consumer is not None:
                    self._broken |= await self._taking.take(self._read(deliveries), dense=False)
                    await consumer.acknowledge(max(deliveries, key=_by_sequence))
                await self._try_again_what_is_only_behind()
                await self._reconcile(quiet=not deliveries)
        finally:
            if consumer is not None:
                await consumer.close()

    async def _load(self) -> None:
        backoff = Backoff()
        while True:
            try:
                await self._taking.load()
                self._taking.behind.update(self._taking.parked_streams)
                return
            except TRANSIENT as error:
                logger.info("%s cannot read its inbox: %s", self._service, error)
                await self.pause(asyncio.sleep(backoff.delay()))

    async def _open(self) -> Consumer:
        subjects = self._share.subjects(self._source)
        durable = self._share.durable(self._service)
        return await self._bus.consume(stream_of(self._source), durable, subjects)

    async def _let_go(self, consumer: Consumer | None) -> None:
        """The bus was disturbed: what it had under way to us may never come, so compare soon."""
        if consumer is not None:
            await consumer.close()
        soon = self._reconciled_at + SHORTEST_RECONCILE_SECONDS
        self._reconcile_at = min(self._reconcile_at, soon)
        await self.pause(asyncio.sleep(self._bus_backoff.delay()))

    def _patience_seconds(self) -> float:
        if self._expected is not None or self._broken:
            return QUIET_SECONDS
        left = self._reconcile_at - _now()
        return min(FETCH_SECONDS, max(left, QUIET_SECONDS))

    def _read(self, deliveries: Sequence[Delivery]) -> list[Incoming]:
        found = []
        for each in deliveries:
            incoming = self._understood(each.message)
            if incoming is not None:
                found.append(incoming)
                if incoming.place > self._seen:
                    self._seen = incoming.place
        return found

    def _understood(self, message: Message) -> Incoming | None:
        """Read a message; one that is not of this system is left out. If it stands where a fact
        should, that fact is missing, and Feed brings it."""
        try:
            incoming = read(message)
        except ValueError as error:
            logger.error("a message in the stream of %s is malformed: %s", self._source, error)
            return None
        if incoming.source != self._source or not self._share.has(incoming.partition):
            return None
        return incoming

    async def _try_again_what_is_only_behind(self) -> None:
        """When a message was parked behind one that was redriven meanwhile, nothing holds it."""
        for stream in sorted(self._taking.behind):
            try:
                waiting = await self._intake.parked(self._source, stream, 1)
                if waiting and waiting[0].reason == BEHIND:
                    await self._parking.redrive(self._source, stream)
            except TRANSIENT as error:
                logger.info("%s cannot redrive %s yet: %s", self._service, stream, error)
                return
            self._taking.behind.discard(stream)

    # ------------------------------------------------------------------ what the stream left out

    async def _reconcile(self, *, quiet: bool) -> None:
        """Compare with the producer's head when it is time, and fetch what is missing."""
        now = _now()
        try:
            if self._expected is None and now >= self._reconcile_at:
                self._reconcile_at = now + self._reconcile_seconds
                self._reconciled_at = now
                self._expected = await self.pause(self._feed.head())
            if self._expected is not None and (quiet or self._passed(self._expected)):
                self._broken |= self._missing(self._expected)
                self._expected = None
            if self._broken and now >= self._mend_at:
                self._broken = await self._mend()
                if self._broken:
                    self._mend_at = now + self._feed_backoff.delay()
                else:
                    self._feed_backoff.reset()
        except TRANSIENT as error:
            logger.info("%s cannot ask %s for its feed: %s", self._service, self._source, error)
            self._mend_at = now + self._feed_backoff.delay()
            if self._expected is None:
                self._reconcile_at = min(self._reconcile_at, self._mend_at)

    def _passed(self, head: FeedHead) -> bool:
        """Whether the stream has brought something behind the head, hence all before it."""
        return self._seen > Place(head.epoch, head.position)

    def _missing(self, head: FeedHead) -> set[int]:
        found = set()
        for each in self._share.partitions():
            last = head.last_public_positions.get(each, 0)
            known = max(self._taking.place(each), self._settled.get(each, NOWHERE))
            if last and known < Place(head.epoch, last):
                found.add(each)
        return found

    async def _mend(self) -> set[int]:
        """Fetch what the broken lanes miss, up to where the producer's log ends now; what comes
        later the stream brings. Another worker may have taken it in, so look there first. Gives
        the lanes that are broken still."""
        await self._taking.load()
        head = await self.pause(self._feed.head())
        partitions = sorted(self._broken)
        after = await self._taken_in_up_to(partitions, head)
        while after < head.position:
            page = await self.pause(self._feed.after(after, partitions, FEED_PAGE))
            if not page:
                break
            found = [each for each in map(self._understood, page) if each is not None]
            broken = await self._taking.take(found, dense=True)
            if broken:
                return set(partitions)
            after = place_of(page[-1]).position
        logger.info("%s fetched what it missed of %s", self._service, self._source)
        self._settled.update(dict.fromkeys(partitions, Place(head.epoch, head.position)))
        return set()

    async def _taken_in_up_to(self, partitions: Sequence[int], head: FeedHead) -> int:
        """The position behind which something may be missing in one of the lanes.

        A restored store numbers its new facts, in a new epoch, from where the backup ended. What we
        took in of the old epoch may go further than that, so go back to where the old epoch ends.
        """
        lowest = head.position
        for each in partitions:
            place = self._taking.place(each)
            lowest = min(lowest, place.position)
            if place != NOWHERE and place.epoch < head.epoch:
                lowest = min(lowest, await self._end_of_epoch(place.epoch, head))
        return lowest

    async def _end_of_epoch(self, epoch: int, head: FeedHead) -> int:
        """The position behind which all facts are of later epochs, found by halving."""
        if epoch not in self._ends:
            low, high = 0, head.position
            while low < high:
                middle = (low + high) // 2
                page = await self.pause(self._feed.after(middle, (), 1))
                if page and place_of(page[0]).epoch <= epoch:
                    low = place_of(page[0]).position
                else:
                    high = middle
            self._ends[epoch] = low
        return self._ends[epoch]


def _by_sequence(delivery: Delivery) -> int:
    return delivery.sequence


def _now() -> float:
    return asyncio.get_running_loop().time()
