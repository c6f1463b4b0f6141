"""What facts do to the lists of clearing files and of records that wait."""

from typing import Any

from sqlalchemy import Connection, update

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain.clearing import events
from services.accounts.tables.clearing import clearing_files, clearing_items


@projects(events.ClearingFileReceived)
def list_received(connection: Connection, event: Recorded) -> None:
    """A file to be processed."""
    fact: Any = event.fact
    connection.execute(
        clearing_files.insert().values(
            file_id=fact.file_id, position=event.position, completed=False
        )
    )


@projects(events.ClearingFileCompleted)
def list_completed(connection: Connection, event: Recorded) -> None:
    """Nothing more to do."""
    fact: Any = event.fact
    mine = clearing_files.c.file_id == fact.file_id
    connection.execute(update(clearing_files).where(mine).values(completed=True))


@projects(events.ClearingRecordQueued)
def list_queued(connection: Connection, event: Recorded) -> None:
    """A record that waits."""
    fact: Any = event.fact
    connection.execute(
        clearing_items.insert().values(
            item_id=fact.item_id,
            position=event.position,
            file_id=fact.file_id,
            kind=str(fact.kind),
            resolution="",
        )
    )


@projects(events.ClearingRecordResolved)
def list_resolved(connection: Connection, event: Recorded) -> None:
    """It waits no longer."""
    fact: Any = event.fact
    mine = clearing_items.c.item_id == fact.item_id
    connection.execute(update(clearing_items).where(mine).values(resolution=str(fact.resolution)))


PROJECTIONS = (
    Projection("clearing_files", (clearing_files,), (list_received, list_completed)),
    Projection("clearing_items", (clearing_items,), (list_queued, list_resolved)),
)
