"""Deciding about plans of payments, and drawing what is due of one."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing.agenda import Item
from services.accounts.domain.billing.agreements import billed_terms
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.domain.billing.state import total
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.collecting.drawing import drawn
from services.accounts.domain.repaying import commands, events
from services.accounts.domain.repaying.events import SkipReason
from services.accounts.domain.repaying.state import (
    PlannedPayment,
    PlanStatus,
    Repayment,
    RepaymentPlan,
    RepaymentStatus,
    payments_text,
)

PAYMENTS_LIMIT = 60

Facts = tuple[Fact, ...]


def _checked(state: CreditAccount, payments: Sequence[PlannedPayment], day: date) -> int:
    """What they add up to. Raises Invalid unless each has an amount and a later day than the one
    before, from today on."""
    if not 1 <= len(payments) <= PAYMENTS_LIMIT:
        raise Invalid("PAYMENTS_OUT_OF_RANGE", "a plan has 1 to 60 payments", field="payments")
    days = [each.on for each in payments]
    if days != sorted(set(days)) or days[0] < day:
        raise Invalid("DATES_OUT_OF_ORDER", "each day is later, from today on", field="payments")
    if min(each.minor for each in payments) <= 0:
        raise Invalid("AMOUNT_NOT_POSITIVE", "an amount must be positive", field="payments")
    return sum(each.minor for each in payments)


def _find(state: CreditAccount, plan_id: str) -> RepaymentPlan:
    for plan in state.billing.repayments:
        if plan.plan_id == plan_id:
            return plan
    raise NotFound("REPAYMENT_PLAN_NOT_FOUND", "there is no such plan on this account")


def _find_active(state: CreditAccount, plan_id: str) -> RepaymentPlan:
    plan = _find(state, plan_id)
    if plan.status is not PlanStatus.ACTIVE:
        raise Refused("REPAYMENT_PLAN_ENDED", f"the plan is {plan.status.lower()}")
    return plan


def schedule(state: CreditAccount, command: commands.ScheduleRepayments, context: Context) -> Facts:
    """Begin a plan; there is one at a time. Raises Refused where another is active."""
    billed_terms(state)
    asked = payments_text(command.payments)
    known = state.acts.get(act_key("repayments", command.plan_id))
    if known is not None and known.asked == asked:
        return ()
    if known is not None:
        raise Refused("REPAYMENTS_SCHEDULED_DIFFERENTLY", "another plan has this id")
    if any(plan.status is PlanStatus.ACTIVE for plan in state.billing.repayments):
        raise Refused("REPAYMENT_PLAN_ACTIVE", "the account has a plan already")
    amount = _checked(state, command.payments, command.transaction_date)
    return (
        events.RepaymentPlanScheduled(
            account_id=state.account_id,
            customer_id=state.customer_id,
            plan_id=command.plan_id,
            payments=command.payments,
            total=state.money(amount),
            transaction_date=command.transaction_date,
        ),
    )


def change(state: CreditAccount, command: commands.ChangeRepayments, context: Context) -> Facts:
    """Put other payments in the place of what is left. Raises NotFound, or Refused after its
    end."""
    key = act_key("repayments change", command.change_id)
    known, asked = state.acts.get(key), payments_text(command.payments)
    if known is not None and known.asked == asked:
        return ()
    if known is not None:
        raise Refused("REPAYMENTS_CHANGED_DIFFERENTLY", "another change has this id")
    billed_terms(state)
    plan = _find_active(state, command.plan_id)
    amount = _checked(state, command.payments, command.transaction_date)
    return (
        events.RepaymentPlanChanged(
            account_id=state.account_id,
            customer_id=state.customer_id,
            plan_id=plan.plan_id,
            change_id=command.change_id,
            payments=command.payments,
            total=state.money(amount),
            transaction_date=command.transaction_date,
        ),
    )


def skip(state: CreditAccount, command: commands.SkipRepayment, context: Context) -> Facts:
    """Do not draw one. Raises NotFound for a number that it does not have, Refused where it is
    drawn already."""
    plan = _find(state, command.plan_id)
    payment = next((each for each in plan.payments if each.number == command.number), None)
    if payment is None:
        raise NotFound("REPAYMENT_NOT_FOUND", "the plan has no such payment")
    if payment.status is RepaymentStatus.SKIPPED:
        return ()
    if payment.status is RepaymentStatus.DRAWN or plan.status is not PlanStatus.ACTIVE:
        raise Refused("REPAYMENT_PLAN_ENDED", "the payment was drawn, or the plan has ended")
    day = command.transaction_date
    return _skipped(state, plan, payment, SkipReason.ASKED_FOR, day)


def cancel(state: CreditAccount, command: commands.CancelRepayments, context: Context) -> Facts:
    """Draw nothing more. Raises NotFound, or Refused where it was completed."""
    plan = _find(state, command.plan_id)
    if plan.status is PlanStatus.CANCELLED:
        return ()
    plan = _find_active(state, command.plan_id)
    return (
        events.RepaymentPlanCancelled(
            account_id=state.account_id,
            customer_id=state.customer_id,
            plan_id=plan.plan_id,
            transaction_date=command.transaction_date,
        ),
    )


def draw(state: CreditAccount, terms: BillingTerms, item: Item, context: Context) -> Facts:
    """Draw the payment of a day, at most what is owed and neither disputed nor on its way."""
    found = next(
        (plan, each)
        for plan in state.billing.repayments
        if plan.status is PlanStatus.ACTIVE
        for each in plan.open
        if each.number == item.subject
    )
    plan, payment = found
    left = state.posted_minor - total(disputed_in(state)) - state.billing.collecting.pending_minor
    amount = min(payment.minor, left)
    if amount <= 0:
        return _skipped(state, plan, payment, SkipReason.NOTHING_OWED, item.on)
    source = plan.source(payment.number)
    # Whoever plans it for the last day of a cycle that is told already pays in the open one.
    told = drawn(state, source, source, amount, max(item.on, state.billing.cycle_opened_on))
    return (*told, *_completed(state, told, plan.plan_id, item.on))


def _skipped(
    state: CreditAccount, plan: RepaymentPlan, payment: Repayment, why: SkipReason, day: date
) -> Facts:
    skipped = events.RepaymentSkipped(
        account_id=state.account_id,
        customer_id=state.customer_id,
        plan_id=plan.plan_id,
        number=payment.number,
        amount=state.money(payment.minor),
        reason=why,
        transaction_date=day,
    )
    return (skipped, *_completed(state, (skipped,), plan.plan_id, day))


def _completed(state: CreditAccount, told: Facts, plan_id: str, day: date) -> Facts:
    for fact in told:
        state = evolve(state, fact)
    plan = _find(state, plan_id)
    if plan.open:
        return ()
    amount = sum(each.drawn_minor for each in plan.payments)
    return (
        events.RepaymentPlanCompleted(
            account_id=state.account_id,
            customer_id=state.customer_id,
            plan_id=plan_id,
            drawn=state.money(amount),
            transaction_date=day,
        ),
    )


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], Facts]] = {
    commands.ScheduleRepayments: schedule,
    commands.ChangeRepayments: change,
    commands.SkipRepayment: skip,
    commands.CancelRepayments: cancel,
}
