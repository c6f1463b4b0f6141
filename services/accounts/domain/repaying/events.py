"""What can have happened to plans of payments."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.repaying.state import PlannedPayment


class SkipReason(StrEnum):
    """Why a payment of a plan is not drawn."""

    ASKED_FOR = "ASKED_FOR"
    NOTHING_OWED = "NOTHING_OWED"


@fact
class RepaymentPlanScheduled(Fact):
    """These payments are drawn on these days, together `total`."""

    account_id: str
    customer_id: str
    plan_id: str
    payments: tuple[PlannedPayment, ...]
    total: Money
    transaction_date: date


@fact
class RepaymentPlanChanged(Fact):
    """What is still to be drawn is another, together `total`; `change_id` tells a repetition."""

    account_id: str
    customer_id: str
    plan_id: str
    change_id: str
    payments: tuple[PlannedPayment, ...]
    total: Money
    transaction_date: date


@fact
class RepaymentSkipped(Fact):
    """A payment of a plan is not drawn."""

    account_id: str
    customer_id: str
    plan_id: str
    number: int
    amount: Money
    reason: SkipReason
    transaction_date: date


@fact
class RepaymentPlanCancelled(Fact):
    """Nothing more is drawn of a plan."""

    account_id: str
    customer_id: str
    plan_id: str
    transaction_date: date


@fact
class RepaymentPlanCompleted(Fact):
    """The last payment of a plan was drawn or skipped; `drawn` is what was drawn in all."""

    account_id: str
    customer_id: str
    plan_id: str
    drawn: Money
    transaction_date: date
