"""What can be asked about the billing of an account."""

from datetime import date

from chassis.kernel.events import Command, command
from chassis.kernel.money import Money
from services.accounts.domain.billing.terms import AutopayKind


@command
class ProcessBillingDay(Command):
    """Do everything that is due up to and with a business date, in order, each at most once."""

    account_id: str
    business_date: date


@command
class SetAutopay(Command):
    """Choose what is collected on due dates; `amount` is for FIXED."""

    account_id: str
    kind: AutopayKind
    amount: Money | None = None
    transaction_date: date


@command
class ReturnPayment(Command):
    """A payment came back unpaid."""

    account_id: str
    payment_id: str
    reason: str
    transaction_date: date
    posting_date: date


@command
class WaiveFee(Command):
    """Give back all or, where `amount` is told, part of a fee."""

    account_id: str
    fee_id: str
    waiver_id: str
    amount: Money | None = None
    reason: str
    transaction_date: date


@command
class ChangeCreditLine(Command):
    """Set another limit."""

    account_id: str
    change_id: str
    limit: Money
    reason: str
    by: str
    transaction_date: date


@command
class RefundCreditBalance(Command):
    """Pay out what the account is in credit by."""

    account_id: str
    refund_id: str
    transaction_date: date


@command
class GrantHardship(Command):
    """Pause interest and fees on so many days from today on."""

    account_id: str
    days: int
    reason: str
    transaction_date: date


@command
class AgreeInstalmentPlan(Command):
    """Pay a purchase off in so many months."""

    account_id: str
    plan_id: str
    charge_id: str
    months: int
    transaction_date: date
