"""Messages that arrive before the authorisation they belong to are kept, and follow it."""

from typing import Any

from chassis.kernel.errors import Refused
from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.charging.events import (
    EarlyAdviceKept,
    EarlyCreditReversalKept,
    EarlyRefundReversalKept,
    EarlyReversalKept,
)
from services.accounts.domain.charging.state import EarlyKind, EarlyMessage

EARLY_MESSAGES_LIMIT = 16
"""Messages kept for one charge; a network sends one or two."""


OF_REFUND = "refund:"
OF_CREDIT = "credit:"


def of_refund(refund_id: str) -> str:
    """Where what is kept for a refund stands; no charge has such an id."""
    return f"{OF_REFUND}{refund_id}"


def of_credit(credit_id: str) -> str:
    """Where what is kept for an original credit stands; no charge and no refund has such an id."""
    return f"{OF_CREDIT}{credit_id}"


def message(kind: EarlyKind, id: str, amount: Money | None, command: Any) -> EarlyMessage:
    """What is to be kept of a command."""
    return EarlyMessage(kind=kind, id=id, amount=amount, transaction_date=command.transaction_date)


def keep(
    state: CreditAccount, charge_id: str, kept: EarlyMessage, otherwise: Refused
) -> tuple[Fact, ...]:
    """Keep a message once. Raises `otherwise` when another of its kind has its id."""
    early = state.charging.early.get(charge_id)
    known = early.find(kept.kind, kept.id) if early else None
    if known is not None:
        if known.amount == kept.amount:
            return ()
        raise otherwise
    if early is not None and len(early.messages) >= EARLY_MESSAGES_LIMIT:
        raise Refused("TOO_MANY_EARLY_MESSAGES", "what they belong to never came")
    return (_kept(state, charge_id, kept),)


def _kept(state: CreditAccount, place: str, kept: EarlyMessage) -> Fact:
    if kept.kind is EarlyKind.ADVICE and kept.amount is not None:
        return EarlyAdviceKept(
            account_id=state.account_id,
            customer_id=state.customer_id,
            charge_id=place,
            advice_id=kept.id,
            amount=kept.amount,
            transaction_date=kept.transaction_date,
        )
    if kept.kind is EarlyKind.REFUND_REVERSAL:
        return EarlyRefundReversalKept(
            account_id=state.account_id,
            customer_id=state.customer_id,
            refund_id=place.removeprefix(OF_REFUND),
            reversal_id=kept.id,
            amount=kept.amount,
            transaction_date=kept.transaction_date,
        )
    if kept.kind is EarlyKind.CREDIT_REVERSAL:
        return EarlyCreditReversalKept(
            account_id=state.account_id,
            customer_id=state.customer_id,
            credit_id=place.removeprefix(OF_CREDIT),
            reversal_id=kept.id,
            amount=kept.amount,
            transaction_date=kept.transaction_date,
        )
    return EarlyReversalKept(
        account_id=state.account_id,
        customer_id=state.customer_id,
        charge_id=place,
        reversal_id=kept.id,
        amount=kept.amount,
        transaction_date=kept.transaction_date,
    )
