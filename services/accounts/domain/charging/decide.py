"""Which function decides which command of this part."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.charging import commands, credits, refunds
from services.accounts.domain.charging.following import (
    Evolve,
    unless_kept,
    with_what_came_before,
)
from services.accounts.domain.charging.standing_in import record_stand_in
from services.accounts.domain.charging.state import EarlyKind

Table = dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]]


def table(evolve: Evolve) -> Table:
    """The deciding functions, given how the account changes."""
    return {
        commands.RecordStandIn: with_what_came_before(record_stand_in, evolve),
        commands.AuthoriseRefund: refunds.authorise_refund,
        commands.ReverseRefund: unless_kept(refunds.reverse_refund, EarlyKind.REFUND_REVERSAL),
        commands.ExpireRefund: refunds.expire_refund,
        commands.PostOriginalCredit: with_what_came_before(refunds.post_original_credit, evolve),
        commands.ReverseOriginalCredit: credits.reverse_original_credit,
    }
