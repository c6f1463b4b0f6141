"""What must be paid of a statement now, when something of it is in dispute: the minimum by the same
rule with what is disputed, and the interest on it, left out (12 CFR 1026.13(d)(1))."""

from dataclasses import replace
from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact, value
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.homes import home_in
from services.accounts.domain.billing.interest import compute
from services.accounts.domain.billing.posting import terms_of
from services.accounts.domain.billing.rounding import share
from services.accounts.domain.billing.sheet import balances_of
from services.accounts.domain.billing.state import Billing, Cycle, Due, MinimumBasis
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.disputes import events
from services.accounts.domain.disputes.state import Dispute

CHANGING = (
    events.DisputeOpened,
    events.ProvisionalCreditGranted,
    events.DisputeResolved,
)
"""After these another amount may be required."""

Facts = tuple[Fact, ...]


@value
class LeftOut:
    """What of a statement is in dispute: by bucket; how much of it is withheld still and not
    credited; and until when what was decided against the holder may be paid all the same."""

    balances: tuple[Balance, ...]
    withheld_minor: int
    restored_by: date | None


def change_required(
    before: CreditAccount, state: CreditAccount, told: Facts, context: Context
) -> Facts:
    """What follows from a dispute for minimum payments that were told."""
    days = [fact.transaction_date for fact in told if isinstance(fact, CHANGING)]
    return required_on(state, max(days)) if days else ()


def required_on(state: CreditAccount, day: date) -> Facts:
    """For every statement that is remembered, where another amount is required than was."""
    terms = terms_of(state)
    if terms is None:
        return ()
    found: Facts = ()
    for number in [due.number for due in state.billing.dues]:
        due = next(due for due in state.billing.dues if due.number == number)
        fact = _required(state, terms, due, day)
        known = (due.minimum_now, due.left_out_minor, due.disputed_minor, due.restored_by)
        amounts = (fact.required, fact.left_out, fact.disputed)
        if (*(each.minor_units for each in amounts), fact.restored_by) != known:
            state = evolve(state, fact)
            found += (fact,)
    return found


def _required(
    state: CreditAccount, terms: BillingTerms, due: Due, day: date
) -> events.RequiredPaymentChanged:
    out = _left_out(state, terms, due, day)
    less = 0
    if due.basis and out.balances:
        less = due.required_minor - _new_with(state.billing, terms, due, due.basis, out)
        less = min(max(0, less), due.required_minor)
    earlier = [each for each in state.billing.dues if each.number < due.number]
    not_past_due = sum(min(each.remaining_minor, each.left_out_minor) for each in earlier)
    past_due = max(0, due.minimum_minor - due.required_minor - not_past_due)
    return events.RequiredPaymentChanged(
        account_id=state.account_id,
        customer_id=state.customer_id,
        number=due.number,
        due_on=due.due_on,
        told=state.money(due.minimum_minor),
        required=state.money(due.required_minor - less + past_due),
        left_out=state.money(less),
        disputed=state.money(out.withheld_minor),
        restored_by=out.restored_by if less else None,
        transaction_date=day,
    )


def _new_with(
    billing: Billing, terms: BillingTerms, due: Due, basis: MinimumBasis, out: LeftOut
) -> int:
    """What the rule asks for, past due apart, as if all of it had been in dispute at the close."""
    rule = terms.minimum_payment
    related = _related_interest(billing, terms, due, out.balances)
    disputed = {each.bucket: each.minor for each in out.balances}
    planned = {
        each.bucket: max(0, each.minor - disputed.pop(each.bucket, 0)) for each in basis.planned
    }
    known = sum(each.minor for each in basis.disputed if each.bucket in disputed)
    revolving = max(0, basis.revolving_minor - max(0, sum(disputed.values()) - known) - related)
    part = share(revolving, rule.basis_points)
    part += max(0, basis.interest_minor - related) if rule.includes_interest else 0
    part += max(0, basis.fees_minor) if rule.includes_fees else 0
    owed = revolving + sum(planned.values())
    past_due = min(owed, due.minimum_minor - due.required_minor)
    asked = sum(min(each.minor, planned.get(each.bucket, 0)) for each in basis.instalments)
    instalments = min(asked, owed - past_due)
    regular = min(max(part, rule.floor_minor), revolving, owed - past_due - instalments)
    return regular + instalments


def _related_interest(
    billing: Billing, terms: BillingTerms, due: Due, disputed: tuple[Balance, ...]
) -> int:
    """The interest of the cycle that is on what is disputed now and was not at its close."""
    of_cycle = [cycle for cycle in billing.closed if cycle.number == due.number]
    return sum(_interest_on(billing, terms, cycle, disputed) for cycle in of_cycle)


def _interest_on(
    billing: Billing, terms: BillingTerms, cycle: Cycle, disputed: tuple[Balance, ...]
) -> int:
    sheet = cycle.sheet(billing.book(terms))
    without = compute(replace(sheet, disputed=disputed))
    return max(0, compute(sheet).interest_minor - without.interest_minor)


def related_interest(state: CreditAccount, dispute: Dispute, error_minor: int) -> int:
    """The interest that was charged on an error, which goes with its correction (1026.13(e)(1)):
    of the cycles that were closed before the notice came, as far as they are remembered. In later
    ones what is disputed bore none."""
    terms, charge = terms_of(state), state.charges[dispute.charge_id]
    if terms is None or charge.posted_on is None:
        return 0
    found = 0
    for cycle in state.billing.closed:
        if charge.posted_on <= cycle.closed_on < dispute.received_on:
            bucket = home_in(state, terms, charge, cycle.number)
            sums = {each.bucket: each.minor for each in cycle.disputed}
            sums[bucket] = sums.get(bucket, 0) + error_minor
            found += _interest_on(state.billing, terms, cycle, balances_of(sums.items()))
    return found


def _left_out(state: CreditAccount, terms: BillingTerms, due: Due, day: date) -> LeftOut:
    sums: dict[str, int] = {}
    withheld, restored = 0, []
    for dispute in state.disputes.cases.values():
        charge = state.charges[dispute.charge_id]
        minor = _of_dispute(dispute, charge, due, day)
        if not minor:
            continue
        bucket = home_in(state, terms, charge, due.number)
        sums[bucket] = sums.get(bucket, 0) + minor
        withheld += dispute.withheld_minor
        if _is_awaited(dispute, due, day) and dispute.pay_by:
            restored.append(dispute.pay_by)
    return LeftOut(
        balances=balances_of(sums.items()),
        withheld_minor=withheld,
        restored_by=min(restored, default=None),
    )


def _of_dispute(dispute: Dispute, charge: Charge, due: Due, day: date) -> int:
    """How much of a statement's balance a dispute leaves out: nothing of a charge that came later,
    or of what was decided or credited by its close, which the balance has already."""
    if charge.posted_on is None or charge.posted_on > due.closed_on:
        return 0
    for over_on in (dispute.resolved_on, dispute.credited_on):
        if over_on and over_on <= due.closed_on:
            return 0
    if dispute.is_open or _is_awaited(dispute, due, day):
        return dispute.amount_minor
    # A refund of the rest counts as one.
    return dispute.corrected_minor


def _is_awaited(dispute: Dispute, due: Due, day: date) -> bool:
    """Whether what is owed after all may still be paid in the time that 1026.13(g)(2) gives, where
    that is longer than the due date."""
    pay_by = dispute.pay_by
    return pay_by is not None and due.due_on < pay_by and day <= pay_by
