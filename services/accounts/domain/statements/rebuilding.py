"""Statements and balances of the past, folded anew from the facts of an account. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date

from chassis.kernel.events import Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.buckets import CREDIT, Balance
from services.accounts.domain.billing.cutting import cut
from services.accounts.domain.billing.disputed import awaited_in, disputed_in
from services.accounts.domain.billing.entries import in_order
from services.accounts.domain.billing.events import InterestCharged, StatementCut
from services.accounts.domain.billing.positions import standing_on
from services.accounts.domain.billing.sheet import Work, balances_of
from services.accounts.domain.billing.statement import Statement


class Retelling:
    """An account told again fact by fact, so that nobody needs to hold all of them at once."""

    def __init__(self) -> None:
        self.state = CreditAccount()
        self._before_interest: CreditAccount | None = None

    def tell(self, fact: Fact) -> CreditAccount | None:
        """One more fact. After a statement the account as it was when its cycle was about to be
        closed: before the interest of the cycle was charged."""
        before = self._before_interest or self.state if isinstance(fact, StatementCut) else None
        self._before_interest = self.state if isinstance(fact, InterestCharged) else None
        self.state = evolve(self.state, fact)
        return before


def worked_out_again(before: CreditAccount) -> Statement | None:
    """The statement of the cycle that was about to be closed; None where there is no billing."""
    terms = before.in_force.billing
    if terms is None:
        return None
    again, *_ = cut(
        before.account_id,
        before.currency,
        before.limit_minor,
        before.billing,
        terms,
        disputed_in(before),
        awaited_in(before),
    )
    return again


class Verification(Retelling):
    """The same, and each statement as it was told beside what is worked out again."""

    def pairs(self, facts: Iterable[Fact]) -> Iterator[tuple[Statement, Statement]]:
        """Those that are among some more facts."""
        for fact in facts:
            before = self.tell(fact)
            again = worked_out_again(before) if before else None
            if again and isinstance(fact, StatementCut):
                yield fact.statement, again


class BalancesAsOf(Retelling):
    """What was owed at the end of a day, by bucket; without a day, of all that was posted. Nothing
    before the account was opened, or where it has no billing."""

    def __init__(self, as_of: date | None) -> None:
        super().__init__()
        self._as_of = as_of
        self._found: tuple[Balance, ...] | None = None

    def tell(self, fact: Fact) -> CreditAccount | None:
        """One more fact; the balances are those of the statement of the day, or of the cycle that
        was open on it."""
        before = super().tell(fact)
        if before and isinstance(fact, StatementCut) and self._found is None:
            if self._as_of is not None and fact.closed_on > self._as_of:
                self._found = _standing(before, self._as_of)
            elif fact.closed_on == self._as_of:
                closing = fact.statement.balances
                self._found = balances_of((each.bucket, each.closing_minor) for each in closing)
        return before

    def balances(self) -> tuple[Balance, ...]:
        """By what was told until now; of cycles too old to be known anew, as they were told."""
        known = known_on(self.state, self._as_of)
        if known is not None:
            return known
        return _standing(self.state, self._as_of) if self._found is None else self._found


def known_on(state: CreditAccount, as_of: date | None) -> tuple[Balance, ...] | None:
    """What was owed at the end of a day by all that an account knows, what was back-dated since
    included; None for a day that is not of the cycles that it remembers."""
    terms = state.terms.billing if state.terms else None
    if as_of is None or terms is None or not state.billing.number:
        return None
    if as_of > state.billing.closes_on:
        return None
    return standing_on(state.billing, terms, as_of, disputed_in(state))


def _standing(state: CreditAccount, as_of: date | None) -> tuple[Balance, ...]:
    billing = state.billing
    terms = state.terms.billing if state.terms else None
    if terms is None or not billing.number or (as_of and as_of < billing.cycle_opened_on):
        return ()
    sheet = billing.sheet(terms, until=as_of or date.max, disputed=disputed_in(state))
    work = Work(sheet)
    for move in in_order(sheet.moves):
        work.apply(move)
    owed = [(bucket, work.of(bucket)) for bucket in work.buckets()]
    return balances_of([*owed, (CREDIT, -work.credit)])
