"""What holders and the house agree on in any life: limits, waivers, plans, promotions, hardship."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from chassis.kernel.money import Money
from services.accounts.domain.billing import commands as billing
from services.accounts.domain.billing.terms import AutopayKind
from services.accounts.domain.deferring import commands as deferring
from services.accounts.tests.lives import AMOUNTS, IDS, BilledLife


class AgreedLife(BilledLife):
    """What holders and the house agree on: limits, waivers, plans, promotions, hardship."""

    @rule(change_id=IDS, amount=AMOUNTS)
    def change_limit(self, change_id: str, amount: Money) -> None:
        self.give(
            billing.ChangeCreditLine(
                account_id="account",
                change_id=change_id,
                limit=amount,
                reason="REVIEW",
                by="operator:olga",
                transaction_date=self.today,
            )
        )

    @precondition(lambda self: self.story.state.billing.fees)
    @rule(choice=st.integers(0, 50), waiver_id=IDS, amount=st.none() | AMOUNTS)
    def waive(self, choice: int, waiver_id: str, amount: Money | None) -> None:
        fees = self.story.state.billing.fees
        if fees:
            self.give(
                billing.WaiveFee(
                    account_id="account",
                    fee_id=fees[choice % len(fees)].fee_id,
                    waiver_id=waiver_id,
                    amount=amount,
                    reason="GOODWILL",
                    transaction_date=self.today,
                )
            )

    @precondition(lambda self: self.story.state.posted_minor < 0)
    @rule(refund_id=IDS)
    def pay_out(self, refund_id: str) -> None:
        self.give(
            billing.RefundCreditBalance(
                account_id="account", refund_id=refund_id, transaction_date=self.today
            )
        )

    @rule(days=st.sampled_from([1, 20, 100]))
    def pause(self, days: int) -> None:
        self.give(
            billing.GrantHardship(
                account_id="account", days=days, reason="ILLNESS", transaction_date=self.today
            )
        )

    @rule(kind=st.sampled_from(AutopayKind), amount=st.none() | AMOUNTS)
    def choose_autopay(self, kind: AutopayKind, amount: Money | None) -> None:
        self.give(
            billing.SetAutopay(
                account_id="account", kind=kind, amount=amount, transaction_date=self.today
            )
        )

    @precondition(lambda self: self.purchases)
    @rule(choice=st.integers(0, 50), months=st.sampled_from([3, 6]))
    def agree_plan(self, choice: int, months: int) -> None:
        if self.purchases:
            charge_id = self.purchases[choice % len(self.purchases)]
            self.give(
                billing.AgreeInstalmentPlan(
                    account_id="account",
                    plan_id=f"plan of {charge_id}",
                    charge_id=charge_id,
                    months=months,
                    transaction_date=self.today,
                )
            )

    @precondition(lambda self: self.purchases)
    @rule(choice=st.integers(0, 50), code=st.sampled_from(["SIX", "YEAR"]), last=st.booleans())
    def defer(self, choice: int, code: str, last: bool) -> None:
        if self.purchases:
            charge_id = self.purchases[-1 if last else choice % len(self.purchases)]
            self.give(
                deferring.DeferPurchase(
                    account_id="account",
                    deferral_id=f"deferral of {charge_id}",
                    charge_id=charge_id,
                    promotion_code=code,
                    transaction_date=self.today,
                )
            )

    @precondition(lambda self: self.story.state.billing.deferrals)
    @rule(choice=st.integers(0, 50), amount=st.none() | AMOUNTS)
    def direct(self, choice: int, amount: Money | None) -> None:
        """A payment of now, or an earlier one, is to go to a deferred balance first."""
        if amount is not None:
            self.pay_on_a_day(amount, 0)
        deferrals: Any = self.story.state.billing.deferrals
        if self.payments:
            self.give(
                deferring.DirectPayment(
                    account_id="account",
                    payment_id=self.payments[-1 if amount else choice % len(self.payments)],
                    deferral_id=deferrals[choice % len(deferrals)].deferral_id,
                    transaction_date=self.today,
                )
            )
