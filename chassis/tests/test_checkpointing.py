"""Checkpoints over a real store: what is tampered with in the tables is found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, delete, update

from chassis import audit
from chassis.checkpointing import Checkpointer
from chassis.database import Database, InlineRunner, open_engine
from chassis.event_store.head import Head, create_tables, move_head, read_head
from chassis.event_store.tables import audit as leaves
from chassis.event_store.tables import checkpoints, log_head
from chassis.kernel.clock import FixedClock

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(open_engine(f"sqlite:///{tmp_path / 'store.db'}"), InlineRunner())
    create_tables(made.engine)
    yield made
    made.close()


def checkpointer(database: Database, key: Ed25519PrivateKey = KEY) -> Checkpointer:
    return Checkpointer(database, FixedClock(), "cards/test", key)


async def grow(database: Database, *entries: bytes) -> None:
    def add(connection: Connection) -> None:
        head = read_head(connection)
        for entry in entries:
            connection.execute(leaves.insert().values(leaf_index=head.audit_size, leaf=entry))
            frontier = audit.append(head.audit_frontier, entry)
            head = Head(head.epoch, head.position, head.audit_size + 1, frontier)
        move_head(connection, head)

    await database.write(add)


async def test_a_log_that_nobody_touched_is_intact_and_extends_what_was_known(
    database: Database,
) -> None:
    log = checkpointer(database)
    await grow(database, b"a", b"b", b"c")
    first = await log.verify()
    assert await log.sign() is not None
    assert await log.sign() is None
    await grow(database, b"d", b"e")
    second = await log.verify(first.checkpoint)
    assert second.verdict.intact
    assert second.verdict.size == 5
    old = audit.open_checkpoint(first.checkpoint, "cards/test", KEY.public_key())
    new = audit.open_checkpoint(second.checkpoint, "cards/test", KEY.public_key())
    assert audit.extends(old.size, new.size, second.proof, old.root, new.root)


@pytest.mark.parametrize(
    "tampering",
    [
        delete(leaves).where(leaves.c.leaf_index == 1),
        delete(leaves).where(leaves.c.leaf_index == 3),
        update(leaves).where(leaves.c.leaf_index == 0).values(leaf=b"x"),
        update(checkpoints).values(signed="forged"),
        update(log_head).values(audit_size=2),
    ],
)
async def test_whoever_tampers_with_the_tables_is_found_out(
    database: Database, tampering: Any
) -> None:
    log = checkpointer(database)
    await grow(database, b"a", b"b", b"c", b"d")
    await log.sign()
    await database.write(lambda connection: connection.execute(tampering))
    review = await log.verify()
    assert not review.verdict.intact
    assert review.verdict.problems


async def test_a_checkpoint_of_another_log_is_refused(database: Database) -> None:
    await grow(database, b"a")
    other = checkpointer(database, Ed25519PrivateKey.from_private_bytes(b"o" * 32))
    foreign = (await other.verify()).checkpoint
    with pytest.raises(audit.CheckpointRefused):
        await checkpointer(database).verify(foreign)
