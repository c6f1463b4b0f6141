"""What keeps a store small and its audit log checkable: pruning, and signed checkpoints."""

import asyncio
from datetime import timedelta

from sqlalchemy import Connection, select

from chassis.database import Database
from chassis.event_store.rows import micros
from chassis.event_store.tables import idempotency
from chassis.kernel.clock import Clock

IDEMPOTENCY_KEPT = timedelta(days=35)
PRUNE_LIMIT = 1_000
"""So many rows go in one transaction, so that commands wait for it only briefly."""
EVERY_SECONDS = 300.0


class Housekeeper:
    """Forgets answers that are older than 35 days."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Prune now and then, for ever."""
        while True:
            while await self.prune() == PRUNE_LIMIT:
                pass
            await asyncio.sleep(EVERY_SECONDS)

    async def prune(self) -> int:
        """Forget one batch of old answers; returns how many."""
        oldest = micros(self._clock.now() - IDEMPOTENCY_KEPT)

        def delete(connection: Connection) -> int:
            old = (
                select(idempotency.c.request_id)
                .where(idempotency.c.created_at < oldest)
                .limit(PRUNE_LIMIT)
            )
            return connection.execute(
                idempotency.delete().where(idempotency.c.request_id.in_(old))
            ).rowcount

        return await self._database.write(delete)
