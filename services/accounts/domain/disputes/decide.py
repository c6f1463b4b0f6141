"""Which function decides which command about disputes."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.disputes import commands, opening, resolving

DECIDE: dict[type[Command], Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]] = {
    commands.OpenDispute: opening.open_dispute,
    commands.AcknowledgeDispute: opening.acknowledge,
    commands.AddDisputeEvidence: opening.add_evidence,
    commands.GrantProvisionalCredit: opening.grant_credit,
    commands.AdvanceDispute: resolving.advance,
    commands.ResolveDispute: resolving.resolve,
    commands.WithdrawDispute: resolving.withdraw,
    commands.CheckDispute: resolving.check,
}
