"""Deciding what may be charged: card, account, risk's word, limit and holds, all at once."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.account import commands, foreign
from services.accounts.domain.account.state import Charge, CreditAccount
from services.accounts.domain.charging.matching import Decision, match
from services.accounts.domain.life.decide import find as find_card
from services.accounts.domain.life.using import after_use, is_used_up, use_objection
from services.accounts.domain.values import (
    APPROVED,
    PARTLY_APPROVED,
    RESPONSE_CODES,
    VERIFIED,
    AccountStatus,
    AssessmentOutcome,
    CardStatus,
    CardUse,
    DeclineReason,
    Terms,
)

UNUSABLE = {
    CardStatus.BLOCKED: DeclineReason.CARD_BLOCKED,
    CardStatus.LOST: DeclineReason.CARD_LOST,
    CardStatus.STOLEN: DeclineReason.CARD_STOLEN,
    CardStatus.PAUSED: DeclineReason.CARD_PAUSED,
    CardStatus.EXPIRED: DeclineReason.CARD_EXPIRED,
    CardStatus.TERMINATED: DeclineReason.CARD_TERMINATED,
}


class Granted(NamedTuple):
    """What an approval grants: how much in all, the mark-up in it, what is held and until when."""

    response_code: str
    amount_minor: int
    markup_minor: int
    held_minor: int
    until: datetime


def authorise(
    state: CreditAccount, command: commands.AuthoriseCharge, context: Context
) -> tuple[Fact, ...]:
    """Approve, in part if the merchant takes less, or decline. A charge that is posted already is
    decided as if it were not. Raises Refused when the id has another charge."""
    posted = state.charges.get(command.charge_id)
    if posted is not None:
        if is_same(posted, command):
            return ()
        if posted.is_decided:
            raise Refused("CHARGE_AUTHORISED_DIFFERENTLY", "a charge of this id has other content")
        state = replace(state, posted_minor=state.posted_minor - posted.captured_minor)
    if command.amount.minor_units < 0:
        raise Invalid("AMOUNT_NEGATIVE", "an amount is not negative", field="amount")
    granted = grant(state.in_force, command, context.now)
    stand_in = _stands_in(state, command)
    reason = _objection(state, command, granted.held_minor, stand_in)
    if reason is DeclineReason.INSUFFICIENT_CREDIT and command.partial_approval_allowed:
        room = state.available_minor + state.in_force.over_limit_tolerance_minor
        part = foreign.largest_within(state.in_force, max(0, room), command.original)
        if part > 0:
            markup = foreign.markup_minor(state.in_force, part, command.original)
            granted = Granted(PARTLY_APPROVED, part + markup, markup, part + markup, granted.until)
            reason = None
    if reason is not None:
        refusal = declined(state, command, reason, RESPONSE_CODES[reason], stand_in)
        return (refusal if posted is None else match(state, posted, refusal),)
    approval: Decision = approved(state, command, granted, stand_in)
    if posted is not None:
        approval = match(state, posted, approval)
    card = find_card(state, command.card_id)
    if card.use is CardUse.ANY or not granted.held_minor:
        return (approval,)
    return (approval, *after_use(state, card, command.merchant, command.charge_id, context))


def grant(terms: Terms, command: commands.AuthoriseCharge, now: datetime) -> Granted:
    """What a full approval grants."""
    asked = command.amount.minor_units
    rule = terms.hold_rule(command.merchant.mcc, command.entry_mode, command.network)
    markup = foreign.markup_minor(terms, asked, command.original)
    held = asked + markup
    if command.estimated and held:
        held = max(held, rule.estimate_hold_minor)
    until = now + timedelta(hours=rule.lifetime_hours)
    return Granted(APPROVED if asked else VERIFIED, asked + markup, markup, held, until)


def is_same(known: Charge, command: commands.AuthoriseCharge) -> bool:
    """Whether the charge of this id is what is asked for, decided already."""
    original = command.original.amount if command.original else None
    return (known.card_id, known.requested, known.original_amount, known.merchant) == (
        command.card_id,
        command.amount,
        original,
        command.merchant,
    ) and known.is_decided


def _stands_in(state: CreditAccount, command: commands.AuthoriseCharge) -> bool:
    """Whether risk should have been heard and was not."""
    threshold = state.in_force.assessment_threshold_minor
    if threshold is None or command.amount.minor_units < threshold:
        return False
    heard = command.assessment
    return heard is None or heard.outcome is AssessmentOutcome.UNAVAILABLE


def _objection(
    state: CreditAccount, command: commands.AuthoriseCharge, held: int, stand_in: bool
) -> DeclineReason | None:
    """The first reason against the charge: card, account, currency, risk, then credit."""
    unusable = card_objection(state, command.card_id, command.transaction_date)
    if unusable is None:
        unusable = use_objection(find_card(state, command.card_id), command.merchant)
    if unusable is not None:
        return unusable
    if command.amount.currency != state.currency:
        return DeclineReason.CURRENCY_NOT_SUPPORTED
    heard = command.assessment
    if heard is not None and heard.outcome is AssessmentOutcome.REFUSED:
        return DeclineReason.RISK_REFUSED
    if stand_in and command.amount.minor_units > state.in_force.stand_in_limit_minor:
        return DeclineReason.STAND_IN_REFERRED
    # A verification asks for nothing, so that an exhausted limit is no reason against it.
    if held and held > state.available_minor + state.in_force.over_limit_tolerance_minor:
        return DeclineReason.INSUFFICIENT_CREDIT
    return None


def card_objection(state: CreditAccount, card_id: str, day: date) -> DeclineReason | None:
    """The first reason against any use of the card."""
    card = state.find_card(card_id)
    if card is None:
        return DeclineReason.CARD_UNKNOWN
    if card.status is not CardStatus.ACTIVE:
        return UNUSABLE.get(card.status, DeclineReason.CARD_NOT_ACTIVE)
    if state.status is not AccountStatus.ACTIVE:
        return _account_objection(state)
    if day > card.expires_on:
        return DeclineReason.CARD_EXPIRED
    return None


def more_objection(state: CreditAccount, card_id: str, day: date) -> DeclineReason | None:
    """The first reason against more on a charge of the card. One that was good for this charge
    only, and ended with it, is good for all of it."""
    reason = card_objection(state, card_id, day)
    if reason is DeclineReason.CARD_TERMINATED and is_used_up(find_card(state, card_id)):
        return _account_objection(state)
    return reason


def _account_objection(state: CreditAccount) -> DeclineReason | None:
    if state.status is AccountStatus.ACTIVE:
        return None
    suspended = state.status is AccountStatus.SUSPENDED
    return DeclineReason.ACCOUNT_SUSPENDED if suspended else DeclineReason.ACCOUNT_CLOSED


def approved(
    state: CreditAccount, command: commands.AuthoriseCharge, granted: Granted, stand_in: bool
) -> events.ChargeAuthorised:
    """The approval, with what may be spent after it."""
    original = command.original
    amount = state.money(granted.amount_minor)
    return events.ChargeAuthorised(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=command.card_id,
        charge_id=command.charge_id,
        amount=amount,
        held=state.money(granted.held_minor),
        original_amount=original.amount if original else None,
        rate=original.rate if original else "",
        merchant=command.merchant,
        entry_mode=command.entry_mode,
        response_code=granted.response_code,
        available=state.money(state.available_minor - granted.held_minor),
        stand_in=stand_in,
        assessment_id=command.assessment.assessment_id if command.assessment else "",
        hold_expires_at=granted.until,
        transaction_date=command.transaction_date,
        transaction_at=command.transaction_at,
        requested=None if amount == command.amount else command.amount,
        markup=state.money(granted.markup_minor) if granted.markup_minor else None,
        settlement_amount=original.settlement if original else None,
        network=command.network,
    )


def declined(
    state: CreditAccount,
    command: commands.AuthoriseCharge,
    reason: DeclineReason,
    response_code: str,
    stand_in: bool,
) -> events.ChargeDeclined:
    """The refusal."""
    original = command.original
    return events.ChargeDeclined(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=command.card_id,
        charge_id=command.charge_id,
        amount=command.amount,
        original_amount=original.amount if original else None,
        rate=original.rate if original else "",
        merchant=command.merchant,
        entry_mode=command.entry_mode,
        response_code=response_code,
        reason=reason,
        available=state.money(state.available_minor),
        stand_in=stand_in,
        assessment_id=command.assessment.assessment_id if command.assessment else "",
        transaction_date=command.transaction_date,
        transaction_at=command.transaction_at,
        network=command.network,
    )
