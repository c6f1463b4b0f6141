"""Laws of billing over any programme and any life of an account."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chassis.codec import StateCodec
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.agenda import next_due_on
from services.accounts.domain.billing.interest import compute
from services.accounts.domain.billing.posting import terms_of
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
from services.accounts.domain.ledger import postings
from services.accounts.tests.billing_stories import CASH_MACHINE, BilledStory
from services.accounts.tests.stories import GROCER

AMOUNTS = st.integers(1, 90_000).map(lambda minor: minor / 100)
POINTS = st.integers(0, 4_000)
CODEC = StateCodec(CreditAccount)


def rates(purchase: int, cash: int, promo: int, penalty: int) -> tuple[Rate, ...]:
    return (
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


class BilledLives(RuleBasedStateMachine):
    """Charges, payments, refunds, returns and days in any order."""

    story: BilledStory

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
        self.payments: list[str] = []
        self.sums: Counter[str] = Counter()
        self.read = 0

    def earlier(self, days: int) -> date:
        return max(self.story.today - timedelta(days=days), date(2027, 11, 20))

    @rule(amount=AMOUNTS, cash=st.booleans(), days_ago=st.sampled_from([0, 0, 1, 3]))
    def charge(self, amount: float, cash: bool, days_ago: int) -> None:
        merchant = CASH_MACHINE if cash else GROCER
        self.story.buy(amount, merchant, self.earlier(days_ago))

    @rule(amount=AMOUNTS, days_ago=st.sampled_from([0, 0, 0, 2, 20, 45, 400]))
    def pay(self, amount: float, days_ago: int) -> None:
        payment_id = f"payment {len(self.story.facts)}"
        self.story.pay(amount, self.earlier(days_ago), payment_id)
        self.payments.append(payment_id)

    @rule(amount=AMOUNTS, days_ago=st.sampled_from([0, 5, 40]))
    def refund(self, amount: float, days_ago: int) -> None:
        self.story.refund(amount, self.earlier(days_ago))

    @rule(choice=st.integers(0, 50))
    def bounce(self, choice: int) -> None:
        if self.payments and self.story.state.billing.active:
            self.story.bounce(self.payments.pop(choice % len(self.payments)))

    @rule(days=st.sampled_from([1, 3, 10, 31, 70]), late=st.booleans())
    def time_goes_on(self, days: int, late: bool) -> None:
        self.story.later(days=days)
        if not late:
            today = self.story.today
            self.story.run(today.month, today.day, today.year)
            terms = terms_of(self.story.state)
            due = next_due_on(self.story.state.billing, terms) if terms else None
            assert due is None or due > today

    @invariant()
    def the_ledger_is_zero_and_says_what_is_owed(self) -> None:
        for fact in self.story.facts[self.read :]:
            for posting in postings(fact):
                self.sums[posting.ledger_account] += posting.amount.minor_units
        self.read = len(self.story.facts)
        assert sum(self.sums.values()) == 0
        assert self.sums["RECEIVABLE"] == self.story.state.posted_minor

    @invariant()
    def buckets_add_up_to_what_is_owed(self) -> None:
        state = self.story.state
        terms = terms_of(state)
        if terms is None:
            return
        booked = sum(line.amount_minor for line in state.billing.booked())
        assert sum(each.minor for each in state.billing.told) + booked == state.posted_minor
        far = max([state.billing.closes_on, *(x.effective_on for x in state.billing.booked())])
        now = compute(state.billing.sheet(terms, until=far))
        owed = sum(each.minor for each in now.closing) - now.interest_minor
        assert owed == state.posted_minor
        assert all(each.minor > 0 or each.bucket == "CREDIT" for each in now.closing)

    def statements_open_as_the_one_before_closed_and_explain_themselves(self) -> None:
        closing = 0
        before: dict[str, int] = {}
        for told in self.story.statements():
            assert told.opening_minor == closing
            assert {b.bucket: b.opening_minor for b in told.balances if b.opening_minor} == before
            charged = sum(line.interest_minor for line in told.balances)
            assert sum(line.interest_minor for line in told.interest) == charged
            for line in told.balances:
                movement = line.debits_minor - line.credits_minor + line.interest_minor
                assert line.closing_minor == line.opening_minor + movement
            assert told.closing_minor == sum(line.closing_minor for line in told.balances)
            assert told.closing_minor == (
                told.opening_minor
                + told.purchases_minor
                + told.cash_advances_minor
                + told.balance_transfers_minor
                + told.other_debits_minor
                - told.refunds_minor
                - told.payments_minor
                + told.fees_minor
                + told.interest_minor
            )
            assert 0 <= told.minimum.total_minor <= max(0, told.closing_minor)
            closing = told.closing_minor
            before = {b.bucket: b.closing_minor for b in told.balances if b.closing_minor}

    def teardown(self) -> None:
        if not hasattr(self, "story"):
            return
        self.statements_open_as_the_one_before_closed_and_explain_themselves()
        assert CODEC.decode(CODEC.encode(self.story.state)) == self.story.state


BilledLives.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
test_laws = BilledLives.TestCase
