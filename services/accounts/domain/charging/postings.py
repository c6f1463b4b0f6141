"""The entries of credits: what merchants and senders give back, and take away again."""

from services.accounts.domain.charging import events
from services.accounts.domain.double_entry import LedgerAccount, Posting, Postings, entry


def _reversed(fact: events.RefundReversed | events.OriginalCreditReversed) -> tuple[Posting, ...]:
    debit, credit = LedgerAccount.RECEIVABLE, LedgerAccount.SETTLEMENT
    return entry(fact.account_id, debit, credit, fact.amount)


def _sent(fact: events.OriginalCreditPosted) -> tuple[Posting, ...]:
    debit, credit = LedgerAccount.SETTLEMENT, LedgerAccount.RECEIVABLE
    return entry(fact.account_id, debit, credit, fact.amount)


POSTINGS: Postings = {
    events.RefundReversed: _reversed,
    events.OriginalCreditPosted: _sent,
    events.OriginalCreditReversed: _reversed,
}
