"""Days' ends: the books are read as of one moment and compared; and the journal, page by page."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.kernel.errors import NotFound, Unavailable
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.programme import PROGRAMME
from services.accounts.domain.reconciliation.day_end import (
    DAY_END,
    DayEnd,
    ProveDay,
    day_end_id,
)
from services.accounts.domain.reconciliation.events import DayFigures
from services.accounts.queries import reconciliation as queries

M = TypeVar("M", bound=Message)

CAUGHT_UP_ATTEMPTS = 75
BEHIND_SECONDS = 0.02
"""How often, and how far apart, it is asked whether the books have caught up with the log."""
STILL_ATTEMPTS = 5
"""How often books are read again that went on while they were read."""
JOURNAL_PAGE = 500


@dataclass(frozen=True, slots=True)
class DayEnds:
    """The steps around the decider of days' ends."""

    ports: Ports

    async def prove(self, programme_id: str, day: date, actor: str) -> None:
        """Prove the end of a day of a programme: the proof is a fact, balanced or not, and proving
        again adds one only when the figures changed. Raises NotFound PROGRAMME_NOT_FOUND, or
        Unavailable LEDGER_BEHIND."""
        command = await self._proof(programme_id, day)
        await self.ports.application.execute(command, actor=actor)

    async def close(self, programme_id: str, day: date, render: Callable[[Settled], M]) -> M:
        """The same, for somebody at the door."""
        command = await self._proof(programme_id, day)
        return await self.ports.application.answer(command, render=render)

    async def _proof(self, programme_id: str, day: date) -> ProveDay:
        currency = await self._currency(programme_id)
        await self.caught_up(queries.CURSOR)
        figures, position = await self._read(programme_id, currency, day)
        return ProveDay(
            programme_id=programme_id,
            currency=currency,
            day=day,
            figures=figures,
            position=position,
        )

    async def _currency(self, programme_id: str) -> str:
        programme = await self.ports.application.find(PROGRAMME, programme_id)
        if programme is None or not programme.versions:
            raise NotFound("PROGRAMME_NOT_FOUND", "there is no such programme")
        # A programme keeps its currency whatever else of it changes.
        return programme.versions[0].terms.currency

    async def caught_up(self, cursor: str) -> None:
        """Wait until a read model knows what has happened until now. Raises Unavailable
        LEDGER_BEHIND when it does not within a while."""
        head = await self.ports.log.head()
        for _ in range(CAUGHT_UP_ATTEMPTS):
            at = await self.ports.database.read(lambda c: queries.position(c, cursor))
            if at >= head.position:
                return
            await self.ports.sleep(BEHIND_SECONDS)
        raise Unavailable("LEDGER_BEHIND", "the books have not caught up; try again")

    async def _read(self, programme_id: str, currency: str, day: date) -> tuple[DayFigures, int]:
        """The figures and the position at which all of them were true."""

        def read(connection: Any) -> tuple[int, DayFigures, int]:
            before = queries.position(connection)
            figures = queries.figures(connection, programme_id, currency, day)
            return before, figures, queries.position(connection)

        for _ in range(STILL_ATTEMPTS):
            before, figures, after = await self.ports.database.read(read)
            if before == after:
                return figures, after
        raise Unavailable("LEDGER_BUSY", "the books did not stand still; try again")

    async def day_end(self, programme_id: str, day: date) -> DayEnd:
        """The latest proof of a day. Raises NotFound DAY_END_NOT_FOUND."""
        currency = await self._currency(programme_id)
        found = await self.ports.application.find(DAY_END, day_end_id(programme_id, currency, day))
        if found is None:
            raise NotFound("DAY_END_NOT_FOUND", "this day was not proved")
        return found

    async def proved(self, rows: Sequence[tuple[str, str, str]]) -> list[DayEnd]:
        """The proofs of date, programme and currency each."""
        return await self.ports.application.find_all(
            *(
                (DAY_END, day_end_id(programme_id, currency, date.fromisoformat(on)))
                for on, programme_id, currency in rows
            )
        )

    async def journal(self, from_date: date, to_date: date) -> AsyncIterator[Sequence[Any]]:
        """The postings of days, page by page, in the order of days. Raises Unavailable."""
        await self.caught_up(queries.LEDGER_CURSOR)
        first, last = from_date.isoformat(), to_date.isoformat()
        place = ("", 0, 0)
        while True:
            page = await self.ports.database.read(
                lambda c, place=place: queries.journal(  # type: ignore[misc]
                    c, first, last, place, JOURNAL_PAGE
                )
            )
            if page:
                yield page
            if len(page) < JOURNAL_PAGE:
                return
            place = (page[-1].posting_date, page[-1].position, page[-1].line)
