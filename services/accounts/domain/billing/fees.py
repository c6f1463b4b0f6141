"""How high a fee may be: the programme's schedule, dated caps, and 12 CFR 1026.52."""

from datetime import date

from services.accounts.domain.billing.calendar import months_later
from services.accounts.domain.billing.rounding import share
from services.accounts.domain.billing.state import Billing, Due
from services.accounts.domain.billing.terms import (
    PENALTY_FEES,
    BillingTerms,
    Fee,
    FeeCap,
    FeeKind,
)

REPEATED_WITHIN_CYCLES = 6
"""A violation of the same kind within so many next cycles is a repeated one: 52(b)(1)(ii)(B)."""


def scheduled(terms: BillingTerms, kind: FeeKind, day: date) -> Fee | None:
    """The fee of a kind that the programme has on a day."""
    known = [
        fee
        for fee in terms.fees
        if fee.kind is kind and (fee.effective_from is None or fee.effective_from <= day)
    ]
    return max(known, key=lambda fee: fee.effective_from or date.min, default=None)


def cap(terms: BillingTerms, kind: FeeKind, day: date) -> FeeCap | None:
    """The cap of a kind that is in force on a day."""
    known = [each for each in terms.fee_caps if each.kind is kind and each.effective_from <= day]
    return max(known, key=lambda each: each.effective_from, default=None)


def penalty(
    billing: Billing, terms: BillingTerms, kind: FeeKind, event: str, most_minor: int, day: date
) -> int:
    """A fee for a violation: never more than `most_minor`, the amount associated with it, and
    none where the event has had one already (1026.52(b)(2)). One from before the first cap was by
    costs, and makes none a repeated one (comment 52(b)(1)-1.i.C)."""
    fee = scheduled(terms, kind, day)
    if fee is None or any(each.event == event for each in billing.fees):
        return 0
    capped = [each.effective_from for each in terms.fee_caps if each.kind is kind]
    since = min(capped, default=date.min)
    again = any(
        each.kind is kind
        and billing.number - each.number <= REPEATED_WITHIN_CYCLES
        and (each.charged_on >= since or day < since)
        for each in billing.fees
    )
    amount = (fee.repeated_minor if again else 0) or fee.amount_minor
    limit = cap(terms, kind, day)
    if limit is not None:
        amount = min(amount, limit.repeated_minor if again else limit.first_minor)
    return max(0, min(amount, most_minor))


def ordinary(
    billing: Billing, terms: BillingTerms, kind: FeeKind, base_minor: int, day: date
) -> int:
    """A fee that is for no violation, cut to what the first year leaves room for."""
    fee = scheduled(terms, kind, day)
    if fee is None or kind in PENALTY_FEES:
        return 0
    amount = max(fee.amount_minor, share(base_minor, fee.basis_points))
    return min(amount, first_year_room(billing, terms, day))


def first_year_ends_on(billing: Billing) -> date | None:
    """The day on which a year has passed since the account could first be used (1026.52(a)(1) and
    comment 4); None as long as it cannot be."""
    return months_later(billing.usable_on, 12) if billing.usable_on else None


def in_first_year(billing: Billing, day: date) -> bool:
    """Whether the first year of the account is not over; it begins when it can be used."""
    ends_on = first_year_ends_on(billing)
    return billing.opened_on is not None and (ends_on is None or day < ends_on)


def annual_fee_on(billing: Billing) -> date | None:
    """When the next annual fee is due. One but for the first waits for the end of the first year:
    both are not for the same one, and would be cut to what it leaves room for."""
    due_on = billing.annual_fee_on
    if due_on is None or due_on == billing.opened_on:
        return due_on
    ends_on = first_year_ends_on(billing)
    return max(due_on, ends_on) if ends_on else None


def first_year_room(billing: Billing, terms: BillingTerms, day: date) -> int:
    """What may still be charged in the first year: a share of the first limit, less what was
    charged (1026.52(a)(1)). No bound afterwards."""
    if not in_first_year(billing, day):
        return 10**12
    allowed = share(billing.first_limit_minor, terms.first_year_fee_limit_basis_points)
    return max(0, allowed - billing.first_year_fees_minor)


def to_refund(billing: Billing, terms: BillingTerms, limit_minor: int, day: date) -> int:
    """What must be given back of the first year's fees when the limit is cut to `limit_minor`
    (comment 52(a)(1)-3.ii)."""
    if not in_first_year(billing, day):
        return 0
    allowed = share(limit_minor, terms.first_year_fee_limit_basis_points)
    return max(0, billing.first_year_fees_minor - allowed)


def annual_fee_due(terms: BillingTerms, day: date) -> bool:
    """Whether the programme has an annual fee."""
    return scheduled(terms, FeeKind.ANNUAL, day) is not None


def event_of_return(billing: Billing, payment_id: str, returned_on: date) -> tuple[str, int]:
    """The violation that a returned payment is, and the minimum payment associated with it.

    Returned after the due date, it is the same event as being late with that minimum
    (comment 52(b)(2)(ii)-1); its amount is the minimum due immediately before the return. Where
    nothing was due then, it is the one that is due next.
    """
    before = [due for due in billing.dues if due.due_on < returned_on]
    if before and before[-1].minimum_now:
        due = before[-1]
        return _event(due), due.minimum_now
    last = billing.last_due
    return f"return {payment_id}", last.minimum_minor if last else 0


def late_event(due: Due) -> str:
    """The violation of not paying a minimum in time."""
    return _event(due)


def _event(due: Due) -> str:
    return f"due {due.number}"
