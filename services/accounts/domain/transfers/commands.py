"""What can be asked about balance transfers."""

from datetime import date

from chassis.kernel.events import Command, command
from chassis.kernel.money import Money


@command
class TransferBalance(Command):
    """Take over a debt to another issuer; `digest` is a keyed hash of all that was asked for, the
    other number included, and `offer` the code of an offer, or empty."""

    account_id: str
    transfer_id: str
    creditor: str
    last_four: str
    sealed_number: str
    digest: str
    offer: str
    amount: Money
    transaction_date: date


@command
class ReturnBalanceTransfer(Command):
    """The other bank sent it back."""

    account_id: str
    transfer_id: str
    reason: str
    transaction_date: date
