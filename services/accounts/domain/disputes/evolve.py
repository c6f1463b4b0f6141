"""How facts about disputes change a credit account; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.disputes import events
from services.accounts.domain.disputes.state import Dispute, DisputeStatus


def _with(
    state: CreditAccount, dispute: Dispute, posted_minor: int = 0, claimed_minor: int = 0
) -> CreditAccount:
    """The account with a dispute as it is now, and what is withheld because of it."""
    of, charge_id = state.disputes, dispute.charge_id
    before = of.cases.get(dispute.dispute_id)
    more = dispute.withheld_minor - (before.withheld_minor if before else 0)
    disputes = replace(of, cases=of.cases.set(dispute.dispute_id, dispute))
    if more:
        by_charge = of.by_charge.set(charge_id, of.disputed_of(charge_id) + more)
        disputes = replace(disputes, by_charge=by_charge, open_minor=of.open_minor + more)
    if claimed_minor:
        claimed = (of.claimed.get(charge_id) or 0) + claimed_minor
        disputes = replace(disputes, claimed=of.claimed.set(charge_id, claimed))
    return replace(state, disputes=disputes, posted_minor=state.posted_minor + posted_minor)


def _opened(state: CreditAccount, fact: events.DisputeOpened) -> CreditAccount:
    dispute = Dispute(
        dispute_id=fact.dispute_id,
        charge_id=fact.charge_id,
        reason=fact.reason,
        amount_minor=fact.amount.minor_units,
        timely=fact.timely,
        evidence=fact.evidence,
        received_on=fact.transaction_date,
        acknowledge_by=fact.acknowledge_by,
        resolve_by=fact.resolve_by,
        windows=fact.windows,
        window_ends_on=fact.window_ends_on,
        asked=fact.asked,
    )
    return _with(state, dispute, claimed_minor=fact.amount.minor_units)


def _acknowledged(state: CreditAccount, fact: events.DisputeAcknowledged) -> CreditAccount:
    before = state.disputes.cases[fact.dispute_id]
    return _with(state, replace(before, acknowledged_on=fact.transaction_date))


def _evidence_added(state: CreditAccount, fact: events.DisputeEvidenceAdded) -> CreditAccount:
    before = state.disputes.cases[fact.dispute_id]
    return _with(state, replace(before, evidence=(*before.evidence, *fact.evidence)))


def _credited(state: CreditAccount, fact: events.ProvisionalCreditGranted) -> CreditAccount:
    before, credit = state.disputes.cases[fact.dispute_id], fact.credit.minor_units
    after = replace(
        before, credited_minor=before.credited_minor + credit, credited_on=fact.posting_date
    )
    return _with(state, after, posted_minor=-credit)


def _finalised(state: CreditAccount, fact: events.DisputeCreditFinalised) -> CreditAccount:
    return _with(state, replace(state.disputes.cases[fact.dispute_id], final=True))


def _advanced(state: CreditAccount, fact: events.DisputeAdvanced) -> CreditAccount:
    before = state.disputes.cases[fact.dispute_id]
    after = replace(
        before,
        status=fact.stage,
        reached=(*before.reached, fact.stage),
        recovered_minor=before.recovered_minor + fact.recovered.minor_units,
        window_ends_on=fact.window_ends_on,
    )
    return _with(state, after)


def _window_ending(state: CreditAccount, fact: events.DisputeWindowWarned) -> CreditAccount:
    before = state.disputes.cases[fact.dispute_id]
    return _with(state, replace(before, warned=(*before.warned, fact.stage)))


def _lapsed(state: CreditAccount, fact: events.DisputeStageLapsed) -> CreditAccount:
    return _with(state, replace(state.disputes.cases[fact.dispute_id], lapsed=fact.stage))


def _missed(state: CreditAccount, fact: events.DisputeDeadlineMissed) -> CreditAccount:
    before = state.disputes.cases[fact.dispute_id]
    return _with(state, replace(before, missed=(*before.missed, fact.deadline)))


def _resolved(state: CreditAccount, fact: events.DisputeResolved) -> CreditAccount:
    before, credit = state.disputes.cases[fact.dispute_id], fact.credit.minor_units
    after = replace(
        before,
        status=fact.outcome,
        credited_minor=before.credited_minor + credit,
        recovered_minor=before.recovered_minor + fact.recovered.minor_units,
        resolved_on=fact.transaction_date,
        resolved_as=fact.asked,
        corrected_minor=fact.corrected.minor_units,
        owed_minor=fact.owed.minor_units,
        awaited_minor=fact.awaited.minor_units if fact.awaited else 0,
        pay_by=fact.pay_by,
        report_after=fact.report_after,
    )
    freed = fact.corrected.minor_units - fact.amount.minor_units
    state = _with(state, after, posted_minor=-credit, claimed_minor=freed)
    if fact.outcome is not DisputeStatus.LOST:
        return state
    lost = state.disputes.lost.set(f"{before.charge_id} {before.reason}", before.dispute_id)
    return replace(state, disputes=replace(state.disputes, lost=lost))


def _required_changed(state: CreditAccount, fact: events.RequiredPaymentChanged) -> CreditAccount:
    return state


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.DisputeOpened: _opened,
    events.DisputeAcknowledged: _acknowledged,
    events.DisputeEvidenceAdded: _evidence_added,
    events.ProvisionalCreditGranted: _credited,
    events.DisputeCreditFinalised: _finalised,
    events.DisputeAdvanced: _advanced,
    events.DisputeWindowWarned: _window_ending,
    events.DisputeStageLapsed: _lapsed,
    events.DisputeDeadlineMissed: _missed,
    events.DisputeResolved: _resolved,
    events.RequiredPaymentChanged: _required_changed,
}
