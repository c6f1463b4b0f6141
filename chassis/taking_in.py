"""Takes messages in, lane by lane: a lane is one partition of one source. At most one unit of a
lane is under way, so that what fails cannot be overtaken; lanes go on beside one another."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis.background import TRANSIENT, Backoff
from chassis.envelope import NOWHERE, Incoming, Place
from chassis.intake import APPLIED, BEHIND, IGNORED, PARKED, Intake, Parked, reason_of, row
from chassis.kernel.clock import Clock
from chassis.kernel.errors import Exhausted
from chassis.kernel.events import Command
from chassis.policies import Policy
from chassis.recorded import Meta
from chassis.work import Inbox, Work

logger = logging.getLogger(__name__)

EXHAUSTED_ATTEMPTS = 12
"""A limit that is still reached after so many attempts (about 15 s) is a decision, no accident."""

Reactions = Mapping[str, tuple[Policy, ...]]
"""Full name of a public message → what we do about it."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A run of messages that nobody here reacts to, then at most one that somebody does."""

    ignored: tuple[Incoming, ...]
    message: Incoming | None


def reactions_to(policies: Iterable[Policy]) -> dict[str, tuple[Policy, ...]]:
    """The policies by the message that they are about, in their order."""
    found: dict[str, tuple[Policy, ...]] = {}
    for policy in policies:
        name = policy.on.DESCRIPTOR.full_name
        found[name] = (*found.get(name, ()), policy)
    return found


def work_for(
    incoming: Incoming, policies: Sequence[Policy], clock: Clock, rows: tuple[Inbox, ...]
) -> Work:
    """The one unit that a message asks for: the commands of all policies (each is given a message
    of its own). Raises what they raise, or what reading a broken payload raises."""
    about = incoming.about()
    commands: list[Command] = []
    for policy in policies:
        message = policy.on.FromString(incoming.message.payload)
        commands += policy.do(message, about)
    meta = Meta(
        occurred_at=clock.now(),
        actor="policy:" + "+".join(policy.name for policy in policies),
        correlation_id=incoming.correlation_id,
        causation_id=about.event_id,
        traceparent=incoming.traceparent,
    )
    return Work(commands=tuple(commands), meta=meta, inbox=rows)


class TakingIn:
    """What we know of one source, and how its messages get into our store.

    The invariant: a message is handed to the store only when the one before it in its lane has its
    inbox row committed (applied, ignored or parked). So a watermark never passes over a message
    that was not taken in, and nothing has its effect before what came earlier. What several lanes
    submit at the same time is committed together.
    """

    def __init__(
        self,
        source: str,
        reactions: Reactions,
        intake: Intake,
        clock: Clock,
        *,
        on_applied: Callable[[str, float], None] = lambda source, lag_seconds: None,
    ) -> None:
        """`on_applied` is told for each message with policies how old it was when taken in."""
        self.source = source
        self._reactions = reactions
        self._intake = intake
        self._clock = clock
        self._on_applied = on_applied
        self._places: dict[int, Place] = {}
        self._parked: set[str] = set()
        self.behind: set[str] = set()
        """Streams of which a message was parked behind another since this was last emptied."""

    async def load(self) -> None:
        """Read from the store where each lane stands and which streams wait."""
        self._places = dict(await self._intake.watermarks(self.source))
        self._parked = set(await self._intake.parked_streams(self.source))

    @property
    def parked_streams(self) -> list[str]:
        """The streams that wait, as far as we know."""
        return sorted(self._parked)

    def place(self, partition: int) -> Place:
        """How far a lane is taken in."""
        return self._places.get(partition, NOWHERE)

    async def take(self, messages: Iterable[Incoming], *, dense: bool) -> set[int]:
        """Take in what is not yet taken in, and give the lanes in which something is missing: there
        nothing behind the gap was taken in.

        `dense` says that of every lane nothing is missing among the messages, as from Feed.
        Transient errors are waited out, however long that takes.
        """
        lanes: dict[int, list[Incoming]] = {}
        for incoming in messages:
            if incoming.place > self.place(incoming.partition):
                lanes.setdefault(incoming.partition, []).append(incoming)
        broken: set[int] = set()
        planned: list[tuple[int, list[_Unit]]] = []
        for partition, lane in lanes.items():
            lane.sort(key=_by_place)
            whole = lane if dense else self._until_gap(partition, lane)
            if len(whole) < len(lane):
                broken.add(partition)
            if whole:
                planned.append((partition, self._units(whole)))
        await self._refresh_parked(planned)
        await self._take_lanes(planned)
        return broken

    def _until_gap(self, partition: int, lane: list[Incoming]) -> list[Incoming]:
        """The messages up to the first that does not follow what we have.

        One that names an earlier predecessor than ours is fine: the fact that we have is not public
        any longer. A new epoch is a gap, for what we took in of the old one may not count.
        """
        place = self.place(partition)
        for index, incoming in enumerate(lane):
            new_epoch = incoming.place.epoch != place.epoch and place != NOWHERE
            if new_epoch or incoming.previous > place.position:
                return lane[:index]
            place = incoming.place
        return lane

    def _units(self, lane: Sequence[Incoming]) -> list[_Unit]:
        units: list[_Unit] = []
        ignored: list[Incoming] = []
        last = self.place(lane[0].partition)
        for incoming in lane:
            if incoming.place == last:
                continue
            last = incoming.place
            if incoming.type_name in self._reactions:
                units.append(_Unit(tuple(ignored), incoming))
                ignored = []
            else:
                ignored.append(incoming)
        if ignored:
            units.append(_Unit(tuple(ignored), None))
        return units

    async def _take_lanes(self, planned: list[tuple[int, list[_Unit]]]) -> None:
        """All lanes side by side; those in which nothing is to be done share one unit."""
        idle = [units[0].ignored for _, units in planned if units[0].message is None]
        busy = [units for _, units in planned if units[0].message is not None]
        if len(busy) + bool(idle) == 1:
            await (
                self._ignore([each for run in idle for each in run])
                if idle
                else self._take_lane(busy[0])
            )
            return
        async with asyncio.TaskGroup() as group:
            if idle:
                group.create_task(self._ignore([each for run in idle for each in run]))
            for units in busy:
                group.create_task(self._take_lane(units))

    async def _take_lane(self, units: list[_Unit]) -> None:
        for unit in units:
            if unit.message is None:
                await self._ignore(unit.ignored)
            else:
                await self._react(unit.ignored, unit.message)

    async def _ignore(self, ignored: Sequence[Incoming]) -> None:
        """Note messages that nobody here reacts to, many in one unit."""
        if not ignored:
            return
        rows = tuple(row(each, IGNORED) for each in ignored)
        meta = Meta(occurred_at=self._clock.now(), actor=f"inbox:{self.source}")
        await self._submit(Work(commands=(), meta=meta, inbox=rows))
        for each in ignored:
            self._places[each.partition] = each.place

    async def _react(self, ignored: Sequence[Incoming], incoming: Incoming) -> None:
        if incoming.stream in self._parked:
            await self._ignore(ignored)
            await self._park(incoming, BEHIND)
            return
        rows = (*(row(each, IGNORED) for each in ignored), row(incoming, APPLIED))
        policies = self._reactions[incoming.type_name]
        try:
            # What is transient is waited out inside, so whatever arrives here is a refusal.
            await self._submit(work_for(incoming, policies, self._clock, rows))
        except Exception as error:
            await self._ignore(ignored)
            await self._park(incoming, reason_of(error))
            return
        self._places[incoming.partition] = incoming.place
        waited = self._clock.now() - incoming.occurred_at
        self._on_applied(self.source, waited.total_seconds())

    async def _park(self, incoming: Incoming, reason: str) -> None:
        logger.warning(
            "parked %s at %s of stream %s: %s",
            incoming.type_name,
            incoming.place,
            incoming.stream,
            reason,
        )
        parked = Parked(row(incoming, PARKED), reason, incoming.message)
        backoff = Backoff()
        while True:
            try:
                await self._intake.park(parked)
                break
            except TRANSIENT:
                await asyncio.sleep(backoff.delay())
        self._parked.add(incoming.stream)
        self._places[incoming.partition] = incoming.place
        if reason == BEHIND:
            self.behind.add(incoming.stream)

    async def _submit(self, work: Work) -> None:
        """Submit until it is committed or refused for good."""
        backoff, exhausted = Backoff(), 0
        while True:
            try:
                await self._intake.submit(work)
                return
            except Exhausted:
                exhausted += 1
                if exhausted == EXHAUSTED_ATTEMPTS:
                    raise
            except TRANSIENT as error:
                logger.info("taking in from %s waits: %s", self.source, type(error).__name__)
            await asyncio.sleep(backoff.delay())

    async def _refresh_parked(self, planned: list[tuple[int, list[_Unit]]]) -> None:
        """Whether a stream that waited may go on is decided elsewhere, so look before parking."""
        if not self._parked:
            return
        streams = {unit.message.stream for _, units in planned for unit in units if unit.message}
        backoff = Backoff()
        while streams & self._parked:
            try:
                self._parked = set(await self._intake.parked_streams(self.source))
                return
            except TRANSIENT:
                await asyncio.sleep(backoff.delay())


def _by_place(incoming: Incoming) -> Place:
    return incoming.place
