"""How each fact changes the billing of an account; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain import events as facts
from services.accounts.domain.billing import entries, events
from services.accounts.domain.billing.buckets import FEE, Balance, Span
from services.accounts.domain.billing.calendar import DAY, close_after, close_of, months_later
from services.accounts.domain.billing.cutting import FEES, INTEREST, later_of
from services.accounts.domain.billing.entries import entered, in_order
from services.accounts.domain.billing.fees import annual_fee_due
from services.accounts.domain.billing.instalments import instalments_due, still_owed
from services.accounts.domain.billing.lowering import due_of, required_changed
from services.accounts.domain.billing.sheet import balances_of
from services.accounts.domain.billing.state import (
    CLOSED_CYCLES_LIMIT,
    DUES_LIMIT,
    FEES_LIMIT,
    SPANS_LIMIT,
    Billing,
    ChargedFee,
    Cycle,
)
from services.accounts.domain.billing.statement import GraceStatus, LineKind
from services.accounts.domain.billing.terms import PENALTY_FEES, BillingTerms
from services.accounts.domain.charging import events as charging
from services.accounts.domain.collecting import evolve as collecting
from services.accounts.domain.credit_lines import evolve as credit_lines
from services.accounts.domain.deferring.evolve import BILLED as DEFERRING
from services.accounts.domain.deferring.evolve import remembered
from services.accounts.domain.disputes import events as disputes
from services.accounts.domain.life import events as life
from services.accounts.domain.over_limit import evolve as over_limit
from services.accounts.domain.programmes.events import AccountMigrated
from services.accounts.domain.repaying import evolve as repaying
from services.accounts.domain.repaying.evolve import accounted_for
from services.accounts.domain.repricing import evolve as repricing
from services.accounts.domain.standing.events import AccountStandingChanged
from services.accounts.domain.transfers import evolve as transfers
from services.accounts.domain.values import AccountStatus


def _opened(before: Billing, terms: BillingTerms, fact: facts.AccountOpened) -> Billing:
    return opened(terms, fact.transaction_date, fact.limit.minor_units)


def opened(terms: BillingTerms, day: date, limit_minor: int) -> Billing:
    """The first cycle, from a day on."""
    return Billing(
        opened_on=day,
        first_limit_minor=limit_minor,
        number=1,
        cycle_opened_on=day,
        closes_on=close_of(terms, day),
        streak=terms.grace_regained_after_statements,
        year=day.year,
        agenda_on=min(close_of(terms, day), day if annual_fee_due(terms, day) else date.max),
        annual_fee_on=day if annual_fee_due(terms, day) else None,
    )


# Interest, fees


def _recalculated(before: Billing, terms: BillingTerms, fact: events.CyclesRecalculated) -> Billing:
    known = {each.number: each for each in fact.cycles}
    closed = tuple(
        replace(
            cycle,
            opening=known[cycle.number].opening,
            interest=known[cycle.number].interest,
            grace_before=known[cycle.number].grace_before,
            streak=known[cycle.number].streak,
            deferred=known[cycle.number].deferred,
        )
        if cycle.number in known
        else cycle
        for cycle in before.closed
    )
    return replace(
        before, closed=closed, opening=fact.opening, grace=fact.grace, streak=fact.streak
    )


def _interest_adjusted(
    before: Billing, terms: BillingTerms, fact: events.InterestAdjusted
) -> Billing:
    amount = fact.amount.minor_units
    after = entered(
        before,
        fact,
        LineKind.INTEREST_ADJUSTED,
        f"interest {fact.cause_id}",
        amount,
        effective_on=before.cycle_opened_on - DAY,
    )
    return replace(after, interest_of_year_minor=after.interest_of_year_minor + amount)


def _fee_charged(before: Billing, terms: BillingTerms, fact: events.FeeCharged) -> Billing:
    amount = fact.amount.minor_units
    after = entered(
        before, fact, LineKind.FEE, fact.fee_id, amount, bucket=FEE, reason=str(fact.kind)
    )
    fee = ChargedFee(
        fee_id=fact.fee_id,
        kind=fact.kind,
        event=fact.event,
        number=fact.number,
        minor=amount,
        waived_minor=0,
        charged_on=fact.posting_date,
    )
    annual = fact.kind == "ANNUAL"
    return replace(
        after,
        fees=(*after.fees[-(FEES_LIMIT - 1) :], fee),
        fees_of_year_minor=after.fees_of_year_minor + amount,
        first_year_fees_minor=after.first_year_fees_minor
        + (0 if fact.kind in PENALTY_FEES else amount),
        annual_fee_on=months_later(fact.posting_date, 12) if annual else after.annual_fee_on,
    )


def _fee_waived(before: Billing, terms: BillingTerms, fact: events.FeeWaived) -> Billing:
    amount = fact.amount.minor_units
    after = entered(
        before,
        fact,
        LineKind.FEE_WAIVED,
        fact.waiver_id,
        -amount,
        bucket=FEE,
        reason=str(fact.kind),
    )
    return replace(
        after,
        fees=tuple(
            replace(fee, waived_minor=fee.waived_minor + amount)
            if fee.fee_id == fact.fee_id
            else fee
            for fee in after.fees
        ),
        fees_of_year_minor=after.fees_of_year_minor - amount,
        first_year_fees_minor=after.first_year_fees_minor
        - (0 if fact.kind in PENALTY_FEES else amount),
    )


# Cycles and due dates


def _cut(before: Billing, terms: BillingTerms, fact: events.StatementCut) -> Billing:
    told = fact.statement
    # It closed when it says, by whatever rule that was found then.
    before = replace(before, closes_on=fact.closed_on)
    cycle = _closed(before, terms, fact)
    later = [line for line in before.booked() if line.effective_on > fact.closed_on]
    closing = balances_of((each.bucket, each.closing_minor) for each in told.balances)
    billed = instalments_due(before.plans, told.balances, told.minimum.past_due_minor)
    opened_on = fact.closed_on + DAY
    kept = {line.entry_id for line in later}
    closed = (*before.closed[-(CLOSED_CYCLES_LIMIT - 1) :], cycle)
    return replace(
        before,
        number=before.number + 1,
        cycle_opened_on=opened_on,
        closes_on=close_after(terms, fact.closed_on),
        told=closing,
        opening=closing,
        lines=(tuple(later),) if later else (),
        voided=tuple(each for each in before.voided if each in kept),
        closed=closed,
        deferrals=remembered(before, closed, closing),
        grace=told.grace is GraceStatus.KEPT,
        streak=fact.streak,
        dues=(*before.dues[-(DUES_LIMIT - 1) :], due_of(told, billed, fact.disputed)),
        billed=billed,
        plans=still_owed(before.plans, told.balances, closed, later),
        earlier=tuple(e for e in before.earlier if e.until >= closed[0].opened_on),
        year=opened_on.year,
        fees_of_year_minor=later_of(before, FEES)
        + (told.year_to_date_fees_minor if opened_on.year == before.year else 0),
        interest_of_year_minor=later_of(before, INTEREST)
        + (told.year_to_date_interest_minor if opened_on.year == before.year else 0),
    )


def _closed(before: Billing, terms: BillingTerms, fact: events.StatementCut) -> Cycle:
    sheet = before.sheet(terms)
    disputed = fact.disputed
    return Cycle(
        number=before.number,
        opened_on=before.cycle_opened_on,
        closed_on=fact.closed_on,
        opening=sheet.opening,
        moves=in_order(sheet.moves),
        due_on=sheet.due_on,
        minimum_minor=sheet.minimum_minor,
        billed=sheet.billed,
        grace_before=sheet.grace_before,
        streak=sheet.streak,
        disputed=disputed,
        interest=_interest_of(fact),
        deferred=fact.deferred,
        awaited_minor=fact.awaited_minor,
    )


def _interest_of(fact: events.StatementCut) -> tuple[Balance, ...]:
    lines = fact.statement.balances
    return balances_of((each.bucket, each.interest_minor) for each in lines)


def _due_passed(before: Billing, terms: BillingTerms, fact: events.DueDatePassed) -> Billing:
    return replace(
        before,
        dues=tuple(
            replace(due, checked=True, met=fact.met, checked_minor=fact.minimum.minor_units)
            if due.number == fact.number
            else due
            for due in before.dues
        ),
    )


def _aged(before: Billing, terms: BillingTerms, fact: events.DelinquencyAged) -> Billing:
    return replace(before, delinquency_days=fact.days)


def _cured(before: Billing, terms: BillingTerms, fact: events.DelinquencyCured) -> Billing:
    return replace(before, delinquency_days=0)


def _agenda(before: Billing, terms: BillingTerms, fact: events.BillingAgendaSet) -> Billing:
    return replace(before, agenda_on=fact.next_due_on)


def _autopay(before: Billing, terms: BillingTerms, fact: events.AutopaySet) -> Billing:
    return replace(before, autopay=fact.kind, autopay_fixed_minor=fact.amount.minor_units)


def _collected(before: Billing, terms: BillingTerms, fact: events.PaymentCollected) -> Billing:
    return accounted_for(before, fact.source, fact.amount.minor_units)


def _annual_fee_skipped(
    before: Billing, terms: BillingTerms, fact: events.AnnualFeeSkipped
) -> Billing:
    return replace(before, annual_fee_on=months_later(fact.due_on, 12))


def _autopay_skipped(before: Billing, terms: BillingTerms, fact: events.AutopaySkipped) -> Billing:
    return replace(
        before,
        dues=tuple(
            replace(due, collected=True) if due.number == fact.number else due
            for due in before.dues
        ),
    )


def _penalty(before: Billing, terms: BillingTerms, fact: events.PenaltyRateImposed) -> Billing:
    return replace(before, penalty_from=fact.effective_from, penalised_on=fact.transaction_date)


def _no_penalty(before: Billing, terms: BillingTerms, fact: events.PenaltyRateLifted) -> Billing:
    past = spans(before.penalties, before.penalty_from, fact.transaction_date - DAY)
    return replace(before, penalty_from=None, penalised_on=None, penalties=past)


def _never_penalty(
    before: Billing, terms: BillingTerms, fact: events.PenaltyRateWithdrawn
) -> Billing:
    return replace(before, penalty_from=None, penalised_on=None)


def spans(past: tuple[Span, ...], since: date | None, until: date | None) -> tuple[Span, ...]:
    """With the days of one more, if there are any."""
    if since is None or until is None or until < since:
        return past
    return (*past, Span(first_on=since, last_on=until))[-SPANS_LIMIT:]


def _charged_off(before: Billing, terms: BillingTerms, fact: events.AccountChargedOff) -> Billing:
    after = entered(
        before,
        fact,
        LineKind.CHARGED_OFF,
        "charge-off",
        -fact.amount.minor_units,
        reason=fact.reason,
    )
    return replace(after, charged_off_minor=fact.amount.minor_units, ended=True)


def _recovered(before: Billing, terms: BillingTerms, fact: events.RecoveryRecorded) -> Billing:
    return replace(before, recovered_minor=before.recovered_minor + fact.amount.minor_units)


def _stands(before: Billing, terms: BillingTerms, fact: AccountStandingChanged) -> Billing:
    # What was charged off before it is closed has no more cycles; anything else is wound up.
    closed, lost = fact.status is AccountStatus.CLOSED, fact.status is AccountStatus.CHARGED_OFF
    ended = lost or (closed and before.ended)
    return replace(before, ended=ended, winding_up=closed and not ended)


def _limited(before: Billing, terms: BillingTerms, fact: events.LimitChanged) -> Billing:
    # In the first year a lower limit lowers what fees may be; a higher one does not raise it.
    lowest = min(before.first_limit_minor, fact.limit.minor_units)
    # What waited was about the limit before.
    line = replace(before.credit_line, changed_on=fact.transaction_date, pending=None, offer=None)
    return replace(before, first_limit_minor=lowest, credit_line=line)


def _paused(before: Billing, terms: BillingTerms, fact: events.HardshipGranted) -> Billing:
    return replace(
        before,
        paused=True,
        paused_from=fact.starts_on,
        paused_until=fact.ends_on,
        pauses=spans(before.pauses, before.paused_from, before.paused_until),
    )


def _pause_ended(before: Billing, terms: BillingTerms, fact: events.HardshipEnded) -> Billing:
    # The dates stay: days of the pause bear no interest however often they are recalculated.
    return replace(before, paused=False)


def _unchanged(before: Billing, terms: BillingTerms, fact: Fact) -> Billing:
    return before


BILLED: dict[type[Fact], Callable[[Billing, BillingTerms, Any], Billing]] = {
    facts.AccountOpened: _opened,
    facts.CardIssued: _unchanged,
    life.CardActivated: _unchanged,
    facts.ChargeCleared: entries.cleared,
    facts.ChargeRefunded: entries.refunded,
    facts.PaymentRecorded: entries.paid,
    charging.RefundReversed: entries.refund_reversed,
    charging.OriginalCreditPosted: entries.credited,
    charging.OriginalCreditReversed: entries.credit_reversed,
    disputes.ProvisionalCreditGranted: entries.dispute_credited,
    disputes.DisputeResolved: entries.dispute_credited,
    disputes.RequiredPaymentChanged: required_changed,
    events.PaymentReturned: entries.returned,
    events.InterestCharged: _unchanged,
    events.CyclesRecalculated: _recalculated,
    events.InterestAdjusted: _interest_adjusted,
    events.FeeCharged: _fee_charged,
    events.FeeWaived: _fee_waived,
    events.StatementCut: _cut,
    events.DueDatePassed: _due_passed,
    events.DelinquencyAged: _aged,
    events.DelinquencyCured: _cured,
    events.BillingAgendaSet: _agenda,
    events.AutopaySet: _autopay,
    events.PaymentCollected: _collected,
    events.AutopaySkipped: _autopay_skipped,
    events.AnnualFeeSkipped: _annual_fee_skipped,
    events.PenaltyRateImposed: _penalty,
    events.PenaltyRateLifted: _no_penalty,
    events.PenaltyRateWithdrawn: _never_penalty,
    events.AccountChargedOff: _charged_off,
    events.RecoveryRecorded: _recovered,
    events.LimitChanged: _limited,
    events.CreditBalanceRefunded: entries.paid_out,
    events.HardshipGranted: _paused,
    events.HardshipEnded: _pause_ended,
    events.InstalmentPlanMade: entries.planned,
    AccountStandingChanged: _stands,
    AccountMigrated: _unchanged,
    **DEFERRING,
    **credit_lines.BILLED,
    **over_limit.BILLED,
    **transfers.BILLED,
    **collecting.BILLED,
    **repaying.BILLED,
    **repricing.BILLED,
}
"""What each fact does to billing, on accounts whose programme has any."""
