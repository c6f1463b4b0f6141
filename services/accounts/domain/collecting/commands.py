"""What can be asked about payments that are drawn from a bank."""

from datetime import date

from chassis.kernel.events import Command, command
from chassis.kernel.money import Money
from services.accounts.domain.collecting.state import PaymentStatus


@command
class InitiatePayment(Command):
    """The holder wants to pay from a bank that has to confirm it."""

    account_id: str
    payment_id: str
    amount: Money
    transaction_date: date


@command
class ReportPayment(Command):
    """What became of a payment: SETTLED, or RETURNED with a reason, before or after that."""

    account_id: str
    payment_id: str
    outcome: PaymentStatus
    reason: str
    transaction_date: date
