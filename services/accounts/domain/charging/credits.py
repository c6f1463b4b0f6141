"""Deciding to take back money that somebody sent to a card."""

from chassis.kernel.decider import Context
from chassis.kernel.errors import Refused
from chassis.kernel.events import Fact
from services.accounts.domain.account import charges
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.charging import commands, early, events
from services.accounts.domain.charging.state import EarlyKind, RefundStatus


def reverse_original_credit(
    state: CreditAccount, command: commands.ReverseOriginalCredit, context: Context
) -> tuple[Fact, ...]:
    """Take it back, all or part; before it is posted that is kept, and follows it. Raises Refused
    when less than that was sent, and for a credit that was declined."""
    asked = charges.check_currency(state, command.amount) if command.amount else 0
    otherwise = Refused("CREDIT_REVERSED_DIFFERENTLY", "another reversal has this id")
    key = act_key("credit_reversal", command.reversal_id)
    if charges.is_repeated(state, key, command.credit_id, str(asked), otherwise):
        return ()
    if command.amount is not None:
        charges.check_positive(command.amount)
    credit = state.charging.credits.get(command.credit_id)
    if credit is None:
        kept = early.message(
            EarlyKind.CREDIT_REVERSAL, command.reversal_id, command.amount, command
        )
        return early.keep(state, early.of_credit(command.credit_id), kept, otherwise)
    if credit.status is not RefundStatus.POSTED:
        raise Refused("CREDIT_NOT_POSTED", "the credit was declined")
    left = credit.posted_minor - credit.reversed_minor
    if not left or asked > left:
        raise Refused("CREDIT_REVERSAL_EXCEEDS_POSTED", "less than that was sent")
    amount = asked or left
    return (
        events.OriginalCreditReversed(
            account_id=state.account_id,
            customer_id=state.customer_id,
            card_id=credit.card_id,
            credit_id=credit.refund_id,
            reversal_id=command.reversal_id,
            asked_minor=asked,
            amount=state.money(amount),
            sender=credit.merchant,
            available=state.money(state.available_minor - amount),
            balance=state.money(state.posted_minor + amount),
            transaction_date=command.transaction_date,
            posting_date=command.posting_date,
        ),
    )
