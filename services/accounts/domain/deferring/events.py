"""What can have happened to deferred-interest balances."""

from datetime import date

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money


@fact
class PurchaseDeferred(Fact):
    """A purchase is under a promotion: no interest if it is paid in full by `ends_on`, otherwise
    from `accrues_from` on. `entries` are what of the open cycle it is made of; `accrued_exact`
    accrued before they were booked."""

    account_id: str
    customer_id: str
    deferral_id: str
    charge_id: str
    promotion_code: str
    principal: Money
    apr_basis_points: int
    accrues_from: date
    ends_on: date
    entries: tuple[str, ...]
    accrued_exact: int
    transaction_date: date
    ends_past_due: bool = False


@fact
class DeferredInterestCharged(Fact):
    """The balance was not paid in full by the end of its promotion: what accrued is charged."""

    account_id: str
    customer_id: str
    deferral_id: str
    accrued_from: date
    ends_on: date
    amount: Money
    disputed: Money
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class DeferredInterestWaived(Fact):
    """The balance was paid in full by the end of its promotion: what accrued is never charged."""

    account_id: str
    customer_id: str
    deferral_id: str
    ends_on: date
    amount: Money
    disputed: Money
    transaction_date: date


@fact
class DeferredInterestReversed(Fact):
    """A back-dated credit shows that less was to be charged at the end of a promotion."""

    account_id: str
    customer_id: str
    deferral_id: str
    ends_on: date
    amount: Money
    disputed: Money
    available: Money
    balance: Money
    transaction_date: date
    posting_date: date


@fact
class PaymentDirected(Fact):
    """What a payment is above the minimum goes to a deferred balance first (1026.53(b)(1)(ii))."""

    account_id: str
    customer_id: str
    payment_id: str
    deferral_id: str
    transaction_date: date


@fact
class DeferralShortened(Fact):
    """A payment is more than 60 days late: the promotion, promised until `promised_until`, is to be
    over after `ends_on`, when the time of notice is (12 CFR 1026.55(b)(4), 1026.9(g))."""

    account_id: str
    customer_id: str
    deferral_id: str
    promised_until: date
    ends_on: date
    transaction_date: date


@fact
class DeferralResumed(Fact):
    """A promotion that was cut short goes on from `resumes_on` until `ends_on`. What was charged at
    its end stays charged, unless it goes on from the day on which it was to be over."""

    account_id: str
    customer_id: str
    deferral_id: str
    resumes_on: date
    ends_on: date
    transaction_date: date
