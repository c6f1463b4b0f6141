"""Laws of billing over any programme and any life of an account."""

from datetime import date

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from chassis.codec import StateCodec
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.terms import (
    AutopayKind,
    BalanceType,
    DayCount,
    Fee,
    FeeKind,
    InterestMethod,
    MinimumOrder,
    MinimumPaymentRule,
    Rate,
    RateKind,
)
from services.accounts.tests.billing_stories import BilledStory
from services.accounts.tests.lives import BilledLife, try_lives

AMOUNTS = st.integers(1, 90_000).map(lambda minor: minor / 100)
POINTS = st.integers(0, 4_000)
CODEC = StateCodec(CreditAccount)


def rates(
    purchase: int, cash: int, promo: int, penalty: int, transfers: int | None = None
) -> tuple[Rate, ...]:
    """With one of balance transfers only where they are made."""
    transferred = Rate(balance_type=BalanceType.BALANCE_TRANSFER, apr_basis_points=transfers or 0)
    return (
        *([] if transfers is None else [transferred]),
        Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=purchase),
        Rate(balance_type=BalanceType.CASH_ADVANCE, apr_basis_points=cash),
        Rate(
            balance_type=BalanceType.PURCHASE,
            kind=RateKind.PROMO,
            apr_basis_points=promo,
            months_from_opening=2,
        ),
        Rate(balance_type=BalanceType.PURCHASE, kind=RateKind.PENALTY, apr_basis_points=penalty),
    )


class BilledLives(BilledLife):
    """On an account of any programme, with nothing but billing."""

    @initialize(
        aprs=st.tuples(POINTS, POINTS, POINTS, POINTS),
        method=st.sampled_from(InterestMethod),
        count=st.sampled_from(DayCount),
        cycle_day=st.sampled_from([1, 15, 28, 31]),
        autopay=st.sampled_from(
            [AutopayKind.NONE, AutopayKind.NONE, AutopayKind.MINIMUM, AutopayKind.STATEMENT]
        ),
        order=st.sampled_from(MinimumOrder),
        bearing=st.booleans(),
        percent=st.integers(0, 500),
    )
    def open(
        self,
        aprs: tuple[int, int, int, int],
        method: InterestMethod,
        count: DayCount,
        cycle_day: int,
        autopay: AutopayKind,
        order: MinimumOrder,
        bearing: bool,
        percent: int,
    ) -> None:
        self.story = BilledStory(
            limit=20_000,
            on=date(2027, 11, 20),
            rates=rates(*aprs),
            interest_method=method,
            day_count=count,
            cycle_day=cycle_day,
            autopay=autopay,
            minimum_order=order,
            fees_bear_interest=bearing,
            minimum_payment=MinimumPaymentRule(
                floor_minor=1_000, basis_points=percent, includes_interest=True
            ),
            fees=(
                Fee(kind=FeeKind.LATE, amount_minor=25_00, repeated_minor=35_00),
                Fee(kind=FeeKind.RETURNED_PAYMENT, amount_minor=20_00),
                Fee(kind=FeeKind.CASH_ADVANCE, amount_minor=1_00, basis_points=300),
                Fee(kind=FeeKind.ANNUAL, amount_minor=12_00),
            ),
        )


def test_laws_of_billing() -> None:
    try_lives(BilledLives, lives=30, steps=15)
