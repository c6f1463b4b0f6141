"""What can be asked about plans of payments."""

from datetime import date

from chassis.kernel.events import Command, command
from services.accounts.domain.repaying.state import PlannedPayment


@command
class ScheduleRepayments(Command):
    """Draw these payments on these days."""

    account_id: str
    plan_id: str
    payments: tuple[PlannedPayment, ...]
    transaction_date: date


@command
class ChangeRepayments(Command):
    """Draw these payments instead of what is still to be drawn."""

    account_id: str
    plan_id: str
    change_id: str
    payments: tuple[PlannedPayment, ...]
    transaction_date: date


@command
class SkipRepayment(Command):
    """Do not draw one of them."""

    account_id: str
    plan_id: str
    number: int
    transaction_date: date


@command
class CancelRepayments(Command):
    """Draw nothing more."""

    account_id: str
    plan_id: str
    transaction_date: date
