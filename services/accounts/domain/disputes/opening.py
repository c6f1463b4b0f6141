"""Deciding about a notice of a billing error, and what follows before the network is asked."""

from dataclasses import replace
from datetime import date, timedelta

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.disputes import commands, events, networks, rules
from services.accounts.domain.disputes.state import Dispute

EVIDENCE_LIMIT = 32
"""References to evidence kept for one dispute."""


def find(state: CreditAccount, dispute_id: str) -> Dispute:
    """The dispute of this id. Raises NotFound."""
    found = state.disputes.cases.get(dispute_id)
    if found is None:
        raise NotFound("DISPUTE_NOT_FOUND", "there is no such dispute on this account")
    return found


def find_open(state: CreditAccount, dispute_id: str) -> Dispute:
    """The dispute of this id, not decided yet. Raises NotFound or Refused."""
    found = find(state, dispute_id)
    if not found.is_open:
        raise Refused("DISPUTE_CLOSED", f"the dispute is {found.status.lower()}")
    return found


def open_dispute(
    state: CreditAccount, command: commands.OpenDispute, context: Context
) -> tuple[Fact, ...]:
    """Take a notice. Raises Refused when it comes too late, for more than may be disputed, or again
    after it was decided against the holder."""
    asked_minor = charges.check_currency(state, command.amount) if command.amount else 0
    asked = f"{command.charge_id} {command.reason} {asked_minor}"
    known = state.disputes.cases.get(command.dispute_id)
    if known is not None:
        if known.asked == asked:
            return ()
        raise Refused("DISPUTE_OPENED_DIFFERENTLY", "another dispute has this id")
    if command.amount is not None:
        charges.check_positive(command.amount)
    _check_evidence((), command.evidence)
    charge = charges.find(state, command.charge_id)
    amount = _disputable(state, charge, asked_minor)
    if state.disputes.lost.get(f"{charge.charge_id} {command.reason}"):
        raise Refused("DISPUTE_REASSERTED", "the same was decided already (12 CFR 1026.13(h))")
    limits = rules.rules_on(command.received_on)
    shown_on = _shown_on(state, charge, command)
    late = shown_on and command.received_on > shown_on + timedelta(days=limits.notice_days)
    if late and not command.accept_late:
        raise Refused("NOTICE_TOO_LATE", f"more than {limits.notice_days} days after the statement")
    opened = _opened(state, command, charge, amount)
    return (replace(opened, asked=asked, statement_on=shown_on, timely=not late),)


def _opened(
    state: CreditAccount, command: commands.OpenDispute, charge: Charge, amount: int
) -> events.DisputeOpened:
    limits = rules.rules_on(command.received_on)
    windows = networks.windows_for(
        command.windows, charge.network, command.reason, command.received_on
    )
    first = networks.first_window(windows, charge.transaction_date, charge.posted_on)
    return events.DisputeOpened(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=charge.card_id,
        dispute_id=command.dispute_id,
        charge_id=charge.charge_id,
        reason=command.reason,
        amount=state.money(amount),
        asked="",
        channel=command.channel,
        evidence=command.evidence,
        statement_on=None,
        timely=True,
        acknowledge_by=command.received_on + timedelta(days=limits.acknowledge_days),
        resolve_by=rules.resolve_by(limits, state.in_force.billing, command.received_on),
        transaction_date=command.received_on,
        windows=windows,
        **first,
    )


def _shown_on(state: CreditAccount, charge: Charge, command: commands.OpenDispute) -> date | None:
    """When the holder could first see the charge on a statement, if it was before the notice."""
    shown_on = command.statement_on
    if shown_on is None and charge.posted_on is not None:
        shown_on = rules.first_statement_on(state.in_force.billing, charge.posted_on)
    return shown_on if shown_on is not None and shown_on <= command.received_on else None


def _disputable(state: CreditAccount, charge: Charge, asked_minor: int) -> int:
    claimed = state.disputes.claimed.get(charge.charge_id) or 0
    left = charge.captured_minor - charge.refunded_minor - claimed
    if left <= 0:
        raise Refused("NOTHING_TO_DISPUTE", "nothing of the charge is posted and undisputed")
    if asked_minor > left:
        raise Refused("DISPUTE_EXCEEDS_CAPTURED", "less than that may be disputed of the charge")
    return asked_minor or left


def _check_evidence(known: tuple[str, ...], more: tuple[str, ...]) -> None:
    if len({*known, *more}) > EVIDENCE_LIMIT:
        raise Invalid("TOO_MUCH_EVIDENCE", f"at most {EVIDENCE_LIMIT} references", field="evidence")


def acknowledge(
    state: CreditAccount, command: commands.AcknowledgeDispute, context: Context
) -> tuple[Fact, ...]:
    """Record once that the holder was told."""
    found = find(state, command.dispute_id)
    if found.acknowledged_on is not None:
        return ()
    found = find_open(state, command.dispute_id)
    return (
        events.DisputeAcknowledged(
            account_id=state.account_id,
            customer_id=state.customer_id,
            dispute_id=found.dispute_id,
            charge_id=found.charge_id,
            transaction_date=command.transaction_date,
        ),
    )


def add_evidence(
    state: CreditAccount, command: commands.AddDisputeEvidence, context: Context
) -> tuple[Fact, ...]:
    """Record what is new of it."""
    found = find(state, command.dispute_id)
    more = tuple(each for each in command.evidence if each not in found.evidence)
    if not more:
        return ()
    found = find_open(state, command.dispute_id)
    _check_evidence(found.evidence, more)
    return (
        events.DisputeEvidenceAdded(
            account_id=state.account_id,
            customer_id=state.customer_id,
            dispute_id=found.dispute_id,
            charge_id=found.charge_id,
            evidence=more,
            channel=command.channel,
            transaction_date=command.transaction_date,
        ),
    )


def grant_credit(
    state: CreditAccount, command: commands.GrantProvisionalCredit, context: Context
) -> tuple[Fact, ...]:
    """Credit once what is disputed."""
    found = find(state, command.dispute_id)
    if found.credited_minor:
        return ()
    return (credit_of(state, find_open(state, command.dispute_id), command.posting_date),)


def credit_of(
    state: CreditAccount, dispute: Dispute, posting_date: date
) -> events.ProvisionalCreditGranted:
    """The credit of what is disputed."""
    credit = dispute.amount_minor - dispute.credited_minor
    charges.check_room(state, credit)
    return events.ProvisionalCreditGranted(
        account_id=state.account_id,
        customer_id=state.customer_id,
        dispute_id=dispute.dispute_id,
        charge_id=dispute.charge_id,
        credit=state.money(credit),
        merchant=state.charges[dispute.charge_id].merchant,
        available=state.money(state.available_minor + credit),
        balance=state.money(state.posted_minor - credit),
        transaction_date=posting_date,
        posting_date=posting_date,
    )
