"""Read models: functions of facts to rows, each set with a cursor of its own, rebuilt at will."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, select

from chassis.database import Database
from chassis.event_store.log import Log
from chassis.event_store.tables import tracking
from chassis.kernel.events import Fact
from chassis.recorded import Recorded

H = TypeVar("H", bound=Callable[..., None])
Handler = Callable[[Connection, Any], None]
Finish = Callable[[Connection, Sequence[Recorded]], bool | None]
Rest = Callable[[Connection], bool]

PAGE_LIMIT = 500
IDLE_SECONDS = 5.0
REST_SECONDS = 0.05
"""Between one turn and the next, so that a read model is so far behind at most, not always."""
RETRY_PAUSE_SECONDS = 1.0


def projects(*kinds: type[Fact]) -> Callable[[H], H]:
    """Mark a function `(connection, recorded) -> None` as what these facts do to a read model."""

    def mark(handler: H) -> H:
        handler.projected_kinds = kinds  # type: ignore[attr-defined]
        return handler

    return mark


@dataclass(frozen=True)
class Projection:
    """A named read model: its tables, and what each fact does to them.

    With `synchronous` the handlers run in the commit transaction instead of behind it: for what
    must be read back at once, and dear, because every command waits for it. `finish` is done once
    for a page of facts, after the handlers, for what is cheaper for many at once; not together with
    `synchronous`. What takes longer than a turn is left in a table of the projection: `finish` says
    whether something is, and `rest` then does a part of it between pages, until it says no. A
    higher `version` has the tables filled anew.
    """

    name: str
    tables: Sequence[Table]
    handlers: Sequence[Handler]
    synchronous: bool = False
    finish: Finish | None = None
    rest: Rest | None = None
    version: int = 1
    by_fact: Mapping[type[Fact], list[Handler]] = field(init=False)

    def __post_init__(self) -> None:
        if self.synchronous and self.finish is not None:
            raise ValueError("what is done for a page cannot be done for a commit")
        by_fact: dict[type[Fact], list[Handler]] = {}
        for handler in self.handlers:
            for kind in handler.projected_kinds:  # type: ignore[attr-defined]
                by_fact.setdefault(kind, []).append(handler)
        object.__setattr__(self, "by_fact", by_fact)

    @property
    def cursor(self) -> str:
        """The name of its row in `tracking`."""
        return f"projection:{self.name}" + (f".{self.version}" if self.version > 1 else "")

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        """What one event does to the tables."""
        for handler in self.by_fact.get(type(recorded.fact), ()):
            handler(connection, recorded)


_PLACE = select(tracking.c.notification_id).where(tracking.c.application_name == bindparam("name"))
_MOVE = (
    tracking.update()
    .where(
        tracking.c.application_name == bindparam("name"),
        tracking.c.notification_id == bindparam("start"),
    )
    .values(notification_id=bindparam("end"))
)


class Projector:
    """Keeps one projection up with the log."""

    def __init__(
        self,
        projection: Projection,
        log: Log,
        database: Database,
        on_failure: Callable[[str, Exception], None],
    ) -> None:
        self.projection = projection
        self._log = log
        self._database = database
        self._on_failure = on_failure
        # Whoever did the last part may have been stopped after it.
        self._is_left = projection.rest is not None

    async def run(self) -> None:
        """Follow for ever. A failure is told and tried again: a read model must not skip."""
        while True:
            try:
                position = await self.position()
                while True:
                    await self._log.committed(position, IDLE_SECONDS)
                    position = await self.catch_up(position)
                    # What comes now is taken together: the writer has commands to attend to.
                    await asyncio.sleep(REST_SECONDS)
            except Exception as error:
                self._on_failure(self.projection.name, error)
                await asyncio.sleep(RETRY_PAUSE_SECONDS)

    async def position(self) -> int:
        """The last position that the tables contain."""
        name = {"name": self.projection.cursor}
        found = await self._database.read(lambda connection: connection.scalar(_PLACE, name))
        return found or 0

    async def catch_up(self, position: int) -> int:
        """Apply everything there is after `position`; returns how far it came."""
        while (page := await self._log.after(position, PAGE_LIMIT)) or self._is_left:
            if page:
                position = await self._database.write_derived(partial(self._apply, page, position))
            if self._is_left:
                rest = partial(self._rest, position)
                self._is_left = await self._database.write_derived(rest)
        return position

    def _rest(self, position: int, connection: Connection) -> bool:
        """A part of what pages left over, unless another worker has moved on; whether there is
        more of it."""
        if self.projection.rest is None or position == 0:
            return False
        here = {"name": self.projection.cursor, "start": position, "end": position}
        if connection.execute(_MOVE, here).rowcount != 1:
            raise Overtaken(self.projection.name)
        return self.projection.rest(connection)

    def _apply(self, page: list[Recorded], start: int, connection: Connection) -> int:
        end = page[-1].position
        cursor = tracking.c.application_name == self.projection.cursor
        if start == 0:
            # There may be rows of an earlier version; the cursor row may be there with 0, or not.
            self._empty(connection)
            connection.execute(tracking.delete().where(cursor, tracking.c.notification_id == 0))
            connection.execute(
                tracking.insert().values(
                    application_name=self.projection.cursor, notification_id=end
                )
            )
        else:
            moving = {"name": self.projection.cursor, "start": start, "end": end}
            moved = connection.execute(_MOVE, moving)
            if moved.rowcount != 1:
                raise Overtaken(self.projection.name)
        for recorded in page:
            self.projection.apply(connection, recorded)
        if self.projection.finish is not None and self.projection.finish(connection, page):
            self._is_left = self.projection.rest is not None
        return end

    def _empty(self, connection: Connection) -> None:
        for table in reversed(self.projection.tables):
            connection.execute(table.delete())

    async def rebuild(self) -> int:
        """Empty the tables and apply the whole log anew; returns the position reached."""

        def empty(connection: Connection) -> None:
            self._empty(connection)
            connection.execute(
                tracking.delete().where(tracking.c.application_name == self.projection.cursor)
            )

        await self._database.write(empty)
        return await self.catch_up(0)


class Overtaken(Exception):
    """Another worker moved this projection on; read its place again."""
