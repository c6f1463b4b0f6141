"""What besides credit stands against a charge: the last word of the same decision. An account
without spend controls pays for a look only."""

from dataclasses import replace
from datetime import datetime

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.account import authorising, commands, holding
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.controls.decide import Asked, Breach, find_breach
from services.accounts.domain.life.decide import find as find_card
from services.accounts.domain.life.using import shown_objection
from services.accounts.domain.pins.chips import chip_objection, chip_used
from services.accounts.domain.pins.decide import accepted, pin_objection, refused
from services.accounts.domain.tokens.paying import card_of_token, token_objection
from services.accounts.domain.values import RESPONSE_CODES, CardChecks, EntryMode


def authorise(
    state: CreditAccount, command: commands.AuthoriseCharge, context: Context
) -> tuple[Fact, ...]:
    """Approve what credit allows and no control forbids; or decline."""
    if command.token_id:
        card_id = card_of_token(state, command.token_id, command.charge_id, command.card_id)
        command = replace(command, card_id=card_id)
    facts = authorising.authorise(state, command, context)
    required = state.in_force.chip_verified_only
    if not facts or not (command.checks or command.token_id or state.controls.number or required):
        return facts
    approved = facts[0]
    if not isinstance(approved, events.ChargeAuthorised):
        return facts
    inactive = token_objection(state, command.token_id)
    if inactive is not None:
        return (_declined(state, command, approved, Breach(inactive, "")),)
    checks = command.checks or (CardChecks() if required else None)
    if checks is not None:
        failed = _failed_checks(state, command, approved, checks, context)
        if failed:
            return failed
        facts = (*facts, *_after_checks(state, command, checks, context))
    if not state.controls.number:
        return facts
    held = approved.held.minor_units
    asked = Asked(
        card_id=command.card_id,
        merchant=command.merchant,
        entry_mode=command.entry_mode,
        minor=held,
        total_minor=held,
        times=1,
        at=command.transaction_at,
        on=command.transaction_date,
    )
    breach = find_breach(state.controls, asked)
    return facts if breach is None else (_declined(state, command, approved, breach),)


def _failed_checks(
    state: CreditAccount,
    command: commands.AuthoriseCharge,
    approved: events.ChargeAuthorised,
    checks: CardChecks,
    context: Context,
) -> tuple[Fact, ...]:
    """The refusal of what would have been approved, for a wrong expiry, value or PIN; none of it
    right away. A wrong PIN is counted, and a right one after too many wrong ones is refused."""
    card = find_card(state, command.card_id)
    wrong = shown_objection(card, checks, command.transaction_date)
    if wrong is None and _is_by_chip(command):
        wrong = chip_objection(card, checks, state.in_force.chip_verified_only)
    if wrong is not None:
        return (_declined(state, command, approved, Breach(wrong, "")),)
    if checks.pin_matches is None:
        return ()
    objection = pin_objection(card, checks.pin_matches, checks.pin_number)
    if objection is None:
        return ()
    return (
        _declined(state, command, approved, Breach(objection, "")),
        refused(state, card, command.charge_id, objection, context),
    )


def _is_by_chip(command: commands.AuthoriseCharge) -> bool:
    """Whether a chip ought to have spoken; a token's device speaks for itself."""
    return command.entry_mode in (EntryMode.CHIP, EntryMode.CONTACTLESS) and not command.token_id


def _after_checks(
    state: CreditAccount, command: commands.AuthoriseCharge, checks: CardChecks, context: Context
) -> tuple[Fact, ...]:
    """A right PIN lets the count of wrong ones begin anew; the counter of a chip is used up."""
    card = find_card(state, command.card_id)
    facts: tuple[Fact, ...] = ()
    if checks.pin_matches and card.pin_failures:
        facts = (accepted(state, card, command.charge_id, context),)
    if checks.chip_matches:
        return (*facts, chip_used(state, card, command.charge_id, checks, context))
    return facts


def _declined(
    state: CreditAccount,
    command: commands.AuthoriseCharge,
    approved: events.ChargeAuthorised,
    breach: Breach,
) -> events.ChargeDeclined:
    """The refusal of what would have been approved."""
    return events.ChargeDeclined(
        account_id=approved.account_id,
        customer_id=approved.customer_id,
        card_id=approved.card_id,
        charge_id=approved.charge_id,
        amount=command.amount,
        original_amount=approved.original_amount,
        rate=approved.rate,
        merchant=approved.merchant,
        entry_mode=approved.entry_mode,
        response_code=RESPONSE_CODES[breach.reason],
        reason=breach.reason,
        available=state.money(state.available_minor),
        stand_in=approved.stand_in,
        assessment_id=approved.assessment_id,
        transaction_date=approved.transaction_date,
        transaction_at=approved.transaction_at,
        network=approved.network,
        control_id=breach.control_id,
    )


def increment(
    state: CreditAccount, command: commands.IncrementCharge, context: Context
) -> tuple[Fact, ...]:
    """Approve more where credit and controls allow it; or decline. More on a charge is no charge
    of its own, so it is not counted once more."""
    facts = holding.increment(state, command, context)
    if not facts or not state.controls.number:
        return facts
    more = facts[0]
    if not isinstance(more, events.ChargeIncremented):
        return facts
    charge = state.charges[command.charge_id]
    held = more.held.minor_units
    asked = Asked(
        card_id=charge.card_id,
        merchant=charge.merchant,
        entry_mode=EntryMode(charge.entry_mode),
        minor=held - charge.held_minor,
        total_minor=charge.captured_minor + held,
        times=0,
        at=_instant(context.now, command),
        on=command.transaction_date,
    )
    breach = find_breach(state.controls, asked)
    if breach is None:
        return facts
    return (_increment_declined(state, more, breach),)


def _instant(now: datetime, command: commands.IncrementCharge) -> datetime:
    """When more is asked for: now, on the business date that it is asked for."""
    day = command.transaction_date
    return now.replace(year=day.year, month=day.month, day=day.day)


def _increment_declined(
    state: CreditAccount, more: events.ChargeIncremented, breach: Breach
) -> events.ChargeIncrementDeclined:
    return events.ChargeIncrementDeclined(
        account_id=more.account_id,
        customer_id=more.customer_id,
        card_id=more.card_id,
        charge_id=more.charge_id,
        increment_id=more.increment_id,
        by_minor=more.by_minor,
        to_minor=more.to_minor,
        amount=more.amount,
        response_code=RESPONSE_CODES[breach.reason],
        reason=breach.reason,
        available=state.money(state.available_minor),
        transaction_date=more.transaction_date,
        control_id=breach.control_id,
    )
