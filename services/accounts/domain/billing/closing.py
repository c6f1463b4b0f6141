"""Closing an account that is in credit: what the house owes is paid out with it."""

from chassis.kernel.decider import Context
from chassis.kernel.events import Fact
from services.accounts.domain.account.evolve import evolve
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agreements import refund_credit_balance
from services.accounts.domain.billing.commands import RefundCreditBalance
from services.accounts.domain.standing import decide as standing
from services.accounts.domain.standing.commands import ChangeStanding
from services.accounts.domain.values import AccountStatus


def change_standing(
    state: CreditAccount, command: ChangeStanding, context: Context
) -> tuple[Fact, ...]:
    """As accounts stand; one that is closed has its credit refunded (12 CFR 1026.11(a))."""
    closes = command.status is AccountStatus.CLOSED and state.status is not AccountStatus.CLOSED
    refunded: tuple[Fact, ...] = ()
    if closes and state.posted_minor < 0:
        refund = RefundCreditBalance(
            account_id=state.account_id,
            refund_id=context.new_id(),
            transaction_date=context.now.date(),
        )
        refunded = refund_credit_balance(state, refund, context)
        for fact in refunded:
            state = evolve(state, fact)
    return (*refunded, *standing.change_standing(state, command, context))
