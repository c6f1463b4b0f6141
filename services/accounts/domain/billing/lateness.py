"""When a minimum payment was not made: late fee, delinquency, penalty rate, charge-off."""

from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import events
from services.accounts.domain.billing.agenda import (
    PENALTY_RATE_AFTER_DAYS,
    Item,
    penalised_on,
)
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.dues import (
    due_of_number,
    is_met,
    paid_towards,
    unpaid_after,
)
from services.accounts.domain.billing.fees import late_event
from services.accounts.domain.billing.posting import moved, penalty_fee
from services.accounts.domain.billing.terms import BillingTerms, FeeKind
from services.accounts.domain.deferring import ending
from services.accounts.domain.standing.decide import mark, move
from services.accounts.domain.values import AccountStatus, AccountSubStatus, Channel

PENALTY_RATE_NOTICE_DAYS = 45
MET_IN_A_ROW_LIMIT = 6
"""So many minimum payments in a row lift the penalty rate."""

PAST_DUE, UNCOLLECTABLE = "PAST_DUE", "UNCOLLECTABLE"

Facts = tuple[Fact, ...]


def check_due(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """The day after a due date: was the minimum paid by then? Otherwise there is a late fee,
    never above the minimum that was missed."""
    due = due_of_number(state.billing, item.subject)
    paid, met = paid_towards(state.billing, due), is_met(state.billing, due)
    passed = events.DueDatePassed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        number=due.number,
        due_on=due.due_on,
        minimum=state.money(due.minimum_now),
        paid=state.money(paid),
        met=met,
        transaction_date=item.on,
    )
    if met:
        return (passed, *_lifted(evolve(state, passed), terms, item))
    event, most = late_event(due), due.minimum_now
    return (passed, *penalty_fee(state, terms, FeeKind.LATE, event, most, item.on))


def _lifted(state: CreditAccount, terms: BillingTerms, item: Item) -> Facts:
    billing = state.billing
    row = [due.met for due in billing.dues if due.checked][-MET_IN_A_ROW_LIMIT:]
    if billing.penalty_from is None or len(row) < MET_IN_A_ROW_LIMIT or not all(row):
        return ()
    return (
        events.PenaltyRateLifted(
            account_id=state.account_id, customer_id=state.customer_id, transaction_date=item.on
        ),
        *ending.resumed(state, terms, item.on),
    )


def age(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """What is past due is so many days past due by now."""
    billing = state.billing
    aged = events.DelinquencyAged(
        account_id=state.account_id,
        customer_id=state.customer_id,
        days=item.subject,
        due_since=billing.due_since(item.on) or item.on,
        past_due=state.money(billing.past_due_minor(item.on)),
        transaction_date=item.on,
    )
    return (aged, *_marked(state, True, context))


def penalise(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """More than 60 days late: notice is given of the penalty rate, or of the end of promotions."""
    # What came back, or was lost, may show late that something was past due long ago.
    known_on = max(item.on, context.now.date(), state.billing.cycle_opened_on)
    effective_from = known_on + PENALTY_RATE_NOTICE_DAYS * DAY
    imposed = events.PenaltyRateImposed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        effective_from=effective_from,
        transaction_date=item.on,
    )
    return (imposed, *ending.cut_short(state, effective_from, item.on))


def withdrawn(state: CreditAccount, day: date) -> Facts:
    """What was said to be more than 60 days late turns out to have come in time: the penalty never
    was to be. What else is too late is told anew."""
    since, billing = state.billing.penalised_on, state.billing
    remembered = billing.closed[0].opened_on if billing.closed else date.min
    cause = next((due for due in billing.dues if penalised_on(due) == since), None)
    if cause is None or cause.closed_on < remembered:
        return ()
    if unpaid_after(billing, cause, PENALTY_RATE_AFTER_DAYS):
        return ()
    never = events.PenaltyRateWithdrawn(
        account_id=state.account_id, customer_id=state.customer_id, transaction_date=day
    )
    return (never, *ending.restored(state, day))


def _marked(state: CreditAccount, so: bool, context: Context) -> Facts:
    delinquent = AccountSubStatus.DELINQUENT
    return mark(state, delinquent, so, PAST_DUE, Channel.SYSTEM, context)


def charge_off(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """What is owed so long is given up as lost."""
    return charged_off(state, UNCOLLECTABLE, item, context)


def charged_off(state: CreditAccount, reason: str, item: Item, context: Context) -> Facts:
    """The whole balance is lost, and the account is charged no more."""
    owed = max(0, state.posted_minor)
    # What came back late may show that it was due long ago; nothing is booked in a told cycle.
    day = max(item.on, state.billing.cycle_opened_on)
    lost = events.AccountChargedOff(
        **moved(state, -owed, day),
        reason=reason,
        amount=state.money(owed),
        days=state.billing.delinquency_days,
    )
    after = evolve(state, lost)
    return (lost, *move(after, AccountStatus.CHARGED_OFF, reason, Channel.SYSTEM, context))


def cured(state: CreditAccount, context: Context) -> Facts:
    """What follows from a payment: nothing is past due any more, or it is so for fewer days."""
    billing = state.billing
    if not billing.delinquency_days:
        return ()
    missed = [due for due in billing.dues if due.unpaid_minor and due.checked]
    if not missed:
        none = events.DelinquencyCured(
            account_id=state.account_id,
            customer_id=state.customer_id,
            days=billing.delinquency_days,
            transaction_date=context.now.date(),
        )
        return (none, *_marked(state, False, context))
    return ()
