"""Signed checkpoints of a service's own audit log, and its verification against them."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, func, select

from chassis import audit
from chassis.audit import Checkpoint, CheckpointRefused, Verdict
from chassis.database import Database
from chassis.event_store.head import read_head
from chassis.event_store.rows import micros
from chassis.event_store.tables import audit as leaves
from chassis.event_store.tables import checkpoints
from chassis.kernel.clock import Clock

EVERY_SECONDS = 60.0
PAGE_LEAVES = 1_000


@dataclass(frozen=True, slots=True)
class Review:
    """What became of a verification; `checkpoint` is signed now over everything there is, and
    `proof` shows that it extends the checkpoint that the caller knew."""

    verdict: Verdict
    checkpoint: str
    proof: tuple[bytes, ...]


class Checkpointer:
    """Signs what a log claims to be. `origin` names the log (`cards/auth`)."""

    def __init__(
        self, database: Database, clock: Clock, origin: str, key: Ed25519PrivateKey
    ) -> None:
        self._database = database
        self._clock = clock
        self._origin = origin
        self._key = key

    async def run(self) -> None:
        """Sign now and then, for ever."""
        while True:
            await self.sign()
            await asyncio.sleep(EVERY_SECONDS)

    async def sign(self) -> Checkpoint | None:
        """Sign and keep a checkpoint, if the log has grown since the last one."""
        return await self._database.write(self._sign)

    async def verify(self, known: str = "") -> Review:
        """Recompute the log, hold it against every checkpoint kept and against the one the caller
        `known`. Raises CheckpointRefused if this log never signed the latter."""
        asked = (
            audit.open_checkpoint(known, self._origin, self._key.public_key()) if known else None
        )
        return await self._database.read(lambda connection: self._verify(connection, asked))

    def _sign(self, connection: Connection) -> Checkpoint | None:
        head = read_head(connection)
        last = connection.scalar(select(func.max(checkpoints.c.size))) or 0
        if head.audit_size <= last:
            return None
        made = Checkpoint(self._origin, head.audit_size, audit.root_of(head.audit_frontier))
        connection.execute(
            checkpoints.insert().values(
                size=made.size,
                root=made.root,
                signed=audit.sign_checkpoint(made, self._key),
                made_at=micros(self._clock.now()),
            )
        )
        return made

    def _verify(self, connection: Connection, known: Checkpoint | None) -> Review:
        # Checkpoints first, leaves last: what is added meanwhile must not look like a truncation.
        kept, problems = self._kept(connection)
        head = read_head(connection)
        hashes: list[bytes] = []
        rows = _hashing(_rows(connection, head.audit_size), hashes)
        verdict = audit.verify_log(rows, [*kept, *([known] if known else [])], head.audit_frontier)
        verdict = Verdict(verdict.size, verdict.root, (*problems, *verdict.problems))
        proof: list[bytes] = []
        if known is not None and known.size <= len(hashes):
            proof = audit.consistency_proof(known.size, hashes)
        now = Checkpoint(self._origin, verdict.size, verdict.root)
        return Review(verdict, audit.sign_checkpoint(now, self._key), tuple(proof))

    def _kept(self, connection: Connection) -> tuple[list[Checkpoint], list[str]]:
        kept, problems = [], []
        public = self._key.public_key()
        for row in connection.execute(select(checkpoints).order_by(checkpoints.c.size)):
            try:
                kept.append(audit.open_checkpoint(row.signed, self._origin, public))
            except CheckpointRefused:
                problems.append(f"the checkpoint over {row.size} leaves was not signed by this log")
        return kept, problems


def _rows(connection: Connection, size: int) -> Iterator[tuple[int, bytes]]:
    query = select(leaves).where(leaves.c.leaf_index < size).order_by(leaves.c.leaf_index)
    streamed = connection.execution_options(yield_per=PAGE_LEAVES).execute(query)
    return ((row.leaf_index, bytes(row.leaf)) for row in streamed)


def _hashing(rows: Iterable[tuple[int, bytes]], hashes: list[bytes]) -> Iterator[tuple[int, bytes]]:
    for index, leaf in rows:
        hashes.append(audit.leaf_hash(leaf))
        yield index, leaf
