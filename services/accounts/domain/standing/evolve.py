"""How each fact changes the standing of an account."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.standing import events


def _changed(state: CreditAccount, fact: events.AccountStandingChanged) -> CreditAccount:
    state = replace(state, status=fact.status, sub_statuses=fact.sub_statuses)
    if fact.status is fact.before:
        return state
    return replace(state, status_reason=fact.reason, status_channel=fact.channel)


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.AccountStandingChanged: _changed
}
