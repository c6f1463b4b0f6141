"""A condition on a credit account, for units that must not happen while it lives."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.customers import commands
from services.accounts.domain.values import AccountStatus


def require_closure(
    state: CreditAccount, command: commands.RequireClosure, context: Context
) -> tuple[Fact, ...]:
    """Nothing, or Refused: while money is owed either way or held, and until it is closed."""
    if state.posted_minor or state.held_minor:
        raise Refused("MONEY_OWED", "something is owed or held on an account of the customer")
    if state.status is not AccountStatus.CLOSED:
        raise Refused("ACCOUNT_NOT_CLOSED", "an account of the customer is not closed")
    return ()


DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.RequireClosure: require_closure,
}
