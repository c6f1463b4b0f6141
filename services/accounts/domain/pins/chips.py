"""Deciding about the cryptogram of a chip: made by the card's own, and never shown twice."""

from chassis.kernel.decider import Context
from services.accounts.domain.account.state import Card, CreditAccount
from services.accounts.domain.pins.events import ChipUsed
from services.accounts.domain.values import CardChecks, DeclineReason


def chip_objection(card: Card, checks: CardChecks, required: bool) -> DeclineReason | None:
    """What stands against what a chip said. Its counter only ever rises, and a plastic is over
    when its successor's chip has been used; `required`: what cannot be verified is refused."""
    if checks.chip_matches is None:
        return DeclineReason.CHIP_NOT_VERIFIED if required else None
    if not checks.chip_matches:
        return DeclineReason.CHIP_CRYPTOGRAM_WRONG
    shown, used = (
        (checks.chip_sequence, checks.chip_counter),
        (card.chip_sequence, card.chip_counter),
    )
    return None if shown > used else DeclineReason.CHIP_COUNTER_USED


def chip_used(
    state: CreditAccount, card: Card, charge_id: str, checks: CardChecks, context: Context
) -> ChipUsed:
    """The chip of the card made the cryptogram of a charge that is approved."""
    return ChipUsed(
        account_id=state.account_id,
        customer_id=state.customer_id,
        card_id=card.card_id,
        charge_id=charge_id,
        sequence=checks.chip_sequence,
        counter=checks.chip_counter,
        transaction_date=context.now.date(),
    )
