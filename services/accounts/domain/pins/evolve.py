"""How each fact changes the PIN of a card."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.account.state import Act, CreditAccount, act_key
from services.accounts.domain.pins import events


def _changed(state: CreditAccount, fact: events.PinChanged) -> CreditAccount:
    return state.with_card(
        fact.card_id,
        pin_number=fact.pin_number,
        sealed_pvv=fact.sealed_pvv,
        pin_key_version=fact.key_version,
        pin_failures=0,
    )


def _tried(
    state: CreditAccount, fact: events.PinRefused | events.PinAccepted, code: str, failures: int
) -> CreditAccount:
    act = Act(charge_id=fact.card_id, asked="", response_code=code)
    after = state.with_card(fact.card_id, pin_failures=failures)
    return replace(after, acts=after.acts.set(act_key("pin", fact.try_id), act))


def _refused(state: CreditAccount, fact: events.PinRefused) -> CreditAccount:
    return _tried(state, fact, fact.response_code, fact.failures)


def _accepted(state: CreditAccount, fact: events.PinAccepted) -> CreditAccount:
    return _tried(state, fact, "00", 0)


def _unblocked(state: CreditAccount, fact: events.PinUnblocked) -> CreditAccount:
    return state.with_card(fact.card_id, pin_failures=0)


def _chip_used(state: CreditAccount, fact: events.ChipUsed) -> CreditAccount:
    return state.with_card(fact.card_id, chip_sequence=fact.sequence, chip_counter=fact.counter)


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.PinChanged: _changed,
    events.PinRefused: _refused,
    events.PinAccepted: _accepted,
    events.PinUnblocked: _unblocked,
    events.ChipUsed: _chip_used,
}
