"""How the tests of deferred-interest promotions speak."""

from datetime import date
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.positions import standing_on
from services.accounts.domain.billing.statement import DeferredBalance
from services.accounts.domain.billing.terms import (
    BalanceType,
    DeferredPromotion,
    MinimumPaymentRule,
    Rate,
)
from services.accounts.domain.deferring.commands import DeferPurchase, DirectPayment
from services.accounts.tests.billing_stories import BilledStory

NOTHING = MinimumPaymentRule(floor_minor=0)
BY_JULY = DeferredPromotion(
    code="JULY", ends_on=date(2026, 7, 31), offered_from=date(2026, 1, 1), least_amount_minor=500_00
)


class DeferringStory(BilledStory):
    """An account whose programme has promotions; the minimum goes to none of the balances."""

    def __init__(self, *promotions: DeferredPromotion, limit: float = 5000, **changes: Any) -> None:
        fields = {"minimum_payment": NOTHING, "fees": (), **changes}
        super().__init__(limit=limit, deferred_promotions=promotions, **fields)

    def on(self, month: int, day: int, year: int = 2026) -> "DeferringStory":
        """It is the morning of a day."""
        super().on(month, day, year)
        return self

    def defer(self, charge_id: str, code: str = "SIX", deferral_id: str = "sofa") -> list[Fact]:
        """A purchase is put under a promotion."""
        return self.when(
            DeferPurchase(
                account_id="account",
                deferral_id=deferral_id,
                charge_id=charge_id,
                promotion_code=code,
                transaction_date=self.today,
            )
        )

    def direct(self, payment_id: str, deferral_id: str = "sofa") -> list[Fact]:
        """The holder asks where a payment is to go."""
        return self.when(
            DirectPayment(
                account_id="account",
                payment_id=payment_id,
                deferral_id=deferral_id,
                transaction_date=self.today,
            )
        )

    def deferred_now(self) -> int:
        """What is owed on the deferred balance, in pence."""
        terms = self.state.in_force.billing
        assert terms
        standing = standing_on(self.state.billing, terms, self.today) or ()
        return sum(each.minor for each in standing if each.bucket == "DEFERRED/sofa")

    def balances(self, number: int) -> dict[str, float]:
        """What a statement says is owed, by balance, in pounds."""
        return {
            each.bucket: each.closing_minor / 100
            for each in self.statement(number).balances
            if each.closing_minor
        }

    def told(self, number: int) -> DeferredBalance:
        """The only deferred balance of a statement."""
        (one,) = self.statement(number).deferred
        return one


FREE = (Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=1),)
"""So little that the interest on what the figures are about is nothing."""
AT_15 = DeferredPromotion(code="SIX", months=6, apr_basis_points=1_500)


def a_sofa(*promotions: DeferredPromotion, **changes: Any) -> DeferringStory:
    """1,200 on the first of January under a promotion until June 30, as in comment 53-5.v."""
    story = DeferringStory(*(promotions or (AT_15,)), **changes)
    story.defer(story.on(1, 1).buy(1200))
    return story
