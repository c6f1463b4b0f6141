"""Timers that fail: what they hold up, and for how long."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from chassis.event_store.tables import timers
from chassis.event_store.tests.sums import EXPIRY, Store, add, open_store, rows, work
from chassis.kernel.errors import Error, Unavailable
from chassis.scheduler import DUE_LIMIT, RETRIES_LIMIT, Scheduler
from chassis.work import Outcome, Work


class Committing:
    """The committer, but for an error that it has for every unit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.error: Error | None = None

    async def submit(self, work: Work) -> Outcome:
        if self.error is not None:
            raise self.error
        return await self._store.committer.submit(work)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


def scheduler(store: Store, committing: Any, told: list[str]) -> Scheduler:
    def tell(what: str, error: Exception) -> None:
        told.append(what)

    return Scheduler(store.database, committing, store.codec, store.clock, tell)


async def test_a_store_that_is_away_costs_no_timer(store: Store) -> None:
    committing, told = Committing(store), list[str]()
    timing = scheduler(store, committing, told)
    await store.committer.submit(work(add(5, "x")))
    store.clock.advance(EXPIRY)
    committing.error = Unavailable("STORE_AWAY", "away")
    for _ in range(RETRIES_LIMIT + 1):
        assert await timing.run_due() == 0
    assert len(told) == RETRIES_LIMIT + 1
    committing.error = None
    assert await timing.run_due() == 1
    assert rows(store, timers) == []


async def test_timers_that_were_given_up_hold_up_no_other(store: Store) -> None:
    told: list[str] = []
    timing = scheduler(store, store.committer, told)

    def break_many(connection: Connection) -> None:
        due = int(store.clock.now().timestamp() * 1_000_000)
        for number in range(DUE_LIMIT):
            connection.execute(
                timers.insert().values(
                    timer_id=f"broken-{number}",
                    due_at=due,
                    topic="NobodyKnows",
                    command=b"{}",
                    correlation_id="",
                )
            )

    await store.database.write(break_many)
    await store.committer.submit(work(add(5, "x")))
    store.clock.advance(EXPIRY + timedelta(seconds=1))
    for _ in range(RETRIES_LIMIT):
        assert await timing.run_due() == 0
    assert await timing.run_due() == 1
    assert len(told) == RETRIES_LIMIT * DUE_LIMIT
