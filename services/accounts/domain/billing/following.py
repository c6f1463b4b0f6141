"""What follows in billing from what is posted: fees, recalculated cycles, a cured delinquency."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact
from services.accounts.domain import events as facts
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.evolve import evolve as apply
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import events
from services.accounts.domain.billing.buckets import CASH_ADVANCE
from services.accounts.domain.billing.day import agenda_set
from services.accounts.domain.billing.dues import is_met, paid_towards
from services.accounts.domain.billing.entries import bucket_of
from services.accounts.domain.billing.fees import late_event
from services.accounts.domain.billing.lateness import cured, withdrawn
from services.accounts.domain.billing.posting import (
    fee_waived,
    moved,
    ordinary_fee,
    terms_of,
)
from services.accounts.domain.billing.recalculating import (
    as_recalculated,
    corrected,
    recalculate,
)
from services.accounts.domain.billing.required import change_required
from services.accounts.domain.billing.terms import FeeKind
from services.accounts.domain.deferring import settling
from services.accounts.domain.deferring.decide import defer_by_itself
from services.accounts.domain.programmes.events import AccountMigrated
from services.accounts.domain.repricing.protecting import carried

Facts = tuple[Fact, ...]
Decide = Callable[[CreditAccount, Any, Context], Facts]
Evolve = Callable[[CreditAccount, Fact], CreditAccount]

PAID_IN_TIME = "PAID_IN_TIME"


def with_billing(decide: Decide, evolve: Evolve) -> Decide:
    """`decide`, and then what follows in billing, on accounts whose programme has any."""

    def decide_and_bill(state: CreditAccount, command: Any, context: Context) -> Facts:
        told = decide(state, command, context)
        # Billing begins with a migration, at the latest; without it nothing follows.
        if not told or not (state.billing.number or isinstance(told[0], AccountMigrated)):
            return told
        before = state
        for fact in told:
            state = evolve(state, fact)
        if not state.billing.number:
            return told
        context = _on_the_business_day(command, context)
        for rule in RULES:
            more = rule(before, state, told, context)
            for fact in more:
                state = evolve(state, fact)
            told = (*told, *more)
        return told

    return decide_and_bill


def _on_the_business_day(command: Any, context: Context) -> Context:
    """What follows is of the programme's business day, which may be ahead of the calendar."""
    for name in ("today", "posting_date", "business_date"):
        day = getattr(command, name, None)
        if day is not None:
            break
    else:
        return context
    if day <= context.now.date():
        return context
    return replace(context, now=datetime.combine(day, time(), context.now.tzinfo))


def charge_fees(
    before: CreditAccount, state: CreditAccount, told: Facts, context: Context
) -> Facts:
    """The fee for cash, and the one for another currency."""
    terms = terms_of(state)
    cleared = next((fact for fact in told if isinstance(fact, facts.ChargeCleared)), None)
    if terms is None or cleared is None:
        return ()
    day = max(cleared.posting_date, state.billing.cycle_opened_on)
    amount, event = cleared.amount.minor_units, cleared.clearing_id
    if bucket_of(terms, cleared.merchant.mcc) == CASH_ADVANCE:
        return ordinary_fee(state, terms, FeeKind.CASH_ADVANCE, event, amount, day)
    abroad = cleared.original_amount
    if abroad is not None and abroad.currency != state.currency:
        return ordinary_fee(state, terms, FeeKind.FOREIGN, event, amount, day)
    return ()


def withdraw_penalty(
    before: CreditAccount, state: CreditAccount, told: Facts, context: Context
) -> Facts:
    """A payment that turns out to have come within 60 days takes back what was said because it had
    not, before cycles are computed anew."""
    paid = any(isinstance(fact, facts.PaymentRecorded) for fact in told)
    if not paid or state.billing.penalised_on is None or terms_of(state) is None:
        return ()
    return withdrawn(state, max(context.now.date(), state.billing.cycle_opened_on))


def recalculate_cycles(
    before: CreditAccount, state: CreditAccount, told: Facts, context: Context
) -> Facts:
    """What was back-dated into closed cycles changes their interest: here is the difference."""
    terms = terms_of(state)
    if terms is None or state.billing.closed == before.billing.closed:
        return ()
    day = max(context.now.date(), state.billing.cycle_opened_on)
    cycles, last = recalculate(state.billing, terms)
    if last is None:
        return ()
    changes = corrected(state.billing.closed, cycles)
    difference = sum(each.after_minor - each.before_minor for each in changes)
    cause = _cause(told)
    recalculated = events.CyclesRecalculated(
        account_id=state.account_id,
        customer_id=state.customer_id,
        cause_id=cause,
        corrected=changes,
        cycles=as_recalculated(cycles),
        opening=carried(state.billing, state.billing.number, last.closing),
        grace=last.kept,
        streak=last.streak,
        transaction_date=day,
    )
    if not difference:
        return (recalculated,)
    adjusted = events.InterestAdjusted(
        **moved(state, difference, day),
        cause_id=cause,
        amount=state.money(difference),
        corrected=changes,
    )
    return (recalculated, adjusted)


def settle_deferrals(
    before: CreditAccount, state: CreditAccount, told: Facts, context: Context
) -> Facts:
    """What was back-dated may show that a promotion ended otherwise, and change cycles again."""
    terms = terms_of(state)
    if terms is None or not any(each.settled for each in state.billing.deferrals):
        return ()
    now, then = state.billing, before.billing
    if (now.lines, now.closed, now.voided) == (then.lines, then.closed, then.voided):
        return ()
    day = max(context.now.date(), state.billing.cycle_opened_on)
    settled = settling.settled_again(state, terms, day)
    after = state
    for fact in settled:
        after = apply(after, fact)
    return (*settled, *recalculate_cycles(state, after, told, context)) if settled else ()


def _cause(told: Facts) -> str:
    """The id of what was back-dated."""
    for fact in told:
        for name in ("payment_id", "refund_id", "transfer_id", "credit_id", "dispute_id"):
            if hasattr(fact, name):
                return str(getattr(fact, name))
    return ""


def forgive_late_fees(
    before: CreditAccount, state: CreditAccount, told: Facts, context: Context
) -> Facts:
    """A payment that turns out to have come in time takes back the late fee."""
    terms = terms_of(state)
    if terms is None or not any(isinstance(fact, facts.PaymentRecorded) for fact in told):
        return ()
    found: Facts = ()
    day = max(context.now.date(), state.billing.cycle_opened_on)
    for due in state.billing.dues:
        if not due.checked or due.met or not is_met(state.billing, due):
            continue
        passed = events.DueDatePassed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            number=due.number,
            due_on=due.due_on,
            minimum=state.money(due.checked_minor),
            paid=state.money(paid_towards(state.billing, due)),
            met=True,
            transaction_date=day,
        )
        # One payment may be in time for two due dates: the second fee is waived after the first.
        state, found = evolve(state, passed), (*found, passed)
        for fee in state.billing.fees:
            left = fee.minor - fee.waived_minor
            if fee.kind is FeeKind.LATE and fee.event == late_event(due) and left > 0:
                waiver = f"in time {due.number}"
                waived = fee_waived(state, fee, waiver, left, PAID_IN_TIME, day)
                state, found = evolve(state, waived), (*found, waived)
    return found


def cure(before: CreditAccount, state: CreditAccount, told: Facts, context: Context) -> Facts:
    """Nothing may be past due any more."""
    return cured(state, context) if terms_of(state) else ()


def recover(before: CreditAccount, state: CreditAccount, told: Facts, context: Context) -> Facts:
    """What comes in on a charged-off account is a recovery, as far as something was lost: what is
    more, the account is in credit by."""
    left = state.billing.charged_off_minor - state.billing.recovered_minor
    amount = min(left, -state.posted_minor)
    if amount <= 0:
        return ()
    came_in: Any = next(fact for fact in told if hasattr(fact, "posting_date"))
    return (
        events.RecoveryRecorded(
            **moved(state, amount, came_in.posting_date),
            payment_id=_cause(told),
            amount=state.money(amount),
        ),
    )


def keep_agenda(
    before: CreditAccount, state: CreditAccount, told: Facts, context: Context
) -> Facts:
    """Something may be due earlier than was said."""
    return agenda_set(state, date.min)


RULES: tuple[Callable[[CreditAccount, CreditAccount, Facts, Context], Facts], ...] = (
    defer_by_itself,
    charge_fees,
    withdraw_penalty,
    recalculate_cycles,
    settle_deferrals,
    change_required,
    forgive_late_fees,
    cure,
    recover,
    keep_agenda,
)
"""In order; each sees what those before it did."""
