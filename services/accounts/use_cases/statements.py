"""What takes more than one step about statements: finding, rendering, working out again."""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from chassis import call, logs
from chassis.codec import StateCodec
from chassis.kernel.decider import Decider
from chassis.kernel.errors import Conflict, Exhausted, Invalid, NotFound, Unavailable
from chassis.kernel.events import Fact
from chassis.ports import Ports
from chassis.recorded import Recorded
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.events import StatementCut
from services.accounts.domain.billing.fees import cap, scheduled
from services.accounts.domain.billing.statement import Statement
from services.accounts.domain.billing.terms import BillingTerms, FeeKind, RateKind
from services.accounts.domain.customer import CUSTOMER, Customer
from services.accounts.domain.programme import PROGRAMME
from services.accounts.domain.statements.rebuilding import BalancesAsOf, Verification, known_on
from services.accounts.domain.values import CardStatus
from services.accounts.queries import statements as queries
from services.accounts.queries.books import ledger_position
from services.accounts.rendering import camt, comma, ofx, pdf
from services.accounts.rendering.document import Document, Language
from services.accounts.use_cases.accounts import Accounts

HISTORY_PAGE = 250
"""So many facts are folded before others have their turn: less than 20 ms."""
HISTORY_PAGES_LIMIT = 4_000
"""A million facts of one account; nobody has more."""
ACCOUNTS_PAGE = 100
LINES_ON_PAGES_LIMIT = 10_000
DOCUMENT_BYTES_LIMIT = 3_000_000
STATEMENT = StateCodec(Statement)
PASSING = (Unavailable, Conflict, Exhausted)
"""Errors that say nothing about the account; whoever asked begins again behind the last one."""

FORMATS: dict[str, tuple[str, Callable[[Document], bytes]]] = {
    "pdf": ("application/pdf", pdf.render),
    "csv": ("text/csv; charset=utf-8; header=present", comma.render),
    "ofx": ("application/x-ofx", ofx.render),
    "xml": ("application/xml", camt.render),
}
"""By the ending of a file's name: its media type, and what makes it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A statement as it was told and as it is now, by their digests."""

    number: int
    told_sha256: str
    rebuilt_sha256: str

    @property
    def equal(self) -> bool:
        """Whether they are the same, byte by byte."""
        return self.told_sha256 == self.rebuilt_sha256


@dataclass(frozen=True, slots=True)
class AccountVerified:
    """What came of working all statements of an account out again."""

    account_id: str
    statements: int = 0
    differing: tuple[int, ...] = ()
    error: str = ""
    """Why they could not be worked out, if so."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of accounts."""

    ports: Ports
    accounts: Accounts

    async def cut(self, account_id: str, number: int) -> Recorded:
        """The event that told a statement, or the latest of an account. Raises NotFound."""
        await self.accounts.account(account_id)
        place = await self.ports.database.read(
            lambda connection: queries.place_of(connection, account_id, number)
        )
        if place is None:
            raise NotFound("STATEMENT_NOT_FOUND", "there is no such statement", field="number")
        (found,) = await self.ports.log.after(place - 1, 1)
        return found

    async def pages(
        self, decider: Decider[Any], id: str, position: int | None = None
    ) -> AsyncIterator[list[Fact]]:
        """Everything that happened to an aggregate, up to a position of the log; between pages
        others have their turn."""
        stream, version = f"{decider.category}-{id}", 0
        for _ in range(HISTORY_PAGES_LIMIT):
            page = await self.ports.log.of_stream(stream, version, HISTORY_PAGE)
            known = [each.fact for each in page if position is None or each.position <= position]
            yield known
            if len(known) < HISTORY_PAGE:
                return
            version = page[-1].stream_version

    async def folded(self, decider: Decider[Any], id: str, position: int) -> Any:
        """An aggregate as it was at a position of the log."""
        state = decider.initial
        async for page in self.pages(decider, id, position):
            for fact in page:
                state = decider.evolve(state, fact)
        return state

    async def verify(self, account_id: str) -> list[Verified]:
        """Every statement of an account, worked out again and compared. Raises NotFound."""
        await self.accounts.account(account_id)
        return await self._verified(account_id)

    async def _verified(self, account_id: str) -> list[Verified]:
        verification, found = Verification(), []
        async for page in self.pages(CREDIT_ACCOUNT, account_id):
            for told, again in verification.pairs(page):
                found.append(Verified(told.number, _digest(told), _digest(again)))
        return found

    async def with_statements(self, after: str) -> int:
        """How many accounts there are with statements, after one in the order of ids."""
        return await self.ports.database.read(lambda c: queries.count_accounts(c, after))

    async def verify_all(self, after: str, limit: int) -> AsyncIterator[AccountVerified]:
        """The same for account after account, in the order of ids, at most `limit`. One that
        cannot be worked out does not keep the others from it."""
        left = limit
        while left:
            most = min(left, ACCOUNTS_PAGE)
            page = await self.ports.database.read(
                partial(queries.accounts, after=after, limit=most)
            )
            for account_id in page:
                yield await self._outcome(account_id)
            if len(page) < most:
                return
            after, left = page[-1], left - len(page)

    async def _outcome(self, account_id: str) -> AccountVerified:
        try:
            found = await self._verified(account_id)
        except PASSING:
            raise
        except Exception as error:
            name = type(error).__name__
            logs.log("statements_not_verified", level="error", account_id=account_id, error=name)
            return AccountVerified(account_id, error=getattr(error, "reason", "") or name)
        differing = tuple(each.number for each in found if not each.equal)
        return AccountVerified(account_id, len(found), differing)

    async def balances(
        self, account_id: str, as_of: date | None, position: int
    ) -> tuple[int, tuple[Balance, ...], CreditAccount, int]:
        """What was owed at the end of a day as it was known at a position: by the ledger, and by
        type; with the account, and the position that was looked at."""
        account = await self.accounts.account(account_id)
        known = await self.ports.database.read(ledger_position)
        at = min(position or known, known)
        owed = await self.ports.database.read(
            lambda connection: queries.ledger_balance(connection, account_id, as_of, at)
        )
        now = None if position else known_on(account, as_of)
        if now is not None:
            return owed, now, account, at
        told = BalancesAsOf(as_of)
        async for page in self.pages(CREDIT_ACCOUNT, account_id, at):
            for fact in page:
                told.tell(fact)
        return owed, told.balances(), account, at

    # Documents

    async def document(
        self, account_id: str, number: int, ending: str, language: Language | None
    ) -> tuple[Statement, bytes]:
        """A statement in a format. Raises NotFound, Invalid DOCUMENT_TOO_LARGE."""
        found = await self.cut(account_id, number)
        fact: Any = found.fact
        if ending == "pdf" and len(fact.statement.lines) > LINES_ON_PAGES_LIMIT:
            raise _too_large()
        document = await self._document(fact, found.position, language)
        _, render = FORMATS[ending]
        content = render(document)
        if len(content) > DOCUMENT_BYTES_LIMIT:
            raise _too_large()
        return fact.statement, content

    async def _document(
        self, fact: StatementCut, position: int, language: Language | None
    ) -> Document:
        """The statement with what was true of account and holder when it was told."""
        account: CreditAccount = await self.folded(CREDIT_ACCOUNT, fact.account_id, position)
        programme = await self.ports.application.state(PROGRAMME, account.programme_id)
        profile = await self._profile(account.customer_id, position)
        terms = account.in_force.billing
        return Document(
            statement=fact.statement,
            programme_name=programme.version(account.programme_version).name,
            holder=_address(profile),
            account_mask=_mask(account),
            language=language or _language(profile.get("locale", "")),
            late_fee_minor=_late_fee(terms, fact.due_on) if terms else 0,
            penalty_apr_basis_points=_penalty_apr(terms) if terms else 0,
        )

    async def _profile(self, customer_id: str, position: int) -> dict[str, str]:
        """Name and address as they were; nothing where the key was destroyed. Who looks at
        somebody else's is put on record first."""
        if call.current().principal.person.customer_id != customer_id:
            await self.ports.application.witness(CUSTOMER, customer_id)
        customer: Customer = await self.folded(CUSTOMER, customer_id, position)
        if not customer.customer_id:
            customer = await self.ports.application.state(CUSTOMER, customer_id)
        if customer.profile is None:
            return {}
        try:
            return await self.accounts.unsealed(customer_id, customer.profile)
        except NotFound as error:
            if error.reason != "KEY_DESTROYED":
                raise
            return {}


def _digest(of: Statement) -> str:
    return hashlib.sha256(STATEMENT.encode(of)).hexdigest()


def _too_large() -> Invalid:
    return Invalid(
        "DOCUMENT_TOO_LARGE", "so many entries do not go into this format", field="format"
    )


def _address(profile: dict[str, str]) -> tuple[str, ...]:
    name = f"{profile.get('given_name', '')} {profile.get('family_name', '')}".strip()
    lines = (name, *profile.get("address", "").split("\n"))
    return tuple(line for line in lines if line)


def _language(locale: str) -> Language:
    return Language.CHINESE if locale.lower().startswith("zh") else Language.ENGLISH


def _mask(account: CreditAccount) -> str:
    active = [card for card in account.cards if card.status is CardStatus.ACTIVE]
    shown = (active or account.cards)[-1]
    return f"•••• {shown.last_four}"


def _late_fee(terms: BillingTerms, on: date) -> int:
    """The most that being late on a day may cost."""
    fee, most = scheduled(terms, FeeKind.LATE, on), cap(terms, FeeKind.LATE, on)
    if fee is None:
        return 0
    asked = max(fee.amount_minor, fee.repeated_minor)
    return min(asked, most.repeated_minor) if most else asked


def _penalty_apr(terms: BillingTerms) -> int:
    rates = [each.apr_basis_points for each in terms.rates if each.kind is RateKind.PENALTY]
    return max(rates, default=0)
