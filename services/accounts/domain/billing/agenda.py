"""What is next due on an account, and on which day."""

from collections.abc import Iterator
from datetime import date
from enum import IntEnum

from chassis.kernel.events import value
from services.accounts.domain.billing.calendar import DAY, months_later
from services.accounts.domain.billing.dues import paid_towards, unpaid_after
from services.accounts.domain.billing.fees import annual_fee_on
from services.accounts.domain.billing.state import Billing, Due
from services.accounts.domain.billing.terms import AutopayKind, BillingTerms
from services.accounts.domain.repaying.state import PlanStatus

CONFIRMATION_DAYS = 10
"""So long a payment may wait to be confirmed before it is late as if it had not been initiated."""

CREDIT_MONTHS = 6
"""What an account has been in credit by for longer is paid out unasked: 1026.11(a)(3)."""

PENALTY_RATE_AFTER_DAYS = 60
"""Not before a payment is so many days late, on the next one, there is notice of a penalty rate:
1026.9(g)(2) and 1026.55(b)(4)."""

DELINQUENCY_DAYS = (1, 30, 60, 90, 120, 150, 180)
"""Days past due at which an account is said to be older in delinquency."""


class Step(IntEnum):
    """What can be due, in the order in which it happens on one day."""

    GO_OVER = -1
    END_DEFERRAL = 0
    ANNUAL_FEE = 1
    COLLECT = 2
    AUTOPAY = 3
    CHECK_DUE = 4
    AGE = 5
    CHARGE_OFF = 6
    CLOSE = 7
    END_PAUSE = 8
    EXPIRE_OFFER = 9
    REVIEW = 10
    RESTORE_REQUIRED = 11
    PENALISE = 12
    REFUND_CREDIT = 13


@value
class Item:
    """One thing that is due; `subject` is the cycle, or the days of delinquency."""

    on: date
    step: Step
    subject: int = 0
    payment_id: str = ""


def autopay_of(billing: Billing, terms: BillingTerms) -> tuple[AutopayKind, int]:
    """What is collected: what the holder has chosen, otherwise what the programme says."""
    if billing.autopay is None:
        return terms.autopay, terms.autopay_fixed_minor
    return billing.autopay, billing.autopay_fixed_minor


def items(billing: Billing, terms: BillingTerms) -> Iterator[Item]:
    """Everything that is due some day, as far as it is known now."""
    if billing.credit_since:
        lasting = months_later(billing.credit_since, CREDIT_MONTHS)
        yield Item(on=lasting + DAY, step=Step.REFUND_CREDIT)
    if not billing.active:
        return
    yield Item(on=billing.closes_on, step=Step.CLOSE, subject=billing.number)
    if billing.paused and billing.paused_until:
        yield Item(on=billing.paused_until, step=Step.END_PAUSE)
    kind, _ = autopay_of(billing, terms)
    for due in billing.dues:
        if not due.checked:
            yield Item(on=_checked_on(billing, due), step=Step.CHECK_DUE, subject=due.number)
            if kind is not AutopayKind.NONE and not due.collected:
                yield Item(on=due.due_on, step=Step.AUTOPAY, subject=due.number)
        if due.restored_by:
            yield Item(on=due.restored_by + DAY, step=Step.RESTORE_REQUIRED, subject=due.number)
    for deferral in billing.deferrals:
        if not deferral.settled:
            yield Item(on=deferral.ends_on + DAY, step=Step.END_DEFERRAL)
    yield from _ageing(billing, terms)
    yield from _penalties(billing, terms)
    if not billing.winding_up:
        yield from _going_on(billing, terms)
    for plan in billing.repayments:
        if plan.status is PlanStatus.ACTIVE and plan.open:
            first = plan.open[0]
            yield Item(on=first.on, step=Step.COLLECT, subject=first.number)


def _going_on(billing: Billing, terms: BillingTerms) -> Iterator[Item]:
    """What is due only where charges may still be made."""
    if fee_on := annual_fee_on(billing):
        yield Item(on=fee_on, step=Step.ANNUAL_FEE)
    if (over_on := _goes_over_on(billing)) is not None:
        yield Item(on=over_on, step=Step.GO_OVER)
    yield from _limits(billing, terms)


def _goes_over_on(billing: Billing) -> date | None:
    """The first day of a cycle on which dearer terms are in effect, as far as it is known: an
    increase may be delayed until then (comment 55(b)-2.iii)."""
    announced = billing.announced
    if announced is None or announced.rejected:
        return None
    first_days = (billing.cycle_opened_on, billing.closes_on + DAY)
    return next((day for day in first_days if day >= announced.effective_on), None)


def _checked_on(billing: Billing, due: Due) -> date:
    """The day after the due date; later where a payment that would be in time and enough waits to
    be confirmed, but not for ever."""
    on = due.due_on + DAY
    coming = [each for each in billing.collecting.pending if each.initiated_on <= due.due_on]
    if not coming:
        return on
    enough = paid_towards(billing, due) + sum(each.minor for each in coming)
    if enough < due.minimum_now:
        return on
    last = max(each.initiated_on for each in coming)
    return max(on, last + CONFIRMATION_DAYS * DAY)


def _ageing(billing: Billing, terms: BillingTerms) -> Iterator[Item]:
    missed = [each.late_from for each in billing.dues if each.unpaid_minor and each.checked]
    if not missed:
        return
    since = min(missed)
    older = [days for days in DELINQUENCY_DAYS if days > billing.delinquency_days]
    if older:
        yield Item(on=since + older[0] * DAY, step=Step.AGE, subject=older[0])
    yield Item(on=since + terms.charge_off_after_days * DAY, step=Step.CHARGE_OFF)


def _penalties(billing: Billing, terms: BillingTerms) -> Iterator[Item]:
    """On the first day that is too late: by the dates of payments and not by when they are told, so
    that what comes on that day, before it is run, is too late as well."""
    ends = any(each.ends_past_due and not each.settled for each in billing.deferrals)
    if billing.penalty_from is not None or not (terms.has_penalty or ends):
        return
    late = [each for each in billing.dues if each.checked and _is_too_late(billing, each)]
    if late:
        yield Item(on=min(penalised_on(each) for each in late), step=Step.PENALISE)


def penalised_on(due: Due) -> date:
    """The first day on which a minimum payment is so late that there is notice of a penalty."""
    return due.late_from + (PENALTY_RATE_AFTER_DAYS + 1) * DAY


def _is_too_late(billing: Billing, due: Due) -> bool:
    if due.unpaid_minor:
        return True
    # A day of a closed cycle was run: what was to be said of it was said.
    if due.met or penalised_on(due) < billing.cycle_opened_on:
        return False
    return unpaid_after(billing, due, PENALTY_RATE_AFTER_DAYS) > 0


def _limits(billing: Billing, terms: BillingTerms) -> Iterator[Item]:
    offer, following = billing.credit_line.offer, review_on(billing, terms)
    if offer:
        yield Item(on=offer.expires_on + DAY, step=Step.EXPIRE_OFFER)
    if following:
        yield Item(on=following, step=Step.REVIEW)


def review_on(billing: Billing, terms: BillingTerms) -> date | None:
    """The day of the next review of the limit, where the programme has reviews."""
    rules = terms.credit_line
    if rules is None or not rules.review_every_months:
        return None
    since = billing.credit_line.reviewed_on or billing.opened_on or date.min
    return months_later(since, rules.review_every_months)


def next_item(billing: Billing, terms: BillingTerms) -> Item | None:
    """The first thing that is due."""
    return min(
        items(billing, terms), key=lambda item: (item.on, item.step, item.subject), default=None
    )


def next_due_on(billing: Billing, terms: BillingTerms) -> date | None:
    """The day of it."""
    item = next_item(billing, terms)
    return item.on if item else None
