"""Deciding what is posted: clearings, which are never refused, refunds and repayments."""

from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, Refused
from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.accounts.domain import events
from services.accounts.domain.account import cards, charges, commands, foreign
from services.accounts.domain.account.evolve import clearing_asked, refund_asked
from services.accounts.domain.account.state import Charge, CreditAccount, act_key
from services.accounts.domain.values import ChargeStatus, Merchant, Original

UNAPPROVED = (ChargeStatus.DECLINED, ChargeStatus.VERIFIED, ChargeStatus.REVERSED)
"""A clearing of a charge that stands so is a force post."""


def clear(
    state: CreditAccount, command: commands.ClearCharge, context: Context
) -> tuple[Fact, ...]:
    """Post a charge: above the hold, after expiry, after a block, without authorisation. A force
    post without a charge makes one under the clearing's id."""
    charge_id = command.charge_id or command.clearing_id
    charge = state.charges.get(charge_id)
    card_id = charge.card_id if charge else cards.find(state, command.card_id).card_id
    amount = charges.check_currency(state, command.amount)
    asked = clearing_asked(charge_id, card_id, amount, command.final)
    key = act_key("clearing", command.clearing_id)
    otherwise = Refused("CHARGE_CLEARED_DIFFERENTLY", "another clearing has this id")
    if charges.is_repeated(state, key, charge_id, asked, otherwise):
        return ()
    charges.check_positive(command.amount)
    return (_cleared(state, command, charge_id, charge, card_id),)


def _cleared(
    state: CreditAccount,
    command: commands.ClearCharge,
    charge_id: str,
    charge: Charge | None,
    card_id: str,
) -> events.ChargeCleared:
    original_amount, rate = _original(charge, command.original, command.amount)
    charged = original_amount or (charge.original_amount if charge else None)
    markup = foreign.markup_minor(state.in_force, command.amount.minor_units, charged)
    amount = command.amount.minor_units + markup
    held = charge.held_minor if charge else 0
    released = held if command.final else min(held, amount)
    return events.ChargeCleared(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=card_id,
        charge_id=charge_id,
        clearing_id=command.clearing_id,
        amount=state.money(amount),
        released=state.money(released),
        over_hold=state.money(max(0, amount - held)),
        final=command.final,
        forced=charge is None or charge.forced or charge.status in UNAPPROVED,
        original_amount=original_amount,
        rate=rate,
        merchant=_merchant(charge, command.merchant),
        available=state.money(state.available_minor + released - amount),
        balance=state.money(state.posted_minor + amount),
        transaction_date=command.transaction_date,
        posting_date=command.posting_date,
        markup=state.money(markup) if markup else None,
        settlement_amount=command.original.settlement if command.original else None,
    )


def _merchant(charge: Charge | None, given: Merchant | None) -> Merchant:
    if given is not None:
        return given
    if charge is None:
        raise Invalid(
            "MERCHANT_MISSING", "without a charge the merchant must be named", field="merchant"
        )
    return charge.merchant


def _original(
    charge: Charge | None, given: Original | None, amount: Money
) -> tuple[Money | None, str]:
    """What the merchant charged in its own currency: as told now, or as authorised if the amount
    is still the same."""
    if given is not None:
        return given.amount, given.rate
    if charge is not None and charge.requested == amount:
        return charge.original_amount, charge.rate
    return None, ""


def refund(
    state: CreditAccount, command: commands.RefundCharge, context: Context
) -> tuple[Fact, ...]:
    """Post a refund. Raises Refused when more would come back than was captured."""
    charge = charges.find(state, command.charge_id) if command.charge_id else None
    card_id = charge.card_id if charge else cards.find(state, command.card_id).card_id
    amount = charges.check_currency(state, command.amount)
    asked = refund_asked(command.charge_id, card_id, amount)
    otherwise = Refused("CHARGE_REFUNDED_DIFFERENTLY", "another refund has this id")
    key = act_key("refund", command.refund_id)
    if charges.is_repeated(state, key, command.charge_id, asked, otherwise):
        return ()
    charges.check_positive(command.amount)
    charges.check_room(state, amount)
    if charge is not None and charge.refunded_minor + amount > charge.captured_minor:
        raise Refused(
            "REFUND_EXCEEDS_CAPTURED", "more would come back than was captured of the charge"
        )
    original = command.original
    return (
        events.ChargeRefunded(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=card_id,
            refund_id=command.refund_id,
            charge_id=command.charge_id,
            amount=command.amount,
            original_amount=original.amount if original else None,
            rate=original.rate if original else "",
            merchant=_merchant(charge, command.merchant),
            available=state.money(state.available_minor + amount),
            balance=state.money(state.posted_minor - amount),
            transaction_date=command.transaction_date,
            posting_date=command.posting_date,
            settlement_amount=original.settlement if original else None,
            credited_on=_refund_counts_from(charge, command),
        ),
    )


def _refund_counts_from(charge: Charge | None, command: commands.RefundCharge) -> date | None:
    """What is given back of a charge never counts before the charge does."""
    since = command.transaction_date
    if charge is not None and charge.posted_on is not None:
        since = max(since, charge.posted_on)
    return since if command.back_dated and since < command.posting_date else None


def record_payment(
    state: CreditAccount, command: commands.RecordPayment, context: Context
) -> tuple[Fact, ...]:
    """Post a repayment; it may bring the account into credit."""
    amount = charges.check_currency(state, command.amount)
    otherwise = Refused("PAYMENT_RECORDED_DIFFERENTLY", "another payment has this id")
    key = act_key("payment", command.payment_id)
    if charges.is_repeated(state, key, "", str(amount), otherwise):
        return ()
    charges.check_positive(command.amount)
    charges.check_room(state, amount)
    since = command.transaction_date
    return (
        events.PaymentRecorded(
            account_id=state.account_id,
            customer_id=state.customer_id,
            payment_id=command.payment_id,
            amount=command.amount,
            available=state.money(state.available_minor + amount),
            balance=state.money(state.posted_minor - amount),
            transaction_date=since,
            posting_date=command.posting_date,
            credited_on=since if since < command.posting_date else None,
        ),
    )
