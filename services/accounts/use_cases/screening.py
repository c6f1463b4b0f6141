"""Customers are looked for on lists: those who are new or called otherwise, and everybody when a
list has changed. What is done stands in the log, so that it may break off anywhere."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chassis.kernel import ids
from chassis.kernel.errors import Error, NotFound
from chassis.logs import log
from chassis.ports import Ports
from services.accounts.clients import Screener
from services.accounts.domain.applications.verification import Screening
from services.accounts.domain.customer import CUSTOMER, Customer
from services.accounts.domain.screening.commands import (
    AdvanceRescreening,
    RecordCustomerScreening,
)
from services.accounts.domain.screening.rescreening import RESCREENING, Rescreening
from services.accounts.queries import screening as queries
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.applications import person_of

T = TypeVar("T")
R = TypeVar("R")

BATCH_SIZE = 50
"""Customers of one unit of work, and so of what is asked again after a break."""
ASKED_AT_ONCE = 4
"""So many names are with risk at a time: applicants ask too, and wait."""
PASSES_AT_ONCE = 16
IDLE_SECONDS = 2.0
BETWEEN_SECONDS = 0.1
"""Between batches, so that what was done is known to whoever asks who is due."""
PAUSE_SECONDS = 5.0
"""Before risk is asked again when it gave no word: it is away, or no list is in force yet."""
ACTOR = "service:accounts"


@dataclass(frozen=True, slots=True)
class Looked:
    """A customer who was looked for; `screening` is None for whoever is forgotten."""

    customer_id: str
    screening_id: str
    screening: Screening | None


class Rescreenings:
    """Looks for customers, batch by batch, for ever."""

    def __init__(self, ports: Ports, accounts: Accounts, screener: Screener) -> None:
        self._ports = ports
        self._accounts = accounts
        self._screener = screener
        self._waiting_for = ""

    async def run(self) -> None:
        """Look for whoever is due, and go on with what was begun, for ever."""
        while True:
            try:
                worked = await self.work()
                self._waiting_for = ""
                pause = BETWEEN_SECONDS if worked else IDLE_SECONDS
            except Error as error:
                self._tell(error)
                pause = PAUSE_SECONDS
            await self._ports.sleep(pause)

    def _tell(self, error: Error) -> None:
        """Once for each reason: there may be no list for months."""
        if error.reason != self._waiting_for:
            log("rescreening_waits", level="warning", reason=error.reason)
            self._waiting_for = error.reason

    async def work(self) -> bool:
        """One batch of those who are due, and one of each pass; whether there was any. Raises what
        risk raises; nothing is lost or done twice by trying again."""
        looked = await self.look_for_due()
        passes = await self._ports.database.read(lambda c: queries.unfinished(c, PASSES_AT_ONCE))
        for rescreening_id in passes:
            await self.advance(rescreening_id)
        return bool(looked or passes)

    async def look_for_due(self) -> int:
        """Those who are new or called otherwise, longest waiting first; returns how many."""
        due = await self._ports.database.read(lambda c: queries.due(c, BATCH_SIZE))

        async def look(each: tuple[str, int]) -> None:
            customer_id, position = each
            looked = await self._look(customer_id, str(position))
            command = RecordCustomerScreening(
                customer_id=customer_id,
                screening_id=looked.screening_id,
                due_position=position,
                screening=looked.screening,
            )
            await self._ports.application.execute(command, actor=ACTOR)

        await _some_at_once(due, look)
        return len(due)

    async def advance(self, rescreening_id: str) -> None:
        """The next customers of a pass, all in one unit, or its end."""
        of = await self._ports.application.state(RESCREENING, rescreening_id)
        if of.completed:
            return
        page = await self._ports.database.read(
            lambda c: queries.customers(c, of.through, BATCH_SIZE)
        )

        async def look(customer_id: str) -> Looked:
            return await self._look(customer_id, rescreening_id)

        await self._keep(of, await _some_at_once(page, look))

    async def _keep(self, of: Rescreening, looked: Sequence[Looked]) -> None:
        referred = [
            RecordCustomerScreening(
                customer_id=each.customer_id,
                screening_id=each.screening_id,
                due_position=0,
                screening=each.screening,
            )
            for each in looked
            if each.screening not in (None, Screening.CLEAR)
        ]
        skipped = sum(each.screening is None for each in looked)
        batch = AdvanceRescreening(
            rescreening_id=of.rescreening_id,
            after=of.through,
            through=looked[-1].customer_id if looked else "",
            screened=len(looked) - skipped,
            referred=len(referred),
            skipped=skipped,
        )
        await self._ports.application.execute(*referred, batch, actor=ACTOR)

    async def _look(self, customer_id: str, because: str) -> Looked:
        """Ask risk about a customer, whose name is in clear in memory only. Raises what risk
        raises. What is asked again has the same id, unless the customer is another meanwhile."""
        customer = await self._ports.application.find(CUSTOMER, customer_id)
        digest = customer.profile_digest if customer is not None else ""
        screening_id = ids.derive("screening of customer", because, customer_id, digest)
        clear = await self._in_clear(customer)
        if clear is None:
            return Looked(customer_id, screening_id, None)
        person = person_of(customer_id, clear)
        return Looked(customer_id, screening_id, await self._screener.screen(person, screening_id))

    async def _in_clear(self, customer: Customer | None) -> dict[str, str] | None:
        if customer is None or customer.profile is None or customer.erasing:
            return None
        try:
            return await self._accounts.unsealed(customer.customer_id, customer.profile)
        except NotFound as error:
            if error.reason == "KEY_DESTROYED":
                return None
            raise


async def _some_at_once(wanted: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """What `work` gives for each, in order, a few at a time; the first failure ends it."""
    found: list[R] = []
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        found += await asyncio.gather(*map(work, wanted[start : start + ASKED_AT_ONCE]))
    return found
