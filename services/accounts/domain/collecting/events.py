"""What can have happened to payments that are drawn from a bank."""

from datetime import date

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money


@fact
class PaymentInitiated(Fact):
    """A payment is to be drawn by whoever connects the banks: by autopay, by a plan, or because
    the holder asked; `source` says which. Nothing is credited yet."""

    account_id: str
    customer_id: str
    payment_id: str
    source: str
    amount: Money
    transaction_date: date


@fact
class PaymentSettled(Fact):
    """The bank has paid; the payment is recorded with it, as of the day on which it was
    initiated."""

    account_id: str
    customer_id: str
    payment_id: str
    source: str
    amount: Money
    initiated_on: date
    transaction_date: date


@fact
class PaymentCollectionFailed(Fact):
    """The bank does not pay; nothing had been credited."""

    account_id: str
    customer_id: str
    payment_id: str
    source: str
    amount: Money
    reason: str
    transaction_date: date
