"""The time limits of disputes: 12 CFR 1026.13, as a dated table."""

import calendar
from datetime import date, timedelta

from chassis.kernel.events import value
from services.accounts.domain.billing.terms import BillingTerms

SATURDAY = 5


@value
class DisputeRules:
    """The limits that apply to notices received from `effective_from` on, in days unless said.

    A notice counts until `notice_days` after its statement (b)(1); it is acknowledged within
    `acknowledge_days` (c)(1) and resolved within `resolve_cycles` complete cycles and
    `resolve_days` (c)(2); autopay leaves it out when it came `autopay_business_days` before (d)(1);
    what is owed after all is not reported for `report_days` at least (g)(3).
    """

    effective_from: date
    notice_days: int
    acknowledge_days: int
    resolve_days: int
    resolve_cycles: int
    autopay_business_days: int
    report_days: int


REGULATION_Z = (
    DisputeRules(
        effective_from=date(2011, 12, 30),
        notice_days=60,
        acknowledge_days=30,
        resolve_days=90,
        resolve_cycles=2,
        autopay_business_days=3,
        report_days=10,
    ),
)
"""Part 1026 took effect on 30 December 2011; a change of its limits is one more row."""


def rules_on(day: date) -> DisputeRules:
    """The rules in force on a day; before the first row, the first."""
    in_force = [rules for rules in REGULATION_Z if rules.effective_from <= day]
    return in_force[-1] if in_force else REGULATION_Z[0]


def cycle_end(terms: BillingTerms, day: date) -> date:
    """The close of the monthly cycle that a day is in."""
    last = calendar.monthrange(day.year, day.month)[1]
    close = day.replace(day=min(terms.cycle_day, last))
    if day <= close:
        return close
    following = day.replace(day=last) + timedelta(days=1)
    return cycle_end(terms, following)


def first_statement_on(terms: BillingTerms | None, posted_on: date) -> date | None:
    """The close of the cycle in which a charge was posted, where cycles are months."""
    if terms is None or terms.cycle_length_days:
        return None
    return cycle_end(terms, posted_on)


def resolve_by(rules: DisputeRules, terms: BillingTerms | None, received_on: date) -> date:
    """The last day on which a dispute may be resolved: the remainder of the cycle in which the
    notice came and so many full cycles after it (comment 13(c)(2)-1), but never later than the
    days allowed. Where cycles have so many days, they are counted from the notice: never late."""
    latest = received_on + timedelta(days=rules.resolve_days)
    if terms is None:
        return latest
    if terms.cycle_length_days:
        cycles = timedelta(days=terms.cycle_length_days * rules.resolve_cycles)
        return min(latest, received_on + cycles)
    close = cycle_end(terms, received_on)
    for _ in range(rules.resolve_cycles):
        close = cycle_end(terms, close + timedelta(days=1))
    return min(latest, close)


def is_in_time_for_autopay(rules: DisputeRules, received_on: date, scheduled_on: date) -> bool:
    """Whether a notice came early enough to be left out of a payment on a day (d)(1). Days from
    Monday to Friday are business days."""
    cut_off, left = scheduled_on, rules.autopay_business_days
    while left:
        cut_off -= timedelta(days=1)
        if cut_off.weekday() < SATURDAY:
            left -= 1
    return received_on <= cut_off
