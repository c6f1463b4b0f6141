"""What facts of deferred balances mean for the account besides its billing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import Act, CreditAccount, act_key
from services.accounts.domain.deferring import events


def _deferred(state: CreditAccount, fact: events.PurchaseDeferred) -> CreditAccount:
    act = Act(charge_id=fact.charge_id, asked=fact.promotion_code)
    return replace(state, acts=state.acts.set(act_key("deferral", fact.deferral_id), act))


def _directed(state: CreditAccount, fact: events.PaymentDirected) -> CreditAccount:
    act = Act(charge_id="", asked=fact.deferral_id)
    return replace(state, acts=state.acts.set(act_key("direction", fact.payment_id), act))


def _moved(state: CreditAccount, fact: Any) -> CreditAccount:
    return replace(state, posted_minor=fact.balance.minor_units)


def _known(state: CreditAccount, fact: Any) -> CreditAccount:
    return state


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.PurchaseDeferred: _deferred,
    events.DeferredInterestCharged: _moved,
    events.DeferredInterestWaived: _known,
    events.DeferredInterestReversed: _moved,
    events.PaymentDirected: _directed,
    events.DeferralShortened: _known,
    events.DeferralResumed: _known,
}
