"""What the holder of points may count on, told as given facts, when command, then facts."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from chassis.kernel.decider import Context
from chassis.kernel.errors import NotFound, Refused
from chassis.kernel.events import Command, Fact
from chassis.kernel.money import Money
from services.loyalty.domain.events import (
    AnticipationDropped,
    AwardWithheld,
    DebtIncurred,
    DebtRepaid,
    LotPart,
    PointsAccountOpened,
    PointsAnticipated,
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
    OpenPointsAccount,
    PointsAccount,
    RedeemPoints,
    ReturnRedemption,
    TakePointsBack,
)
from services.loyalty.domain.points_decisions import lot_id_of, points_account
from services.loyalty.domain.rules import HOUSE_RULES, version_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ACCOUNT = "account-1"
CUSTOMER = "customer-1"
GROCERY = "5411"
OTHER = "5999"
POINTS_ACCOUNT = points_account(lambda at: HOUSE_RULES)


class Holder:
    """An account that lives through commands, one after the other, at given instants."""

    def __init__(self) -> None:
        self.state: PointsAccount = POINTS_ACCOUNT.initial
        self.now = NOW

    def when(self, asked: Command) -> Sequence[Fact]:
        """The facts a command leads to; it is then repeated, which must lead to none."""
        context = Context(now=self.now, actor="test:1", new_id=lambda: "unused")
        facts = POINTS_ACCOUNT.decide(self.state, asked, context)
        self.state = POINTS_ACCOUNT.fold(facts, self.state)
        assert POINTS_ACCOUNT.decide(self.state, asked, context) == []
        return facts

    def clears(self, clearing: str, minor: int, charge: str = "", mcc: str = OTHER) -> list[Fact]:
        return [f for f in self.when(award(clearing, minor, charge, mcc)) if not opened(f)]

    def refunds(self, refund: str, minor: int, charge: str = "") -> Sequence[Fact]:
        return self.when(
            TakePointsBack(
                account_id=ACCOUNT,
                customer_id=CUSTOMER,
                refund_id=refund,
                charge_id=charge,
                amount=Money(minor, "GBP"),
                merchant_category_code=OTHER,
                refunded_at=self.now,
            )
        )

    def redeems(self, redemption: str, points: int) -> Sequence[Fact]:
        return self.when(
            RedeemPoints(
                account_id=ACCOUNT, redemption_id=redemption, points=points, purpose="VOUCHER"
            )
        )

    def returns(self, redemption: str) -> Sequence[Fact]:
        return self.when(ReturnRedemption(account_id=ACCOUNT, redemption_id=redemption))


def opened(fact: Fact) -> bool:
    return isinstance(fact, PointsAccountOpened)


def award(
    clearing: str,
    minor: int,
    charge: str = "",
    mcc: str = OTHER,
    currency: str = "GBP",
    cleared_at: datetime = NOW,
) -> AwardPoints:
    return AwardPoints(
        account_id=ACCOUNT,
        customer_id=CUSTOMER,
        charge_id=charge or f"charge-of-{clearing}",
        clearing_id=clearing,
        amount=Money(minor, currency),
        merchant_category_code=mcc,
        cleared_at=cleared_at,
    )


def part(clearing: str, points: int) -> LotPart:
    return LotPart(lot_id=lot_id_of(ACCOUNT, clearing), points=points)


def test_an_account_opens_once() -> None:
    holder = Holder()
    facts = holder.when(OpenPointsAccount(account_id=ACCOUNT, customer_id=CUSTOMER))
    assert facts == [PointsAccountOpened(account_id=ACCOUNT, customer_id=CUSTOMER)]


def test_a_clearing_earns_a_point_for_each_whole_pound_until_the_end_of_a_month() -> None:
    (earned,) = Holder().clears("c1", 12_99)
    assert isinstance(earned, PointsEarned)
    assert (earned.points, earned.lot_id) == (12, lot_id_of(ACCOUNT, "c1"))
    assert earned.expires_on == date(2028, 3, 31)
    assert earned.rule_set_version == version_of(HOUSE_RULES)


def test_a_bonus_is_added_and_the_derivation_says_so() -> None:
    (earned,) = Holder().clears("c1", 100_99, mcc=GROCERY)
    assert isinstance(earned, PointsEarned)
    assert [(line.rule_id, line.points) for line in earned.derivation] == [
        ("base", 100),
        ("groceries", 50),
    ]
    assert earned.points == 150


@pytest.mark.parametrize(
    ("minor", "currency", "reason"),
    [(99, "GBP", "AMOUNT_TOO_SMALL"), (10_000, "XTS", "NO_RATE_FOR_CURRENCY")],
)
def test_what_earns_nothing_is_said_with_its_reason(minor: int, currency: str, reason: str) -> None:
    holder = Holder()
    _, withheld = holder.when(award("c1", minor, currency=currency))
    assert isinstance(withheld, AwardWithheld)
    assert withheld.reason == reason
    assert holder.state.balance == 0


def test_pending_points_are_for_display_and_end_with_the_clearing() -> None:
    holder = Holder()
    anticipate = AnticipatePoints(
        account_id=ACCOUNT,
        customer_id=CUSTOMER,
        charge_id="h1",
        amount=Money(50_00, "GBP"),
        merchant_category_code=OTHER,
        authorised_at=NOW,
    )
    _, anticipated = holder.when(anticipate)
    assert isinstance(anticipated, PointsAnticipated)
    assert anticipated.points == 50
    assert (holder.state.balance, holder.state.pending) == (0, 50)
    holder.clears("c1", 48_00, "h1")
    assert (holder.state.balance, holder.state.pending) == (48, 0)
    assert holder.when(DropAnticipation(account_id=ACCOUNT, charge_id="h1")) == []
    assert holder.when(anticipate) == []


def test_a_charge_that_is_reversed_is_not_anticipated_any_more() -> None:
    holder = Holder()
    holder.when(
        AnticipatePoints(
            account_id=ACCOUNT,
            customer_id=CUSTOMER,
            charge_id="h1",
            amount=Money(50_00, "GBP"),
            merchant_category_code=OTHER,
            authorised_at=NOW,
        )
    )
    assert holder.state.pending == 50
    (dropped,) = holder.when(DropAnticipation(account_id=ACCOUNT, charge_id="h1"))
    assert dropped == AnticipationDropped(account_id=ACCOUNT, customer_id=CUSTOMER, charge_id="h1")


def test_the_lots_that_expire_first_are_used_first() -> None:
    holder = Holder()
    holder.when(award("later", 10_00, cleared_at=NOW + timedelta(days=40)))
    holder.when(award("sooner", 10_00))
    (redeemed,) = holder.redeems("r1", 15)
    assert isinstance(redeemed, PointsRedeemed)
    assert redeemed.parts == (part("sooner", 10), part("later", 5))
    assert holder.state.balance == 5


def test_more_points_than_there_are_cannot_be_used() -> None:
    holder = Holder()
    holder.clears("c1", 10_00)
    with pytest.raises(Refused, match="POINTS_INSUFFICIENT"):
        holder.redeems("r1", 11)


def test_an_account_nobody_opened_has_no_points_to_use() -> None:
    with pytest.raises(NotFound, match="POINTS_ACCOUNT_NOT_FOUND"):
        Holder().redeems("r1", 1)


def test_a_returned_redemption_restores_the_same_lots_and_they_are_used_first_again() -> None:
    holder = Holder()
    holder.clears("c1", 10_00)
    holder.clears("c2", 10_00)
    holder.redeems("r1", 12)
    before = holder.state
    (returned,) = holder.returns("r1")
    assert isinstance(returned, RedemptionReturned)
    assert returned.parts == (part("c1", 10), part("c2", 2))
    assert holder.state.balance == 20
    assert before.lots.by_id[lot_id_of(ACCOUNT, "c1")].expires_on == (
        holder.state.lots.by_id[lot_id_of(ACCOUNT, "c1")].expires_on
    )
    (again,) = holder.redeems("r2", 3)
    assert isinstance(again, PointsRedeemed)
    assert again.parts == (part("c1", 3),)


def test_a_redemption_nobody_made_cannot_be_returned() -> None:
    holder = Holder()
    holder.clears("c1", 10_00)
    with pytest.raises(NotFound, match="REDEMPTION_UNKNOWN"):
        holder.returns("r9")


def test_a_refund_takes_its_share_of_the_award_from_the_lots_of_the_charge() -> None:
    holder = Holder()
    holder.clears("other", 100_00)
    holder.clears("c1", 50_00, "h1", GROCERY)
    (taken,) = holder.refunds("f1", 20_00, "h1")
    assert isinstance(taken, PointsTakenBack)
    assert (taken.basis, taken.points, taken.parts) == ("proportional", 30, (part("c1", 30),))


def test_refunds_in_parts_take_the_whole_award_in_the_end_and_no_more() -> None:
    holder = Holder()
    holder.clears("c1", 33_33, "h1", GROCERY)
    holder.clears("c2", 11_11, "h1", GROCERY)
    for refund, minor in (("f1", 10_01), ("f2", 10_02), ("f3", 24_41)):
        holder.refunds(refund, minor, "h1")
    assert holder.state.balance == 0
    (nothing,) = holder.refunds("f4", 5_00, "h1")
    assert isinstance(nothing, PointsTakenBack)
    assert nothing.points_due == 0


def test_a_refund_that_names_no_charge_takes_what_the_rules_would_give() -> None:
    holder = Holder()
    holder.clears("c1", 100_00)
    (taken,) = holder.refunds("f1", 25_00)
    assert isinstance(taken, PointsTakenBack)
    assert (taken.basis, taken.points) == ("rate", 25)
    assert [line.rule_id for line in taken.derivation] == ["base"]


def test_points_spent_before_the_refund_are_owed_and_repaid_first() -> None:
    holder = Holder()
    holder.clears("c1", 100_00, "h1")
    holder.redeems("r1", 90)
    taken, debt = holder.refunds("f1", 100_00, "h1")
    assert isinstance(taken, PointsTakenBack)
    assert taken.points == 10
    assert debt == DebtIncurred(account_id=ACCOUNT, customer_id=CUSTOMER, refund_id="f1", points=90)
    assert holder.state.balance == -90
    earned, repaid = holder.clears("c2", 100_00)
    assert isinstance(earned, PointsEarned)
    assert repaid == DebtRepaid(
        account_id=ACCOUNT,
        customer_id=CUSTOMER,
        source_id="c2",
        points=90,
        parts=(part("c2", 90),),
    )
    assert (holder.state.balance, holder.state.debt) == (10, 0)


def test_what_the_lots_of_the_charge_cannot_give_other_lots_give_before_a_debt_arises() -> None:
    holder = Holder()
    holder.clears("c1", 10_00, "h1")
    holder.redeems("r1", 10)
    holder.clears("c2", 30_00)
    (taken,) = holder.refunds("f1", 10_00, "h1")
    assert isinstance(taken, PointsTakenBack)
    assert taken.parts == (part("c2", 10),)


def test_a_returned_redemption_repays_a_debt_first() -> None:
    holder = Holder()
    holder.clears("c1", 10_00, "h1")
    holder.redeems("r1", 10)
    holder.refunds("f1", 10_00, "h1")
    assert holder.state.debt == 10
    returned, repaid = holder.returns("r1")
    assert isinstance(returned, RedemptionReturned)
    assert isinstance(repaid, DebtRepaid)
    assert (holder.state.balance, holder.state.debt) == (0, 0)


def test_points_expire_after_their_last_day_and_not_before() -> None:
    holder = Holder()
    holder.clears("c1", 10_00)
    last_day = date(2028, 3, 31)
    holder.now = datetime(2028, 3, 31, 23, 59, tzinfo=UTC)
    with pytest.raises(Refused, match="TOO_EARLY"):
        holder.when(ExpirePoints(account_id=ACCOUNT, expires_on=last_day))
    holder.redeems("r1", 4)
    holder.now = datetime(2028, 4, 1, tzinfo=UTC)
    with pytest.raises(Refused, match="POINTS_INSUFFICIENT"):
        holder.redeems("r2", 1)
    (expired,) = holder.when(ExpirePoints(account_id=ACCOUNT, expires_on=last_day))
    assert isinstance(expired, PointsExpired)
    assert expired.points == 6
    # Points whose day is over come back only to expire.
    returned, expired = holder.returns("r1")
    assert isinstance(returned, RedemptionReturned)
    assert isinstance(expired, PointsExpired)
    assert expired.points == 4
    assert holder.state.balance == 0


def test_points_that_expired_unspent_are_not_asked_for_by_a_refund() -> None:
    holder = Holder()
    holder.clears("c1", 10_00, "h1")
    holder.now = datetime(2028, 4, 2, tzinfo=UTC)
    holder.when(ExpirePoints(account_id=ACCOUNT, expires_on=date(2028, 3, 31)))
    (taken,) = holder.refunds("f1", 10_00, "h1")
    assert isinstance(taken, PointsTakenBack)
    assert (taken.points, taken.waived_points) == (0, 10)
    assert holder.state.debt == 0
