"""After an authorisation or a refund follows what came before it: advice, then reversals."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context
from chassis.kernel.errors import Error
from chassis.kernel.events import Fact
from services.accounts.domain.account import commands, holding
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.charging import credits, early, refunds
from services.accounts.domain.charging.commands import (
    PostOriginalCredit,
    ReverseOriginalCredit,
    ReverseRefund,
)
from services.accounts.domain.charging.state import EarlyKind, EarlyMessage

Decide = Callable[[CreditAccount, Any, Context], tuple[Fact, ...]]
Evolve = Callable[[CreditAccount, Fact], CreditAccount]


def with_what_came_before(decide: Decide, evolve: Evolve) -> Decide:
    """`decide`, and then what was kept for the charge or refund, as if it came now."""

    def decide_and_follow(state: CreditAccount, command: Any, context: Context) -> tuple[Fact, ...]:
        facts = decide(state, command, context)
        if not facts or not len(state.charging.early):
            return facts
        kept = state.charging.early.get(_place(command))
        if kept is None:
            return facts
        for fact in facts:
            state = evolve(state, fact)
        # In one order whatever the order of arrival, so that the end is the same.
        for message in sorted(kept.messages, key=lambda each: (each.kind, each.id)):
            more = _follow(state, command, message, context)
            for fact in more:
                state = evolve(state, fact)
            facts = (*facts, *more)
        return facts

    return decide_and_follow


def unless_kept(decide: Decide, kind: EarlyKind) -> Decide:
    """`decide`, but nothing for what was kept already: it followed what it belongs to then, or was
    refused, and asked again it does no more."""

    def decide_once(state: CreditAccount, command: Any, context: Context) -> tuple[Fact, ...]:
        if len(state.charging.early):
            kept = state.charging.early.get(_place(command))
            known = kept.find(kind, _message_id(command)) if kept else None
            if known is not None and known.amount == command.amount:
                return ()
        return decide(state, command, context)

    return decide_once


def _message_id(command: Any) -> str:
    is_advice = isinstance(command, commands.AdviseCharge)
    return str(command.advice_id if is_advice else command.reversal_id)


def _place(command: Any) -> str:
    if isinstance(command, commands.RefundCharge | ReverseRefund):
        return early.of_refund(command.refund_id)
    if isinstance(command, PostOriginalCredit):
        return early.of_credit(command.credit_id)
    return str(command.charge_id)


def _follow(
    state: CreditAccount, command: Any, message: EarlyMessage, context: Context
) -> tuple[Fact, ...]:
    try:
        return _as_if_now(state, command, message, context)
    except Error:
        # In its own time it would have been refused too, and what it belongs to have stood.
        return ()


def _as_if_now(
    state: CreditAccount, command: Any, message: EarlyMessage, context: Context
) -> tuple[Fact, ...]:
    if message.kind is EarlyKind.ADVICE and message.amount is not None:
        advice = commands.AdviseCharge(
            account_id=state.account_id,
            charge_id=command.charge_id,
            advice_id=message.id,
            amount=message.amount,
            transaction_date=message.transaction_date,
        )
        return holding.advise(state, advice, context)
    if message.kind is EarlyKind.REFUND_REVERSAL:
        taken_back = ReverseRefund(
            account_id=state.account_id,
            refund_id=command.refund_id,
            reversal_id=message.id,
            amount=message.amount,
            transaction_date=message.transaction_date,
            posting_date=command.posting_date,
        )
        return refunds.reverse_refund(state, taken_back, context)
    if message.kind is EarlyKind.CREDIT_REVERSAL:
        back = ReverseOriginalCredit(
            account_id=state.account_id,
            credit_id=command.credit_id,
            reversal_id=message.id,
            amount=message.amount,
            transaction_date=message.transaction_date,
            posting_date=command.posting_date,
        )
        return credits.reverse_original_credit(state, back, context)
    reversal = commands.ReverseCharge(
        account_id=state.account_id,
        charge_id=command.charge_id,
        reversal_id=message.id,
        amount=message.amount,
        transaction_date=message.transaction_date,
    )
    return holding.reverse(state, reversal, context)
