"""Which function decides which command about exceeding the limit."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.over_limit import commands, consenting

DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.GiveOverLimitConsent: consenting.give,
    commands.ConfirmOverLimitConsent: consenting.confirm,
    commands.RevokeOverLimitConsent: consenting.revoke,
}
