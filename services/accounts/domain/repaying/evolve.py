"""How each fact changes a plan of payments; no guard stands here."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.repaying import events
from services.accounts.domain.repaying.state import (
    PlannedPayment,
    PlanStatus,
    Repayment,
    RepaymentPlan,
    RepaymentStatus,
)

PLANS_LIMIT = 16
"""Plans that are remembered, the latest."""


def accounted_for(before: Billing, source: str, minor: int) -> Billing:
    """What a payment that was drawn was for: a due date, or a payment of a plan."""
    dues = tuple(
        replace(due, collected=True) if f"autopay {due.number}" == source else due
        for due in before.dues
    )
    plans = tuple(_marked(plan, source, RepaymentStatus.DRAWN, minor) for plan in before.repayments)
    return replace(before, dues=dues, repayments=plans)


def _marked(plan: RepaymentPlan, source: str, status: RepaymentStatus, minor: int) -> RepaymentPlan:
    if not source.startswith("plan "):
        return plan
    payments = tuple(
        replace(each, status=status, drawn_minor=minor)
        if plan.source(each.number) == source
        else each
        for each in plan.payments
    )
    return replace(plan, payments=payments)


def _planned(payments: Sequence[PlannedPayment], after: int) -> tuple[Repayment, ...]:
    return tuple(
        Repayment(number=after + place, on=each.on, minor=each.minor)
        for place, each in enumerate(payments, 1)
    )


def _with(before: Billing, plan_id: str, **changes: Any) -> Billing:
    plans = tuple(
        replace(plan, **changes) if plan.plan_id == plan_id else plan for plan in before.repayments
    )
    return replace(before, repayments=plans)


def _scheduled(
    before: Billing, terms: BillingTerms, fact: events.RepaymentPlanScheduled
) -> Billing:
    plan = RepaymentPlan(plan_id=fact.plan_id, payments=_planned(fact.payments, 0))
    known = before.repayments[-(PLANS_LIMIT - 1) :]
    return replace(before, repayments=(*known, plan))


def _changed(before: Billing, terms: BillingTerms, fact: events.RepaymentPlanChanged) -> Billing:
    plan = next(each for each in before.repayments if each.plan_id == fact.plan_id)
    over = tuple(e for e in plan.payments if e.status is not RepaymentStatus.PLANNED)
    last = max((each.number for each in plan.payments), default=0)
    return _with(before, fact.plan_id, payments=(*over, *_planned(fact.payments, last)))


def _skipped(before: Billing, terms: BillingTerms, fact: events.RepaymentSkipped) -> Billing:
    source = f"plan {fact.plan_id} {fact.number}"
    plans = tuple(_marked(plan, source, RepaymentStatus.SKIPPED, 0) for plan in before.repayments)
    return replace(before, repayments=plans)


def _cancelled(
    before: Billing, terms: BillingTerms, fact: events.RepaymentPlanCancelled
) -> Billing:
    return _with(before, fact.plan_id, status=PlanStatus.CANCELLED)


def _completed(
    before: Billing, terms: BillingTerms, fact: events.RepaymentPlanCompleted
) -> Billing:
    return _with(before, fact.plan_id, status=PlanStatus.COMPLETED)


BILLED: dict[type[Fact], Callable[[Billing, BillingTerms, Any], Billing]] = {
    events.RepaymentPlanScheduled: _scheduled,
    events.RepaymentPlanChanged: _changed,
    events.RepaymentSkipped: _skipped,
    events.RepaymentPlanCancelled: _cancelled,
    events.RepaymentPlanCompleted: _completed,
}
"""What each fact does to billing."""
