"""The fee for exceeding the limit, at the close of a cycle: with consent, for a transaction that
did it, once a cycle, and for three cycles at most (12 CFR 1026.56(j))."""

from collections.abc import Sequence
from datetime import date

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.posting import penalty_fee
from services.accounts.domain.billing.state import total
from services.accounts.domain.billing.statement import LineKind, StatementLine
from services.accounts.domain.billing.terms import BillingTerms, FeeKind
from services.accounts.domain.over_limit import events

FEES_FOR_ONE_TRANSACTION_LIMIT = 3

TRANSACTIONS = (LineKind.CHARGE, LineKind.BALANCE_TRANSFER)
OF_THE_CYCLE = (LineKind.FEE, LineKind.INTEREST, LineKind.INTEREST_ADJUSTED)
"""What the house charged in the cycle does not count in it: 1026.56(j)(4)."""

Facts = tuple[Fact, ...]


def over_limit_fee(state: CreditAccount, terms: BillingTerms, day: date) -> Facts:
    """The fee of the cycle that closes, if there is one; never more than what exceeded the limit
    (comment 52(b)(2)(i)-3)."""
    known, number = state.billing.over_limit, state.billing.number
    if not known.consents:
        return ()
    lines = [each for each in state.billing.booked() if each.effective_on <= day]
    over, since, fees = _fresh(state, lines, day), number, 1
    if over <= 0:
        following = known.charged_in == number - 1
        if not following or known.fees >= FEES_FOR_ONE_TRANSACTION_LIMIT:
            return ()
        over, since, fees = _left(state, lines), known.transaction_in, known.fees + 1
    event, kind = f"over limit {number}", FeeKind.OVER_LIMIT
    charged = penalty_fee(state, terms, kind, event, max(0, over), day)
    if not charged:
        return ()
    exceeded = events.LimitExceeded(
        account_id=state.account_id,
        customer_id=state.customer_id,
        number=number,
        over=state.money(over),
        transaction_in=since,
        fees=fees,
        transaction_date=day,
    )
    return (exceeded, *charged)


def _limit(state: CreditAccount, day: date) -> int:
    return state.billing.credit_line.limit_with_consequences(state.limit_minor, day)


def _fresh(state: CreditAccount, lines: Sequence[StatementLine], closing: date) -> int:
    """How far above the limit transactions of the cycle brought what is owed, as it was posted: a
    payment that came back later had been made when they were."""
    known, highest = state.billing.over_limit, 0
    owed = total(state.billing.told)
    for line in lines:
        if line.kind in OF_THE_CYCLE:
            continue
        owed += line.amount_minor
        day = line.transaction_date
        bought = line.kind in TRANSACTIONS and line.amount_minor > 0
        if bought and known.chargeable(day, closing):
            highest = max(highest, owed - _limit(state, day))
    return highest


def _left(state: CreditAccount, lines: Sequence[StatementLine]) -> int:
    """How far above the limit what is owed still was on the due date in the cycle."""
    due = state.billing.last_due
    if due is None:
        return 0
    owed = total(state.billing.told) + sum(
        line.amount_minor
        for line in lines
        if line.effective_on <= due.due_on and line.kind not in OF_THE_CYCLE
    )
    return owed - _limit(state, due.due_on)


def confirmed_with(state: CreditAccount, day: date) -> Facts:
    """A statement confirms the consent that came before it and was not confirmed yet."""
    return tuple(
        events.OverLimitConsentConfirmed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            consent_id=each.consent_id,
            with_statement=True,
            transaction_date=day,
        )
        for each in state.billing.over_limit.consents
        if each.confirmed_on is None and each.given_on <= day
    )
