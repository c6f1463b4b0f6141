"""Waits for a read model to move on, for many at once, whichever process moves it."""

import asyncio

from sqlalchemy import Connection, select

from chassis.database import Database
from chassis.event_store.log import Log
from chassis.event_store.tables import tracking
from chassis.projector import Projection

WAIT_SECONDS = 5.0
LAG_PAUSE_SECONDS = 0.02


class Pulse:
    """How far one projection is, as streams of responses want to know it.

    However many wait, one of them asks the store for all.
    """

    def __init__(self, projection: Projection, log: Log, database: Database) -> None:
        self._cursor = projection.cursor
        self._log = log
        self._database = database
        self._position = 0
        self._asking = asyncio.Lock()

    async def position(self) -> int:
        """The last position that the tables contain. Read it before the rows, not after."""
        query = select(tracking.c.notification_id).where(
            tracking.c.application_name == self._cursor
        )

        def read(connection: Connection) -> int:
            return connection.scalar(query) or 0

        self._position = await self._database.read(read)
        return self._position

    async def beyond(self, position: int) -> None:
        """Wait until the tables contain something after `position`."""
        while self._position <= position:
            async with self._asking:
                if self._position > position:
                    return
                await self._log.committed(position, WAIT_SECONDS)
                if await self.position() <= position:
                    # It may be in the log already; then the projection is about to take it in.
                    await asyncio.sleep(LAG_PAUSE_SECONDS)
