"""Deciding what may be charged: card, account, risk's word, limit and holds, all at once."""

from datetime import date, datetime, timedelta

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.account import commands
from services.accounts.domain.account.charges import (
    check_currency,
    check_positive,
    find_held,
    is_repeated,
)
from services.accounts.domain.account.state import Charge, CreditAccount, act_key
from services.accounts.domain.life.decide import find as find_card
from services.accounts.domain.life.using import after_use, use_objection
from services.accounts.domain.values import (
    APPROVED,
    RESPONSE_CODES,
    VERIFIED,
    AccountStatus,
    AssessmentOutcome,
    CardStatus,
    CardUse,
    ChargeStatus,
    DeclineReason,
    EntryMode,
)

UNUSABLE = {
    CardStatus.BLOCKED: DeclineReason.CARD_BLOCKED,
    CardStatus.LOST: DeclineReason.CARD_LOST,
    CardStatus.STOLEN: DeclineReason.CARD_STOLEN,
    CardStatus.PAUSED: DeclineReason.CARD_PAUSED,
    CardStatus.EXPIRED: DeclineReason.CARD_EXPIRED,
    CardStatus.TERMINATED: DeclineReason.CARD_TERMINATED,
}


def authorise(
    state: CreditAccount, command: commands.AuthoriseCharge, context: Context
) -> tuple[Fact, ...]:
    """Approve or decline. Raises Refused when the id has another charge."""
    terms = state.in_force
    known = state.charges.get(command.charge_id)
    if known is not None:
        if _is_same(known, command):
            return ()
        raise Refused("CHARGE_AUTHORISED_DIFFERENTLY", "a charge of this id has other content")
    if command.amount.minor_units < 0:
        raise Invalid("AMOUNT_NEGATIVE", "an amount is not negative", field="amount")
    rule = terms.hold_rule(command.merchant.mcc, command.entry_mode)
    held = command.amount.minor_units
    if command.estimated and held:
        held = max(held, rule.estimate_hold_minor)
    stand_in = _stands_in(state, command)
    reason = _objection(state, command, held, stand_in)
    if reason is not None:
        return (_declined(state, command, reason, stand_in),)
    approved = _approved(state, command, held, stand_in, rule.lifetime_hours, context.now)
    card = find_card(state, command.card_id)
    if card.use is CardUse.ANY or not held:
        return (approved,)
    return (approved, *after_use(state, card, command.merchant, command.charge_id, context))


def _is_same(known: Charge, command: commands.AuthoriseCharge) -> bool:
    original = command.original.amount if command.original else None
    return (known.card_id, known.requested, known.original_amount, known.merchant) == (
        command.card_id,
        command.amount,
        original,
        command.merchant,
    ) and known.response_code != ""


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
    unusable = _card_objection(state, command.card_id, command.transaction_date)
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


def _card_objection(state: CreditAccount, card_id: str, day: date) -> DeclineReason | None:
    card = state.find_card(card_id)
    if card is None:
        return DeclineReason.CARD_UNKNOWN
    if card.status is not CardStatus.ACTIVE:
        return UNUSABLE.get(card.status, DeclineReason.CARD_NOT_ACTIVE)
    if state.status is not AccountStatus.ACTIVE:
        suspended = state.status is AccountStatus.SUSPENDED
        return DeclineReason.ACCOUNT_SUSPENDED if suspended else DeclineReason.ACCOUNT_CLOSED
    if day > card.expires_on:
        return DeclineReason.CARD_EXPIRED
    return None


def _approved(
    state: CreditAccount,
    command: commands.AuthoriseCharge,
    held: int,
    stand_in: bool,
    lifetime_hours: int,
    now: datetime,
) -> events.ChargeAuthorised:
    original = command.original
    return events.ChargeAuthorised(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=command.card_id,
        charge_id=command.charge_id,
        amount=command.amount,
        held=state.money(held),
        original_amount=original.amount if original else None,
        rate=original.rate if original else "",
        merchant=command.merchant,
        entry_mode=command.entry_mode,
        response_code=APPROVED if command.amount.minor_units else VERIFIED,
        available=state.money(state.available_minor - held),
        stand_in=stand_in,
        assessment_id=command.assessment.assessment_id if command.assessment else "",
        hold_expires_at=now + timedelta(hours=lifetime_hours),
        transaction_date=command.transaction_date,
        transaction_at=command.transaction_at,
    )


def _declined(
    state: CreditAccount,
    command: commands.AuthoriseCharge,
    reason: DeclineReason,
    stand_in: bool,
) -> events.ChargeDeclined:
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
        response_code=RESPONSE_CODES[reason],
        reason=reason,
        available=state.money(state.available_minor),
        stand_in=stand_in,
        assessment_id=command.assessment.assessment_id if command.assessment else "",
        transaction_date=command.transaction_date,
        transaction_at=command.transaction_at,
    )


def _renewed(state: CreditAccount, charge: Charge, now: datetime) -> datetime:
    """When the hold falls, counted anew."""
    rule = state.in_force.hold_rule(charge.merchant.mcc, EntryMode(charge.entry_mode))
    return now + timedelta(hours=rule.lifetime_hours)


def advise(
    state: CreditAccount, command: commands.AdviseCharge, context: Context
) -> tuple[Fact, ...]:
    """Take the merchant's word for the new total; what was posted of it is not held again."""
    asked = str(command.amount.minor_units)
    otherwise = Refused("ADVICE_GIVEN_DIFFERENTLY", "another advice has this id")
    key = act_key("advice", command.advice_id)
    if is_repeated(state, key, command.charge_id, asked, otherwise):
        return ()
    total = check_currency(state, command.amount)
    if total < 0:
        raise Invalid("AMOUNT_NEGATIVE", "an amount is not negative", field="amount")
    charge = find_held(state, command.charge_id)
    held = max(0, total - charge.captured_minor)
    return (
        events.ChargeAdvised(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=charge.card_id,
            charge_id=charge.charge_id,
            advice_id=command.advice_id,
            amount=command.amount,
            held=state.money(held),
            available=state.money(state.available_minor + charge.held_minor - held),
            hold_expires_at=_renewed(state, charge, context.now),
            transaction_date=command.transaction_date,
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
    charge = find_held(state, charge_id)
    total = charge.amount_minor + by if by else to
    if total <= charge.amount_minor:
        raise Refused("INCREMENT_NOT_HIGHER", "the charge is approved for as much already")
    held = max(charge.held_minor, total - charge.captured_minor)
    reason = _card_objection(state, charge.card_id, command.transaction_date)
    room = state.available_minor + state.in_force.over_limit_tolerance_minor
    if reason is None and held - charge.held_minor > room:
        reason = DeclineReason.INSUFFICIENT_CREDIT
    if reason is not None:
        return (_increment_declined(state, command, charge, total, reason),)
    return (_incremented(state, command, charge, total, held, context.now),)


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
    """Take back what is held, or part of it. Raises Refused when nothing, or less, is held."""
    asked_minor = check_currency(state, command.amount) if command.amount else 0
    otherwise = Refused("CHARGE_REVERSED_DIFFERENTLY", "another reversal has this id")
    key, charge_id = act_key("reversal", command.reversal_id), command.charge_id
    if is_repeated(state, key, charge_id, str(asked_minor), otherwise):
        return ()
    if command.amount is not None:
        check_positive(command.amount)
    charge = find_held(state, charge_id)
    open_minor = max(0, charge.amount_minor - charge.captured_minor)
    amount = asked_minor or open_minor
    if amount > open_minor:
        raise Refused("REVERSAL_EXCEEDS_HOLD", "less than that is still open on the charge")
    # An estimate may hold more than the charge is for; a part taken back leaves the hold at
    # what remains of the charge, as the merchant knows the amount by then.
    released = charge.held_minor - min(charge.held_minor, open_minor - amount)
    return (
        events.ChargeReversed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=charge.card_id,
            charge_id=charge.charge_id,
            reversal_id=command.reversal_id,
            asked_minor=asked_minor,
            amount=state.money(amount),
            released=state.money(released),
            full=amount == open_minor,
            available=state.money(state.available_minor + released),
            transaction_date=command.transaction_date,
        ),
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
