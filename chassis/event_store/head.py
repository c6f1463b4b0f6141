"""The head of the log: whoever holds its row's lock writes, everybody else waits."""

from sqlalchemy import Connection, Engine, insert, select

from chassis.database import run_statement
from chassis.event_store.tables import METADATA, epochs, log_head
from chassis.kernel.values import record


@record
class Head:
    """Where the log stands: `position` of the last event (0: none) and the size of the audit log
    with its frontier."""

    epoch: int
    position: int
    audit_size: int = 0
    audit_frontier: bytes = b""


_EPOCHS = select(epochs).order_by(epochs.c.epoch.desc())
_READ = "SELECT epoch, position, audit_size, audit_frontier FROM log_head WHERE id = 1"
_TAKE = {"sqlite": _READ, "postgresql": f"{_READ} FOR UPDATE"}
_MOVE = {
    "sqlite": "UPDATE log_head SET position = ?, epoch = ?, audit_size = ?, audit_frontier = ?"
    " WHERE id = 1",
    "postgresql": "UPDATE log_head SET position = %s, epoch = %s, audit_size = %s,"
    " audit_frontier = %s WHERE id = 1",
}
"""Written out: it runs once in every transaction, and composing it costs more than running it."""


def create_tables(engine: Engine) -> None:
    """Create what is missing and the head row of an empty log in epoch 1."""
    METADATA.create_all(engine)
    with engine.execution_options(writing=True).begin() as connection:
        if not run_statement(connection, _TAKE[connection.dialect.name], reading=True):
            connection.execute(
                insert(log_head).values(id=1, position=0, epoch=1, audit_size=0, audit_frontier=b"")
            )
            connection.execute(insert(epochs).values(epoch=1, first_position=1))


def read_head(connection: Connection) -> Head:
    """Where the log stands, without a lock."""
    return Head(*run_statement(connection, _READ, reading=True)[0])


def take_head(connection: Connection) -> Head:
    """Where the log stands; nobody else can move it until the transaction ends."""
    return Head(*run_statement(connection, _TAKE[connection.dialect.name], reading=True)[0])


def move_head(connection: Connection, head: Head) -> None:
    """Write the new head; the caller holds its lock."""
    moved = (head.position, head.epoch, head.audit_size, head.audit_frontier)
    run_statement(connection, _MOVE[connection.dialect.name], moved)


def begin_epoch(engine: Engine) -> int:
    """Begin a new epoch, as after restoring a backup; returns its number."""
    with engine.execution_options(writing=True).begin() as connection:
        head = take_head(connection)
        epoch = head.epoch + 1
        connection.execute(insert(epochs).values(epoch=epoch, first_position=head.position + 1))
        move_head(connection, Head(epoch, head.position, head.audit_size, head.audit_frontier))
        return epoch


def epoch_starts(connection: Connection) -> list[tuple[int, int]]:
    """Pairs of epoch and its first position, the newest first."""
    rows = connection.execute(_EPOCHS)
    return [(row.epoch, row.first_position) for row in rows]


def epoch_of(position: int, starts: list[tuple[int, int]]) -> int:
    """The epoch in which a position was written."""
    return next(epoch for epoch, first in starts if position >= first)
