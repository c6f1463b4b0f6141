"""Takes messages in, lane by lane: a lane is one partition of one source. Within a lane nothing
overtakes what failed; lanes go on beside one another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chassis.background import TRANSIENT, Backoff
from chassis.envelope import NOWHERE, Incoming, Place
from chassis.intake import (
    APPLIED,
    BEHIND,
    IGNORED,
    PARKED,
    Intake,
    Parked,
    following,
    reason_of,
)
from chassis.kernel.clock import Clock
from chassis.kernel.errors import Conflict, Exhausted
from chassis.kernel.events import Command
from chassis.policies import Policy
from chassis.recorded import Meta
from chassis.work import Inbox, Work

logger = logging.getLogger(__name__)

EXHAUSTED_ATTEMPTS = 12
"""A limit that is still reached after so many attempts (about 15 s) is a decision, no accident."""

CONFLICT_ATTEMPTS = 5
LANE_AHEAD = 32
"""Units of one lane that may be under way at once, where the intake checks what they follow."""

Reactions = Mapping[str, tuple[Policy, ...]]
"""Full name of a public message → what we do about it."""


BeginSpan = Callable[[str, str], tuple[str, Callable[[], None]]]
"""Name and traceparent of what is taken in → the traceparent of what comes of it, and what to call
when its effects are durable. A span that is begun and never ended is not recorded."""


def no_span(name: str, traceparent: str) -> tuple[str, Callable[[], None]]:
    """Nobody traces."""
    return traceparent, _nothing


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Unit:
    """A run of messages that nobody here reacts to, then at most one that somebody does."""

    ignored: tuple[Incoming, ...]
    message: Incoming | None

    @property
    def last(self) -> Incoming:
        return self.message or self.ignored[-1]


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

    The invariant: a message is committed only when the one before it in its lane has its inbox row
    (applied, ignored or parked). So a watermark never passes over a message that was not taken in,
    and nothing has its effect before what came earlier. Either the one before is awaited, or each
    unit says what it follows and the store refuses it (Conflict) while that is not there: then a
    unit that fails takes along all that were submitted behind it, and they are submitted again.
    What is submitted at the same time is committed together.
    """

    def __init__(
        self,
        source: str,
        reactions: Reactions,
        intake: Intake,
        clock: Clock,
        *,
        ahead: int = 1,
        on_applied: Callable[[str, float], None] = lambda source, lag_seconds: None,
        begin_span: BeginSpan = no_span,
    ) -> None:
        """`ahead` is how many units of a lane may be under way at once: more than one only if the
        intake refuses what does not follow. `on_applied` is told for each message with policies how
        old it was when taken in."""
        self.source = source
        self._reactions = reactions
        self._intake = intake
        self._clock = clock
        self._ahead = ahead
        self._on_applied = on_applied
        self._begin_span = begin_span
        self._spans: dict[Place, Callable[[], None]] = {}
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
        return broken | await self._take_lanes(planned)

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

    async def _take_lanes(self, planned: list[tuple[int, list[_Unit]]]) -> set[int]:
        """All lanes side by side; those in which nothing is to be done share one unit. Gives the
        lanes that turn out not to be where we thought."""
        idle = [units[0].ignored for _, units in planned if units[0].message is None]
        work = [self._take_lane(units) for _, units in planned if units[0].message is not None]
        if idle:
            work.append(self._ignore([each for run in idle for each in run]))
        if len(work) == 1:
            return await work[0]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
        return {lane for task in tasks for lane in task.result()}

    async def _take_lane(self, units: list[_Unit]) -> set[int]:
        """One lane's units. What is refused, or the only one, goes through alone."""
        begin = 0
        while begin < len(units):
            ahead = units[begin : begin + self._ahead]
            taken = await self._take_together(ahead) if len(ahead) > 1 else 0
            begin += taken
            if taken < len(ahead):
                unit = units[begin]
                begin += 1
                broken = await (
                    self._ignore(unit.ignored)
                    if unit.message is None
                    else self._react(unit.ignored, unit.message)
                )
                if broken:
                    return broken
        return set()

    async def _take_together(self, units: list[_Unit]) -> int:
        """Submit several units of a lane at once, each to follow the one before; gives how many
        were committed before the first that was not, whatever the reason."""
        works: list[Work] = []
        after = self.place(units[0].last.partition)
        for unit in units:
            if unit.message is not None and unit.message.stream in self._parked:
                break
            try:
                works.append(self._work(unit, after))
            except Exception:
                # It is found again, and parked, when the unit goes through alone.
                break
            after = unit.last.place
        submitted = (self._intake.submit(work) for work in works)
        results = await asyncio.gather(*submitted, return_exceptions=True)
        for taken, (unit, result) in enumerate(zip(units, results, strict=False)):
            if isinstance(result, BaseException):
                return taken
            self._note(unit)
        return len(works)

    def _work(self, unit: _Unit, after: Place) -> Work:
        rows = tuple(following(each, IGNORED, after) for each in unit.ignored)
        if unit.message is None:
            meta = Meta(occurred_at=self._clock.now(), actor=f"inbox:{self.source}")
            return Work(commands=(), meta=meta, inbox=rows)
        policies = self._reactions[unit.message.type_name]
        rows = (*rows, following(unit.message, APPLIED, after))
        work = work_for(unit.message, policies, self._clock, rows)
        onward, ended = self._begin_span(unit.message.type_name, unit.message.traceparent)
        self._spans[unit.last.place] = ended
        return replace(work, meta=replace(work.meta, traceparent=onward))

    def _note(self, unit: _Unit) -> None:
        """A unit of a lane is committed."""
        self._places[unit.last.partition] = unit.last.place
        if unit.message is not None:
            self._spans.pop(unit.last.place, _nothing)()
            waited = self._clock.now() - unit.message.occurred_at
            self._on_applied(self.source, waited.total_seconds())

    async def _ignore(self, ignored: Sequence[Incoming]) -> set[int]:
        """Note messages that nobody here reacts to, of any lanes, many in one unit."""
        if not ignored:
            return set()
        places = {each.partition: self.place(each.partition) for each in ignored}
        rows = tuple(following(each, IGNORED, places[each.partition]) for each in ignored)
        meta = Meta(occurred_at=self._clock.now(), actor=f"inbox:{self.source}")
        try:
            await self._submit(Work(commands=(), meta=meta, inbox=rows))
        except Conflict:
            return set(places)
        for each in ignored:
            self._places[each.partition] = each.place
        return set()

    async def _react(self, ignored: Sequence[Incoming], incoming: Incoming) -> set[int]:
        """Take in a message that somebody here reacts to, with what was ignored before it."""
        reason = BEHIND
        if incoming.stream not in self._parked:
            unit = _Unit(tuple(ignored), incoming)
            try:
                # What is transient is waited out inside, so whatever arrives here is a refusal.
                await self._submit(self._work(unit, self.place(incoming.partition)))
                self._note(unit)
                return set()
            except Conflict:
                return {incoming.partition}
            except Exception as error:
                reason = reason_of(error)
        return await self._ignore(ignored) or await self._park(incoming, reason)

    async def _park(self, incoming: Incoming, reason: str) -> set[int]:
        logger.warning(
            "parked %s at %s of stream %s: %s",
            incoming.type_name,
            incoming.place,
            incoming.stream,
            reason,
        )
        taken_in = following(incoming, PARKED, self.place(incoming.partition))
        parked = Parked(taken_in, reason, incoming.message)
        try:
            await self._until_done(lambda: self._intake.park(parked))
        except Conflict:
            return {incoming.partition}
        self._parked.add(incoming.stream)
        self._places[incoming.partition] = incoming.place
        if reason == BEHIND:
            self.behind.add(incoming.stream)
        return set()

    async def _submit(self, work: Work) -> None:
        await self._until_done(lambda: self._intake.submit(work))

    async def _until_done(self, attempt: Callable[[], Awaitable[object]]) -> None:
        """Try until it is committed or refused for good. Conflict means in the end that the lane is
        not where we thought, as when the store went back to an older state."""
        backoff, exhausted, conflicts = Backoff(), 0, 0
        while True:
            try:
                await attempt()
                return
            except Exhausted:
                exhausted += 1
                if exhausted == EXHAUSTED_ATTEMPTS:
                    raise
            except Conflict:
                conflicts += 1
                if conflicts == CONFLICT_ATTEMPTS:
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
