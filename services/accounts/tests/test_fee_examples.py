"""The examples of comment 52(b) on late, returned-payment and over-the-limit fees, told as they
stand: what happens on which day in 2027, what the statements ask for, which fees there are."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.accounts.domain.billing.terms import MinimumPaymentRule
from services.accounts.tests.billing_stories import STANDARD
from services.accounts.tests.over_limit_stories import FEE, LATE, RETURNED, OverStory

Step = tuple[int, int, str, float]
FREE = (replace(STANDARD.rates[0], apr_basis_points=0),)


class Example(OverStory):
    """No interest, late, returned-payment and over-the-limit fees of 25, then 35, and a consent;
    cycles are months, and payments are due on the 25th."""

    def __init__(self, limit: float, rule: MinimumPaymentRule) -> None:
        super().__init__(limit, fees=(LATE, RETURNED, FEE), rates=FREE, minimum_payment=rule)

    def tell(self, steps: list[Step], until: tuple[int, int]) -> None:
        """Each step on its day, before the run of that day; then the days until the last."""
        cheque = ""
        for month, day, what, amount in steps:
            before = date(2027, month, day) - timedelta(days=1)
            self.run(before.month, before.day, before.year)
            self.on(month, day, 2027)
            if what == "cheque":
                cheque = self._id("cheque")
                self.pay(amount, payment_id=cheque)
            elif what == "returned":
                self.bounce(cheque)
            elif what == "pay":
                self.pay(amount)
            else:
                self.buy(amount)
        self.run(*until, 2027)

    @property
    def charged(self) -> list[str]:
        found: list[Any] = [each for each in self.facts if type(each).__name__ == "FeeCharged"]
        return [
            f"{each.posting_date:%b %d} {each.kind} {each.amount.minor_units / 100:g}"
            for each in found
        ]

    def asked(self, month: int, day: int = 25) -> float:
        """The minimum payment that a statement told for a due date."""
        told = next(each for each in self.statements() if each.due_on == date(2027, month, day))
        return told.minimum.total_minor / 100


def at_least(floor: int, **more: Any) -> MinimumPaymentRule:
    return MinimumPaymentRule(floor_minor=floor * 100, **more)


CASES = [
    pytest.param(
        (10_000, at_least(50)),
        [(2, 10, "buy", 3000), (4, 20, "pay", 50), (5, 20, "pay", 200), (6, 20, "pay", 200)]
        + [(month, 20, "pay", 200.0) for month in (7, 8, 9)],
        (10, 26),
        {3: 50, 4: 100},
        ["Mar 26 LATE 25", "Apr 26 LATE 35", "Oct 26 LATE 35"],
        id="52(b)(1)(ii)-1.iii.A.1",
    ),
    pytest.param(
        (10_000, at_least(60)),
        [(2, 10, "buy", 3000), (3, 30, "pay", 60)]
        + [(month, 20, "pay", 60.0) for month in range(4, 10)],
        (10, 26),
        {4: 60, 10: 60},
        ["Mar 26 LATE 25", "Oct 26 LATE 25"],
        id="52(b)(1)(ii)-1.iii.A.2",
    ),
    pytest.param(
        # The rule asks for 5%: of 1,325 in October it is 66.25, where the example has 60.
        (1_000, at_least(0, basis_points=500)),
        [
            (7, 10, "buy", 600),
            (8, 30, "pay", 30),
            (8, 31, "buy", 405),
            (9, 10, "buy", 150),
            (9, 11, "buy", 200),
            (9, 23, "pay", 50),
        ],
        (10, 26),
        {8: 30, 9: 50, 10: 66.25},
        ["Aug 26 LATE 25", "Sep 30 OVER_LIMIT 25", "Oct 26 LATE 35"],
        id="52(b)(1)(ii)-1.iii.B",
    ),
    pytest.param(
        (10_000, at_least(50)),
        [(6, 10, "buy", 3000), (7, 30, "pay", 50), (8, 24, "cheque", 50), (8, 27, "returned", 50)],
        (8, 31),
        {7: 50, 8: 50},
        ["Jul 26 LATE 25", "Aug 27 RETURNED_PAYMENT 25"],
        id="52(b)(1)(ii)-1.iii.C",
    ),
    pytest.param(
        (10_000, at_least(15)),
        [
            (2, 10, "buy", 1000),
            (3, 23, "cheque", 100),
            (3, 26, "returned", 100),
            (3, 28, "cheque", 100),
            (4, 1, "returned", 100),
        ],
        (4, 20),
        {3: 15},
        ["Mar 26 RETURNED_PAYMENT 15"],
        id="52(b)(2)(i)-2.i and iii",
    ),
    pytest.param(
        (10_000, at_least(15)),
        [(7, 10, "buy", 1000), (8, 23, "cheque", 15), (9, 5, "cheque", 50), (9, 7, "returned", 50)],
        (9, 20),
        {8: 15},
        ["Sep 07 RETURNED_PAYMENT 15"],
        id="52(b)(2)(i)-2.iv",
    ),
    pytest.param(
        (5_000, at_least(50)),
        [(3, 1, "buy", 4950), (3, 6, "buy", 60), (3, 25, "buy", 5)],
        (3, 31),
        {},
        ["Mar 31 OVER_LIMIT 15"],
        id="52(b)(2)(i)-3.i",
    ),
    pytest.param(
        (5_000, at_least(50)),
        [(3, 1, "buy", 4950), (3, 6, "buy", 60), (3, 25, "buy", 5), (3, 26, "pay", 20)],
        (3, 31),
        {},
        ["Mar 31 OVER_LIMIT 15"],
        id="52(b)(2)(i)-3.ii",
    ),
    pytest.param(
        (10_000, at_least(20, basis_points=100, includes_fees=True)),
        [(2, 10, "buy", 20), (3, 10, "buy", 2960), (4, 20, "pay", 20)],
        (4, 30),
        {3: 20, 4: 70},
        ["Mar 26 LATE 20", "Apr 26 LATE 35"],
        id="52(b)(2)(ii)-1.i.A",
    ),
    pytest.param(
        (10_000, at_least(30)),
        [(2, 10, "buy", 1000), (3, 27, "cheque", 50), (3, 29, "returned", 50)],
        (4, 26),
        {3: 30},
        ["Mar 26 LATE 25", "Apr 26 LATE 35"],
        id="52(b)(2)(ii)-1.ii.B",
    ),
    pytest.param(
        (10_000, at_least(30)),
        [
            (6, 10, "buy", 1000),
            (7, 10, "pay", 50),
            (7, 20, "cheque", 100),
            (7, 24, "returned", 100),
        ],
        (7, 31),
        {7: 30},
        ["Jul 24 RETURNED_PAYMENT 25"],
        id="52(b)(2)(ii)-1.iii",
    ),
    pytest.param(
        (10_000, at_least(50)),
        [
            (2, 10, "buy", 1000),
            (3, 20, "cheque", 50),
            (3, 22, "returned", 50),
            (3, 25, "cheque", 50),
            (3, 27, "returned", 50),
        ],
        (3, 31),
        {3: 50},
        ["Mar 22 RETURNED_PAYMENT 25", "Mar 27 RETURNED_PAYMENT 35"],
        id="52(b)(2)(ii)-1.vi",
    ),
    pytest.param(
        (10_000, at_least(0, basis_points=1_000)),
        [
            (1, 10, "buy", 1000),
            (2, 25, "cheque", 100),
            (2, 26, "buy", 300),
            (3, 4, "returned", 100),
            (3, 20, "pay", 120),
        ],
        (3, 31),
        {2: 100, 3: 120},
        ["Mar 04 RETURNED_PAYMENT 25"],
        id="52(b)(2)(ii)-1.vii",
    ),
]


@pytest.mark.parametrize(("account", "steps", "until", "asked", "charged"), CASES)
def test_fees_of_the_commentary(
    account: tuple[float, MinimumPaymentRule],
    steps: list[Step],
    until: tuple[int, int],
    asked: dict[int, float],
    charged: list[str],
) -> None:
    story = Example(*account)
    story.tell(steps, until)
    assert {month: story.asked(month) for month in asked} == asked
    assert story.charged == charged
