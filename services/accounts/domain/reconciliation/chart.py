"""The chart of accounts: under which code and side the general ledger knows each account."""

from enum import StrEnum

from chassis.kernel.events import value


class AccountType(StrEnum):
    """What kind of account it is; the normal side of the first and last is debit."""

    ASSET = "ASSET"
    LIABILITY = "LIABILITY"
    INCOME = "INCOME"
    EXPENSE = "EXPENSE"


@value
class ChartLine:
    """One account of the general ledger. `code` is of four digits: 1 assets, 2 liabilities,
    4 income, 5 expenses."""

    ledger_account: str
    code: str
    name: str
    type: AccountType

    @property
    def normal_debit(self) -> bool:
        """Whether its balance is usually a debit."""
        return self.type in (AccountType.ASSET, AccountType.EXPENSE)


_A, _L, _I, _E = AccountType.ASSET, AccountType.LIABILITY, AccountType.INCOME, AccountType.EXPENSE
_LINES = (
    ("CASH", "1000", "Cash", _A),
    ("RECEIVABLE", "1100", "Cardholder receivables", _A),
    ("DISPUTE_RECEIVABLE", "1200", "Receivable from card networks on disputes", _A),
    ("SETTLEMENT", "2100", "Owed to card networks", _L),
    ("REFUND_PAYABLE", "2200", "Credit balances to be paid out", _L),
    ("INTEREST_INCOME", "4100", "Interest income", _I),
    ("FEE_INCOME", "4200", "Fee income", _I),
    ("FOREIGN_MARKUP_INCOME", "4300", "Mark-up on charges in other currencies", _I),
    ("RECOVERY_INCOME", "4400", "Recoveries of charged-off balances", _I),
    ("CHARGE_OFF_LOSS", "5100", "Charged-off balances", _E),
    ("DISPUTE_LOSS", "5200", "Disputes written off", _E),
    ("GOODWILL", "5300", "Goodwill credits", _E),
)
CHART = {
    name: ChartLine(ledger_account=name, code=code, name=text, type=type)
    for name, code, text, type in _LINES
}
"""By the names of LedgerAccount; a test says when one has no code."""
