"""What a programme says about billing: rates, fees with caps, cycle, minimum payment, grace."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from services.accounts.domain.collecting.state import Settlement
from services.accounts.domain.credit_lines.rules import CreditLineRules
from services.accounts.domain.transfers.offers import TransferOffer


class BalanceType(StrEnum):
    """What a balance came from; FEE is what fees were charged, DEFERRED purchases under a
    deferred-interest promotion."""

    PURCHASE = "PURCHASE"
    CASH_ADVANCE = "CASH_ADVANCE"
    BALANCE_TRANSFER = "BALANCE_TRANSFER"
    FEE = "FEE"
    DEFERRED = "DEFERRED"


class RateKind(StrEnum):
    """STANDARD always applies, PROMO instead of it for a time, PENALTY after 60 days past due."""

    STANDARD = "STANDARD"
    PROMO = "PROMO"
    PENALTY = "PENALTY"


class InterestMethod(StrEnum):
    """Average daily balance, or each day's interest added to the balance of the next."""

    AVERAGE_DAILY_BALANCE = "AVERAGE_DAILY_BALANCE"
    DAILY_COMPOUNDING = "DAILY_COMPOUNDING"


class DayCount(StrEnum):
    """How many days a year has: 365 always, or as many as the calendar says."""

    FIXED_365 = "FIXED_365"
    ACTUAL = "ACTUAL"


class FeeKind(StrEnum):
    """What a fee is for. The first three are for violations (12 CFR 1026.52(b))."""

    LATE = "LATE"
    RETURNED_PAYMENT = "RETURNED_PAYMENT"
    OVER_LIMIT = "OVER_LIMIT"
    ANNUAL = "ANNUAL"
    CASH_ADVANCE = "CASH_ADVANCE"
    FOREIGN = "FOREIGN"
    BALANCE_TRANSFER = "BALANCE_TRANSFER"
    INSTALMENT_PLAN = "INSTALMENT_PLAN"


PENALTY_FEES = (FeeKind.LATE, FeeKind.RETURNED_PAYMENT, FeeKind.OVER_LIMIT)


class MinimumOrder(StrEnum):
    """To which balances the minimum payment goes; fees are always paid first."""

    LOWEST_APR_FIRST = "LOWEST_APR_FIRST"
    HIGHEST_APR_FIRST = "HIGHEST_APR_FIRST"


class AutopayKind(StrEnum):
    """What is collected by itself on the due date."""

    NONE = "NONE"
    MINIMUM = "MINIMUM"
    STATEMENT = "STATEMENT"
    FIXED = "FIXED"


@value
class Rate:
    """An annual rate in basis points, on every day from `effective_from` (None: always) to
    `effective_until` inclusive, or for so many months from the opening of the account."""

    balance_type: BalanceType
    kind: RateKind = RateKind.STANDARD
    apr_basis_points: int
    effective_from: date | None = None
    effective_until: date | None = None
    months_from_opening: int = 0


@value
class Fee:
    """`amount_minor`, or that share of the amount if it is more. `repeated_minor` (0: the same)
    is for a violation of the same kind in the same cycle or one of the next six."""

    kind: FeeKind
    amount_minor: int = 0
    basis_points: int = 0
    repeated_minor: int = 0
    effective_from: date | None = None


@value
class FeeCap:
    """The most a fee may be from a date on: the first time, and when it is repeated."""

    kind: FeeKind
    effective_from: date
    first_minor: int
    repeated_minor: int


@value
class MinimumPaymentRule:
    """The larger of `floor_minor` and the sum of a share of the balance and, where said, interest
    and fees of the cycle; never more than the balance. What is past due comes on top."""

    floor_minor: int
    basis_points: int = 0
    includes_interest: bool = False
    includes_fees: bool = False


@value
class InstalmentProduct:
    """Purchases may be paid off in so many months at this rate, for a fee of so many points."""

    months: int
    apr_basis_points: int = 0
    fee_basis_points: int = 0
    least_amount_minor: int = 0


@value
class DeferredPromotion:
    """Purchases made between two days (None: any) bear no interest if they are paid in full by the
    last day, so many months after the transaction or on `ends_on`; otherwise from the transaction
    date on. Without a rate of its own it is that of purchases. At `merchant_ids` every purchase is
    under it by itself. `ends_past_due`: it ends early when a payment is more than 60 days late
    (1026.55(b)(4))."""

    code: str
    months: int = 0
    ends_on: date | None = None
    apr_basis_points: int = 0
    offered_from: date | None = None
    offered_until: date | None = None
    least_amount_minor: int = 0
    merchant_ids: tuple[str, ...] = ()
    ends_past_due: bool = False


@value
class BillingTerms:
    """The billing of a programme; amounts are in minor units of its currency.

    A cycle closes each month on `cycle_day` (31: the last day) or, where `cycle_length_days` is
    given, so many days after the one before. The minimum is due on the first `due_day` of a month
    (0: any day) at least `grace_days` after the close. Purchases have grace; others bear interest
    from their posting date. `promotions_end_past_due`: lower rates for a time end as a penalty.
    """

    rates: tuple[Rate, ...]
    minimum_payment: MinimumPaymentRule
    fees: tuple[Fee, ...] = ()
    fee_caps: tuple[FeeCap, ...] = ()
    interest_method: InterestMethod = InterestMethod.AVERAGE_DAILY_BALANCE
    day_count: DayCount = DayCount.FIXED_365
    cycle_day: int = 31
    cycle_length_days: int = 0
    grace_days: int = 25
    due_day: int = 0
    grace_regained_after_statements: int = 1
    fees_bear_interest: bool = False
    minimum_order: MinimumOrder = MinimumOrder.LOWEST_APR_FIRST
    autopay: AutopayKind = AutopayKind.NONE
    autopay_fixed_minor: int = 0
    charge_off_after_days: int = 180
    first_year_fee_limit_basis_points: int = 2_500
    cash_advance_mccs: tuple[str, ...] = ("6010", "6011")
    instalment_products: tuple[InstalmentProduct, ...] = ()
    deferred_promotions: tuple[DeferredPromotion, ...] = ()
    credit_line: CreditLineRules | None = None
    transfer_offers: tuple[TransferOffer, ...] = ()
    settlement: Settlement = Settlement.IMMEDIATE
    promotions_end_past_due: bool = False

    @property
    def has_penalty(self) -> bool:
        """Whether rates rise when a payment is more than 60 days late (1026.55(b)(4))."""
        return self.promotions_end_past_due or any(e.kind is RateKind.PENALTY for e in self.rates)


REGULATION_Z_CAPS = tuple(
    FeeCap(kind=kind, effective_from=since, first_minor=first, repeated_minor=repeated)
    for kind in PENALTY_FEES
    for since, first, repeated in ((date(2010, 8, 22), 2_500, 3_500),)
)
"""The safe harbours of 12 CFR 1026.52(b)(1)(ii) in US cents; each adjustment is one more row."""
