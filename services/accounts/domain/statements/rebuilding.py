"""Statements and balances of the past, folded anew from the facts of an account. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date

from chassis.kernel.events import Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.buckets import CREDIT, Balance
from services.accounts.domain.billing.cutting import cut
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.domain.billing.entries import in_order
from services.accounts.domain.billing.events import InterestCharged, StatementCut
from services.accounts.domain.billing.sheet import Work, balances_of
from services.accounts.domain.billing.statement import Statement


def before_each_close(
    facts: Iterable[Fact],
) -> Iterator[tuple[StatementCut | None, CreditAccount]]:
    """Each statement with the account as it was when its cycle was about to be closed: before
    the interest of the cycle was charged. At last None with the account as it is."""
    state = CreditAccount()
    before_interest: CreditAccount | None = None
    for fact in facts:
        if isinstance(fact, StatementCut):
            yield fact, before_interest or state
        before_interest = state if isinstance(fact, InterestCharged) else None
        state = evolve(state, fact)
    yield None, state


def rebuilt(facts: Iterable[Fact]) -> Iterator[tuple[Statement, Statement]]:
    """Each statement as it was told, and as it is worked out again from what happened before."""
    for told, state in before_each_close(facts):
        terms = state.in_force.billing if told else None
        if told is None or terms is None:
            continue
        again, _ = cut(
            state.account_id,
            state.currency,
            state.limit_minor,
            state.billing,
            terms,
            disputed_in(state),
        )
        yield told.statement, again


def balances_as_of(facts: Iterable[Fact], as_of: date | None) -> tuple[Balance, ...]:
    """What was owed at the end of a day, by bucket; without a day, of all that was posted. Nothing
    before the account was opened, or where it has no billing."""
    for told, state in before_each_close(facts):
        if told is not None and (as_of is None or told.closed_on < as_of):
            continue
        if told is not None and told.closed_on == as_of:
            closing = told.statement.balances
            return balances_of((each.bucket, each.closing_minor) for each in closing)
        return _standing(state, as_of)
    return ()


def _standing(state: CreditAccount, as_of: date | None) -> tuple[Balance, ...]:
    billing = state.billing
    terms = state.terms.billing if state.terms else None
    if terms is None or not billing.number or (as_of and as_of < billing.cycle_opened_on):
        return ()
    sheet = billing.sheet(terms, until=as_of or date.max)
    work = Work(sheet)
    for move in in_order(sheet.moves):
        work.apply(move)
    owed = [(bucket, work.of(bucket)) for bucket in work.buckets()]
    return balances_of([*owed, (CREDIT, -work.credit)])
