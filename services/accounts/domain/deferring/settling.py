"""The end of a promotion: what accrued is charged, or forgiven where the balance was paid."""

from datetime import date
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agenda import Item
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.domain.billing.posting import moved
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.deferring import events
from services.accounts.domain.deferring.accruing import accrued_by, owed_at_end
from services.accounts.domain.deferring.state import Deferral

Facts = tuple[Fact, ...]


def ended(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """Every promotion that was to be paid by the day before is over."""
    told: Facts = ()
    for deferral in state.billing.deferrals:
        if deferral.settled or deferral.ends_on >= item.on:
            continue
        withheld = sum(e.minor for e in disputed_in(state) if e.bucket == deferral.bucket)
        for fact in _settled(state, terms, deferral, withheld, item.on):
            state = evolve(state, fact)
            told = (*told, fact)
    return told


def settled_again(state: CreditAccount, terms: BillingTerms, day: date) -> Facts:
    """What is another now, of promotions that are over, by what was back-dated since."""
    told: Facts = ()
    for deferral in state.billing.deferrals:
        if not deferral.settled:
            continue
        for fact in _settled(state, terms, deferral, deferral.disputed_minor, day):
            state = evolve(state, fact)
            told = (*told, fact)
    return told


def _settled(
    state: CreditAccount, terms: BillingTerms, deferral: Deferral, withheld: int, day: date
) -> Facts:
    """What is in dispute at the end need not have been paid (1026.13(d)(1))."""
    owed = owed_at_end(state.billing, terms, deferral, disputed_in(state))
    if owed is None:
        return ()
    accrued = accrued_by(state.billing, terms, deferral, deferral.ends_on, disputed_in(state))
    due = accrued if owed > withheld else 0
    difference = due - deferral.charged_minor
    known: dict[str, Any] = {
        "deferral_id": deferral.deferral_id,
        "ends_on": deferral.ends_on,
        "disputed": state.money(withheld),
    }
    if difference > 0:
        since, amount = deferral.accrues_from, state.money(difference)
        moves = moved(state, difference, day)
        return (
            events.DeferredInterestCharged(**known, **moves, accrued_from=since, amount=amount),
        )
    if difference < 0:
        amount = state.money(-difference)
        return (
            events.DeferredInterestReversed(
                **known, **moved(state, difference, day), amount=amount
            ),
        )
    if deferral.settled:
        return ()
    return (
        events.DeferredInterestWaived(
            **known,
            account_id=state.account_id,
            customer_id=state.customer_id,
            amount=state.money(accrued),
            transaction_date=day,
        ),
    )
