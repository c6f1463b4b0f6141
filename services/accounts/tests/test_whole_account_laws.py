"""One law for the whole account: any programme, and everything that can happen, in any order.

`CARDS_LAWS=20 pytest` on this module tries twenty times as many lives as usual, in blocks of ten
with a seed each; `CARDS_LAWS_SEED` is the seed of the first, which a failure tells.
"""

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from chassis.kernel.money import Money
from services.accounts.domain.account.commands import ClearCharge, OpenAccount
from services.accounts.domain.account.decider import DECIDE
from services.accounts.domain.billing.terms import BillingTerms
from services.accounts.domain.customers.commands import RequireClosure
from services.accounts.domain.disputes.commands import Deadline
from services.accounts.domain.disputes.state import DisputeReason, DisputeStatus
from services.accounts.domain.programmes.commands import MigrateAccount
from services.accounts.domain.programmes.state import Version
from services.accounts.domain.statements.rebuilding import Retelling, worked_out_again
from services.accounts.tests.lives import AMOUNTS, Life, try_block, try_lives
from services.accounts.tests.lives_agreed import AgreedLife
from services.accounts.tests.lives_banked import BankedLife
from services.accounts.tests.lives_carded import CardedLife
from services.accounts.tests.lives_checked import CheckedLife
from services.accounts.tests.lives_deferred import DeferredLife
from services.accounts.tests.lives_limited import LimitedLife
from services.accounts.tests.lives_programmes import BILLINGS
from services.accounts.tests.lives_repriced import RepricedLife
from services.accounts.tests.lives_told import statements
from services.accounts.tests.stories import GROCER, AccountStory
from services.accounts.tests.test_cards_laws import CardedHistory
from services.accounts.tests.test_laws import TOLERANCE_MINOR
from services.accounts.tests.test_laws_disputes import AnyHistoryWithDisputes


class Stage(StrEnum):
    """What may happen to a dispute before it is decided."""

    CREDITED = "CREDITED"
    ADVANCED = "ADVANCED"
    CHECKED = "CHECKED"
    TOLD = "TOLD"
    WITHDRAWN = "WITHDRAWN"


OUTCOMES = (DisputeStatus.WON, DisputeStatus.LOST)


class WholeAccount(
    AnyHistoryWithDisputes,
    AgreedLife,
    BankedLife,
    LimitedLife,
    CardedLife,
    RepricedLife,
    CheckedLife,
    DeferredLife,
):
    """Charges in all flows, payments, refunds, disputes, agreements, days, statements, versions."""

    @initialize(
        billing=BILLINGS,
        billed=st.integers(0, 7),
        other=BILLINGS,
        tolerance=st.sampled_from([0, TOLERANCE_MINOR]),
        threshold=st.sampled_from([None, 30_000]),
        markup=st.sampled_from([0, 1, 275]),
        lifetime=st.integers(1, 200),
        limit=st.sampled_from([500, 1_000, 20_000]),
        validity=st.sampled_from([2, 36, 36]),
    )
    def begin(
        self,
        billing: BillingTerms,
        billed: int,
        other: BillingTerms,
        tolerance: int,
        threshold: int | None,
        markup: int,
        lifetime: int,
        limit: int,
        validity: int,
    ) -> None:
        self.tolerance = tolerance
        self.story = AccountStory(
            limit=limit,
            billing=billing if billed else None,
            over_limit_tolerance_minor=tolerance,
            assessment_threshold_minor=threshold,
            stand_in_limit_minor=50_000,
            foreign_markup_basis_points=markup,
            hold_lifetime_hours=lifetime,
            card_validity_months=validity,
        )
        terms = replace(self.story.state.in_force, billing=other)
        self.version = Version(
            number=2, name="Other", terms=terms, effective_on=self.story.now.date()
        )

    @rule(really=st.sampled_from([False, False, True]))
    def go_over_to_other_terms(self, really: bool) -> None:
        if not really:
            return
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

    @rule(
        amounts=st.lists(AMOUNTS, min_size=1, max_size=4),
        late=st.booleans(),
        at_once=st.booleans(),
    )
    def shop(self, amounts: list[Money], late: bool, at_once: bool = False) -> None:
        """Authorised first, and posted by the same message, on the same day or some days later."""
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
            if at_once:
                self.post_what_was_approved(charge_id)
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

    @precondition(lambda self: self.purchases)
    @rule(
        choice=st.integers(0, 50),
        amount=st.none() | AMOUNTS,
        course=st.lists(st.sampled_from([*Stage, *OUTCOMES]), max_size=4),
        days=st.sampled_from([0, 3, 31, 100]),
    )
    def dispute_a_purchase(
        self, choice: int, amount: Money | None, course: list[Any], days: int
    ) -> None:
        """Opened, and taken some steps of its way."""
        charge_id = self.purchases[choice % len(self.purchases)]
        dispute_id = f"dispute {len(self.story.facts)}"
        self.dispute(dispute_id, charge_id, amount, DisputeReason.UNAUTHORISED)
        for step in course:
            self.time_goes_on(days, False)
            if step is Stage.CREDITED or step is Stage.ADVANCED:
                self.credit_or_advance("b", None, step is Stage.ADVANCED)
            elif step is Stage.CHECKED:
                for deadline in Deadline:
                    self.check_dispute("b", deadline, 0)
            elif step is Stage.TOLD:
                self.tell_of_dispute("b", "acknowledge")
                self.tell_of_dispute("b", "evidence")
            elif step is Stage.WITHDRAWN:
                self.tell_of_dispute("b", "withdraw")
            else:
                self.decide_dispute("b", step, None, None)

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


def test_laws_of_the_whole_account() -> None:
    try_lives(WholeAccount, lives=80, steps=50)


NEVER_BROUGHT_ABOUT = {
    OpenAccount: "every life begins with it",
    RequireClosure: "a condition: no fact ever follows, and lives assert when it holds",
}
BLOCKS_LIMIT = 60


def test_lives_bring_about_every_command_of_an_account() -> None:
    """Whatever may be asked of an account is asked in some life, and something follows: in those
    that were tried before in this process, or in a few more."""
    wanted = set(DECIDE) - set(NEVER_BROUGHT_ABOUT)
    for number in range(BLOCKS_LIMIT):
        if all(Life.driven[command] for command in wanted):
            break
        machine: type[Life] = CardedHistory if number % 3 == 2 else WholeAccount
        try_block(machine, number, steps=50)
    missing = sorted(each.__name__ for each in wanted if not Life.driven[each])
    assert missing == []
    assert not any(Life.driven[command] for command in NEVER_BROUGHT_ABOUT)
