"""The entries of billing: interest, fees, payments that came back, losses and recoveries."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing import events
from services.accounts.domain.deferring import events as deferring
from services.accounts.domain.double_entry import LedgerAccount, Posting, Postings, entry

_ACCOUNTS: dict[type[Fact], tuple[LedgerAccount, LedgerAccount]] = {
    events.InterestCharged: (LedgerAccount.RECEIVABLE, LedgerAccount.INTEREST_INCOME),
    events.InterestAdjusted: (LedgerAccount.RECEIVABLE, LedgerAccount.INTEREST_INCOME),
    deferring.DeferredInterestCharged: (LedgerAccount.RECEIVABLE, LedgerAccount.INTEREST_INCOME),
    deferring.DeferredInterestReversed: (LedgerAccount.INTEREST_INCOME, LedgerAccount.RECEIVABLE),
    events.FeeCharged: (LedgerAccount.RECEIVABLE, LedgerAccount.FEE_INCOME),
    events.FeeWaived: (LedgerAccount.FEE_INCOME, LedgerAccount.RECEIVABLE),
    events.PaymentReturned: (LedgerAccount.RECEIVABLE, LedgerAccount.CASH),
    events.AccountChargedOff: (LedgerAccount.CHARGE_OFF_LOSS, LedgerAccount.RECEIVABLE),
    events.CreditBalanceRefunded: (LedgerAccount.RECEIVABLE, LedgerAccount.CASH),
    events.RecoveryRecorded: (LedgerAccount.RECEIVABLE, LedgerAccount.RECOVERY_INCOME),
}
"""What is debited and credited by the amount of a fact."""


def _posts(debit: LedgerAccount, credit: LedgerAccount) -> Callable[[Any], tuple[Posting, ...]]:
    return lambda fact: entry(fact.account_id, debit, credit, fact.amount)


POSTINGS: Postings = {fact: _posts(*accounts) for fact, accounts in _ACCOUNTS.items()}
