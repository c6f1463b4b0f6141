"""Snapshots: folds of long streams kept for the next load; a cache, never on the command path."""

from collections import Counter

from sqlalchemy import Connection, select

from chassis.database import Database, insert_rows
from chassis.event_store.cache import Folded, Streams, Unloadable
from chassis.event_store.log import Log
from chassis.event_store.tables import events, snapshots

SNAPSHOT_EVERY = 100
"""A stream gets a snapshot when it has grown by so many events since the last."""
PAGE_LIMIT = 2_000
IDLE_SECONDS = 5.0
COUNTED_LIMIT = 100_000


class Snapshotter:
    """Follows the log and counts; when a stream has grown enough it is folded and kept.

    Begins at the head: what was counted before a restart is counted anew, which only means that a
    snapshot comes a little later.
    """

    def __init__(self, log: Log, database: Database, streams: Streams) -> None:
        self._log = log
        self._database = database
        self._streams = streams
        self._grown: Counter[str] = Counter()

    async def run(self) -> None:
        """Follow for ever."""
        position = (await self._log.head()).position
        while True:
            await self._log.committed(position, IDLE_SECONDS)
            due: dict[str, None] = {}
            for recorded in await self._log.after(position, PAGE_LIMIT):
                position = recorded.position
                self._grown[recorded.stream] += 1
                if self._grown[recorded.stream] >= SNAPSHOT_EVERY:
                    due[recorded.stream] = None
            await self.keep(list(due))
            if len(self._grown) > COUNTED_LIMIT:
                self._grown.clear()

    async def keep(self, streams: list[str]) -> None:
        """Fold these streams and keep the folds."""
        for stream in streams:
            del self._grown[stream]
            await keep_snapshot(self._database, self._streams, stream)


async def keep_snapshot(database: Database, streams: Streams, stream: str) -> None:
    """Fold a stream on a reader, then keep the fold; the writer is held for one row only."""

    def fold(connection: Connection) -> Folded | Unloadable:
        return streams.load(connection, [stream])[stream]

    found = await database.read(fold)
    if isinstance(found, Unloadable):
        return
    row = streams.snapshot_row(stream, found)

    def write(connection: Connection) -> None:
        connection.execute(snapshots.delete().where(snapshots.c.stream == stream))
        insert_rows(connection, snapshots, [tuple(row[c.name] for c in snapshots.columns)])

    await database.write_derived(write)


async def rebuild_snapshots(database: Database, streams: Streams, shortest: int) -> int:
    """Keep a snapshot of every stream of at least `shortest` events; returns how many."""

    def long_streams(connection: Connection) -> list[str]:
        query = select(events.c.originator_id).where(events.c.originator_version == shortest)
        return [row[0] for row in connection.execute(query)]

    found = await database.read(long_streams)
    for stream in found:
        await keep_snapshot(database, streams, stream)
    return len(found)
