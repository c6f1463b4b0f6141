"""Deciding about what is held for a charge: advice, increment, reversal and expiry."""

from dataclasses import replace
from datetime import datetime, timedelta

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.account import commands, foreign
from services.accounts.domain.account.authorising import more_objection
from services.accounts.domain.account.charges import (
    OPEN,
    check_currency,
    check_positive,
    find_open,
    is_repeated,
)
from services.accounts.domain.account.state import Charge, CreditAccount, act_key
from services.accounts.domain.charging import early
from services.accounts.domain.charging.state import EarlyKind
from services.accounts.domain.values import (
    RESPONSE_CODES,
    ChargeStatus,
    DeclineReason,
    EntryMode,
)


def _renewed(state: CreditAccount, charge: Charge, now: datetime) -> datetime:
    """When the hold falls, counted anew."""
    mode = EntryMode(charge.entry_mode)
    rule = state.in_force.hold_rule(charge.merchant.mcc, mode, charge.network)
    return now + timedelta(hours=rule.lifetime_hours)


def advise(
    state: CreditAccount, command: commands.AdviseCharge, context: Context
) -> tuple[Fact, ...]:
    """Take the merchant's word for the new total; what was posted of it is not held again, and
    nothing is held after the last clearing. Before the authorisation it is kept for later."""
    asked = str(command.amount.minor_units)
    otherwise = Refused("ADVICE_GIVEN_DIFFERENTLY", "another advice has this id")
    key = act_key("advice", command.advice_id)
    if is_repeated(state, key, command.charge_id, asked, otherwise):
        return ()
    asked_minor = check_currency(state, command.amount)
    if asked_minor < 0:
        raise Invalid("AMOUNT_NEGATIVE", "an amount is not negative", field="amount")
    charge = state.charges.get(command.charge_id)
    if charge is None or not charge.is_decided:
        kept = early.message(EarlyKind.ADVICE, command.advice_id, command.amount, command)
        return early.keep(state, command.charge_id, kept, otherwise)
    # An advice is never declined: one that was long under way is held anew.
    charge = find_open(state, command.charge_id, among=(*OPEN, ChargeStatus.EXPIRED))
    markup = foreign.markup_minor(state.in_force, asked_minor, charge.original_amount)
    total = asked_minor + markup
    held = 0 if charge.completed else max(0, total - charge.captured_minor)
    return (
        events.ChargeAdvised(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=charge.card_id,
            charge_id=charge.charge_id,
            advice_id=command.advice_id,
            amount=state.money(total),
            held=state.money(held),
            available=state.money(state.available_minor + charge.held_minor - held),
            hold_expires_at=_renewed(state, charge, context.now),
            transaction_date=command.transaction_date,
            markup=state.money(markup) if markup else None,
        ),
    )


def increment(
    state: CreditAccount, command: commands.IncrementCharge, context: Context
) -> tuple[Fact, ...]:
    """Approve or decline more on a charge. Raises Invalid unless it is more."""
    by = check_currency(state, command.by, "by") if command.by else 0
    to = check_currency(state, command.to, "to") if command.to else 0
    asked = f"by {by} to {to}"
    otherwise = Refused("INCREMENT_ASKED_DIFFERENTLY", "another increment has this id")
    key, charge_id = act_key("increment", command.increment_id), command.charge_id
    if is_repeated(state, key, charge_id, asked, otherwise):
        return ()
    if (by > 0) == (to > 0):
        raise Invalid("BY_OR_TO", "say by how much or up to what, and not both", field="by")
    charge = find_open(state, charge_id)
    net = charge.amount_minor - charge.markup_minor + by if by else to
    markup = foreign.markup_minor(state.in_force, net, charge.original_amount)
    total = net + markup
    if total <= charge.amount_minor:
        raise Refused("INCREMENT_NOT_HIGHER", "the charge is approved for as much already")
    # After the last clearing only what is new is held; what was left open then is not wanted.
    covered = max(charge.captured_minor, charge.amount_minor) if charge.completed else 0
    held = max(charge.held_minor, total - (covered or charge.captured_minor))
    reason = more_objection(state, charge.card_id, command.transaction_date)
    room = state.available_minor + state.in_force.over_limit_tolerance_minor
    if reason is None and held - charge.held_minor > room:
        reason = DeclineReason.INSUFFICIENT_CREDIT
    if reason is not None:
        return (_increment_declined(state, command, charge, total, reason),)
    fact = _incremented(state, command, charge, total, held, context.now)
    return (replace(fact, markup=state.money(markup)) if markup else fact,)


def _incremented(
    state: CreditAccount,
    command: commands.IncrementCharge,
    charge: Charge,
    total: int,
    held: int,
    now: datetime,
) -> events.ChargeIncremented:
    return events.ChargeIncremented(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=charge.card_id,
        charge_id=charge.charge_id,
        increment_id=command.increment_id,
        by_minor=command.by.minor_units if command.by else 0,
        to_minor=command.to.minor_units if command.to else 0,
        amount=state.money(total),
        held=state.money(held),
        available=state.money(state.available_minor + charge.held_minor - held),
        hold_expires_at=_renewed(state, charge, now),
        transaction_date=command.transaction_date,
    )


def _increment_declined(
    state: CreditAccount,
    command: commands.IncrementCharge,
    charge: Charge,
    total: int,
    reason: DeclineReason,
) -> events.ChargeIncrementDeclined:
    return events.ChargeIncrementDeclined(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=charge.card_id,
        charge_id=charge.charge_id,
        increment_id=command.increment_id,
        by_minor=command.by.minor_units if command.by else 0,
        to_minor=command.to.minor_units if command.to else 0,
        amount=state.money(total),
        response_code=RESPONSE_CODES[reason],
        reason=reason,
        available=state.money(state.available_minor),
        transaction_date=command.transaction_date,
    )


def reverse(
    state: CreditAccount, command: commands.ReverseCharge, context: Context
) -> tuple[Fact, ...]:
    """Take back what is held, or part of it. Raises Refused when nothing, or less, is open. Before
    the authorisation it is kept for later."""
    asked_minor = check_currency(state, command.amount) if command.amount else 0
    otherwise = Refused("CHARGE_REVERSED_DIFFERENTLY", "another reversal has this id")
    key, charge_id = act_key("reversal", command.reversal_id), command.charge_id
    if is_repeated(state, key, charge_id, str(asked_minor), otherwise):
        return ()
    if command.amount is not None:
        check_positive(command.amount)
    known = state.charges.get(charge_id)
    if known is None or not known.is_decided:
        kept = early.message(EarlyKind.REVERSAL, command.reversal_id, command.amount, command)
        return early.keep(state, charge_id, kept, otherwise)
    charge = find_open(state, charge_id)
    open_minor = max(0, charge.amount_minor - charge.captured_minor)
    if not open_minor:
        raise Refused("CHARGE_CLOSED", "nothing of the charge is open; what is posted is refunded")
    if asked_minor > open_minor:
        raise Refused("REVERSAL_EXCEEDS_HOLD", "less than that is still open on the charge")
    markup = foreign.markup_minor(state.in_force, asked_minor, charge.original_amount)
    return (_reversed(state, command, charge, min(asked_minor + markup, open_minor) or open_minor),)


def _reversed(
    state: CreditAccount, command: commands.ReverseCharge, charge: Charge, amount: int
) -> events.ChargeReversed:
    open_minor = charge.amount_minor - charge.captured_minor
    # An estimate may hold more than the charge is for; a part taken back leaves the hold at
    # what remains of the charge, as the merchant knows the amount by then.
    released = charge.held_minor - min(charge.held_minor, open_minor - amount)
    return events.ChargeReversed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=charge.card_id,
        charge_id=charge.charge_id,
        reversal_id=command.reversal_id,
        asked_minor=command.amount.minor_units if command.amount else 0,
        amount=state.money(amount),
        released=state.money(released),
        full=amount == open_minor,
        available=state.money(state.available_minor + released),
        transaction_date=command.transaction_date,
    )


def expire(
    state: CreditAccount, command: commands.ExpireHold, context: Context
) -> tuple[Fact, ...]:
    """Let the hold fall, if there is one and its time has come."""
    charge = state.charges.get(command.charge_id)
    if charge is None or charge.status is not ChargeStatus.HELD:
        return ()
    if charge.hold_expires_at is None or context.now < charge.hold_expires_at:
        return ()
    return (
        events.HoldExpired(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=charge.card_id,
            charge_id=charge.charge_id,
            released=state.money(charge.held_minor),
            available=state.money(state.available_minor + charge.held_minor),
            transaction_date=context.now.date(),
        ),
    )
