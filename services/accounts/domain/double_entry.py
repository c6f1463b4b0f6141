"""What an entry of the ledger is made of; the POSTINGS of a part say which each fact has."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from chassis.kernel.events import Fact, value
from chassis.kernel.money import Money


class LedgerAccount(StrEnum):
    """The ledger's accounts. RECEIVABLE: what holders owe, one sub-account per credit account.
    SETTLEMENT: what is owed to the card network. CASH: what holders have paid in."""

    RECEIVABLE = "RECEIVABLE"
    SETTLEMENT = "SETTLEMENT"
    CASH = "CASH"
    FOREIGN_MARKUP_INCOME = "FOREIGN_MARKUP_INCOME"
    """What charges in another currency bring in."""
    DISPUTE_RECEIVABLE = "DISPUTE_RECEIVABLE"
    """What was credited to holders until their disputes are decided."""
    DISPUTE_LOSS = "DISPUTE_LOSS"
    """What the house bore of disputes that it could not win back."""
    INTEREST_INCOME = "INTEREST_INCOME"
    FEE_INCOME = "FEE_INCOME"
    CHARGE_OFF_LOSS = "CHARGE_OFF_LOSS"
    """What was given up of what holders owe."""
    RECOVERY_INCOME = "RECOVERY_INCOME"
    """What was paid of it after all."""


@value
class Posting:
    """One line of an entry; a debit is positive, a credit negative. `account_id` is the credit
    account it belongs to, on every line, so that each can be explained."""

    ledger_account: LedgerAccount
    account_id: str
    amount: Money


Postings = dict[type[Fact], Callable[[Any], tuple[Posting, ...]]]
"""Fact → the entry it has."""


def entry(
    account_id: str, debit: LedgerAccount, credit: LedgerAccount, amount: Money
) -> tuple[Posting, ...]:
    """An entry of two lines."""
    return (
        Posting(ledger_account=debit, account_id=account_id, amount=amount),
        Posting(ledger_account=credit, account_id=account_id, amount=-amount),
    )
