"""Interest, grace and allocation against the worked figures of Regulation Z (12 CFR 1026)."""

from datetime import date
from typing import Any

import pytest

from services.accounts.domain.billing.allocation import Owed, allocate_excess
from services.accounts.domain.billing.buckets import Balance, RateBook
from services.accounts.domain.billing.interest import Computed, compute
from services.accounts.domain.billing.sheet import Sheet
from services.accounts.domain.billing.statement import LineKind, StatementLine
from services.accounts.domain.billing.terms import (
    BalanceType,
    BillingTerms,
    DayCount,
    InterestMethod,
    MinimumPaymentRule,
    Rate,
    RateKind,
)


def rate(balance: str, percent: float, **more: Any) -> Rate:
    return Rate(balance_type=BalanceType(balance), apr_basis_points=round(percent * 100), **more)


def book(*rates: Rate, **terms: Any) -> RateBook:
    rule = MinimumPaymentRule(floor_minor=2_500)
    return RateBook(
        terms=BillingTerms(rates=rates, minimum_payment=rule, **terms), opened_on=date(2026, 1, 1)
    )


PURCHASES = rate("PURCHASE", 15)
CASH = rate("CASH_ADVANCE", 25)


def move(kind: str, dollars: float, on: date, bucket: str = "PURCHASE") -> StatementLine:
    return StatementLine(
        entry_id=f"{kind} {on}",
        kind=LineKind(kind),
        bucket="" if kind == "PAYMENT" else bucket,
        amount_minor=round(dollars * 100),
        transaction_date=on,
        posting_date=on,
        effective_on=on,
    )


def owing(bucket: str, dollars: float) -> Balance:
    return Balance(bucket=bucket, minor=round(dollars * 100))


def day(month: int, day: int) -> date:
    return date(2026, month, day)


def figures(computed: Computed) -> list[tuple[str, str, float, int, float]]:
    return [
        (
            line.bucket,
            line.cause.value,
            line.balance_minor / 100,
            line.days,
            line.interest_minor / 100,
        )
        for line in computed.lines
    ]


# Average daily balance


def a_month(terms: RateBook) -> Sheet:
    """200 for 3 days, 300 for 17, 150 for 10."""
    return Sheet(
        book=terms,
        opened_on=day(4, 1),
        closed_on=day(4, 30),
        opening=(owing("CASH_ADVANCE", 200),),
        moves=(
            move("CHARGE", 100, day(4, 4), "CASH_ADVANCE"),
            move("PAYMENT", -150, day(4, 21)),
        ),
    )


def test_the_average_daily_balance_and_its_interest_are_those_of_the_oracle() -> None:
    """data/oracles/billing.md: 200 x 3, 300 x 17, 150 x 10 -> 240.00; 15.5 % x 30/365 -> 3.06."""
    computed = compute(a_month(book(rate("CASH_ADVANCE", 15.5))))
    (line,) = computed.balances
    assert line.average_daily_balance_minor == 240_00
    assert line.days == 30
    assert computed.interest_minor == 3_06
    assert figures(computed) == [
        ("CASH_ADVANCE", "NO_GRACE", 200, 3, 0.25),
        ("CASH_ADVANCE", "NO_GRACE", 300, 17, 2.17),
        ("CASH_ADVANCE", "NO_GRACE", 150, 10, 0.64),
    ]
    assert line.closing_minor == 153_06


def test_each_day_s_interest_may_bear_interest_from_the_next() -> None:
    """(1 + 0.24/365)^30 - 1 of 1000.00 is 19.92; without compounding it is 19.73."""
    sheet = Sheet(
        book=book(rate("CASH_ADVANCE", 24), interest_method=InterestMethod.DAILY_COMPOUNDING),
        opened_on=day(4, 1),
        closed_on=day(4, 30),
        opening=(owing("CASH_ADVANCE", 1000),),
    )
    computed = compute(sheet)
    assert computed.interest_minor == round(100_000 * ((1 + 0.24 / 365) ** 30 - 1)) == 1_992
    assert len(computed.lines) == 30
    assert sum(line.interest_minor for line in computed.lines) == 1_992


def test_a_year_may_have_as_many_days_as_the_calendar_says() -> None:
    """36,600.00 at 10 % for the 29 days of February 2028: 290.00 of 366 days, 290.79 of 365."""
    for count, expected in ((DayCount.ACTUAL, 290_00), (DayCount.FIXED_365, 290_79)):
        sheet = Sheet(
            book=book(rate("CASH_ADVANCE", 10), day_count=count),
            opened_on=date(2028, 2, 1),
            closed_on=date(2028, 2, 29),
            opening=(owing("CASH_ADVANCE", 36_600),),
        )
        assert compute(sheet).interest_minor == expected


def test_a_rate_that_changes_within_a_cycle_applies_from_its_day_on() -> None:
    """Comment 55(b)-2.ii: 15 % from June 1 to June 14, 18 % from June 15 to June 30."""
    sheet = Sheet(
        book=book(rate("CASH_ADVANCE", 15), rate("CASH_ADVANCE", 18, effective_from=day(6, 15))),
        opened_on=day(6, 1),
        closed_on=day(6, 30),
        opening=(owing("CASH_ADVANCE", 365),),
    )
    assert figures(compute(sheet)) == [
        ("CASH_ADVANCE", "NO_GRACE", 365, 14, 2.10),
        ("CASH_ADVANCE", "NO_GRACE", 365, 16, 2.88),
    ]


def test_a_promotion_ends_by_itself() -> None:
    promo = rate("BALANCE_TRANSFER", 0, kind=RateKind.PROMO, months_from_opening=3)
    sheet = Sheet(
        book=book(rate("BALANCE_TRANSFER", 20), promo),
        opened_on=day(3, 15),
        closed_on=day(4, 14),
        opening=(owing("BALANCE_TRANSFER", 365),),
    )
    assert figures(compute(sheet)) == [("BALANCE_TRANSFER", "NO_GRACE", 365, 14, 2.80)]


# Grace: comment 54(a)(1)-6


def april(*moves: StatementLine, **more: Any) -> Sheet:
    """After a March in which 600 was bought, due on April 25."""
    fields: dict[str, Any] = {
        "book": book(PURCHASES, CASH),
        "opened_on": day(4, 1),
        "closed_on": day(4, 30),
        "opening": (owing("PURCHASE", 600),),
        "moves": moves,
        "due_on": day(4, 25),
        "streak": 1,
    }
    return Sheet(**{**fields, **more})


def test_what_was_repaid_within_the_grace_bears_no_interest() -> None:
    """Comment 54(a)(1)-6.i: 100 unpaid from April 1 to 30, and 150 from April 10 to 30."""
    computed = compute(april(move("CHARGE", 150, day(4, 10)), move("PAYMENT", -500, day(4, 25))))
    assert figures(computed) == [
        ("PURCHASE", "GRACE_LOST", 100, 30, 1.23),
        ("PURCHASE", "NEW_WITHOUT_GRACE", 150, 21, 1.30),
    ]
    assert not computed.kept


def test_cash_bears_interest_from_its_day_and_is_paid_first() -> None:
    """Comment 54(a)(1)-6.ii: 250 of cash from March 18 to April 24; 250 of purchases in April."""
    march = compute(
        Sheet(
            book=book(PURCHASES, CASH),
            opened_on=day(3, 1),
            closed_on=day(3, 31),
            moves=(
                move("CHARGE", 100, day(3, 10)),
                move("CHARGE", 200, day(3, 15)),
                move("CHARGE", 250, day(3, 18), "CASH_ADVANCE"),
                move("CHARGE", 300, day(3, 20)),
            ),
            streak=1,
        )
    )
    assert figures(march) == [("CASH_ADVANCE", "NO_GRACE", 250, 14, 2.40)]
    assert march.kept
    opening = (owing("CASH_ADVANCE", 250), owing("PURCHASE", 600))
    computed = compute(april(move("PAYMENT", -600, day(4, 25)), opening=opening))
    assert figures(computed) == [
        ("CASH_ADVANCE", "NO_GRACE", 250, 24, 4.11),
        ("PURCHASE", "GRACE_LOST", 250, 30, 3.08),
    ]


def test_without_grace_every_day_counts_until_the_payment() -> None:
    """Comment 54(a)(1)-6.iii: 600 through April 24, and the remaining 100 to the end of April."""
    computed = compute(april(move("PAYMENT", -500, day(4, 25)), grace_before=False, streak=0))
    assert figures(computed) == [
        ("PURCHASE", "CARRIED", 600, 24, 5.92),
        ("PURCHASE", "CARRIED", 100, 6, 0.24),
    ]


def test_without_grace_purchases_bear_interest_from_their_days() -> None:
    """Comment 54(a)(1)-6.iii: from March 10, 15 and 20 on, as February was not paid in full."""
    dates = ((10, 100), (15, 200), (20, 300))
    march = Sheet(
        book=book(PURCHASES),
        opened_on=day(3, 1),
        closed_on=day(3, 31),
        moves=tuple(move("CHARGE", amount, day(3, each)) for each, amount in dates),
        opening=(owing("PURCHASE", 50),),
        due_on=day(3, 25),
        streak=1,
    )
    told = [each for each in figures(compute(march)) if each[1] == "NEW_WITHOUT_GRACE"]
    assert [each[2:4] for each in told] == [(100, 5), (300, 5), (600, 12)]
    assert round(sum(each[4] for each in told), 2) == 3.78


def test_what_is_paid_in_full_in_time_bears_nothing() -> None:
    """Comment 54(a)(1)-1.i.A."""
    computed = compute(april(move("CHARGE", 150, day(4, 10)), move("PAYMENT", -600, day(4, 25))))
    assert computed.interest_minor == 0
    assert computed.kept


def test_trailing_interest_is_charged_where_grace_takes_two_statements_to_come_back() -> None:
    """Comment 54(a)(1)-2.ii.A: 1000 from April 1 to 24, and 500 from April 15 to 30."""
    computed = compute(
        april(
            move("CHARGE", 500, day(4, 15)),
            move("PAYMENT", -1000, day(4, 25)),
            book=book(PURCHASES, grace_regained_after_statements=2),
            opening=(owing("PURCHASE", 1000),),
            grace_before=False,
            streak=0,
        )
    )
    assert figures(computed) == [
        ("PURCHASE", "CARRIED", 1000, 24, 9.86),
        ("PURCHASE", "NEW_WITHOUT_GRACE", 500, 16, 3.29),
    ]


def test_a_disputed_amount_neither_bears_interest_nor_loses_the_grace() -> None:
    """12 CFR 1026.13(d)(1): no part of the disputed amount need be paid."""
    computed = compute(april(move("PAYMENT", -400, day(4, 20)), disputed=(owing("PURCHASE", 200),)))
    assert computed.kept
    assert computed.interest_minor == 0
    assert computed.closing == (owing("PURCHASE", 200),)


def test_what_was_overpaid_is_used_up_by_what_comes_next() -> None:
    computed = compute(april(move("PAYMENT", -700, day(4, 5)), move("CHARGE", 30, day(4, 6))))
    assert computed.closing == (owing("CREDIT", -70),)
    assert sum(each.closing_minor for each in computed.balances) == -70_00


# Allocation: 1026.53 and its commentary


def owed(bucket: str, dollars: int, percent: int, **more: Any) -> Owed:
    return Owed(bucket=bucket, minor=dollars * 100, apr_basis_points=percent * 100, **more)


@pytest.mark.parametrize(
    ("balances", "payment", "expected"),
    [
        pytest.param(
            [owed("cash", 500, 20), owed("purchases", 1500, 15)],
            800,
            {"cash": 500, "purchases": 300},
            id="comment 53-5.i",
        ),
        pytest.param(
            [owed("cash", 500, 20), owed("purchases", 1500, 15)],
            400,
            {"cash": 400},
            id="comment 53-5.ii",
        ),
        pytest.param(
            [owed("cash", 100, 20), owed("purchases", 300, 18), owed("protected", 600, 12)],
            500,
            {"cash": 100, "purchases": 300, "protected": 100},
            id="comment 53-5.iii",
        ),
        pytest.param(
            [owed("cash", 500, 20), owed("purchases", 1000, 15), owed("transfer", 2000, 15)],
            800,
            {"cash": 500, "purchases": 300},
            id="comment 53-5.iv",
        ),
        pytest.param(
            [owed("cash", 500, 25, disputed_minor=200_00), owed("purchases", 1000, 17)],
            900,
            {"cash": 300, "purchases": 600},
            id="comment 53-3.i",
        ),
        pytest.param(
            [owed("cash", 500, 25, disputed_minor=200_00), owed("purchases", 1000, 17)],
            1400,
            {"cash": 400, "purchases": 1000},
            id="comment 53-3.ii",
        ),
        pytest.param(
            [owed("purchases", 200, 15), owed("promotion", 500, 5)],
            400,
            {"purchases": 200, "promotion": 200},
            id="comment 53-2.i, rates of March 31",
        ),
        pytest.param(
            [owed("purchases", 300, 15), owed("promotion", 500, 18)],
            400,
            {"promotion": 400},
            id="comment 53-2.i, rates of April 25",
        ),
        pytest.param(
            [owed("purchases", 300, 15), owed("promotion", 500, 18)],
            750,
            {"promotion": 500, "purchases": 250},
            id="comment 53-2.ii, rates of April 25",
        ),
    ],
)
def test_what_is_above_the_minimum_goes_where_the_regulation_says(
    balances: list[Owed], payment: int, expected: dict[str, int]
) -> None:
    shares = allocate_excess(balances, payment * 100)
    assert {each.bucket: each.minor / 100 for each in shares} == expected


def test_deferred_interest_counts_as_no_rate_until_its_last_two_cycles() -> None:
    """Comment 53-5.v.A, by the balances at the end of the cycle before: the other purchases are
    paid first, except in May and June."""
    deferred, other, shares = 1_200, 0, []
    for month in (2, 3, 4, 5, 6):
        other += 200
        promotion = owed("deferred", deferred, 15, deferred=True, last_cycles=month >= 5)
        parts = {
            each.bucket: each.minor // 100
            for each in allocate_excess([promotion, owed("other", other, 15)], 400_00)
        }
        shares.append((parts.get("other", 0), parts.get("deferred", 0)))
        other -= parts.get("other", 0)
        deferred -= parts.get("deferred", 0)
    assert shares == [(200, 200), (200, 200), (200, 200), (0, 400), (200, 200)]
