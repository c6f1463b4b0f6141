"""What can have happened about balance transfers."""

from datetime import date

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money


@fact
class BalanceTransferred(Fact):
    """A debt to another issuer is taken over and owed here. `sealed_number` is ciphertext under
    the holder's own key; `offer` is empty, and `ends_on` None, where no offer was taken."""

    account_id: str
    customer_id: str
    transfer_id: str
    creditor: str
    last_four: str
    sealed_number: str
    digest: str
    offer: str
    bucket: str
    apr_basis_points: int
    ends_on: date | None
    amount: Money
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class BalanceTransferDeclined(Fact):
    """A debt is not taken over."""

    account_id: str
    customer_id: str
    transfer_id: str
    creditor: str
    last_four: str
    digest: str
    amount: Money
    reason: str
    available: Money
    transaction_date: date


@fact
class BalanceTransferReturned(Fact):
    """The other bank sent it back: nothing of it is owed, from the day on which it was posted."""

    account_id: str
    customer_id: str
    transfer_id: str
    bucket: str
    reason: str
    amount: Money
    credited_on: date
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date
