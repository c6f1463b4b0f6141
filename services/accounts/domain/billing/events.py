"""What can have happened to the billing of an account."""

from datetime import date

from chassis.kernel.events import Fact, fact, value
from chassis.kernel.money import Money
from services.accounts.domain.billing.buckets import Balance
from services.accounts.domain.billing.statement import Statement
from services.accounts.domain.billing.terms import AutopayKind, FeeKind
from services.accounts.domain.deferring.state import Accrual

# `available` and `balance` are those after the fact; `number` is that of the cycle it belongs to.


@fact
class InterestCharged(Fact):
    """The interest of a cycle, on its last day; the statement of the cycle explains it."""

    account_id: str
    customer_id: str
    number: int
    amount: Money
    by_bucket: tuple[Balance, ...]
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@value
class CorrectedInterest:
    """The interest of a closed cycle: as it was charged, and as it is by what is known now."""

    number: int
    bucket: str
    before_minor: int
    after_minor: int


@value
class RecalculatedCycle:
    """A closed cycle by what is known now."""

    number: int
    opening: tuple[Balance, ...]
    interest: tuple[Balance, ...]
    grace_before: bool
    streak: int
    deferred: tuple[Accrual, ...] = ()


@fact
class CyclesRecalculated(Fact):
    """Something back-dated changed closed cycles: the figures before and after. `cause_id` is the
    payment or refund that did it; `opening`, `grace` and `streak` are those of the open cycle."""

    account_id: str
    customer_id: str
    cause_id: str
    corrected: tuple[CorrectedInterest, ...]
    cycles: tuple[RecalculatedCycle, ...]
    opening: tuple[Balance, ...]
    grace: bool
    streak: int
    transaction_date: date


@fact
class InterestAdjusted(Fact):
    """The interest of closed cycles is another by what is known now; `amount` is the difference,
    negative where too much had been charged. `cause_id` is the payment or refund that did it."""

    account_id: str
    customer_id: str
    cause_id: str
    amount: Money
    corrected: tuple[CorrectedInterest, ...]
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class FeeCharged(Fact):
    """A fee; `event` names what it is for: there is one fee for one violation."""

    account_id: str
    customer_id: str
    fee_id: str
    kind: FeeKind
    event: str
    number: int
    amount: Money
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class FeeWaived(Fact):
    """All (asked for as 0) or part of a fee is given back."""

    account_id: str
    customer_id: str
    fee_id: str
    waiver_id: str
    kind: FeeKind
    asked_minor: int
    amount: Money
    reason: str
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class StatementCut(Fact):
    """A cycle is closed and told; `minimum` is due on `due_on`. `streak` counts the statements in
    a row whose purchases were paid in full; `deferred` accrued in the cycle and is not charged;
    `awaited_minor` may be paid later, since a dispute was lost."""

    account_id: str
    customer_id: str
    statement_id: str
    number: int
    opened_on: date
    closed_on: date
    due_on: date
    closing: Money
    minimum: Money
    past_due: Money
    streak: int
    disputed: tuple[Balance, ...] = ()
    deferred: tuple[Accrual, ...] = ()
    statement: Statement
    transaction_date: date
    awaited_minor: int = 0


@fact
class DueDatePassed(Fact):
    """The day after a due date: whether the minimum had been paid by then."""

    account_id: str
    customer_id: str
    number: int
    due_on: date
    minimum: Money
    paid: Money
    met: bool
    transaction_date: date


@fact
class DelinquencyAged(Fact):
    """The oldest minimum that was not paid is `days` past due by now: 1, 30, 60 …"""

    account_id: str
    customer_id: str
    days: int
    due_since: date
    past_due: Money
    transaction_date: date


@fact
class DelinquencyCured(Fact):
    """Nothing is past due any more."""

    account_id: str
    customer_id: str
    days: int
    transaction_date: date


@fact
class BillingAgendaSet(Fact):
    """The next day on which something is due on the account; None when nothing ever is."""

    account_id: str
    programme_id: str
    next_due_on: date | None


@fact
class AutopaySet(Fact):
    """What is collected on due dates from now on."""

    account_id: str
    customer_id: str
    kind: AutopayKind
    amount: Money
    transaction_date: date


@fact
class PaymentCollected(Fact):
    """A payment was drawn by itself, by autopay or by a plan; it is recorded with it."""

    account_id: str
    customer_id: str
    payment_id: str
    source: str
    amount: Money
    transaction_date: date


@fact
class PaymentReturned(Fact):
    """A payment came back unpaid: it is owed again, from the day on which it was credited. Of
    minimum payments `required_again` is: what no other payment has paid (None: as much as can
    be)."""

    account_id: str
    customer_id: str
    payment_id: str
    reason: str
    amount: Money
    credited_on: date
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date
    required_again: Money | None = None


@fact
class AutopaySkipped(Fact):
    """Nothing was left to collect on a due date."""

    account_id: str
    number: int
    transaction_date: date


@fact
class PenaltyRateImposed(Fact):
    """More than 60 days past due the penalty rate applies, or promotions are over, 45 days after it
    is told (1026.55(b)(4))."""

    account_id: str
    customer_id: str
    effective_from: date
    transaction_date: date


@fact
class PenaltyRateLifted(Fact):
    """Six minimum payments in a row were made: the rates are as before (1026.55(b)(4)(ii))."""

    account_id: str
    customer_id: str
    transaction_date: date


@fact
class PenaltyRateWithdrawn(Fact):
    """What was said to be more than 60 days late had come in time: the penalty never was to be."""

    account_id: str
    customer_id: str
    transaction_date: date


@fact
class AccountChargedOff(Fact):
    """What is owed is given up as lost; it may still be recovered."""

    account_id: str
    customer_id: str
    reason: str
    amount: Money
    days: int
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class RecoveryRecorded(Fact):
    """Something of what was charged off was paid after all."""

    account_id: str
    customer_id: str
    payment_id: str
    amount: Money
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class AnnualFeeSkipped(Fact):
    """No fee was charged for a year: the first year left no room for it, or fees are paused."""

    account_id: str
    due_on: date


@fact
class LimitChanged(Fact):
    """The credit limit is another. `change_id` is the change that was asked for; `decided_by` the
    person who decided it, empty where the rules did."""

    account_id: str
    customer_id: str
    change_id: str
    previous: Money
    limit: Money
    reason: str
    available: Money
    transaction_date: date
    decided_by: str = ""


@fact
class CreditBalanceRefunded(Fact):
    """What the account was in credit by was paid out to the holder."""

    account_id: str
    customer_id: str
    refund_id: str
    amount: Money
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class HardshipGranted(Fact):
    """No interest and no fees from one day to another, both included."""

    account_id: str
    customer_id: str
    starts_on: date
    ends_on: date
    reason: str
    transaction_date: date


@fact
class HardshipEnded(Fact):
    """Interest and fees are charged again."""

    account_id: str
    customer_id: str
    ended_on: date


@fact
class InstalmentPlanMade(Fact):
    """A purchase, or what is left of it, is paid off in so many months."""

    account_id: str
    customer_id: str
    plan_id: str
    charge_id: str
    principal: Money
    months: int
    apr_basis_points: int
    transaction_date: date
    posting_date: date
