"""What can be asked about deferred-interest promotions."""

from datetime import date

from chassis.kernel.events import Command, command


@command
class DeferPurchase(Command):
    """Put a purchase of the open cycle under a promotion of the programme."""

    account_id: str
    deferral_id: str
    charge_id: str
    promotion_code: str
    transaction_date: date


@command
class DirectPayment(Command):
    """What a payment is above the minimum goes to a deferred balance first, as its holder asks."""

    account_id: str
    payment_id: str
    deferral_id: str
    transaction_date: date
