"""How each fact changes a credit account; no guard stands here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.account.state import Act, Card, Charge, CreditAccount, act_key
from services.accounts.domain.billing import applied as billing
from services.accounts.domain.charging import evolve as charging
from services.accounts.domain.controls import evolve as controls
from services.accounts.domain.deferring import applied as deferring
from services.accounts.domain.disputes import evolve as disputes
from services.accounts.domain.life import evolve as life
from services.accounts.domain.pins import evolve as pins
from services.accounts.domain.programmes import migrating
from services.accounts.domain.standing import evolve as standing
from services.accounts.domain.tokens import evolve as tokens
from services.accounts.domain.values import AccountStatus, CardStatus, ChargeStatus


def _opened(state: CreditAccount, fact: events.AccountOpened) -> CreditAccount:
    return CreditAccount(
        account_id=fact.account_id,
        customer_id=fact.customer_id,
        programme_id=fact.programme_id,
        programme_version=fact.programme_version,
        terms=fact.terms,
        limit_minor=fact.limit.minor_units,
    )


def _suspended(state: CreditAccount, fact: events.AccountSuspended) -> CreditAccount:
    reason, channel = fact.reason, fact.channel
    suspended = AccountStatus.SUSPENDED
    return replace(state, status=suspended, status_reason=reason, status_channel=channel)


def _reinstated(state: CreditAccount, fact: events.AccountReinstated) -> CreditAccount:
    return replace(state, status=AccountStatus.ACTIVE, status_reason="", status_channel=None)


def _card_issued(state: CreditAccount, fact: events.CardIssued) -> CreditAccount:
    card = Card(
        card_id=fact.card_id,
        last_four=fact.last_four,
        kind=fact.kind,
        expires_on=fact.expires_on,
        status=fact.status,
        replaces_card_id=fact.replaces_card_id,
        cardholder_id=fact.cardholder_id,
        use=fact.use,
        merchant_id=fact.merchant_id,
        delivery=fact.delivery,
        issued_on=fact.transaction_date,
    )
    return replace(state, cards=(*state.cards, card))


def _card_blocked(state: CreditAccount, fact: events.CardBlocked) -> CreditAccount:
    card = state.find_card(fact.card_id)
    waits = card is not None and (card.awaits_activation or card.status is CardStatus.PENDING)
    return state.with_card(
        fact.card_id,
        status=CardStatus.BLOCKED,
        status_reason=fact.reason,
        status_channel=fact.channel,
        awaits_activation=waits,
    )


def _card_unblocked(state: CreditAccount, fact: events.CardUnblocked) -> CreditAccount:
    card = state.find_card(fact.card_id)
    waits = card is not None and card.awaits_activation
    return state.with_card(
        fact.card_id,
        status=CardStatus.PENDING if waits else CardStatus.ACTIVE,
        status_reason="",
        status_channel=None,
        awaits_activation=False,
    )


def _card_lost(state: CreditAccount, fact: events.CardReportedLost) -> CreditAccount:
    return state.with_card(
        fact.card_id,
        status=CardStatus(fact.reason),
        status_reason=str(fact.reason),
        status_channel=fact.channel,
    )


def _card_replaced(state: CreditAccount, fact: events.CardReplaced) -> CreditAccount:
    return state.with_card(fact.card_id, replaced_by_card_id=fact.replacement_card_id)


def _authorised(state: CreditAccount, fact: events.ChargeAuthorised) -> CreditAccount:
    held = fact.held.minor_units
    verified = not fact.amount.minor_units
    requested = fact.requested or fact.amount
    charge = Charge(
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        status=ChargeStatus.VERIFIED if verified else ChargeStatus.HELD,
        requested=requested,
        amount_minor=fact.amount.minor_units,
        held_minor=held,
        original_amount=fact.original_amount,
        rate=fact.rate,
        merchant=fact.merchant,
        entry_mode=fact.entry_mode,
        response_code=fact.response_code,
        stand_in=fact.stand_in,
        hold_expires_at=fact.hold_expires_at if held else None,
        transaction_date=fact.transaction_date,
        markup_minor=fact.markup.minor_units if fact.markup else 0,
        settlement_amount=fact.settlement_amount,
        network=fact.network,
    )
    freed = 0
    if fact.decided_by_network:
        charge, freed = _overruled(state, charge)
    return replace(
        state,
        held_minor=state.held_minor + held - freed,
        charges=state.charges.set(fact.charge_id, charge),
    )


def _overruled(state: CreditAccount, charge: Charge) -> tuple[Charge, int]:
    """A charge as the network decided it, with what was posted of it; and what it held before."""
    charge = replace(charge, decided_by_network=True)
    before = state.charges.get(charge.charge_id)
    if before is None:
        return charge, 0
    status = charge.status
    if before.captured_minor and not charge.held_minor:
        status = ChargeStatus.CLEARED
    after = replace(
        charge,
        status=status,
        captured_minor=before.captured_minor,
        refunded_minor=before.refunded_minor,
        forced=charge.status is ChargeStatus.DECLINED and before.captured_minor > 0,
        completed=before.completed,
        posted_on=before.posted_on,
    )
    return after, before.held_minor


def _declined(state: CreditAccount, fact: events.ChargeDeclined) -> CreditAccount:
    charge = Charge(
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        status=ChargeStatus.DECLINED,
        requested=fact.amount,
        amount_minor=0,
        original_amount=fact.original_amount,
        rate=fact.rate,
        merchant=fact.merchant,
        entry_mode=fact.entry_mode,
        response_code=fact.response_code,
        reason=fact.reason,
        control_id=fact.control_id,
        stand_in=fact.stand_in,
        transaction_date=fact.transaction_date,
        network=fact.network,
    )
    if fact.decided_by_network:
        charge, freed = _overruled(state, charge)
        state = replace(state, held_minor=state.held_minor - freed)
    return replace(state, charges=state.charges.set(fact.charge_id, charge))


def _status(before: Charge, held: int) -> ChargeStatus:
    """Where a charge stands when so much of it is still held."""
    if held:
        return ChargeStatus.HELD
    return ChargeStatus.CLEARED if before.captured_minor else ChargeStatus.REVERSED


def _raised(
    state: CreditAccount, fact: events.ChargeAdvised | events.ChargeIncremented, key: str, act: Act
) -> CreditAccount:
    before = state.charges[fact.charge_id]
    held = fact.held.minor_units
    charge = replace(
        before,
        amount_minor=fact.amount.minor_units,
        markup_minor=fact.markup.minor_units if fact.markup else 0,
        held_minor=held,
        status=_status(before, held),
        hold_expires_at=fact.hold_expires_at if held else None,
        completed=before.completed and not held,
    )
    return replace(
        state,
        held_minor=state.held_minor + held - before.held_minor,
        charges=state.charges.set(fact.charge_id, charge),
        acts=state.acts.set(key, act),
    )


def _advised(state: CreditAccount, fact: events.ChargeAdvised) -> CreditAccount:
    asked = fact.amount.minor_units - (fact.markup.minor_units if fact.markup else 0)
    act = Act(charge_id=fact.charge_id, asked=str(asked))
    return _raised(state, fact, act_key("advice", fact.advice_id), act)


def _incremented(state: CreditAccount, fact: events.ChargeIncremented) -> CreditAccount:
    asked = f"by {fact.by_minor} to {fact.to_minor}"
    act = Act(charge_id=fact.charge_id, asked=asked, response_code="00")
    return _raised(state, fact, act_key("increment", fact.increment_id), act)


def _increment_declined(
    state: CreditAccount, fact: events.ChargeIncrementDeclined
) -> CreditAccount:
    act = Act(
        charge_id=fact.charge_id,
        asked=f"by {fact.by_minor} to {fact.to_minor}",
        response_code=fact.response_code,
        reason=fact.reason,
    )
    return replace(state, acts=state.acts.set(act_key("increment", fact.increment_id), act))


def _reversed(state: CreditAccount, fact: events.ChargeReversed) -> CreditAccount:
    before = state.charges[fact.charge_id]
    held = before.held_minor - fact.released.minor_units
    charge = replace(
        before,
        amount_minor=before.amount_minor - fact.amount.minor_units,
        held_minor=held,
        status=_status(before, held),
        hold_expires_at=before.hold_expires_at if held else None,
    )
    act = Act(charge_id=fact.charge_id, asked=str(fact.asked_minor))
    return replace(
        state,
        held_minor=state.held_minor - fact.released.minor_units,
        charges=state.charges.set(fact.charge_id, charge),
        acts=state.acts.set(act_key("reversal", fact.reversal_id), act),
    )


def _expired(state: CreditAccount, fact: events.HoldExpired) -> CreditAccount:
    before = state.charges[fact.charge_id]
    charge = replace(
        before,
        held_minor=0,
        status=ChargeStatus.CLEARED if before.captured_minor else ChargeStatus.EXPIRED,
        hold_expires_at=None,
    )
    return replace(
        state,
        held_minor=state.held_minor - fact.released.minor_units,
        charges=state.charges.set(fact.charge_id, charge),
    )


def clearing_asked(charge_id: str, card_id: str, amount_minor: int, final: bool) -> str:
    """What a clearing asks for, as a text that a repetition repeats."""
    return f"{charge_id} {card_id} {amount_minor} {final}"


def _cleared(state: CreditAccount, fact: events.ChargeCleared) -> CreditAccount:
    amount, released = fact.amount.minor_units, fact.released.minor_units
    before = state.charges.get(fact.charge_id) or Charge(
        charge_id=fact.charge_id,
        card_id=fact.card_id,
        status=ChargeStatus.CLEARED,
        requested=fact.amount,
        amount_minor=0,
        original_amount=fact.original_amount,
        rate=fact.rate,
        merchant=fact.merchant,
        transaction_date=fact.transaction_date,
    )
    held = before.held_minor - released
    charge = replace(
        before,
        held_minor=held,
        captured_minor=before.captured_minor + amount,
        status=ChargeStatus.HELD if held else ChargeStatus.CLEARED,
        forced=before.forced or fact.forced,
        hold_expires_at=before.hold_expires_at if held else None,
        completed=before.completed or fact.final,
        posted_on=before.posted_on or fact.posting_date,
    )
    net = amount - (fact.markup.minor_units if fact.markup else 0)
    asked = clearing_asked(fact.charge_id, fact.card_id, net, fact.final)
    act = Act(charge_id=fact.charge_id, asked=asked)
    return replace(
        state,
        held_minor=state.held_minor - released,
        posted_minor=state.posted_minor + amount,
        charges=state.charges.set(fact.charge_id, charge),
        acts=state.acts.set(act_key("clearing", fact.clearing_id), act),
    )


def refund_asked(charge_id: str, card_id: str, amount_minor: int) -> str:
    """What a refund asks for, as a text that a repetition repeats."""
    return f"{charge_id} {card_id} {amount_minor}"


def _refunded(state: CreditAccount, fact: events.ChargeRefunded) -> CreditAccount:
    amount = fact.amount.minor_units
    asked = refund_asked(fact.charge_id, fact.card_id, amount)
    act = Act(charge_id=fact.charge_id, asked=asked)
    charges = state.charges
    if fact.charge_id:
        before = charges[fact.charge_id]
        after = replace(before, refunded_minor=before.refunded_minor + amount)
        charges = charges.set(fact.charge_id, after)
    state = replace(
        state,
        posted_minor=state.posted_minor - amount,
        charges=charges,
        acts=state.acts.set(act_key("refund", fact.refund_id), act),
    )
    return charging.posted(state, fact)


def _paid(state: CreditAccount, fact: events.PaymentRecorded) -> CreditAccount:
    amount = fact.amount.minor_units
    act = Act(charge_id="", asked=str(amount))
    return replace(
        state,
        posted_minor=state.posted_minor - amount,
        acts=state.acts.set(act_key("payment", fact.payment_id), act),
    )


EVOLVE: dict[type[Fact], Callable[[CreditAccount, Any], CreditAccount]] = {
    events.AccountOpened: _opened,
    events.AccountSuspended: _suspended,
    events.AccountReinstated: _reinstated,
    events.CardIssued: _card_issued,
    events.CardBlocked: _card_blocked,
    events.CardUnblocked: _card_unblocked,
    events.CardReportedLost: _card_lost,
    events.CardReplaced: _card_replaced,
    events.ChargeAuthorised: _authorised,
    events.ChargeDeclined: _declined,
    events.ChargeAdvised: _advised,
    events.ChargeIncremented: _incremented,
    events.ChargeIncrementDeclined: _increment_declined,
    events.ChargeReversed: _reversed,
    events.HoldExpired: _expired,
    events.ChargeCleared: _cleared,
    events.ChargeRefunded: _refunded,
    events.PaymentRecorded: _paid,
    **controls.EVOLVE,
    **charging.EVOLVE,
    **billing.EVOLVE,
    **disputes.EVOLVE,
    **life.EVOLVE,
    **pins.EVOLVE,
    **tokens.EVOLVE,
    **standing.EVOLVE,
    **migrating.EVOLVE,
    **deferring.EVOLVE,
}


def evolve(state: CreditAccount, fact: Fact) -> CreditAccount:
    """The account after a fact."""
    after = billing.billed(EVOLVE[type(fact)](state, fact), fact, state)
    if after.tokens:
        after = tokens.follow(after, fact)
    return controls.follow(after, fact) if after.controls.number else after
