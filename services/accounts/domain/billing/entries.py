"""What is posted becomes an entry of the open cycle; a back-dated credit counts in a closed one."""

from dataclasses import replace
from datetime import date
from typing import Any

from services.accounts.domain import events as facts
from services.accounts.domain.billing import events
from services.accounts.domain.billing.buckets import CASH_ADVANCE, PURCHASE, Plan
from services.accounts.domain.billing.state import Billing, Due, appended
from services.accounts.domain.billing.statement import LineKind, StatementLine
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.charging import events as charging
from services.accounts.domain.disputes import events as disputes


def bucket_of(terms: BillingTerms, mcc: str) -> str:
    """Where a charge at such a merchant stands."""
    return CASH_ADVANCE if mcc in terms.cash_advance_mccs else PURCHASE


def home_of(billing: Billing, terms: BillingTerms, charge_id: str, mcc: str) -> str:
    """Where what belongs to a charge stands: a plan or a deferral may have been made of it."""
    if charge_id:
        for deferral in billing.deferrals:
            if deferral.charge_id == charge_id:
                return deferral.bucket
        for plan in billing.plans:
            if plan.charge_id == charge_id:
                return plan.bucket
    return bucket_of(terms, mcc)


def booked(billing: Billing, line: StatementLine) -> Billing:
    """An entry of the open cycle; a credit may take effect in a closed one."""
    after = _listed(billing, line)
    if line.effective_on >= billing.cycle_opened_on or line.kind is LineKind.INTEREST_ADJUSTED:
        return after
    closed = tuple(
        replace(cycle, moves=in_order((*cycle.moves, line)))
        if cycle.opened_on <= line.effective_on <= cycle.closed_on
        else cycle
        for cycle in billing.closed
    )
    return replace(after, closed=closed)


def _listed(billing: Billing, line: StatementLine) -> Billing:
    return replace(billing, lines=appended(billing.lines, line))


def in_order(moves: tuple[StatementLine, ...]) -> tuple[StatementLine, ...]:
    """By effective date, and then as they came."""
    return tuple(sorted(moves, key=lambda move: move.effective_on))


def effective(billing: Billing, day: date, debit: bool) -> date:
    """When an entry takes effect: a debit never before the open cycle, a credit never before the
    oldest cycle that can be recalculated."""
    if debit or not billing.closed:
        return max(day, billing.cycle_opened_on)
    return max(day, billing.closed[0].opened_on)


def entered(
    billing: Billing, fact: Any, kind: LineKind, entry_id: str, signed: int, **more: Any
) -> Billing:
    """An entry made of a fact; `more` may give any field of it."""
    posted = fact.posting_date
    since = getattr(fact, "credited_on", None) or posted
    fields: dict[str, Any] = {
        "entry_id": entry_id,
        "kind": kind,
        "amount_minor": signed,
        "transaction_date": fact.transaction_date,
        "posting_date": posted,
        "effective_on": effective(billing, since, signed > 0),
    }
    return booked(billing, StatementLine(**{**fields, **more}))


def cleared(before: Billing, terms: BillingTerms, fact: facts.ChargeCleared) -> Billing:
    """A charge is owed."""
    return entered(
        before,
        fact,
        LineKind.CHARGE,
        fact.clearing_id,
        fact.amount.minor_units,
        bucket=bucket_of(terms, fact.merchant.mcc),
        description=fact.merchant.name,
        charge_id=fact.charge_id,
    )


def refunded(before: Billing, terms: BillingTerms, fact: facts.ChargeRefunded) -> Billing:
    """A charge, or part of one, is owed no more."""
    return entered(
        before,
        fact,
        LineKind.REFUND,
        fact.refund_id,
        -fact.amount.minor_units,
        bucket=home_of(before, terms, fact.charge_id, fact.merchant.mcc),
        description=fact.merchant.name,
        charge_id=fact.charge_id,
    )


def refund_reversed(before: Billing, terms: BillingTerms, fact: charging.RefundReversed) -> Billing:
    """What had come back is owed again."""
    return entered(
        before,
        fact,
        LineKind.REFUND,
        fact.reversal_id,
        fact.amount.minor_units,
        bucket=home_of(before, terms, fact.charge_id, fact.merchant.mcc),
        description=fact.merchant.name,
        charge_id=fact.charge_id,
    )


def credited(before: Billing, terms: BillingTerms, fact: charging.OriginalCreditPosted) -> Billing:
    """Money that somebody sent."""
    return entered(
        before,
        fact,
        LineKind.CREDIT,
        fact.credit_id,
        -fact.amount.minor_units,
        description=fact.sender.name,
    )


def credit_reversed(
    before: Billing, terms: BillingTerms, fact: charging.OriginalCreditReversed
) -> Billing:
    """Money that somebody sent is owed again."""
    return entered(
        before,
        fact,
        LineKind.CREDIT,
        fact.reversal_id,
        fact.amount.minor_units,
        description=fact.sender.name,
    )


def paid_out(before: Billing, terms: BillingTerms, fact: events.CreditBalanceRefunded) -> Billing:
    """The account is in credit no more."""
    amount = fact.amount.minor_units
    return entered(before, fact, LineKind.CREDIT_REFUNDED, fact.refund_id, amount)


def planned(before: Billing, terms: BillingTerms, fact: events.InstalmentPlanMade) -> Billing:
    """A purchase leaves the purchases for a balance of its own."""
    plan = Plan(
        plan_id=fact.plan_id,
        charge_id=fact.charge_id,
        principal_minor=fact.principal.minor_units,
        months=fact.months,
        apr_basis_points=fact.apr_basis_points,
    )
    known = replace(before, plans=(*before.plans, plan))
    for bucket, signed in ((PURCHASE, -plan.principal_minor), (plan.bucket, plan.principal_minor)):
        known = entered(
            known,
            fact,
            LineKind.CREDIT,
            f"{fact.plan_id} {bucket}",
            signed,
            bucket=bucket,
            reason="INSTALMENT_PLAN",
            charge_id=fact.charge_id,
        )
    return known


def dispute_credited(
    before: Billing,
    terms: BillingTerms,
    fact: disputes.ProvisionalCreditGranted | disputes.DisputeResolved,
) -> Billing:
    """What is disputed is credited, or owed again."""
    if not fact.credit:
        return before
    return entered(
        before,
        fact,
        LineKind.CREDIT,
        f"{fact.topic()} {fact.dispute_id}",
        -fact.credit.minor_units,
        bucket=home_of(before, terms, fact.charge_id, fact.merchant.mcc),
        description=fact.merchant.name,
        charge_id=fact.charge_id,
    )


def paid(before: Billing, terms: BillingTerms, fact: facts.PaymentRecorded) -> Billing:
    """A payment, which the oldest minimum payment gets first."""
    after = entered(before, fact, LineKind.PAYMENT, fact.payment_id, -fact.amount.minor_units)
    return replace(after, dues=reduced(after.dues, fact.amount.minor_units))


def reduced(dues: tuple[Due, ...], amount: int) -> tuple[Due, ...]:
    """The oldest minimum payment is paid first; what is in dispute comes after all of them."""
    for withheld in (False, True):
        paid = []
        for due in dues:
            part = min(due.remaining_minor if withheld else due.unpaid_minor, amount)
            amount -= part
            paid.append(replace(due, remaining_minor=due.remaining_minor - part) if part else due)
        dues = tuple(paid)
        if not amount:
            break
    return dues


def _owed_again(dues: tuple[Due, ...], amount: int) -> tuple[Due, ...]:
    """What a payment had paid of minimum payments is unpaid again, the latest first."""
    restored = []
    for due in reversed(dues):
        part = min(due.required_minor - due.remaining_minor, amount)
        amount -= part
        restored.append(replace(due, remaining_minor=due.remaining_minor + part))
    return tuple(reversed(restored))


def returned(before: Billing, terms: BillingTerms, fact: events.PaymentReturned) -> Billing:
    """A payment is as if it had never been, as far back as cycles can be recalculated."""
    payment_id, back_id = fact.payment_id, f"return {fact.payment_id}"
    here = any(
        line.entry_id == payment_id and line.effective_on >= before.cycle_opened_on
        for line in before.booked()
    )
    closed = tuple(
        replace(cycle, moves=tuple(move for move in cycle.moves if move.entry_id != payment_id))
        for cycle in before.closed
    )
    gone = any(
        len(now.moves) < len(was.moves) for now, was in zip(closed, before.closed, strict=True)
    )
    again = fact.amount if fact.required_again is None else fact.required_again
    known = replace(before, dues=_owed_again(before.dues, again.minor_units))
    counts_from = effective(before, fact.posting_date, debit=True)
    if here or gone:
        known = replace(known, closed=closed, voided=(*known.voided, payment_id, back_id))
        counts_from = fact.credited_on
    return _listed(
        known,
        StatementLine(
            entry_id=back_id,
            kind=LineKind.PAYMENT_RETURNED,
            reason=fact.reason,
            amount_minor=fact.amount.minor_units,
            transaction_date=fact.transaction_date,
            posting_date=fact.posting_date,
            effective_on=counts_from,
        ),
    )
