"""Whether a holder can pay (12 CFR 1026.51(a)), and what else stands against a higher limit."""

from datetime import date
from enum import StrEnum

from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.buckets import PURCHASE
from services.accounts.domain.billing.calendar import months_later
from services.accounts.domain.billing.fees import scheduled
from services.accounts.domain.billing.rounding import BASIS_POINTS, half_up, share
from services.accounts.domain.billing.state import Billing
from services.accounts.domain.billing.terms import BillingTerms, FeeKind, RateKind
from services.accounts.domain.credit_lines.rules import CreditLineRules
from services.accounts.domain.values import AccountStatus

MONTHS_OF_YEAR = 12
LONGEST_CYCLE_DAYS, DAYS_OF_YEAR = 31, 365
YOUNG_YEARS = 21


class Objection(StrEnum):
    """Why a limit is not raised."""

    ACCOUNT_NOT_ACTIVE = "ACCOUNT_NOT_ACTIVE"
    PAYMENTS_PAST_DUE = "PAYMENTS_PAST_DUE"
    INTEREST_AND_FEES_PAUSED = "INTEREST_AND_FEES_PAUSED"
    ACCOUNT_TOO_NEW = "ACCOUNT_TOO_NEW"
    CHANGED_RECENTLY = "CHANGED_RECENTLY"
    ABOVE_LARGEST_LIMIT = "ABOVE_LARGEST_LIMIT"
    INCOME_UNKNOWN = "INCOME_UNKNOWN"
    PAYMENTS_TOO_HIGH_FOR_INCOME = "PAYMENTS_TOO_HIGH_FOR_INCOME"


def capacity(rules: CreditLineRules, income_minor: int, obligations_minor: int) -> int:
    """What can be paid in a month: a share of a year's income, less what is paid to others: the
    ratio of debt obligations to income of 12 CFR 1026.51(a)(1)(ii)."""
    month = income_minor * rules.payments_of_income_basis_points // BASIS_POINTS // MONTHS_OF_YEAR
    return max(0, month - obligations_minor)


def minimum_at(billing: Billing, terms: BillingTerms, limit_minor: int, day: date) -> int:
    """The minimum payment if all of a limit is used from the first day of a cycle on, at the rate
    of purchases after any promotion, with the annual fee: the safe harbour of
    12 CFR 1026.51(a)(2)(ii) and of its comments 2 and 3."""
    rule = terms.minimum_payment
    part = share(limit_minor, rule.basis_points)
    if rule.includes_interest:
        yearly = limit_minor * _apr(billing, terms, day) * LONGEST_CYCLE_DAYS
        part += half_up(yearly, BASIS_POINTS * DAYS_OF_YEAR)
    if rule.includes_fees:
        fee = scheduled(terms, FeeKind.ANNUAL, day)
        part += fee.amount_minor if fee else 0
    return min(limit_minor, max(part, rule.floor_minor))


def _apr(billing: Billing, terms: BillingTerms, day: date) -> int:
    """The rate of purchases as it is now, or after a promotion if that is higher."""
    standard = [
        each.apr_basis_points
        for each in terms.rates
        if each.kind is RateKind.STANDARD
        and each.balance_type == PURCHASE
        and (each.effective_from is None or each.effective_from <= day)
        and (each.effective_until is None or day <= each.effective_until)
    ]
    return max([billing.book(terms).apr(PURCHASE, day), *standard])


def is_able(
    billing: Billing, terms: BillingTerms, rules: CreditLineRules, limit_minor: int, day: date
) -> Objection | None:
    """Nothing, where the payments of a limit are within what the holder can pay as last told."""
    line = billing.credit_line
    told = line.capacity_on
    if told is None or day > months_later(told, rules.income_good_for_months):
        return Objection.INCOME_UNKNOWN
    if minimum_at(billing, terms, limit_minor, day) > line.capacity_minor:
        return Objection.PAYMENTS_TOO_HIGH_FOR_INCOME
    return None


def objections(
    state: CreditAccount, terms: BillingTerms, rules: CreditLineRules, limit: int, day: date
) -> tuple[Objection, ...]:
    """Everything that stands against raising the limit so far."""
    billing = state.billing
    since = billing.opened_on or day
    changed, bound = billing.credit_line.changed_on, rules.largest_limit_minor
    able = is_able(billing, terms, rules, limit, day)
    found = {
        Objection.ACCOUNT_NOT_ACTIVE: state.status is not AccountStatus.ACTIVE,
        Objection.PAYMENTS_PAST_DUE: billing.delinquency_days or billing.past_due_minor(day),
        Objection.INTEREST_AND_FEES_PAUSED: billing.paused,
        Objection.ACCOUNT_TOO_NEW: day < months_later(since, rules.least_age_months),
        Objection.CHANGED_RECENTLY: changed
        and day < months_later(changed, rules.months_between_changes),
        Objection.ABOVE_LARGEST_LIMIT: bound and limit > bound,
    }
    return (*(each for each, so in found.items() if so), *([able] if able else []))
