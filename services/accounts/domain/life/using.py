"""What a card that is good for one charge, or one merchant, makes of a charge; and which of its
plastics is shown."""

from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact
from services.accounts.domain.account.state import Card, CreditAccount, Plastic
from services.accounts.domain.life import events
from services.accounts.domain.life.decide import USED, ended
from services.accounts.domain.values import (
    CardChecks,
    CardUse,
    Channel,
    DeclineReason,
    Delivery,
    Merchant,
)


def use_objection(card: Card, merchant: Merchant) -> DeclineReason | None:
    """What stands against a charge of the card at a merchant. A merchant without id cannot be
    told from another, so a locked card is not good there."""
    if card.use is not CardUse.MERCHANT_LOCKED:
        return None
    if merchant.id and card.merchant_id in ("", merchant.id):
        return None
    return DeclineReason.CARD_OF_ANOTHER_MERCHANT


def plastic_shown(card: Card, expiry: str, day: date) -> Plastic | None:
    """The plastic that is shown with an expiry, YYMM; None where the card has no such plastic. The
    one before a renewal is good until its own last day, or until its successor is known to have
    arrived."""
    if expiry == f"{card.expires_on:%y%m}":
        return card.plastic
    former = card.former
    if former is None or expiry != f"{former.expires_on:%y%m}" or day > former.expires_on:
        return None
    return None if card.delivery is Delivery.DELIVERED else former


def plastic_of(card: Card, sequence: int) -> Plastic | None:
    """The plastic of a sequence number: the newest, or the one before."""
    if sequence == card.sequence:
        return card.plastic
    return card.former if sequence == card.sequence - 1 else None


def shown_objection(card: Card, checks: CardChecks, day: date) -> DeclineReason | None:
    """What stands against a card by what is shown of it, but for its PIN."""
    if checks.expiry and plastic_shown(card, checks.expiry, day) is None:
        return DeclineReason.EXPIRY_WRONG
    if checks.value_matches is False:
        printed = DeclineReason.PRINTED_VALUE_WRONG
        return printed if checks.printed else DeclineReason.CARD_VALUE_WRONG
    return None


def is_used_up(card: Card) -> bool:
    """Whether a card ended because the one charge was made that it was good for."""
    return card.use is CardUse.SINGLE_USE and card.status_reason == USED


def after_use(
    state: CreditAccount, card: Card, merchant: Merchant, charge_id: str, context: Context
) -> tuple[Fact, ...]:
    """What follows from an approved charge for the card itself. Nothing for most cards."""
    if card.use is CardUse.SINGLE_USE:
        return ended(state, card, USED, Channel.SYSTEM, context)
    if card.use is CardUse.MERCHANT_LOCKED and not card.merchant_id:
        return (
            events.MerchantLocked(
                account_id=state.account_id,
                customer_id=state.customer_id,
                card_id=card.card_id,
                merchant_id=merchant.id,
                charge_id=charge_id,
                transaction_date=context.now.date(),
            ),
        )
    return ()
