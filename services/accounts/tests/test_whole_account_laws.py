"""One law for the whole account: any programme, and everything that can happen, in any order.

`CARDS_LAWS=20 pytest` on this module tries twenty times as many lives as usual.
"""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from chassis.kernel.money import Money
from services.accounts.domain.account.commands import ClearCharge
from services.accounts.domain.billing.terms import (
    AutopayKind,
    BillingTerms,
    DayCount,
    DeferredPromotion,
    Fee,
    FeeKind,
    InstalmentProduct,
    InterestMethod,
    MinimumOrder,
    MinimumPaymentRule,
)
from services.accounts.domain.disputes.state import DisputeReason, DisputeStatus
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.statements.rebuilding import Retelling, worked_out_again
from services.accounts.tests.lives import AMOUNTS, statements, tried
from services.accounts.tests.lives_agreed import AgreedLife
from services.accounts.tests.stories import GROCER, AccountStory
from services.accounts.tests.test_billing_laws import POINTS, rates
from services.accounts.tests.test_laws import TOLERANCE_MINOR
from services.accounts.tests.test_laws_disputes import AnyHistoryWithDisputes

PROMOTIONS = (
    DeferredPromotion(code="SIX", months=6, apr_basis_points=2_999),
    DeferredPromotion(code="YEAR", months=12, least_amount_minor=200_00),
)
PLANS = (InstalmentProduct(months=3), InstalmentProduct(months=6, apr_basis_points=900))
FEES = (
    Fee(kind=FeeKind.LATE, amount_minor=25_00, repeated_minor=35_00),
    Fee(kind=FeeKind.RETURNED_PAYMENT, amount_minor=20_00),
    Fee(kind=FeeKind.CASH_ADVANCE, amount_minor=1_00, basis_points=300),
    Fee(kind=FeeKind.ANNUAL, amount_minor=12_00),
    Fee(kind=FeeKind.INSTALMENT_PLAN, amount_minor=1_00),
)
BILLINGS = st.builds(
    BillingTerms,
    rates=st.builds(rates, POINTS, POINTS, POINTS, POINTS),
    minimum_payment=st.builds(
        MinimumPaymentRule,
        floor_minor=st.sampled_from([0, 25_00]),
        basis_points=st.integers(0, 500),
        includes_interest=st.booleans(),
        includes_fees=st.booleans(),
    ),
    fees=st.just(FEES),
    interest_method=st.sampled_from(InterestMethod),
    day_count=st.sampled_from(DayCount),
    cycle_day=st.sampled_from([1, 15, 28, 31]),
    grace_days=st.sampled_from([21, 25]),
    due_day=st.sampled_from([0, 0, 10]),
    grace_regained_after_statements=st.sampled_from([1, 2]),
    fees_bear_interest=st.booleans(),
    minimum_order=st.sampled_from(MinimumOrder),
    autopay=st.sampled_from([AutopayKind.NONE, AutopayKind.MINIMUM, AutopayKind.STATEMENT]),
    deferred_promotions=st.just(PROMOTIONS),
    instalment_products=st.just(PLANS),
)


class WholeAccount(AnyHistoryWithDisputes, AgreedLife):
    """Charges in all flows, payments, refunds, disputes, agreements, days, statements, versions."""

    @initialize(
        billing=st.none() | BILLINGS,
        other=BILLINGS,
        tolerance=st.sampled_from([0, TOLERANCE_MINOR]),
        threshold=st.sampled_from([None, 30_000]),
        markup=st.sampled_from([0, 1, 275]),
        lifetime=st.integers(1, 200),
        limit=st.sampled_from([500, 1_000, 20_000]),
    )
    def begin(
        self,
        billing: BillingTerms | None,
        other: BillingTerms,
        tolerance: int,
        threshold: int | None,
        markup: int,
        lifetime: int,
        limit: int,
    ) -> None:
        self.tolerance = tolerance
        self.story = AccountStory(
            limit=limit,
            billing=billing,
            over_limit_tolerance_minor=tolerance,
            assessment_threshold_minor=threshold,
            stand_in_limit_minor=50_000,
            foreign_markup_basis_points=markup,
            hold_lifetime_hours=lifetime,
        )
        terms = replace(self.story.state.in_force, billing=other)
        self.version = Version(
            number=2, name="Other", terms=terms, effective_on=self.story.now.date()
        )

    @rule()
    def go_over_to_other_terms(self) -> None:
        if not self.story.state.billing.number:
            self.begun_with_minor = self.story.state.posted_minor
        self.give(
            MigrateAccount(
                account_id="account",
                programme_id="everyday",
                programme_version=2,
                version=self.version,
            )
        )

    @rule(amounts=st.lists(AMOUNTS, min_size=1, max_size=4), late=st.booleans())
    def shop(self, amounts: list[Money], late: bool) -> None:
        """Authorised first, and posted at once or some days later."""
        for place, amount in enumerate(amounts):
            charge_id = f"{len(self.story.facts)} {place}"
            self.authorise(
                None,
                charge_id=charge_id,
                amount=amount,
                estimated=False,
                partial_approval_allowed=False,
                original=None,
                merchant=GROCER,
                card_id="card",
            )
            self.story.later(days=2 if late else 0)
            self.purchases += [charge_id] if self.clear_today(charge_id, amount) else []

    def clear_today(self, charge_id: str, amount: Money) -> bool:
        return self.give(
            ClearCharge(
                account_id="account",
                clearing_id=f"clearing of {charge_id}",
                charge_id=charge_id,
                card_id="card",
                amount=amount,
                merchant=GROCER,
                transaction_date=self.today,
                posting_date=self.today,
            )
        )

    @rule(amount=AMOUNTS, how=st.sampled_from(["SIX", "YEAR", 3, 6]))
    def buy_on_terms(self, amount: Money, how: str | int) -> None:
        """On a promotion, or in so many months."""
        self.shop([amount], False)
        if isinstance(how, int):
            self.agree_plan(len(self.purchases) - 1, how)
        else:
            self.defer(0, how, True)

    @rule(choice=st.integers(0, 50), amount=st.none() | AMOUNTS, credited=st.booleans())
    def dispute_a_purchase(self, choice: int, amount: Money | None, credited: bool) -> None:
        if not self.purchases:
            return
        charge_id = self.purchases[choice % len(self.purchases)]
        self.dispute(f"dispute of {charge_id}", charge_id, amount, DisputeReason.UNAUTHORISED)
        if credited:
            self.credit_or_advance(f"dispute of {charge_id}", None)

    @rule(
        choice=st.integers(0, 50),
        outcome=st.sampled_from([DisputeStatus.WON, DisputeStatus.LOST]),
    )
    def decide_a_dispute(self, choice: int, outcome: DisputeStatus) -> None:
        cases = [case.dispute_id for case in self.story.state.disputes.cases.values()]
        if cases:
            self.decide_dispute(cases[choice % len(cases)], outcome, None, None)

    @rule(months=st.integers(1, 8), paid=st.lists(st.integers(0, 120), max_size=8))
    def months_are_paid(self, months: int, paid: list[int]) -> None:
        """So many percent of what is owed each month."""
        for percent in (*paid, *[0] * (months - len(paid))):
            self.story.later(days=30)
            self.time_goes_on(1, False)
            owed = self.story.state.posted_minor * percent // 100
            if owed > 0:
                self.pay_on_a_day(Money(owed, "GBP"), 0)

    @rule(months=st.integers(1, 8))
    def months_go_by(self, months: int) -> None:
        for _ in range(months):
            self.story.later(days=30)
            self.time_goes_on(1, False)

    @invariant()
    def nothing_is_dated_after_today(self) -> None:
        last = self.story.facts[-1]
        on = getattr(last, "transaction_date", None)
        assert on is None or on <= self.today + timedelta(days=1), last

    def teardown(self) -> None:
        if hasattr(self, "story"):
            retelling, again = Retelling(), []
            for fact in self.story.facts:
                before = retelling.tell(fact)
                again += [worked_out_again(before)] if before else []
            assert again == statements(self.story.facts)
        super().teardown()


TestWholeAccount = WholeAccount.TestCase
TestWholeAccount.settings = tried(40, 50)
