"""The receiving side of the store: what was taken in of others, and what had to be parked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from chassis.database import Database
from chassis.event_store.tables import inbox, parked, watermarks


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that waits: the first of its stream for its `reason`, the others behind it."""

    source: str
    epoch: int
    position: int
    stream: str
    reason: str
    subject: str
    headers: Mapping[str, str]
    payload: bytes


class Intake:
    """Reads the inbox. Writing to it goes through the committer, with the effects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def watermarks(self, source: str) -> dict[int, tuple[int, int]]:
        """Per partition the (epoch, position) of the last message taken in."""
        query = select(watermarks).where(watermarks.c.source == source)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.partition: (row.epoch, row.position) for row in rows}

    async def parked_streams(self, source: str) -> set[str]:
        """Streams of a source that have something parked."""
        query = select(parked.c.stream).where(parked.c.source == source).distinct()
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.stream for row in rows}

    async def parked(self, source: str, stream: str) -> list[Parked]:
        """What is parked of one stream, in order."""
        query = (
            select(parked)
            .where(parked.c.source == source, parked.c.stream == stream)
            .order_by(parked.c.epoch, parked.c.position)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [
            Parked(
                row.source,
                row.epoch,
                row.position,
                row.stream,
                row.reason,
                row.subject,
                msgspec.json.decode(bytes(row.headers), type=dict[str, str]),
                bytes(row.payload),
            )
            for row in rows
        ]

    async def count(self, source: str) -> int:
        """How many messages of a source were taken in."""
        query = select(inbox.c.position).where(inbox.c.source == source)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return len(rows)


def park(message: Parked) -> Any:
    """For `Work.inside`: keep the message until somebody redrives or skips it."""

    def write(connection: Connection, _settled: Any) -> None:
        connection.execute(
            parked.insert().values(
                source=message.source,
                epoch=message.epoch,
                position=message.position,
                stream=message.stream,
                reason=message.reason,
                subject=message.subject,
                headers=msgspec.json.encode(dict(message.headers)),
                payload=message.payload,
            )
        )

    return write


def unpark(source: str, epoch: int, position: int) -> Any:
    """For `Work.inside`: what was parked is settled."""

    def write(connection: Connection, _settled: Any) -> None:
        connection.execute(
            parked.delete().where(
                parked.c.source == source,
                parked.c.epoch == epoch,
                parked.c.position == position,
            )
        )

    return write
