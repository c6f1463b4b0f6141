"""Deciding to post what was just approved: authorised and cleared by one message."""

from datetime import date

from chassis.kernel.decider import Context
from chassis.kernel.events import Command, Fact, command
from services.accounts.domain.account import charges, posting
from services.accounts.domain.account.commands import ClearCharge
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.values import ChargeStatus


@command
class PostApprovedCharge(Command):
    """Post all that was approved of a charge, in the same unit of work as its authorisation; of a
    declined one nothing is posted."""

    account_id: str
    charge_id: str
    posting_date: date


def post_approved(
    state: CreditAccount, command: PostApprovedCharge, context: Context
) -> tuple[Fact, ...]:
    """Clear the whole charge under its own id, if anything of it is held."""
    charge = charges.find(state, command.charge_id)
    if charge.status is not ChargeStatus.HELD or not charge.amount_minor:
        return ()
    clearing = ClearCharge(
        account_id=command.account_id,
        clearing_id=charge.charge_id,
        charge_id=charge.charge_id,
        card_id=charge.card_id,
        # A mark-up comes on top of what is cleared, as it came on top of what was authorised.
        amount=state.money(charge.amount_minor - charge.markup_minor),
        transaction_date=charge.transaction_date,
        posting_date=command.posting_date,
    )
    return tuple(posting.clear(state, clearing, context))
