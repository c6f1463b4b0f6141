"""An authorisation that comes after its clearing is matched to it, and holds nothing again."""

from services.accounts.domain import events
from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.charging.events import AuthorisationMatched

Decision = events.ChargeAuthorised | events.ChargeDeclined | AuthorisationMatched


def match(state: CreditAccount, posted: Charge, decision: Decision) -> Decision:
    """The decision as it stands beside what is posted. `state` is the account as it would be if
    nothing of the charge were posted."""
    is_approval = isinstance(decision, events.ChargeAuthorised)
    held, until, markup, requested = 0, None, None, decision.amount
    if isinstance(decision, events.ChargeAuthorised):
        if not posted.completed:
            held = max(0, decision.held.minor_units - posted.captured_minor)
        until = decision.hold_expires_at if held else None
        markup, requested = decision.markup, decision.requested or decision.amount
    assert not isinstance(decision, AuthorisationMatched)
    return AuthorisationMatched(
        account_id=decision.account_id,
        customer_id=decision.customer_id,
        card_id=decision.card_id,
        charge_id=decision.charge_id,
        requested=requested,
        amount=decision.amount if is_approval else state.money(0),
        held=state.money(held),
        markup=markup,
        original_amount=decision.original_amount,
        rate=decision.rate,
        merchant=decision.merchant,
        entry_mode=decision.entry_mode,
        network=decision.network,
        response_code=decision.response_code,
        reason=getattr(decision, "reason", ""),
        available=state.money(state.available_minor - posted.captured_minor - held),
        stand_in=decision.stand_in,
        decided_by_network=decision.decided_by_network,
        hold_expires_at=until,
        transaction_date=decision.transaction_date,
        transaction_at=decision.transaction_at,
    )
