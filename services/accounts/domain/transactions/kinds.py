"""What kinds of lines an account has; posted amounts by their signs add up to what is owed."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.events import Fact, value
from services.accounts.domain.billing import events as billing
from services.accounts.domain.charging import events as charging
from services.accounts.domain.deferring import events as deferring
from services.accounts.domain.disputes import events as disputes
from services.accounts.domain.ledger import LedgerAccount, postings
from services.accounts.domain.transfers import events as transfers

SIGNS = {
    "CHARGE": 1,
    "REFUND": -1,
    "PAYMENT": -1,
    "REFUND_REVERSAL": 1,
    "CREDIT": -1,
    "PAYMENT_RETURN": 1,
    "FEE": 1,
    "FEE_WAIVER": -1,
    "INTEREST": 1,
    "INTEREST_CREDIT": -1,
    "DISPUTE_CREDIT": -1,
    "DISPUTE_DEBIT": 1,
    "CREDIT_BALANCE_REFUND": 1,
    "CHARGE_OFF": -1,
    "RECOVERY": 1,
    "BALANCE_TRANSFER": 1,
    "BALANCE_TRANSFER_RETURN": -1,
    "CREDIT_REVERSAL": 1,
    "OTHER_DEBIT": 1,
    "OTHER_CREDIT": -1,
}
"""A debit adds to what is owed, a credit takes off it."""
SPENDING = ("CHARGE", "REFUND", "REFUND_REVERSAL", "DISPUTE_CREDIT", "DISPUTE_DEBIT")
"""What was bought, less what came back, for good or until a dispute is decided. Fees, interest and
money that only changes its place are no spending."""
COSTS = frozenset({"FEE", "FEE_WAIVER", "INTEREST", "INTEREST_CREDIT"})
"""What the house charges for its credit; their category is `fees`."""


def _nothing(fact: Any) -> str:
    return ""


@value
class Naming:
    """What a line is called when a fact adds to what is owed, and when it takes off it."""

    debit: str = "OTHER_DEBIT"
    credit: str = "OTHER_CREDIT"
    reason: Callable[[Any], str] = _nothing


_UNNAMED = Naming()
_FEES = Naming(debit="FEE", credit="FEE_WAIVER", reason=lambda fact: str(fact.kind))
_DEFERRED = Naming(debit="INTEREST", credit="INTEREST_CREDIT", reason=lambda fact: "DEFERRED")
NAMES: dict[type[Fact], Naming] = {
    charging.OriginalCreditReversed: Naming(reason=lambda fact: "CREDIT_REVERSED"),
    billing.InterestCharged: Naming(debit="INTEREST", credit="INTEREST_CREDIT"),
    billing.InterestAdjusted: Naming(
        debit="INTEREST", credit="INTEREST_CREDIT", reason=lambda fact: "RECALCULATED"
    ),
    deferring.DeferredInterestCharged: _DEFERRED,
    deferring.DeferredInterestReversed: _DEFERRED,
    charging.OriginalCreditReversed: Naming(debit="CREDIT_REVERSAL"),
    billing.FeeCharged: _FEES,
    billing.FeeWaived: _FEES,
    billing.PaymentReturned: Naming(debit="PAYMENT_RETURN"),
    billing.AccountChargedOff: Naming(credit="CHARGE_OFF"),
    billing.RecoveryRecorded: Naming(debit="RECOVERY"),
    billing.CreditBalanceRefunded: Naming(debit="CREDIT_BALANCE_REFUND"),
    transfers.BalanceTransferred: Naming(debit="BALANCE_TRANSFER"),
    transfers.BalanceTransferReturned: Naming(credit="BALANCE_TRANSFER_RETURN"),
    disputes.ProvisionalCreditGranted: Naming(
        debit="DISPUTE_DEBIT", credit="DISPUTE_CREDIT", reason=lambda fact: "PROVISIONAL"
    ),
    disputes.DisputeResolved: Naming(
        debit="DISPUTE_DEBIT", credit="DISPUTE_CREDIT", reason=lambda fact: str(fact.outcome)
    ),
}
"""How the lines of facts are called; a fact that nobody named has a line all the same."""


@value
class MoneyLine:
    """A line that a fact is by itself; the amount is positive."""

    kind: str
    reason: str
    amount_minor: int
    currency: str


def money_line(fact: Fact) -> MoneyLine | None:
    """The line of a fact by its postings; None where nothing more or less is owed after it."""
    owed = [
        line.amount for line in postings(fact) if line.ledger_account is LedgerAccount.RECEIVABLE
    ]
    signed = sum(amount.minor_units for amount in owed)
    if not signed:
        return None
    naming = NAMES.get(type(fact), _UNNAMED)
    return MoneyLine(
        kind=naming.debit if signed > 0 else naming.credit,
        reason=naming.reason(fact),
        amount_minor=abs(signed),
        currency=owed[0].currency,
    )
