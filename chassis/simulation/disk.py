"""The disk under a simulated service: SQLite in memory, of which a crash keeps what is synced."""

import asyncio
import sqlite3
from collections.abc import Callable
from enum import Enum
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


class Mishap(Enum):
    """What can go wrong at a commit. The machine dies and nobody hears of the commit, or the
    process lives and is told that it failed; and the commit took place or not."""

    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"
    FAILS_BEFORE = "fails before"
    FAILS_AFTER = "fails after"


class _Connection(sqlite3.Connection):
    """A connection that tells its disk of every commit that changes something."""

    disk: "SimulatedDisk | None" = None
    told_changes = 0

    def commit(self) -> None:
        disk = self.disk
        if disk is None or self.total_changes == self.told_changes:
            super().commit()
            return
        self.told_changes = self.total_changes
        disk.commit(self, super().commit)


def _nothing() -> None:
    """Nobody is told."""


class SimulatedDisk:
    """What survives a crash of one service's machine.

    Every commit is synced at once, as SQLite does with synchronous FULL. Since nothing else runs
    during a transaction, the image of the last synced commit need not be taken before a crash.
    `on_death` is called when the machine dies at a commit.
    """

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.commits = 0
        self.image: bytes | None = None
        self.on_death: Callable[[], None] = _nothing
        self._mishap: tuple[int, Mishap] | None = None
        self._world = world
        self._connection: _Connection | None = None
        self._lost: list[_Connection] = []

    def open(self) -> Engine:
        """An engine on what the disk holds, for one process.

        The processes of one machine share a connection: each runs its transactions to the end
        before another has its turn, so they cannot tell it from one each.
        """
        return open_engine("sqlite://", creator=self._connect)

    def plan(self, mishap: Mishap, after_commits: int) -> None:
        """Let something go wrong at the commit after so many more."""
        self._mishap = (self.commits + after_commits, mishap)

    @property
    def is_new(self) -> bool:
        """Whether no machine has crashed on it yet, and nothing was committed."""
        return self.image is None and self.commits == 0

    def prepare(self, make: Callable[[], None], known: bytes | None) -> bytes:
        """Give a new disk what `make` writes, or that as it is `known` from another world; neither
        counts as a commit. Returns it."""
        connection = self._connect()
        connection.disk = None
        if known is None:
            make()
            known = connection.serialize()
        else:
            connection.deserialize(known)
        connection.told_changes = connection.total_changes
        connection.disk = self
        return known

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self._mishap = None

    def crash(self) -> None:
        """Keep what was synced; what the open connection does from now on is lost."""
        connection = self._connection
        if connection is not None:
            self._connection = None
            self.image = self.synced(connection)
            connection.disk = None
            self._lost.append(connection)

    def synced(self, connection: sqlite3.Connection) -> bytes | None:
        """What is on the disk if the power goes now."""
        if connection.in_transaction:
            connection.rollback()
        return connection.serialize()

    def commit(self, connection: sqlite3.Connection, really: Callable[[], None]) -> None:
        """A transaction is to be committed, and something may go wrong at that."""
        self.commits += 1
        mishap = self._due()
        if mishap is Mishap.DIES_BEFORE:
            self._die()
        elif mishap is Mishap.FAILS_BEFORE:
            connection.rollback()
            self._fail("a commit failed and did not take place")
        really()
        self._world.trace.add("commit", f"{self.name} {self.commits}")
        if mishap is Mishap.DIES_AFTER:
            self._world.sometimes("a machine died between a commit and its answer")
            self._die()
        elif mishap is Mishap.FAILS_AFTER:
            self._fail("a commit took place and was said to have failed")

    def _due(self) -> Mishap | None:
        if self._mishap is None or self.commits < self._mishap[0]:
            return None
        _, mishap = self._mishap
        self._mishap = None
        self._world.trace.add("mishap", f"{self.name} {mishap.value}")
        return mishap

    def _die(self) -> None:
        self.crash()
        self.on_death()

    def _fail(self, what: str) -> None:
        self._world.sometimes(what)
        raise sqlite3.OperationalError("disk I/O error")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds on the disk, for invariants."""
        return self._connect().execute(query).fetchall()

    def close(self) -> None:
        """Close every connection there ever was: the world is over."""
        self.crash()
        for connection in self._lost:
            connection.close()
        self._lost.clear()

    def _connect(self) -> _Connection:
        if self._connection is not None:
            return self._connection
        connection = sqlite3.connect(":memory:", check_same_thread=False, factory=_Connection)
        if self.image is not None:
            connection.deserialize(self.image)
        connection.disk = self
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
