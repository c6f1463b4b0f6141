"""The entries of balance transfers: the house pays the other issuer, or is paid back."""

from services.accounts.domain.double_entry import LedgerAccount, Posting, Postings, entry
from services.accounts.domain.transfers import events


def _transferred(fact: events.BalanceTransferred) -> tuple[Posting, ...]:
    return entry(fact.account_id, LedgerAccount.RECEIVABLE, LedgerAccount.CASH, fact.amount)


def _returned(fact: events.BalanceTransferReturned) -> tuple[Posting, ...]:
    return entry(fact.account_id, LedgerAccount.CASH, LedgerAccount.RECEIVABLE, fact.amount)


POSTINGS: Postings = {
    events.BalanceTransferred: _transferred,
    events.BalanceTransferReturned: _returned,
}
