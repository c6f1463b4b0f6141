"""Laws of points, whatever is done in whatever order."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.codec import Codec, StateCodec
from chassis.kernel.decider import Context
from chassis.kernel.errors import Error
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from chassis.recorded import Meta
from services.loyalty.domain import lots as lot_book
from services.loyalty.domain.events import (
    DebtIncurred,
    PointsEarned,
    PointsExpired,
    PointsRedeemed,
    PointsTakenBack,
    RedemptionReturned,
)
from services.loyalty.domain.points_account import (
    AnticipatePoints,
    AwardPoints,
    DropAnticipation,
    ExpirePoints,
    PointsAccount,
    RedeemPoints,
    ReturnRedemption,
    ReviseAnticipation,
    TakePointsBack,
)
from services.loyalty.domain.points_decisions import points_account
from services.loyalty.domain.rules import BaseRate, RuleSet

START = datetime(2026, 1, 20, tzinfo=UTC)
RULES = RuleSet(
    base_rates=(BaseRate(currency="GBP", points=1, per_minor_units=7),),
    bonuses=(),
    expiry_months=1,
)
POINTS_ACCOUNT = points_account(lambda at: RULES)
SHARED = {"account_id": "a", "customer_id": "c"}
few = st.integers(0, 4).map(str)
amounts = st.integers(1, 400).map(lambda minor: Money(minor, "GBP"))


def earning(**fields: object) -> dict[str, Any]:
    return {**SHARED, "merchant_category_code": "5999", **fields}


def awards() -> st.SearchStrategy[Command]:
    return st.builds(
        lambda charge, clearing, amount, days, final: AwardPoints(
            **earning(
                charge_id=charge,
                clearing_id=charge + clearing,
                amount=amount,
                cleared_at=START + timedelta(days=days),
                final=final,
            )
        ),
        few,
        few,
        amounts,
        st.integers(0, 60),
        st.booleans(),
    )


def refunds() -> st.SearchStrategy[Command]:
    return st.builds(
        lambda charge, refund, amount: TakePointsBack(
            **earning(charge_id=charge, refund_id=refund, amount=amount, refunded_at=START)
        ),
        few | st.just(""),
        few,
        amounts,
    )


def expiries() -> st.SearchStrategy[Command]:
    ends = [date(2026, month + 1, 1) - timedelta(days=1) for month in range(1, 6)]
    return st.builds(
        lambda day: ExpirePoints(account_id="a", expires_on=day), st.sampled_from(ends)
    )


commands = st.one_of(
    awards(),
    refunds(),
    expiries(),
    st.builds(
        lambda name, points: RedeemPoints(
            account_id="a", redemption_id=name, points=points, purpose="X"
        ),
        few,
        st.integers(1, 60),
    ),
    st.builds(lambda name: ReturnRedemption(account_id="a", redemption_id=name), few),
    st.builds(lambda charge: DropAnticipation(account_id="a", charge_id=charge), few),
    st.builds(
        lambda charge, change, amount, less: ReviseAnticipation(
            account_id="a",
            charge_id=charge,
            change_id=change,
            revised_at=START,
            **({"less": amount} if less else {"amount": amount}),
        ),
        few,
        few,
        amounts,
        st.booleans(),
    ),
    st.builds(
        lambda charge, amount: AnticipatePoints(
            **earning(charge_id=charge, amount=amount, authorised_at=START)
        ),
        few,
        amounts,
    ),
)
steps = st.lists(st.tuples(commands, st.integers(0, 12)), max_size=25)


def live(given_steps: list[tuple[Command, int]]) -> tuple[PointsAccount, list[Fact]]:
    """Carry out commands, each some days after the one before; refused ones change nothing."""
    state, now = POINTS_ACCOUNT.initial, START
    facts: list[Fact] = []
    for asked, days in given_steps:
        now += timedelta(days=days)
        context = Context(now=now, actor="test:1", new_id=lambda: "unused")
        try:
            decided = POINTS_ACCOUNT.decide(state, asked, context)
        except Error:
            continue  # What is refused changes nothing.
        state = POINTS_ACCOUNT.fold(decided, state)
        assert POINTS_ACCOUNT.decide(state, asked, context) == [], "a command may be repeated"
        facts += decided
    return state, facts


def check_books(state: PointsAccount) -> None:
    """Every point of every lot is in one place, and the sums kept beside the lots are theirs."""
    by_day: Counter[object] = Counter()
    for lot in state.lots.by_id.values():
        assert min(lot.available, lot.consumed, lot.taken_back, lot.expired) >= 0
        assert lot.points == lot.available + lot.consumed + lot.taken_back + lot.expired
        by_day[lot.expires_on] += lot.available
        day = lot_book.day_of(state.lots, lot.expires_on)
        assert lot.available == 0 or day.first <= lot.sequence < day.next
    assert {day.expires_on: day.available for day in state.lots.days} == dict(by_day)
    assert [d.expires_on for d in state.lots.days] == sorted(d.expires_on for d in state.lots.days)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_the_balance_is_the_lots_less_the_debt_and_the_sum_of_the_movements(
    given_steps: list[tuple[Command, int]],
) -> None:
    state, facts = live(given_steps)
    check_books(state)
    assert state.balance == sum(lot.available for lot in state.lots.by_id.values()) - state.debt
    assert state.pending == sum(charge.anticipated for charge in state.charges.values())
    moved = 0
    for fact in facts:
        match fact:
            case PointsEarned(points=points) | RedemptionReturned(points=points):
                moved += points
            case (
                PointsRedeemed(points=points)
                | PointsTakenBack(points=points)
                | DebtIncurred(points=points)
                | PointsExpired(points=points)
            ):
                moved -= points
    assert state.balance == moved


@settings(max_examples=100, deadline=None)
@given(steps)
def test_refunds_take_no_more_than_the_award_and_all_of_it_in_the_end(
    given_steps: list[tuple[Command, int]],
) -> None:
    state, facts = live(given_steps)
    assert state.debt >= 0
    for charge in state.charges.values():
        assert 0 <= charge.waived <= charge.taken <= charge.earned
        if charge.cleared and charge.refunded_minor == charge.cleared.minor_units:
            assert charge.taken == charge.earned
    for fact in facts:
        if isinstance(fact, PointsTakenBack):
            assert fact.points == lot_book.total(fact.parts)
            assert fact.points_due >= fact.points + fact.waived_points


@settings(max_examples=50, deadline=None)
@given(steps)
def test_facts_and_state_survive_storage(given_steps: list[tuple[Command, int]]) -> None:
    state, facts = live(given_steps)
    codec = Codec(POINTS_ACCOUNT.facts, POINTS_ACCOUNT.commands)
    meta = Meta(START, "test:1")
    read = [codec.decode(*codec.encode(fact, meta))[0] for fact in facts]
    assert read == facts
    assert POINTS_ACCOUNT.fold(read) == state
    states = StateCodec(PointsAccount)
    assert states.decode(states.encode(state)) == state
    for asked, _ in given_steps:
        assert codec.decode_command(*codec.encode_command(asked)) == asked
