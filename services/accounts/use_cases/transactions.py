"""Labels and searches: what needs the holder's key on the way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis import call
from chassis.application import Application
from chassis.crypto.keys import Keys
from chassis.database import Database
from chassis.kernel.errors import Conflict, NotFound, Refused, Unavailable
from chassis.logs import log
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.transactions import notes
from services.accounts.domain.transactions.labels import (
    TRANSACTION_LABEL,
    CategoriseMerchant,
    CategoriseTransaction,
    Labels,
    NoteTransaction,
    SealedNote,
)
from services.accounts.queries.books import is_recategorising
from services.accounts.queries.lines import merchant_of_line
from services.accounts.queries.search import Cursor, Page, Search, search_page
from services.accounts.queries.spending import Periods, SpendingRow, spending
from services.accounts.use_cases.accounts import PERSONAL, subject_of

M = TypeVar("M", bound=Message)
Render = Callable[[Settled], M]

NOTE_ATTEMPTS_LIMIT = 3
"""Two first notes of an account at once each bring a key for the words; one of them has to win."""


def _place_of_key(account_id: str) -> str:
    return f"TransactionNoted.sealed_index_key:{account_id}"


def _place_of_note(account_id: str, kind: str, transaction_id: str) -> str:
    return f"TransactionNoted.sealed_note:{account_id}:{kind}:{transaction_id}"


@dataclass(frozen=True, slots=True)
class Found:
    """A page of lines, and what is written on those that have a note and may be read, by
    position; `recategorising` where some may not have the category of their merchant yet."""

    page: Page
    notes: dict[int, str]
    recategorising: bool = False


@dataclass(frozen=True, slots=True)
class Transactions:
    """The steps around labels; `render` makes the answer from what was settled."""

    application: Application
    keys: Keys
    database: Database
    random: Random

    @classmethod
    def of(cls, ports: Ports) -> "Transactions":
        """From the ports of the service."""
        return cls(ports.application, ports.keys, ports.database, ports.random)

    async def account(self, account_id: str) -> CreditAccount:
        """The account, for what never changes about it. Raises NotFound."""
        found = await self.application.peek(CREDIT_ACCOUNT, account_id)
        if found is None:
            raise NotFound("ACCOUNT_NOT_FOUND", "there is no such account")
        return found

    # Labels

    async def note(
        self, account_id: str, kind: str, transaction_id: str, text: str, render: Render[M]
    ) -> M:
        """Put a note on a line; an empty one takes it away."""
        account = await self.account(account_id)
        await self._merchant(account_id, kind, transaction_id)
        for _ in range(NOTE_ATTEMPTS_LIMIT - 1):
            try:
                return await self._note(account, kind, transaction_id, text, render)
            except Conflict as conflict:
                if conflict.reason != "INDEX_KEY_CHANGED":
                    raise
        return await self._note(account, kind, transaction_id, text, render)

    async def _note(
        self,
        account: CreditAccount,
        kind: str,
        transaction_id: str,
        text: str,
        render: Render[M],
    ) -> M:
        labels = await self._labels(account.account_id)
        subject = subject_of(account.customer_id)
        sealed_key, key = labels.sealed_index_key, b""
        if not sealed_key:
            key = self.random.randbytes(notes.INDEX_KEY_BYTES)
            place = _place_of_key(account.account_id)
            sealed_key = await self.keys.seal(subject, PERSONAL, key, place)
        elif text:
            key = await self._index_key(account, sealed_key)
        note = SealedNote()
        if text:
            place = _place_of_note(account.account_id, kind, transaction_id)
            note = SealedNote(
                sealed=await self.keys.seal(subject, PERSONAL, text.encode(), place),
                digest=notes.digest_of(key, text),
                words=notes.words_of(key, text),
                beginnings=notes.beginnings_of(key, text),
            )
        command = NoteTransaction(
            account_id=account.account_id,
            customer_id=account.customer_id,
            kind=kind,
            transaction_id=transaction_id,
            note=note,
            sealed_index_key=sealed_key,
        )
        return await self.application.answer(command, render=render)

    async def categorise(
        self,
        account_id: str,
        kind: str,
        transaction_id: str,
        category: str,
        always: bool,
        render: Callable[[Settled, str], M],
    ) -> M:
        """Give a line a category of the holder's own, or with `always` all of its merchant."""
        account = await self.account(account_id)
        merchant = await self._merchant(account_id, kind, transaction_id)
        of_line = CategoriseTransaction(
            account_id=account_id,
            customer_id=account.customer_id,
            kind=kind,
            transaction_id=transaction_id,
            category="" if always else category,
        )
        if not always:
            return await self.application.answer(of_line, render=lambda each: render(each, ""))
        if not merchant:
            raise Refused("MERCHANT_MISSING", "this line has no merchant to remember it by")
        of_merchant = CategoriseMerchant(
            account_id=account_id,
            customer_id=account.customer_id,
            merchant_key=merchant.casefold(),
            category=category,
        )
        return await self.application.answer(
            of_line, of_merchant, render=lambda each: render(each, merchant)
        )

    async def _merchant(self, account_id: str, kind: str, transaction_id: str) -> str:
        """The merchant of a line; empty for a payment. Raises NotFound."""
        found = await self.database.read(
            lambda connection: merchant_of_line(connection, account_id, kind, transaction_id)
        )
        if found is None:
            raise NotFound(
                "TRANSACTION_NOT_FOUND", "there is no such line (yet)", field="transaction_id"
            )
        return found

    async def _labels(self, account_id: str) -> Labels:
        return await self.application.find(TRANSACTION_LABEL, account_id) or Labels()

    async def _index_key(self, account: CreditAccount, sealed: str) -> bytes:
        subject, place = subject_of(account.customer_id), _place_of_key(account.account_id)
        return await self.keys.open(subject, PERSONAL, sealed, place)

    # Searches

    async def search(
        self, wanted: Search, size: int, cursor: Cursor | None, *, by_relevance: bool
    ) -> Found:
        """A page of an account's lines. Raises NotFound ACCOUNT_NOT_FOUND."""
        account = await self.account(wanted.account_id)
        labels = await self._labels(wanted.account_id)
        if labels.sealed_index_key:
            await self._witness(account)
            wanted = await self._with_notes(wanted, account, labels.sealed_index_key)
        page, recategorising = await self._page(wanted, size, cursor, by_relevance)
        return Found(page, await self.notes_of(account, page.rows), recategorising)

    async def search_all(
        self, wanted: Search, size: int, cursor: Cursor | None, *, by_relevance: bool
    ) -> Found:
        """A page of the lines of all accounts, notes left out."""
        page, _ = await self._page(wanted, size, cursor, by_relevance)
        return Found(page, {})

    async def spending(
        self, account_id: str, periods: Periods, group: str, limit: int
    ) -> tuple[list[SpendingRow], int, int]:
        """What an account spent: lines, and the sums of the period and of the one before."""
        return await self.database.read(
            lambda connection: spending(connection, account_id, periods, group, limit)
        )

    async def recategorising(self, account_id: str) -> bool:
        """Whether a merchant's lines are still being given another category."""
        return await self.database.read(
            lambda connection: is_recategorising(connection, account_id)
        )

    async def _page(
        self, wanted: Search, size: int, cursor: Cursor | None, by_relevance: bool
    ) -> tuple[Page, bool]:
        return await self.database.read(
            lambda connection: (
                search_page(connection, wanted, size, cursor, by_relevance=by_relevance),
                bool(wanted.account_id) and is_recategorising(connection, wanted.account_id),
            )
        )

    async def _witness(self, account: CreditAccount) -> None:
        """Who looks at somebody else's notes is put on record."""
        if call.current().principal.person.customer_id != account.customer_id:
            await self.application.witness(TRANSACTION_LABEL, account.account_id)

    async def _with_notes(self, wanted: Search, account: CreditAccount, sealed: str) -> Search:
        """The search, in notes as well; without the key there is nothing to be found in them."""
        try:
            key = await self._index_key(account, sealed)
        except (NotFound, Unavailable) as failure:
            self._tell(failure)
            return wanted
        return replace(wanted, note_terms=notes.hashed(key, wanted.query.terms))

    async def notes_of(self, account: CreditAccount, rows: Iterable[Any]) -> dict[int, str]:
        """What is written on lines, by position; what cannot be read any more is left out."""
        read: dict[int, str] = {}
        subject = subject_of(account.customer_id)
        for row in rows:
            if not row.sealed_note:
                continue
            place = _place_of_note(row.account_id, row.kind, row.transaction_id)
            try:
                note = await self.keys.open(subject, PERSONAL, row.sealed_note, place)
            except (NotFound, Unavailable) as failure:
                self._tell(failure)
                break
            read[row.position] = note.decode()
        return read

    def _tell(self, failure: NotFound | Unavailable) -> None:
        """A destroyed key is as it should be; that the keys are away is worth a line."""
        if isinstance(failure, Unavailable):
            log("notes_left_out", level="warning", reason=failure.reason)
