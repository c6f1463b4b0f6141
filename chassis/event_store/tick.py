"""One tick: everything that waits is decided and written in one transaction, under the log's head.

Because the head is held before anything is decided, no other process can change a stream between
decision and append; there is nothing to detect and nothing to retry.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select

from chassis.audit import append as append_leaf
from chassis.codec import Codec
from chassis.database import rows_among
from chassis.event_store.cache import Folded, Streams, Unloadable
from chassis.event_store.head import Head, take_head
from chassis.event_store.page import SETTLE_PARKED, Decided, InboxKey, Page
from chassis.event_store.rows import (
    audit_leaf,
    event_row,
    idempotency_row,
    inbox_row,
    micros,
    timer_row,
)
from chassis.event_store.tables import events, idempotency, inbox, timers, watermarks
from chassis.kernel.clock import Clock
from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Error, Refused, Unavailable
from chassis.kernel.events import Command, Fact
from chassis.kernel.ids import Ids, event_id
from chassis.policies import TimerRule
from chassis.recorded import Recorded
from chassis.work import Outcome, Receipt, Schedule, Settled, Work

EVENTS_PER_UNIT_LIMIT = 1_000
REFRESH_LIMIT = 5_000
"""Beyond so many events written by others, the whole cache is dropped instead."""

_MARKS = select(watermarks)

Result = Outcome | Exception
Follower = Callable[[Connection, Recorded], None]
"""A synchronous projection: writes rows in the commit transaction."""


class Ticker:
    """Settles batches of work. Called from the one writer, never twice at a time."""

    def __init__(
        self,
        *,
        service: str,
        engine: Engine,
        deciders: Iterable[Decider[Any]],
        codec: Codec,
        clock: Clock,
        ids: Ids,
        timer_rules: Iterable[TimerRule] = (),
        followers: Iterable[Follower] = (),
        audited: bool = True,
    ) -> None:
        self._service = service
        self._engine = engine.execution_options(writing=True)
        self._by_command: dict[type[Command], Decider[Any]] = {}
        deciders = tuple(deciders)
        for decider in deciders:
            for each in decider.commands:
                if each in self._by_command:
                    raise ValueError(f"{each.__name__} has two deciders")
                self._by_command[each] = decider
        self.streams = Streams(deciders, codec)
        self._codec = codec
        self._clock = clock
        self._ids = ids
        self._followers = tuple(followers)
        self._audited = audited
        self._timer_rules: dict[type[Fact], list[TimerRule]] = {}
        for rule in timer_rules:
            self._timer_rules.setdefault(rule.on, []).append(rule)
        self.seen = Head(0, -1)

    def stream_of(self, command: Command) -> str:
        """The stream that decides a command."""
        return self._by_command[type(command)].stream(command)

    def run(self, batch: Sequence[Work]) -> tuple[list[Result], list[Recorded]]:
        """Settle a batch: for each unit its outcome or its error; and what was recorded.

        A unit whose `inside` fails is left out and the others are settled again without it.
        Raises what the database raises when it is away; then nothing is stored.
        """
        failed: dict[int, Exception] = {}
        while True:
            try:
                results, page = self._attempt(batch, failed)
            except _InsideFailed as error:
                failed[error.index] = error.cause
                continue
            self._commit_to_memory(page)
            return results, page.recorded

    def _attempt(
        self, batch: Sequence[Work], failed: dict[int, Exception]
    ) -> tuple[list[Result], Page]:
        with self._engine.begin() as connection:
            head = take_head(connection)
            self._refresh(connection, head)
            page = Page(head, self._clock.now(), watermarks=self._marks(connection, batch))
            self._prepare(connection, batch, page)
            results: list[Result] = []
            insides: list[tuple[int, Work, Settled]] = []
            for index, work in enumerate(batch):
                if index in failed:
                    results.append(failed[index])
                    continue
                result, settled = self._settle_safely(work, page)
                results.append(result)
                if settled is not None and work.inside is not None:
                    insides.append((index, work, settled))
            page.write(connection)
            for recorded in page.recorded:
                for follower in self._followers:
                    follower(connection, recorded)
            for index, work, settled in insides:
                self._run_inside(connection, index, work, settled)
        return results, page

    @staticmethod
    def _run_inside(connection: Connection, index: int, work: Work, settled: Settled) -> None:
        if work.inside is None:
            return
        try:
            work.inside(connection, settled)
        except Exception as error:
            raise _InsideFailed(index, error) from error

    def _commit_to_memory(self, page: Page) -> None:
        loaded = {s: f for s, f in page.folds.items() if isinstance(f, Folded)}
        self.streams.remember({**loaded, **page.written})
        self.seen = page.head

    # What others did, and what this batch needs to know -----------------------------------------

    def _refresh(self, connection: Connection, head: Head) -> None:
        """Forget what another process has changed since we last held the head."""
        if head.position == self.seen.position and head.epoch == self.seen.epoch:
            return
        missed = head.position - self.seen.position
        if head.epoch != self.seen.epoch or missed > REFRESH_LIMIT or missed < 0:
            self.streams.forget_all()
        else:
            changed = select(events.c.originator_id).where(events.c.position > self.seen.position)
            self.streams.forget({row[0] for row in connection.execute(changed)})
        self.seen = head

    @staticmethod
    def _marks(
        connection: Connection, batch: Sequence[Work]
    ) -> dict[tuple[str, int], tuple[int, int]]:
        """How far each lane is taken in. Read anew by every tick that takes something in: rows that
        nobody reacts to move a lane without moving the head, whoever wrote them."""
        if not any(work.inbox for work in batch):
            return {}
        rows = connection.execute(_MARKS)
        return {(row.source, row.partition): (row.epoch, row.position) for row in rows}

    def _prepare(self, connection: Connection, batch: Sequence[Work], page: Page) -> None:
        keys = [work.idempotency.request_id for work in batch if work.idempotency]
        if keys:
            for row in rows_among(connection, idempotency, "request_id", keys):
                receipt = Receipt(
                    event_id(self._service, page.head.epoch, row.position),
                    row.stream,
                    row.stream_version,
                    page.head.epoch,
                    row.position,
                )
                outcome = Outcome(bytes(row.answer), (), receipt, replayed=True)
                page.answers[row.request_id] = (bytes(row.request_hash), outcome)
        due = [work.timer for work in batch if work.timer is not None]
        if due:
            found = rows_among(connection, timers, "timer_id", due)
            # One that was set anew since it was read as due is due no longer.
            now = micros(page.now)
            page.due.update(row.timer_id for row in found if row.due_at <= now)
        page.parked = self._parked_of(connection, batch)
        wanted = {
            self.stream_of(command)
            for work in batch
            for command in work.commands
            if type(command) in self._by_command
        }
        missing = sorted(s for s in wanted if self.streams.cached(s) is None)
        if missing:
            page.folds = self.streams.load(connection, missing)

    @staticmethod
    def _parked_of(connection: Connection, batch: Sequence[Work]) -> set[InboxKey]:
        """Which of the messages that are to be redriven or skipped still wait."""
        redriven = [row for work in batch for row in work.inbox if row.outcome in SETTLE_PARKED]
        found: set[InboxKey] = set()
        for row in redriven:
            key = (row.source, row.epoch, row.position)
            waiting = select(inbox.c.position).where(
                inbox.c.source == row.source,
                inbox.c.epoch == row.epoch,
                inbox.c.position == row.position,
                inbox.c.outcome == "parked",
            )
            if connection.scalar(waiting) is not None:
                found.add(key)
        return found

    # One unit ------------------------------------------------------------------------------------

    def _settle_safely(self, work: Work, page: Page) -> tuple[Result, Settled | None]:
        """Any failure is this unit's alone; the page is touched only by a unit that succeeds."""
        if work.wanted is not None and not work.wanted():
            return Unavailable("GIVEN_UP", "nobody waits for this any more"), None
        try:
            return self._settle(work, page)
        except Exception as error:
            return error, None

    def _settle(self, work: Work, page: Page) -> tuple[Outcome, Settled | None]:
        if work.idempotency is not None:
            known = page.answers.get(work.idempotency.request_id)
            if known is not None:
                return _replayed(known, work.idempotency.request_hash), None
        if self._is_done(work, page):
            receipt = Receipt("", "", 0, page.head.epoch, page.head.position)
            return Outcome(b"", (), receipt, replayed=True), None
        decided = self._decide(work, page)
        return self._accept(work, page, decided)

    def _is_done(self, work: Work, page: Page) -> bool:
        if work.timer is not None and work.timer not in page.due:
            return True
        return bool(work.inbox) and all(page.has_taken(row) for row in work.inbox)

    def _decide(self, work: Work, page: Page) -> Decided:
        context = Context(now=page.now, actor=work.meta.actor, new_id=self._ids.new)
        decided = Decided()
        for command in work.commands:
            decider = self._by_command.get(type(command))
            if decider is None:
                raise Refused("UNKNOWN_COMMAND", f"{type(command).__name__} is not understood here")
            stream = decider.stream(command)
            fold = decided.folds.get(stream) or self._fold(stream, page)
            facts = decider.decide(fold.state, command, context)
            state, version = fold.state, fold.version
            for fact in facts:
                state = decider.evolve(state, fact)
                version += 1
                decided.facts.append((stream, version, fact))
            decided.folds[stream] = Folded(state, version)
            if facts or not decided.facts:
                # A receipt names the stream of the last fact; without any, whoever was asked last.
                decided.last = stream
            decided.states.append(state)
        if len(decided.facts) > EVENTS_PER_UNIT_LIMIT:
            raise Error("UNIT_TOO_LARGE", "one unit of work makes too many facts")
        return decided

    def _fold(self, stream: str, page: Page) -> Folded:
        fold = page.written.get(stream) or page.folds.get(stream) or self.streams.cached(stream)
        if fold is None or isinstance(fold, Unloadable):
            raise fold or Unloadable(stream)
        return fold

    def _accept(self, work: Work, page: Page, decided: Decided) -> tuple[Outcome, Settled]:
        """Put a decided unit on the page. Everything that can fail comes first."""
        position = page.head.position + len(decided.facts)
        receipt = self._receipt(page, decided, position)
        facts = tuple(fact for _, _, fact in decided.facts)
        settled = Settled(tuple(decided.states), facts, receipt)
        answer = work.render(settled) if work.render is not None else b""
        recorded, rows = self._record(work, page, decided)
        scheduled = self._scheduled(work, facts)
        leaves = self._leaves(work, page, receipt)

        outcome = Outcome(answer, facts, receipt)
        page.recorded.extend(recorded)
        page.events.extend(rows)
        page.written.update(decided.folds)
        page.timers.update(scheduled)
        page.head = leaves(page, position)
        if work.idempotency is not None:
            page.answers[work.idempotency.request_id] = (
                work.idempotency.request_hash,
                Outcome(answer, facts, receipt, replayed=True),
            )
            page.idempotency.append(idempotency_row(work.idempotency, answer, receipt, page.now))
        if work.timer is not None:
            page.due.discard(work.timer)
            page.timers.setdefault(work.timer, None)
        self._take_in(work, page)
        return outcome, settled

    def _record(
        self, work: Work, page: Page, decided: Decided
    ) -> tuple[list[Recorded], list[tuple[Any, ...]]]:
        recorded, rows = [], []
        for offset, (stream, version, fact) in enumerate(decided.facts, 1):
            topic, stored = self._codec.encode(fact, work.meta)
            position = page.head.position + offset
            recorded.append(
                Recorded(
                    self._service,
                    page.head.epoch,
                    position,
                    stream,
                    version,
                    topic,
                    fact,
                    work.meta,
                )
            )
            rows.append(event_row(position, stream, version, topic, stored))
        return recorded, rows

    def _receipt(self, page: Page, decided: Decided, position: int) -> Receipt:
        fold = decided.folds.get(decided.last)
        return Receipt(
            event_id(self._service, page.head.epoch, position),
            decided.last,
            fold.version if fold else 0,
            page.head.epoch,
            position,
        )

    def _scheduled(self, work: Work, facts: tuple[Fact, ...]) -> dict[str, tuple[Any, ...] | None]:
        scheduled: dict[str, tuple[Any, ...] | None] = {}
        if not self._timer_rules:
            return scheduled
        for fact in facts:
            for rule in self._timer_rules.get(type(fact), ()):
                for change in rule.do(fact, work.meta):
                    row = None
                    if isinstance(change, Schedule):
                        name, stored = self._codec.encode_command(change.command)
                        row = timer_row(change, name, stored, work.meta.correlation_id)
                    scheduled[change.timer_id] = row
        return scheduled

    def _leaves(self, work: Work, page: Page, receipt: Receipt) -> Callable[[Page, int], Head]:
        """How the head moves: on by the unit's events, and by one leaf if the act is audited."""
        head = page.head
        if work.audit is None or not self._audited:
            return lambda page, position: Head(
                head.epoch, position, head.audit_size, head.audit_frontier
            )
        leaf = audit_leaf(work.audit, receipt, page.now)
        frontier = append_leaf(head.audit_frontier, leaf)

        def move(page: Page, position: int) -> Head:
            page.audit.append((head.audit_size, leaf))
            return Head(head.epoch, position, head.audit_size + 1, frontier)

        return move

    @staticmethod
    def _take_in(work: Work, page: Page) -> None:
        for row in work.inbox:
            if page.has_taken(row):
                continue
            if row.outcome in SETTLE_PARKED:
                page.settle_parked(row)
                continue
            key = (row.source, row.partition)
            page.inbox.append(inbox_row(row, micros(page.now)))
            page.watermarks[key] = max(page.watermarks.get(key, (0, 0)), (row.epoch, row.position))
            page.moved.add(key)


class _InsideFailed(Exception):
    """What a unit wanted inside the transaction failed."""

    def __init__(self, index: int, cause: Exception) -> None:
        super().__init__(index)
        self.index = index
        self.cause = cause


def _replayed(known: tuple[bytes, Outcome], request_hash: bytes) -> Outcome:
    if known[0] != request_hash:
        raise key_reused()
    return known[1]


def key_reused() -> Refused:
    """The same idempotency key came with another body."""
    return Refused(
        "IDEMPOTENCY_KEY_REUSED",
        "this idempotency key was used for another request",
        field="idempotency_key",
    )
