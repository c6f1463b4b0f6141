"""When cycles close and payments are due; whole months counted as people count them."""

import calendar
from datetime import date, timedelta

from services.accounts.domain.billing.terms import BillingTerms

DAY = timedelta(days=1)
GRACE_DAYS_LEAST = 21
"""12 CFR 1026.5(b)(2)(ii)."""
SHORTEST_MONTH_DAYS = 28
LAST_CYCLES = 2
"""So many cycles before the end of a promotion its balance is paid first: 1026.53(b)(1)(i)."""


def in_month(year: int, month: int, day: int) -> date:
    """The day of a month, or its last day where it has fewer."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    return in_month(day.year + years, month + 1, day.day)


def close_of(terms: BillingTerms, opened_on: date) -> date:
    """The last day of the cycle that begins on `opened_on`."""
    if terms.cycle_length_days:
        return opened_on + (terms.cycle_length_days - 1) * DAY
    close = in_month(opened_on.year, opened_on.month, terms.cycle_day)
    if close >= opened_on:
        return close
    following = months_later(opened_on.replace(day=1), 1)
    return in_month(following.year, following.month, terms.cycle_day)


def close_after(terms: BillingTerms, closed_on: date) -> date:
    """The last day of the cycle that follows one. Where the account went over to terms with another
    day of the month, it is rather longer than too short for the days of grace."""
    close = close_of(terms, closed_on + DAY)
    short = min(terms.grace_days, SHORTEST_MONTH_DAYS)
    if terms.cycle_length_days or close - closed_on >= short * DAY:
        return close
    return close_of(terms, close + DAY)


def in_last_two_cycles(terms: BillingTerms, opened_on: date, ends_on: date | None) -> bool:
    """Whether the cycle that begins on `opened_on` is one of the last two of a promotion that ends
    on `ends_on`. The one it ends in counts unless payment is due later in it (comment 53(b)-2)."""
    if ends_on is None:
        return False
    due_on, closed_on = due_of(terms, opened_on - DAY), close_of(terms, opened_on)
    for later in range(LAST_CYCLES + 1):
        if ends_on <= closed_on:
            return later < LAST_CYCLES or ends_on < due_on
        closed_on, due_on = close_after(terms, closed_on), due_of(terms, closed_on)
    return False


def due_of(terms: BillingTerms, closed_on: date) -> date:
    """When the payment of a cycle is due: never after the close of the next one. It is the same day
    of each month (12 CFR 1026.7(b)(11)), if need be with fewer days of grace, but never with fewer
    than 21."""
    due, latest = closed_on + terms.grace_days * DAY, close_after(terms, closed_on)
    if terms.due_day:
        first = due.replace(day=1)
        this = in_month(first.year, first.month, terms.due_day)
        following = months_later(first, 1)
        later = in_month(following.year, following.month, terms.due_day)
        soon = later > latest and this >= closed_on + GRACE_DAYS_LEAST * DAY
        due = this if this >= due or soon else later
    return min(due, latest)
