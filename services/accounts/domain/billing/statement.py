"""A statement: everything that was told about a cycle, as one value that never changes."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from services.accounts.domain.billing.terms import BalanceType


class LineKind(StrEnum):
    """What an entry of an account is."""

    CHARGE = "CHARGE"
    REFUND = "REFUND"
    CREDIT = "CREDIT"
    PAYMENT = "PAYMENT"
    PAYMENT_RETURNED = "PAYMENT_RETURNED"
    BALANCE_TRANSFER = "BALANCE_TRANSFER"
    FEE = "FEE"
    FEE_WAIVED = "FEE_WAIVED"
    INTEREST = "INTEREST"
    INTEREST_ADJUSTED = "INTEREST_ADJUSTED"
    CREDIT_REFUNDED = "CREDIT_REFUNDED"
    CHARGED_OFF = "CHARGED_OFF"


class InterestCause(StrEnum):
    """Why a balance bears interest on a day. NO_GRACE: balances of its type never have grace.
    GRACE_LOST: what was not paid by the due date. CARRIED: owed since an earlier cycle without
    grace. NEW_WITHOUT_GRACE: bought in the cycle while the statement before was not paid.
    DEFERRAL_ENDED: a deferred balance that was not paid by the end of its promotion."""

    NO_GRACE = "NO_GRACE"
    GRACE_LOST = "GRACE_LOST"
    CARRIED = "CARRIED"
    NEW_WITHOUT_GRACE = "NEW_WITHOUT_GRACE"
    FEE = "FEE"
    INSTALMENT_PLAN = "INSTALMENT_PLAN"
    DEFERRAL_ENDED = "DEFERRAL_ENDED"


class GraceStatus(StrEnum):
    """KEPT: purchases of the cycle bore no interest. LOST: they did."""

    KEPT = "KEPT"
    LOST = "LOST"


@value
class StatementLine:
    """One entry booked in the cycle; a debit is positive. `effective_on` is before the cycle for
    what was back-dated. `description` is a merchant's name or empty. A payment has a `bucket` where
    its holder wants it to go there first."""

    entry_id: str
    kind: LineKind
    reason: str = ""
    bucket: str = ""
    amount_minor: int
    transaction_date: date
    posting_date: date
    effective_on: date
    description: str = ""
    charge_id: str = ""


@value
class BalanceLine:
    """One balance in the cycle. opening + debits - credits + interest = closing. `bucket` is the
    balance type, with `/` and an id for a plan or a deferral, `~` and a number for what keeps an
    earlier rate. `credits_minor` is what payments, refunds and waivers took off it. The average is
    of the days that bore interest."""

    bucket: str
    balance_type: BalanceType
    plan_id: str = ""
    opening_minor: int
    debits_minor: int
    credits_minor: int
    interest_minor: int
    closing_minor: int
    average_daily_balance_minor: int
    days: int
    apr_basis_points: int


@value
class InterestLine:
    """Interest of a bucket for one cause, on `days` days from `first_on` on which balance and rate
    were the same. The lines of a bucket add up to its interest; see `rounding.py`."""

    bucket: str
    cause: InterestCause
    first_on: date
    days: int
    balance_minor: int
    apr_basis_points: int
    interest_minor: int


@value
class MinimumPayment:
    """What must be paid by the due date, and of what it is made: `regular_minor` by the rule,
    instalments of plans, and what was past due before. Disputed amounts are left out."""

    total_minor: int = 0
    regular_minor: int = 0
    instalments_minor: int = 0
    past_due_minor: int = 0


@value
class PayoffDisclosure:
    """12 CFR 1026.7(b)(12): how long the minimum payment takes and what it costs in all, and the
    payment that takes 36 months. `minimum_months` is 0 where it never pays the balance off; the
    36-month figures are 0 where they need not be told."""

    minimum_months: int = 0
    minimum_total_minor: int = 0
    monthly_for_36_minor: int = 0
    total_for_36_minor: int = 0
    savings_minor: int = 0
    never_pays_off: bool = False


@value
class DeferredBalance:
    """A balance that must be paid in full by `ends_on` to avoid what accrues on it from
    `accrues_from` on (12 CFR 1026.7(b)(14)): `accrued_minor` by now, `interest_minor` of it in
    this cycle. Neither is charged or owed yet."""

    deferral_id: str
    charge_id: str
    promotion_code: str
    ends_on: date
    accrues_from: date
    apr_basis_points: int
    balance_minor: int
    interest_minor: int
    accrued_minor: int


@value
class Statement:
    """A cycle as it was told. closing = opening + purchases + cash advances + balance transfers +
    other debits (returned payments, credit refunded) - refunds - payments + fees + interest, where
    fees are net of waivers and interest of adjustments; `balances` and `interest` explain it.

    `statement_id` is `<account>-<number>`; amounts are minor units of `currency`.
    """

    statement_id: str
    account_id: str
    number: int
    currency: str
    opened_on: date
    closed_on: date
    due_on: date
    limit_minor: int
    opening_minor: int
    closing_minor: int
    purchases_minor: int
    cash_advances_minor: int
    balance_transfers_minor: int
    refunds_minor: int
    other_debits_minor: int
    payments_minor: int
    fees_minor: int
    interest_minor: int
    disputed_minor: int = 0
    grace: GraceStatus
    minimum: MinimumPayment
    payoff: PayoffDisclosure
    balances: tuple[BalanceLine, ...] = ()
    lines: tuple[StatementLine, ...] = ()
    interest: tuple[InterestLine, ...] = ()
    year_to_date_fees_minor: int = 0
    year_to_date_interest_minor: int = 0
    deferred: tuple[DeferredBalance, ...] = ()
