"""What was owed in each balance at the end of a day, by what is known now."""

from dataclasses import replace
from datetime import date

from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.interest import Computed, compute
from services.accounts.domain.billing.sheet import Sheet, balances_of
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import BillingTerms


def standing_on(
    billing: Billing, terms: BillingTerms, day: date, disputed: tuple[Balance, ...] = ()
) -> tuple[Balance, ...] | None:
    """The balances, or None for a day before the cycles that can be recalculated. What is in
    dispute now is paid last (12 CFR 1026.53)."""
    if day >= billing.cycle_opened_on:
        return _without_interest(compute(billing.sheet(terms, until=day, disputed=disputed)))
    for cycle in billing.closed:
        if cycle.opened_on <= day <= cycle.closed_on:
            book = billing.book(terms, cycle.closed_on)
            computed = compute(_until(cycle.sheet(book), day))
            at_close = day == cycle.closed_on
            return computed.closing if at_close else _without_interest(computed)
    return None


def _until(sheet: Sheet, day: date) -> Sheet:
    moves = tuple(move for move in sheet.moves if move.effective_on <= day)
    return replace(sheet, closed_on=day, moves=moves)


def _without_interest(computed: Computed) -> tuple[Balance, ...]:
    """Interest is owed from the close on."""
    interest = {each.bucket: each.minor for each in computed.interest}
    return balances_of(
        (each.bucket, each.minor - interest.get(each.bucket, 0)) for each in computed.closing
    )
