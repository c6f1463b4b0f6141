"""After an authorisation follows what came before it: advice first, then reversals."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Error
from chassis.kernel.events import Command, Fact
from services.accounts.domain.account import commands, holding
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.charging.state import EarlyKind, EarlyMessage

Decide = Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]
Evolve = Callable[[CreditAccount, Fact], CreditAccount]


def with_what_came_before(decide: Decide, evolve: Evolve) -> Decide:
    """`decide`, and then what was kept for the charge, as if it came now."""

    def decide_and_follow(state: CreditAccount, command: Any, context: Context) -> tuple[Fact, ...]:
        facts = decide(state, command, context)
        if not facts or not len(state.charging.early):
            return facts
        kept = state.charging.early.get(command.charge_id)
        if kept is None:
            return facts
        for fact in facts:
            state = evolve(state, fact)
        # In one order whatever the order of arrival, so that the end is the same.
        for message in sorted(kept.messages, key=lambda each: (each.kind, each.id)):
            more = _follow(state, command.charge_id, message, context)
            for fact in more:
                state = evolve(state, fact)
            facts = (*facts, *more)
        return facts

    return decide_and_follow


def _follow(
    state: CreditAccount, charge_id: str, message: EarlyMessage, context: Context
) -> tuple[Fact, ...]:
    asked: Command
    try:
        if message.kind is EarlyKind.ADVICE and message.amount is not None:
            asked = commands.AdviseCharge(
                account_id=state.account_id,
                charge_id=charge_id,
                advice_id=message.id,
                amount=message.amount,
                transaction_date=message.transaction_date,
            )
            return holding.advise(state, asked, context)
        asked = commands.ReverseCharge(
            account_id=state.account_id,
            charge_id=charge_id,
            reversal_id=message.id,
            amount=message.amount,
            transaction_date=message.transaction_date,
        )
        return holding.reverse(state, asked, context)
    except Error:
        # In its own time it would have been refused too, and the authorisation have stood.
        return ()
