"""The disk under a simulated service: SQLite in memory, of which a crash keeps what is synced."""

import asyncio
import sqlite3
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from sqlalchemy import Engine

from chassis.database import open_engine
from chassis.simulation.world import World

T = TypeVar("T")

WRITE_SECONDS = 0.004
READ_SECONDS = 0.001
STALL_SECONDS = 0.4
STALL_CHANCE = 0.01
"""One access in a hundred takes far longer, as on a machine that is shared."""


class _Connection(sqlite3.Connection):
    """A connection that tells its disk of every commit that changed something."""

    on_commit: Callable[[], None]
    told_changes = 0

    def commit(self) -> None:
        super().commit()
        if self.total_changes != self.told_changes:
            self.told_changes = self.total_changes
            self.on_commit()


def _nothing() -> None:
    """Nobody is told."""


class SimulatedDisk:
    """What survives a crash of one service's machine.

    Every commit is synced at once, as SQLite does with synchronous FULL. Since nothing else runs
    during a transaction, the image of the last synced commit need not be taken before a crash.
    With `dies_at_commit` the machine dies at that commit, which is synced, but nobody has heard of
    it; then `on_death` is called.
    """

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.commits = 0
        self.dies_at_commit: int | None = None
        self.image: bytes | None = None
        self._world = world
        self._connection: _Connection | None = None
        self.on_death: Callable[[], None] = _nothing
        self._lost: list[_Connection] = []

    def open(self) -> Engine:
        """An engine on what the disk holds, for one process.

        The processes of one machine share a connection: each runs its transactions to the end
        before another has its turn, so they cannot tell it from one each.
        """
        return open_engine("sqlite://", creator=self._connect)

    def crash(self) -> None:
        """Keep what was synced; what the open connection does from now on is lost."""
        connection = self._connection
        if connection is not None:
            self._connection = None
            self.image = self.synced(connection)
            connection.on_commit = _nothing
            self._lost.append(connection)

    def synced(self, connection: sqlite3.Connection) -> bytes | None:
        """What is on the disk if the power goes now."""
        if connection.in_transaction:
            connection.rollback()
        return connection.serialize()

    def committed(self) -> None:
        """A transaction was committed."""
        self.commits += 1
        self._world.trace.add("commit", f"{self.name} {self.commits}")
        if self.dies_at_commit is not None and self.commits >= self.dies_at_commit:
            self.dies_at_commit = None
            self._world.sometimes("a process died between a commit and its answer")
            self.crash()
            self.on_death()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds on the disk, for invariants."""
        return self._connect().execute(query).fetchall()

    def close(self) -> None:
        """Close every connection there ever was: the world is over."""
        self.crash()
        for connection in self._lost:
            connection.close()
        self._lost.clear()

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        connection = sqlite3.connect(":memory:", check_same_thread=False, factory=_Connection)
        if self.image is not None:
            connection.deserialize(self.image)
        connection.on_commit = self.committed
        self._connection = connection
        return connection


class SimulatedRunner:
    """`chassis.database.Runner` in line: one writer, any readers, each access takes a while.

    Time passes before the work, so that others come first, and after it, so that the process can
    die between a commit and its answer.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._writer = asyncio.Lock()

    async def write(self, work: Callable[[], T]) -> T:
        async with self._writer:
            await self._pause(WRITE_SECONDS / 4)
            result = work()
            await self._pause(WRITE_SECONDS)
            return result

    async def read(self, work: Callable[[], T]) -> T:
        await self._pause(READ_SECONDS)
        result = work()
        await self._pause(READ_SECONDS)
        return result

    def close(self) -> None:
        return None

    async def _pause(self, seconds: float) -> None:
        if self._random.random() < STALL_CHANCE:
            await asyncio.sleep(self._random.random() * STALL_SECONDS)
        else:
            await asyncio.sleep(self._random.choice((0.0, self._random.random() * seconds)))
