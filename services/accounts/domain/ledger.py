"""Double entry: which postings a fact has. They sum to zero in every currency, for every fact."""

from chassis.kernel.events import Fact
from services.accounts.domain import events
from services.accounts.domain.billing import postings as billing
from services.accounts.domain.charging import postings as charging
from services.accounts.domain.disputes import postings as disputes
from services.accounts.domain.double_entry import LedgerAccount, Posting, Postings, entry
from services.accounts.domain.transfers import postings as transfers

__all__ = ["FINANCIAL", "LedgerAccount", "Posting", "postings"]


def _cleared(fact: events.ChargeCleared) -> tuple[Posting, ...]:
    """The network is owed what it asked for; the mark-up on it is the house's."""
    account_id, markup = fact.account_id, fact.markup
    if markup is None:
        return entry(account_id, LedgerAccount.RECEIVABLE, LedgerAccount.SETTLEMENT, fact.amount)
    owed, earned = LedgerAccount.SETTLEMENT, LedgerAccount.FOREIGN_MARKUP_INCOME
    return (
        Posting(ledger_account=LedgerAccount.RECEIVABLE, account_id=account_id, amount=fact.amount),
        Posting(ledger_account=owed, account_id=account_id, amount=markup - fact.amount),
        Posting(ledger_account=earned, account_id=account_id, amount=-markup),
    )


def _refunded(fact: events.ChargeRefunded) -> tuple[Posting, ...]:
    debit, credit = LedgerAccount.SETTLEMENT, LedgerAccount.RECEIVABLE
    return entry(fact.account_id, debit, credit, fact.amount)


def _paid(fact: events.PaymentRecorded) -> tuple[Posting, ...]:
    return entry(fact.account_id, LedgerAccount.CASH, LedgerAccount.RECEIVABLE, fact.amount)


POSTINGS: Postings = {
    events.ChargeCleared: _cleared,
    events.ChargeRefunded: _refunded,
    events.PaymentRecorded: _paid,
    **charging.POSTINGS,
    **billing.POSTINGS,
    **disputes.POSTINGS,
    **transfers.POSTINGS,
}
"""Merged from the parts' tables."""

FINANCIAL = tuple(POSTINGS)
"""The facts that have postings."""


def postings(fact: Fact) -> tuple[Posting, ...]:
    """The entry of a fact; none where no money moves (a hold is no posting)."""
    found = POSTINGS.get(type(fact))
    return found(fact) if found else ()
