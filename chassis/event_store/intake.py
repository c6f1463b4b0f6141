"""The receiving side of the store: what was taken in of others, and what had to be parked."""

from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from chassis.bus import Message
from chassis.committer import Committer
from chassis.database import Database
from chassis.envelope import Place
from chassis.event_store.tables import inbox, parked, watermarks
from chassis.intake import Parked
from chassis.kernel.clock import Clock
from chassis.recorded import Meta
from chassis.work import Inbox, Outcome, Work


class StoreIntake:
    """The port `chassis.intake.Intake` on a store. Writing goes through the committer, so that
    inbox rows, watermarks and effects are one transaction."""

    def __init__(self, database: Database, committer: Committer, clock: Clock) -> None:
        self._database = database
        self._committer = committer
        self._clock = clock

    async def watermarks(self, source: str) -> dict[int, Place]:
        """Per partition the place of the last message that was taken in."""
        query = select(watermarks).where(watermarks.c.source == source)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.partition: Place(row.epoch, row.position) for row in rows}

    async def parked_streams(self, source: str) -> set[str]:
        """Streams of a source of which messages wait."""
        query = select(parked.c.stream).where(parked.c.source == source).distinct()
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.stream for row in rows}

    async def parked(self, source: str, stream: str, limit: int) -> list[Parked]:
        """What waits of one stream, in order of place, at most `limit`."""
        query = (
            select(parked, inbox.c.partition, inbox.c.topic, inbox.c.outcome)
            .join(
                inbox,
                (inbox.c.source == parked.c.source)
                & (inbox.c.epoch == parked.c.epoch)
                & (inbox.c.position == parked.c.position),
            )
            .where(parked.c.source == source, parked.c.stream == stream)
            .order_by(parked.c.epoch, parked.c.position)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_parked(row) for row in rows]

    async def submit(self, work: Work) -> Outcome:
        """Commit a unit with its inbox rows; see `chassis.intake.Intake.submit`."""
        return await self._committer.submit(work)

    async def park(self, message: Parked) -> None:
        """Keep a message with its inbox row and move the watermark, in one transaction."""

        def keep(connection: Connection, _settled: Any) -> None:
            connection.execute(
                parked.insert().values(
                    source=message.inbox.source,
                    epoch=message.inbox.epoch,
                    position=message.inbox.position,
                    stream=message.inbox.stream,
                    reason=message.reason,
                    subject=message.message.subject,
                    headers=msgspec.json.encode(dict(message.message.headers)),
                    payload=message.message.payload,
                )
            )

        meta = Meta(self._clock.now(), f"inbox:{message.inbox.source}")
        await self._committer.submit(
            Work(commands=(), meta=meta, inbox=(message.inbox,), inside=keep)
        )

    async def count(self, source: str) -> int:
        """How many messages of a source were taken in."""
        query = select(func.count()).select_from(inbox).where(inbox.c.source == source)
        found = await self._database.read(lambda connection: connection.scalar(query))
        return found or 0

    async def count_parked(self, source: str) -> int:
        """How many messages of a source wait."""
        query = select(func.count()).select_from(parked).where(parked.c.source == source)
        found = await self._database.read(lambda connection: connection.scalar(query))
        return found or 0


def _parked(row: Any) -> Parked:
    headers = msgspec.json.decode(bytes(row.headers), type=dict[str, str])
    return Parked(
        Inbox(
            row.source, row.epoch, row.position, row.partition, row.topic, row.stream, row.outcome
        ),
        row.reason,
        Message(row.subject, headers, bytes(row.payload)),
    )
