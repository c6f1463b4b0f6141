"""Double entry: which postings a fact has. They sum to zero in every currency, for every fact."""

from enum import StrEnum

from chassis.kernel.events import Fact, value
from chassis.kernel.money import Money
from services.accounts.domain import events


class LedgerAccount(StrEnum):
    """The ledger's accounts. RECEIVABLE: what holders owe, one sub-account per credit account.
    SETTLEMENT: what is owed to the card network. CASH: what holders have paid in.
    FOREIGN_MARKUP_INCOME: what charges in another currency bring in."""

    RECEIVABLE = "RECEIVABLE"
    SETTLEMENT = "SETTLEMENT"
    CASH = "CASH"
    FOREIGN_MARKUP_INCOME = "FOREIGN_MARKUP_INCOME"


@value
class Posting:
    """One line of an entry; a debit is positive, a credit negative. `account_id` is the credit
    account it belongs to, on every line, so that each can be explained."""

    ledger_account: LedgerAccount
    account_id: str
    amount: Money


def postings(fact: Fact) -> tuple[Posting, ...]:
    """The entry of a fact; none where no money moves (a hold is no posting)."""
    match fact:
        case events.ChargeCleared():
            return _cleared(fact)
        case events.ChargeRefunded():
            return _entry(
                fact.account_id, LedgerAccount.SETTLEMENT, LedgerAccount.RECEIVABLE, fact.amount
            )
        case events.PaymentRecorded():
            return _entry(
                fact.account_id, LedgerAccount.CASH, LedgerAccount.RECEIVABLE, fact.amount
            )
        case _:
            return ()


FINANCIAL = (events.ChargeCleared, events.ChargeRefunded, events.PaymentRecorded)
"""The facts that have postings."""


def _cleared(fact: events.ChargeCleared) -> tuple[Posting, ...]:
    """The network is owed what it asked for; the mark-up on it is the house's."""
    account_id, markup = fact.account_id, fact.markup
    if markup is None:
        return _entry(account_id, LedgerAccount.RECEIVABLE, LedgerAccount.SETTLEMENT, fact.amount)
    owed, earned = LedgerAccount.SETTLEMENT, LedgerAccount.FOREIGN_MARKUP_INCOME
    return (
        Posting(ledger_account=LedgerAccount.RECEIVABLE, account_id=account_id, amount=fact.amount),
        Posting(ledger_account=owed, account_id=account_id, amount=markup - fact.amount),
        Posting(ledger_account=earned, account_id=account_id, amount=-markup),
    )


def _entry(
    account_id: str, debit: LedgerAccount, credit: LedgerAccount, amount: Money
) -> tuple[Posting, ...]:
    return (
        Posting(ledger_account=debit, account_id=account_id, amount=amount),
        Posting(ledger_account=credit, account_id=account_id, amount=-amount),
    )
