"""Minimum payments as they are told, and what of them need not be paid because of disputes."""

from dataclasses import replace

from services.accounts.domain.billing.buckets import Balance, is_plan
from services.accounts.domain.billing.calendar import DAY
from services.accounts.domain.billing.sheet import balances_of
from services.accounts.domain.billing.state import Billing, Due, MinimumBasis
from services.accounts.domain.billing.statement import Statement
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.disputes.events import RequiredPaymentChanged


def due_of(told: Statement, billed: tuple[Balance, ...], disputed: tuple[Balance, ...]) -> Due:
    """The minimum payment of a statement, and of what it was made: `billed` instalments, and what
    was in dispute when it was cut."""
    required = told.minimum.regular_minor + told.minimum.instalments_minor
    planned = balances_of(
        (each.bucket, each.closing_minor) for each in told.balances if is_plan(each.bucket)
    )
    out = sum(each.minor for each in disputed if not is_plan(each.bucket))
    revolving = told.closing_minor - sum(each.minor for each in planned) - out
    return Due(
        number=told.number,
        closed_on=told.closed_on,
        due_on=told.due_on,
        minimum_minor=told.minimum.total_minor,
        required_minor=required,
        remaining_minor=required,
        closing_minor=told.closing_minor,
        disputed_minor=told.disputed_minor,
        basis=MinimumBasis(
            revolving_minor=max(0, revolving),
            interest_minor=sum(each.interest_minor for each in told.balances),
            fees_minor=told.fees_minor,
            planned=planned,
            instalments=billed,
            disputed=disputed,
        ),
    )


def required_changed(before: Billing, terms: BillingTerms, fact: RequiredPaymentChanged) -> Billing:
    """Another amount is required of a statement."""
    return replace(
        before,
        dues=tuple(_with(due, fact) if due.number == fact.number else due for due in before.dues),
    )


def _with(due: Due, fact: RequiredPaymentChanged) -> Due:
    after = replace(
        due,
        now_minor=fact.required.minor_units,
        left_out_minor=fact.left_out.minor_units,
        disputed_minor=fact.disputed.minor_units,
        restored_by=fact.restored_by,
    )
    if after.unpaid_minor and not due.unpaid_minor and fact.transaction_date > due.due_on:
        # What is required again is late from the end of its own time on, not from the due date.
        return replace(after, late_on=fact.transaction_date - DAY)
    return after
