"""Payments are due on the same day of each month: 12 CFR 1026.7(b)(11)(i)(A), 1026.5(b)(2)(ii)."""

from dataclasses import replace
from datetime import date

import pytest

from services.accounts.domain.billing.calendar import close_after, due_of
from services.accounts.tests.billing_stories import STANDARD


@pytest.mark.parametrize(
    ("cycle_day", "due_day", "closed_on", "due_on"),
    [
        (15, 10, date(2027, 1, 15), date(2027, 2, 10)),
        # 25 days after the close of February are after the 10th, 21 days are not.
        (15, 10, date(2027, 2, 15), date(2027, 3, 10)),
        (15, 10, date(2028, 2, 15), date(2028, 3, 10)),
        (31, 25, date(2027, 2, 28), date(2027, 3, 25)),
        (31, 25, date(2028, 2, 29), date(2028, 3, 25)),
    ],
)
def test_a_due_day_is_kept_in_february(
    cycle_day: int, due_day: int, closed_on: date, due_on: date
) -> None:
    terms = replace(STANDARD, cycle_day=cycle_day, due_day=due_day)
    assert due_of(terms, closed_on) == due_on


def test_a_day_that_leaves_fewer_than_21_days_is_not_kept() -> None:
    """The payment is due with the close of the next cycle then, as late as may be."""
    terms = replace(STANDARD, cycle_day=15, due_day=6)
    assert due_of(terms, date(2027, 2, 15)) == date(2027, 3, 15)


@pytest.mark.parametrize(
    ("cycle_day", "closed_on", "next_close", "due_on"),
    [
        # Five days to the fifth of March are no cycle, nor is a payment due within them.
        (5, date(2027, 2, 28), date(2027, 4, 5), date(2027, 3, 25)),
        (24, date(2027, 2, 28), date(2027, 4, 24), date(2027, 3, 25)),
        (25, date(2027, 2, 28), date(2027, 3, 25), date(2027, 3, 25)),
        (31, date(2027, 3, 5), date(2027, 3, 31), date(2027, 3, 30)),
        (31, date(2027, 1, 31), date(2027, 2, 28), date(2027, 2, 25)),
        (29, date(2028, 1, 29), date(2028, 2, 29), date(2028, 2, 23)),
        (30, date(2027, 1, 30), date(2027, 2, 28), date(2027, 2, 24)),
        (1, date(2026, 12, 1), date(2027, 1, 1), date(2026, 12, 26)),
    ],
)
def test_a_cycle_after_another_day_was_chosen_has_room_for_the_grace(
    cycle_day: int, closed_on: date, next_close: date, due_on: date
) -> None:
    """12 CFR 1026.5(b)(2)(ii): at least 21 days, also where an account goes over to other terms."""
    terms = replace(STANDARD, cycle_day=cycle_day)
    assert close_after(terms, closed_on) == next_close
    assert due_of(terms, closed_on) == due_on
