"""Interest explained: one line for each day, balance and cause, adding up to what was charged."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from services.accounts.domain.billing.buckets import RateBook
from services.accounts.domain.billing.rounding import day_interest, half_up
from services.accounts.domain.billing.statement import InterestLine

ROUNDING = (
    "Interest is exact until it is charged; half a minor unit rounds up. Each line is the rounded "
    "sum of its balance up to and with it, less that of the lines before it."
)


def by_day(lines: Iterable[InterestLine], book: RateBook) -> Iterator[InterestLine]:
    """The lines of a statement, day by day; each line of several days adds up to the same."""
    sums: dict[str, int] = {}
    for line in lines:
        if line.days == 1:
            told = sums.get(line.bucket, 0)
            exact = _exact(line, book)
            sums[line.bucket] = told + exact
            yield line
            continue
        left = line.interest_minor
        for place in range(line.days):
            day = line.first_on + timedelta(days=place)
            before = sums.get(line.bucket, 0)
            sums[line.bucket] = before + _exact(replace(line, first_on=day), book)
            part = half_up(sums[line.bucket]) - half_up(before)
            if place == line.days - 1:
                part = left
            left -= part
            yield replace(line, first_on=day, days=1, interest_minor=part)


def _exact(line: InterestLine, book: RateBook) -> int:
    return day_interest(line.balance_minor, line.apr_basis_points, book.days_of_year(line.first_on))
