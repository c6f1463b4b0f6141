"""What of the balances is in dispute: it bears no interest and need not be paid (1026.13(d)); and
what is awaited after a decision, without further charges (1026.13(g)(2))."""

from datetime import date

from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.buckets import PURCHASE, Balance, category_of
from services.accounts.domain.billing.homes import home_in
from services.accounts.domain.billing.state import Billing


def disputed_in(state: CreditAccount) -> tuple[Balance, ...]:
    """What is in dispute, by bucket. Without disputes, nothing."""
    terms = state.in_force.billing
    if terms is None or not state.disputes.open_minor:
        return ()
    sums: dict[str, int] = {}
    for charge_id, minor in state.disputes.disputed_charges():
        bucket = home_in(state, terms, state.charges[charge_id])
        sums[bucket] = sums.get(bucket, 0) + minor
    return tuple(Balance(bucket=bucket, minor=minor) for bucket, minor in sorted(sums.items()))


def awaited_in(state: CreditAccount) -> int:
    """What of the purchases carried into the open cycle may be paid later than by its due date,
    since a dispute about them was lost (1026.13(g)(2)), in minor units: as if it were in dispute,
    it bears no interest in this cycle and costs no grace."""
    terms, billing, due = state.in_force.billing, state.billing, state.billing.last_due
    if terms is None or due is None:
        return 0
    found: dict[str, int] = {}
    for dispute in state.disputes.cases.values():
        if not dispute.awaited_minor or dispute.pay_by is None or dispute.pay_by <= due.due_on:
            continue
        charge = state.charges[dispute.charge_id]
        carried = charge.posted_on is not None and charge.posted_on < billing.cycle_opened_on
        if carried and category_of(home_in(state, terms, charge)) == PURCHASE:
            # What is in dispute once more counts as that, and not twice.
            left = charge.captured_minor - (state.disputes.claimed.get(charge.charge_id) or 0)
            more = found.get(charge.charge_id, 0) + dispute.awaited_minor
            found[charge.charge_id] = max(0, min(more, left))
    return sum(found.values())


def had_grace(billing: Billing, day: date) -> bool:
    """Whether what was carried into the cycle of a day had grace, as far as it is remembered."""
    for cycle in billing.closed:
        if day <= cycle.closed_on:
            return cycle.grace_before
    return billing.grace
