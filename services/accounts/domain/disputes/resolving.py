"""Deciding how a dispute goes on at the network, and how it ends."""

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.accounts.domain.account import charges
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.disputed import had_grace
from services.accounts.domain.billing.required import related_interest
from services.accounts.domain.disputes import commands, events, networks, opening, rules
from services.accounts.domain.disputes.commands import Deadline
from services.accounts.domain.disputes.state import STAGES, Dispute, DisputeStatus

_MERCHANTS = DisputeStatus.REPRESENTED
"""The stage that the merchant begins; where it lapses, the house has won."""
UNCONTESTED = "UNCONTESTED"
"""The explanation where the merchant did not answer a chargeback in time."""


class Settlement(NamedTuple):
    """How a dispute ends, in minor units: what was wrong, and what goes with it."""

    corrected: int
    related: int
    recovered: int


def advance(
    state: CreditAccount, command: commands.AdvanceDispute, context: Context
) -> tuple[Fact, ...]:
    """Go on by one stage. With a chargeback the network pays, with a representment it takes back.
    Raises Refused when the stage does not follow."""
    found = opening.find(state, command.dispute_id)
    if command.stage in found.reached:
        return ()
    found = opening.find_open(state, command.dispute_id)
    if STAGES.get(command.stage) is not found.status:
        raise Refused("STAGE_OUT_OF_ORDER", f"the dispute is {found.status.lower()}")
    networks.check_window(found, command.stage, command.posting_date)
    recovered = 0
    if command.stage is DisputeStatus.CHARGED_BACK:
        recovered = found.amount_minor
    elif command.stage is DisputeStatus.REPRESENTED:
        recovered = -found.recovered_minor
    return (
        events.DisputeAdvanced(
            account_id=state.account_id,
            customer_id=state.customer_id,
            dispute_id=found.dispute_id,
            charge_id=found.charge_id,
            stage=command.stage,
            recovered=state.money(recovered),
            balance=state.money(state.posted_minor),
            transaction_date=command.posting_date,
            posting_date=command.posting_date,
            **networks.next_window(found, command.stage, command.posting_date),
        ),
    )


def resolve(
    state: CreditAccount, command: commands.ResolveDispute, context: Context
) -> tuple[Fact, ...]:
    """Decide once. Raises Refused when it was decided otherwise, or a credit that is final would be
    taken away (comment 13(c)(2)-2)."""
    found = opening.find(state, command.dispute_id)
    asked = _asked(command.corrected, command.related)
    if found.status is command.outcome:
        if found.resolved_as in (asked, None):
            return ()
        raise Refused("DISPUTE_RESOLVED_DIFFERENTLY", "it was decided with other amounts")
    found = opening.find_open(state, command.dispute_id)
    if command.outcome is DisputeStatus.WON and found.lapsed and found.lapsed is not _MERCHANTS:
        raise Refused("NETWORK_RECOURSE_LOST", f"{found.lapsed.lower()} was not begun in time")
    wins = command.outcome is not DisputeStatus.LOST
    most = _most(state, found)
    corrected = most if wins else 0
    if command.corrected is not None:
        corrected = charges.check_currency(state, command.corrected, "corrected")
    related = related_interest(state, found, max(0, corrected)) if wins else 0
    if command.related is not None:
        related = charges.check_currency(state, command.related, "related")
    if min(corrected, related) < 0 or corrected > most:
        what = "0 to what is disputed and has not come back as a refund"
        raise Invalid("CORRECTED_OUT_OF_RANGE", what, field="corrected")
    if found.final and corrected < found.credited_minor and wins:
        raise Refused("CREDIT_IS_FINAL", "the time to take it back is over")
    recovered = corrected if command.outcome is DisputeStatus.WON else 0
    settlement = Settlement(corrected, related, recovered)
    resolved = _resolved(
        state, found, command.outcome, settlement, command.explanation, command.posting_date
    )
    return (replace(resolved, asked=asked),)


def _most(state: CreditAccount, dispute: Dispute) -> int:
    """What may be corrected; what the holder was credited for good stays."""
    kept = dispute.credited_minor if dispute.final else 0
    return max(kept, _not_refunded(state, dispute))


def _not_refunded(state: CreditAccount, dispute: Dispute) -> int:
    """What is disputed but for what the merchant has refunded since the notice came."""
    charge = charges.find(state, dispute.charge_id)
    others = (state.disputes.claimed.get(dispute.charge_id) or 0) - dispute.amount_minor
    left = charge.captured_minor - charge.refunded_minor - others
    return max(0, min(dispute.amount_minor, left))


def _asked(corrected: Money | None, related: Money | None) -> str:
    """The amounts of a decision, by which a repetition is told from another one."""
    return " ".join("-" if each is None else str(each.minor_units) for each in (corrected, related))


def withdraw(
    state: CreditAccount, command: commands.WithdrawDispute, context: Context
) -> tuple[Fact, ...]:
    """End it without a decision: the holder found no error (comment 13(b)-1)."""
    found = opening.find(state, command.dispute_id)
    if found.status is DisputeStatus.WITHDRAWN:
        return ()
    found = opening.find_open(state, command.dispute_id)
    settlement, day = Settlement(0, 0, 0), command.posting_date
    return (_resolved(state, found, DisputeStatus.WITHDRAWN, settlement, "", day),)


def _resolved(
    state: CreditAccount,
    dispute: Dispute,
    outcome: DisputeStatus,
    end: Settlement,
    explanation: str,
    day: date,
) -> events.DisputeResolved:
    kept = max(end.corrected, dispute.credited_minor) if dispute.final else end.corrected
    due = kept + end.related
    credit = due - dispute.credited_minor
    if credit > 0:
        charges.check_room(state, credit)
    owed = max(0, _not_refunded(state, dispute) - kept)
    grace, report = _time_to_pay(state, day)
    # What was credited and is taken back is a new debit, with the grace of the cycle that it is in.
    awaited = min(owed, dispute.withheld_minor)
    return events.DisputeResolved(
        account_id=state.account_id,
        customer_id=state.customer_id,
        dispute_id=dispute.dispute_id,
        charge_id=dispute.charge_id,
        outcome=outcome,
        amount=state.money(dispute.amount_minor),
        corrected=state.money(kept),
        related=state.money(end.related),
        credit=state.money(credit),
        recovered=state.money(end.recovered - dispute.recovered_minor),
        loss=state.money(due - end.recovered),
        owed=state.money(owed),
        pay_by=grace if owed else None,
        report_after=report if owed else None,
        explanation=explanation,
        merchant=state.charges[dispute.charge_id].merchant,
        available=state.money(state.available_minor + credit),
        balance=state.money(state.posted_minor - credit),
        transaction_date=day,
        posting_date=day,
        awaited=state.money(awaited) if had_grace(state.billing, dispute.received_on) else None,
    )


def _time_to_pay(state: CreditAccount, day: date) -> tuple[date, date]:
    """Until when what is owed after all may be paid as if it were new (g)(2), and the day after
    which it may be reported as delinquent: that, or ten days if they are more (g)(3)."""
    billing = state.in_force.billing
    grace = billing.grace_days if billing else 0
    report = max(grace, rules.rules_on(day).report_days)
    return day + timedelta(days=grace), day + timedelta(days=report)


def check(
    state: CreditAccount, command: commands.CheckDispute, context: Context
) -> tuple[Fact, ...]:
    """When the time has come: an acknowledgement that is missing is put on record; a dispute that
    is not resolved on its last day is credited, for good (comment 13(c)(2)-2)."""
    found = state.disputes.cases.get(command.dispute_id)
    today = context.now.date()
    if found is None or not found.is_open:
        return ()
    if command.deadline is Deadline.ACKNOWLEDGE:
        if found.acknowledged_on or str(command.deadline) in found.missed:
            return ()
        late = today > found.acknowledge_by
        return (_missed(state, found, command.deadline, today),) if late else ()
    if command.deadline is Deadline.WINDOW_WARNING:
        return networks.warning(state, found, today)
    if command.deadline is Deadline.WINDOW:
        return _lapse(state, found, today)
    if found.final or today < found.resolve_by:
        return ()
    facts: tuple[Fact, ...] = (_missed(state, found, command.deadline, today),)
    if found.credited_minor < found.amount_minor:
        facts = (*facts, opening.credit_of(state, found, today))
    return (
        *facts,
        events.DisputeCreditFinalised(
            account_id=state.account_id,
            customer_id=state.customer_id,
            dispute_id=found.dispute_id,
            charge_id=found.charge_id,
            transaction_date=today,
        ),
    )


def _lapse(state: CreditAccount, dispute: Dispute, today: date) -> tuple[Fact, ...]:
    """Close a stage that was not begun in time. What the merchant did not answer is won; what the
    house did not do is still to be decided with the holder, who has rights of his own (c)(2)."""
    told: tuple[Fact, ...] = networks.lapse(state, dispute, today)
    if not told or dispute.next_stage is not _MERCHANTS:
        return told
    amount = dispute.amount_minor
    won = Settlement(amount, related_interest(state, dispute, amount), amount)
    resolved = _resolved(state, dispute, DisputeStatus.WON, won, UNCONTESTED, today)
    return (*told, replace(resolved, asked=_asked(None, None)))


def _missed(
    state: CreditAccount, dispute: Dispute, deadline: Deadline, today: date
) -> events.DisputeDeadlineMissed:
    is_first = deadline is Deadline.ACKNOWLEDGE
    return events.DisputeDeadlineMissed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        dispute_id=dispute.dispute_id,
        charge_id=dispute.charge_id,
        deadline=str(deadline),
        due_on=dispute.acknowledge_by if is_first else dispute.resolve_by,
        transaction_date=today,
    )
