"""Deciding about refunds beyond their posting: promised, taken back, fallen; credits sent."""

from datetime import timedelta

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import cards, charges
from services.accounts.domain.account.authorising import card_objection
from services.accounts.domain.account.state import Charge, CreditAccount, act_key
from services.accounts.domain.charging import commands, early, events
from services.accounts.domain.charging.state import EarlyKind, Refund, RefundStatus
from services.accounts.domain.values import (
    APPROVED,
    RESPONSE_CODES,
    DeclineReason,
    Merchant,
)

REFUND_LIFETIME = timedelta(days=30)
"""How long a promise of money is shown while nobody posts it."""

UNABLE_TO_TAKE = frozenset(
    {
        DeclineReason.CARD_UNKNOWN,
        DeclineReason.CARD_LOST,
        DeclineReason.CARD_STOLEN,
        DeclineReason.CARD_EXPIRED,
        DeclineReason.CARD_TERMINATED,
        DeclineReason.ACCOUNT_CLOSED,
    }
)
"""Why money sent to a card is not taken; a card or account at rest takes it all the same."""


def authorise_refund(
    state: CreditAccount, command: commands.AuthoriseRefund, context: Context
) -> tuple[Fact, ...]:
    """Accept or decline a promise of money; what was posted or taken back is not awaited."""
    charge = charges.find(state, command.charge_id) if command.charge_id else None
    card_id = charge.card_id if charge else cards.find(state, command.card_id).card_id
    charges.check_positive(command.amount)
    known = state.charging.refunds.get(command.refund_id)
    if known is not None:
        same = (known.charge_id, known.card_id) == (command.charge_id, card_id)
        if same and known.response_code:
            same = known.requested_minor == command.amount.minor_units
        if not same:
            raise Refused("REFUND_AUTHORISED_DIFFERENTLY", "another refund has this id")
        if known.response_code:
            return ()
    merchant = merchant_of(charge, command.merchant)
    reason = _refund_objection(state, charge, known, command)
    if reason is not None:
        return (_refund_declined(state, command, card_id, merchant, reason),)
    original = command.original
    return (
        events.RefundAuthorised(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=card_id,
            refund_id=command.refund_id,
            charge_id=command.charge_id,
            amount=command.amount,
            pending=state.money(_awaited(state, command, known)),
            original_amount=original.amount if original else None,
            rate=original.rate if original else "",
            merchant=merchant,
            response_code=APPROVED,
            available=state.money(state.available_minor),
            expires_at=context.now + REFUND_LIFETIME,
            transaction_date=command.transaction_date,
        ),
    )


def merchant_of(charge: Charge | None, given: Merchant | None) -> Merchant:
    """Who gives the money back. Raises Invalid when nobody said."""
    if given is not None:
        return given
    if charge is None:
        raise Invalid("MERCHANT_MISSING", "without a charge name the merchant", field="merchant")
    return charge.merchant


def _refund_objection(
    state: CreditAccount,
    charge: Charge | None,
    known: Refund | None,
    command: commands.AuthoriseRefund,
) -> DeclineReason | None:
    if command.amount.currency != state.currency:
        return DeclineReason.CURRENCY_NOT_SUPPORTED
    if charge is None:
        return None
    # What others were promised of the charge comes back as well.
    others = charge.refunded_minor + (state.charging.promised.get(charge.charge_id) or 0)
    others -= known.posted_minor if known else 0
    if others + command.amount.minor_units > charge.captured_minor:
        return DeclineReason.REFUND_EXCEEDS_CAPTURED
    return None


def _awaited(state: CreditAccount, command: commands.AuthoriseRefund, known: Refund | None) -> int:
    """How much of a refund is still to come."""
    if known is not None and known.posted_minor:
        return 0
    awaited = command.amount.minor_units
    kept = state.charging.early.get(early.of_refund(command.refund_id))
    for message in kept.messages if kept else ():
        awaited -= message.amount.minor_units if message.amount else awaited
    return max(0, awaited)


def _refund_declined(
    state: CreditAccount,
    command: commands.AuthoriseRefund,
    card_id: str,
    merchant: Merchant,
    reason: DeclineReason,
) -> events.RefundDeclined:
    return events.RefundDeclined(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=card_id,
        refund_id=command.refund_id,
        charge_id=command.charge_id,
        amount=command.amount,
        merchant=merchant,
        response_code=RESPONSE_CODES[reason],
        reason=reason,
        available=state.money(state.available_minor),
        transaction_date=command.transaction_date,
    )


def reverse_refund(
    state: CreditAccount, command: commands.ReverseRefund, context: Context
) -> tuple[Fact, ...]:
    """Take back what came back; before it is posted, what is promised, and the posting when it
    comes. Raises Refused when less than that came back."""
    asked = charges.check_currency(state, command.amount) if command.amount else 0
    otherwise = Refused("REFUND_REVERSED_DIFFERENTLY", "another reversal has this id")
    key = act_key("refund_reversal", command.reversal_id)
    if charges.is_repeated(state, key, command.refund_id, str(asked), otherwise):
        return ()
    if command.amount is not None:
        charges.check_positive(command.amount)
    refund = state.charging.refunds.get(command.refund_id)
    if refund is None or not refund.posted_minor:
        return _reverse_early(state, command, refund, otherwise)
    left = refund.posted_minor - refund.reversed_minor
    if not left or asked > left:
        raise Refused("REFUND_REVERSAL_EXCEEDS_POSTED", "less than that came back")
    amount = asked or left
    return (
        events.RefundReversed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=refund.card_id,
            refund_id=refund.refund_id,
            charge_id=refund.charge_id,
            reversal_id=command.reversal_id,
            asked_minor=asked,
            amount=state.money(amount),
            merchant=refund.merchant,
            available=state.money(state.available_minor - amount),
            balance=state.money(state.posted_minor + amount),
            transaction_date=command.transaction_date,
            posting_date=command.posting_date,
        ),
    )


def _reverse_early(
    state: CreditAccount,
    command: commands.ReverseRefund,
    refund: Refund | None,
    otherwise: Refused,
) -> tuple[Fact, ...]:
    id = early.of_refund(command.refund_id)
    kind = EarlyKind.REFUND_REVERSAL
    kept = early.message(kind, command.reversal_id, command.amount, command)
    facts = early.keep(state, id, kept, otherwise)
    if not facts or refund is None or not refund.pending_minor:
        return facts
    asked = command.amount.minor_units if command.amount else refund.pending_minor
    withdrawn = events.RefundWithdrawn(
        account_id=state.account_id,
        customer_id=state.customer_id,
        refund_id=refund.refund_id,
        charge_id=refund.charge_id,
        reversal_id=command.reversal_id,
        amount=state.money(min(asked, refund.pending_minor)),
        transaction_date=command.transaction_date,
    )
    return (*facts, withdrawn)


def expire_refund(
    state: CreditAccount, command: commands.ExpireRefund, context: Context
) -> tuple[Fact, ...]:
    """Let a promise fall, if there is one and its time has come."""
    refund = state.charging.refunds.get(command.refund_id)
    if refund is None or refund.status is not RefundStatus.PENDING:
        return ()
    if refund.expires_at is None or context.now < refund.expires_at:
        return ()
    return (
        events.PendingRefundExpired(
            account_id=state.account_id,
            customer_id=state.customer_id,
            refund_id=refund.refund_id,
            charge_id=refund.charge_id,
            amount=state.money(refund.pending_minor),
            transaction_date=context.now.date(),
        ),
    )


def find_refund(state: CreditAccount, refund_id: str) -> Refund:
    """The refund of this id. Raises NotFound."""
    refund = state.charging.refunds.get(refund_id)
    if refund is None:
        raise NotFound("REFUND_NOT_FOUND", "there is no such refund on this account")
    return refund


def post_original_credit(
    state: CreditAccount, command: commands.PostOriginalCredit, context: Context
) -> tuple[Fact, ...]:
    """Take money that somebody sends to the card, unless the card can take none."""
    amount = command.amount.minor_units
    known = state.charging.credits.get(command.credit_id)
    if known is not None:
        if (known.card_id, known.requested_minor) == (command.card_id, amount):
            return ()
        raise Refused("CREDIT_POSTED_DIFFERENTLY", "another credit has this id")
    charges.check_positive(command.amount)
    charges.check_room(state, amount)
    objection = card_objection(state, command.card_id, command.transaction_date)
    reason = objection if objection in UNABLE_TO_TAKE else None
    if command.amount.currency != state.currency:
        reason = reason or DeclineReason.CURRENCY_NOT_SUPPORTED
    if reason is not None:
        return (_credit_declined(state, command, reason),)
    original = command.original
    return (
        events.OriginalCreditPosted(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=command.card_id,
            credit_id=command.credit_id,
            amount=command.amount,
            original_amount=original.amount if original else None,
            rate=original.rate if original else "",
            settlement_amount=original.settlement if original else None,
            sender=command.sender,
            network=command.network,
            response_code=APPROVED,
            available=state.money(state.available_minor + amount),
            balance=state.money(state.posted_minor - amount),
            transaction_date=command.transaction_date,
            posting_date=command.posting_date,
        ),
    )


def _credit_declined(
    state: CreditAccount, command: commands.PostOriginalCredit, reason: DeclineReason
) -> events.OriginalCreditDeclined:
    return events.OriginalCreditDeclined(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=command.card_id,
        credit_id=command.credit_id,
        amount=command.amount,
        sender=command.sender,
        network=command.network,
        response_code=RESPONSE_CODES[reason],
        reason=reason,
        available=state.money(state.available_minor),
        transaction_date=command.transaction_date,
    )
