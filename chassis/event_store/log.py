"""The log as others follow it: read in order, and wait for what comes."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from chassis.codec import Codec
from chassis.database import Database
from chassis.event_store.head import Head, epoch_of, epoch_starts, read_head
from chassis.event_store.tables import events
from chassis.kernel import ids
from chassis.recorded import Recorded

TAIL_LIMIT = 4_096
"""So many of the newest events are kept in memory, decoded, for those who follow closely."""
POLL_SECONDS = 0.02
"""How often the store is asked for what other processes wrote, while somebody waits."""
ALONE_POLL_SECONDS = 1.0
"""The same when no other process is expected to write."""
READ_LIMIT = 5_000
_PAGE = (
    select(events)
    .where(events.c.position > bindparam("after"))
    .order_by(events.c.position)
    .limit(bindparam("most"))
)
"""Composed once: it is asked by everybody who follows, all the time."""


class Log:
    """One service's log. `alone` says that this process is the only one that writes."""

    def __init__(self, service: str, database: Database, codec: Codec, *, alone: bool) -> None:
        self.service = service
        self._database = database
        self._codec = codec
        self._poll_seconds = ALONE_POLL_SECONDS if alone else POLL_SECONDS
        self._tail: deque[Recorded] = deque(maxlen=TAIL_LIMIT)
        self._moved = asyncio.Event()
        self._known_position = 0
        self._last_public: dict[frozenset[str], tuple[int, dict[int, int]]] = {}

    async def head(self) -> Head:
        """Where the log stands in the store."""
        return await self._database.read(read_head)

    def notify(self, recorded: Sequence[Recorded]) -> None:
        """A batch was committed by this process; wakes everybody who waits."""
        if self._tail and self._tail[-1].position + 1 != recorded[0].position:
            # Another process wrote in between; what we keep must have no gaps.
            self._tail.clear()
        self._tail.extend(recorded)
        self._wake(recorded[-1].position)

    def _wake(self, position: int) -> None:
        self._known_position = max(self._known_position, position)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def committed(self, after: int, timeout_seconds: float) -> None:
        """Wait until the log has gone past `after`, or until the time is over."""
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while self._known_position <= after:
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                return
            moved = self._moved
            try:
                async with asyncio.timeout(min(self._poll_seconds, remaining)):
                    await moved.wait()
            except TimeoutError:
                head = await self.head()
                if head.position > self._known_position:
                    self._wake(head.position)

    async def after(self, position: int, limit: int = READ_LIMIT) -> list[Recorded]:
        """The events after a position, in order, at most `limit`."""
        # The tail ends where this process last wrote; others may have gone on from there.
        tail = self._tail
        if tail and tail[0].position <= position + 1 and position < tail[-1].position:
            start = bisect_right(self._tail, position, key=lambda each: each.position)
            stop = min(start + limit, len(self._tail))
            return [self._tail[i] for i in range(start, stop)]
        return await self._database.read(lambda connection: self.page(connection, position, limit))

    async def of_stream(self, stream: str, after_version: int, limit: int) -> list[Recorded]:
        """The events of one stream after a version, in order, at most `limit`."""
        query = (
            select(events)
            .where(events.c.originator_id == stream, events.c.originator_version > after_version)
            .order_by(events.c.originator_version)
            .limit(limit)
        )
        return await self._database.read(
            lambda connection: self._recorded(connection, connection.execute(query).all())
        )

    def page(self, connection: Connection, position: int, limit: int) -> list[Recorded]:
        """The events after a position, on a connection at hand."""
        rows = connection.execute(_PAGE, {"after": position, "most": limit}).all()
        return self._recorded(connection, rows)

    def _recorded(self, connection: Connection, rows: Sequence[Any]) -> list[Recorded]:
        starts = epoch_starts(connection) if rows else []
        found = []
        for at, stream, version, topic, state in rows:
            fact, meta = self._codec.decode(topic, bytes(state))
            epoch = epoch_of(at, starts)
            found.append(Recorded(self.service, epoch, at, stream, version, topic, fact, meta))
        return found

    async def last_public_positions(
        self, topics: Collection[str], up_to: int | None = None
    ) -> dict[int, int]:
        """Per partition the position, not behind `up_to`, of its last event with one of `topics`;
        partitions without any are absent."""

        wanted = frozenset(topics)
        start, known = self._last_public.get(wanted, (0, {}))
        if up_to is not None and up_to < start:
            start, known = 0, {}

        def read(connection: Connection) -> tuple[int, dict[int, int]]:
            end = read_head(connection).position
            newest = (
                select(events.c.originator_id, func.max(events.c.position))
                .where(
                    events.c.position > start,
                    events.c.position <= (end if up_to is None else up_to),
                    events.c.topic.in_(sorted(wanted)),
                )
                .group_by(events.c.originator_id)
            )
            last = dict(known)
            for stream, position in connection.execute(newest):
                partition = ids.partition(stream)
                last[partition] = max(last.get(partition, 0), position)
            return end, last

        end, last = await self._database.read(read)
        if up_to is None:
            # The next look needs to go through what comes after this one only.
            self._last_public[wanted] = (end, last)
        return dict(last)
