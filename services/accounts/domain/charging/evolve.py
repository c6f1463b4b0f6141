"""How the facts of this part change a credit account; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.charging import events
from services.accounts.domain.charging.state import Early, EarlyKind, EarlyMessage
from services.accounts.domain.values import ChargeStatus


def _matched(state: CreditAccount, fact: events.AuthorisationMatched) -> CreditAccount:
    before = state.charges[fact.charge_id]
    held = fact.held.minor_units
    charge = replace(
        before,
        card_id=fact.card_id,
        status=ChargeStatus.HELD if held else ChargeStatus.CLEARED,
        requested=fact.requested,
        amount_minor=fact.amount.minor_units,
        held_minor=held,
        markup_minor=fact.markup.minor_units if fact.markup else 0,
        original_amount=fact.original_amount,
        rate=fact.rate,
        merchant=fact.merchant,
        entry_mode=fact.entry_mode,
        network=fact.network,
        response_code=fact.response_code,
        reason=fact.reason,
        stand_in=fact.stand_in,
        decided_by_network=fact.decided_by_network,
        forced=not fact.amount.minor_units,
        hold_expires_at=fact.hold_expires_at,
        transaction_date=fact.transaction_date,
    )
    return replace(
        state,
        held_minor=state.held_minor + held,
        charges=state.charges.set(fact.charge_id, charge),
    )


def _kept(state: CreditAccount, charge_id: str, message: EarlyMessage) -> CreditAccount:
    before = state.charging.early.get(charge_id)
    messages = (*before.messages, message) if before else (message,)
    early = state.charging.early.set(charge_id, Early(messages=messages))
    return replace(state, charging=replace(state.charging, early=early))


def _advice_kept(state: CreditAccount, fact: events.EarlyAdviceKept) -> CreditAccount:
    message = EarlyMessage(
        kind=EarlyKind.ADVICE,
        id=fact.advice_id,
        amount=fact.amount,
        transaction_date=fact.transaction_date,
    )
    return _kept(state, fact.charge_id, message)


def _reversal_kept(state: CreditAccount, fact: events.EarlyReversalKept) -> CreditAccount:
    message = EarlyMessage(
        kind=EarlyKind.REVERSAL,
        id=fact.reversal_id,
        amount=fact.amount,
        transaction_date=fact.transaction_date,
    )
    return _kept(state, fact.charge_id, message)


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.AuthorisationMatched: _matched,
    events.EarlyAdviceKept: _advice_kept,
    events.EarlyReversalKept: _reversal_kept,
}
