"""Limits in any life: asked for, offered, confirmed, reviewed; and what exceeds them."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.accounts.domain import events
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing.events import LimitChanged
from services.accounts.domain.billing.posting import terms_of
from services.accounts.domain.credit_lines import commands
from services.accounts.domain.over_limit import commands as over_limit
from services.accounts.domain.over_limit.notice import notice_of
from services.accounts.domain.over_limit.state import ConsentMethod
from services.accounts.domain.values import Channel
from services.accounts.tests.lives import BilledLife

MORE = st.sampled_from([500_00, 100_00, 3_000_00, 0, -50_00])
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["operator:olga", "operator:otto"]),
        st.sampled_from([True, True, False]),
        st.sampled_from([0, 0, 5, 40]),
    ),
    min_size=1,
    max_size=3,
)
"""Who says yes or no, after so many days."""
MUCH = 90_000_00
"""More than any limit may be."""
PEOPLE = st.sampled_from(["operator:olga", "operator:otto"])
RAISES = ("REQUESTED", "OFFER_ACCEPTED", "MUCH_USED")
"""Why a limit changes that only ever gets higher."""


class LimitedLife(BilledLife):
    """Other limits, whoever wants them, and consents to what exceeding them costs."""

    def check(self, fact: Fact, before: CreditAccount) -> None:
        super().check(fact, before)
        if isinstance(fact, LimitChanged) and fact.reason in RAISES:
            assert fact.limit.minor_units > before.limit_minor, fact

    def higher(self, more: int) -> Money:
        """A limit that is so much higher than it is."""
        return Money(max(0, self.story.state.limit_minor + more), "GBP")

    @property
    def waiting(self) -> bool:
        """Whether people or the holder have something to decide."""
        line = self.story.state.billing.credit_line
        return bool(line.pending or line.offer)

    @rule(
        more=MORE,
        income=st.sampled_from([500_000_00, 500_000_00, 24_000_00, 0]),
        age=st.sampled_from([40, 19, None]),
        by=PEOPLE,
        offered=st.booleans(),
        answers=ANSWERS,
    )
    def reach_for_a_limit(
        self, more: int, income: int, age: int | None, by: str, offered: bool, answers: Any
    ) -> None:
        """The holder asks for it, or the house offers it; and what people and the holder say."""
        if offered and self.story.state.billing.credit_line.capacity_on is None:
            # Who asked for too much before is known to have an income.
            self.ask_for(MUCH, income, age)
        if offered:
            self.offer(more, by)
        else:
            self.ask_for(more, income, age)
        self.decide_limits(answers)

    @precondition(lambda self: self.waiting)
    @rule(answers=ANSWERS)
    def decide_limits(self, answers: Any) -> None:
        """What waits for people, or for the holder."""
        for by, approve, days in answers:
            if days:
                self.time_goes_on(days, False)
            self.decide_a_limit(by, approve)

    def ask_for(self, more: int, income: int, age: int | None) -> None:
        limit = self.higher(more)
        self.give(
            commands.RequestCreditLine(
                account_id="account",
                request_id=self._new("request"),
                limit=limit,
                annual_income=Money(income, "GBP"),
                monthly_obligations=Money(0, "GBP"),
                sealed_income="sealed",
                sealed_obligations="sealed",
                request_digest=f"{limit.minor_units} {income}",
                age_years=age,
                transaction_date=self.today,
            )
        )

    def offer(self, more: int, by: str) -> None:
        self.give(
            commands.OfferCreditLine(
                account_id="account",
                offer_id=self._new("offer"),
                limit=self.higher(more),
                reason="GOOD_CUSTOMER",
                by=by,
                transaction_date=self.today,
            )
        )

    def decide_a_limit(self, by: str, approve: bool) -> None:
        line = self.story.state.billing.credit_line
        asked: dict[str, Any] = {"account_id": "account", "transaction_date": self.today}
        if line.pending and line.pending.proposed_by:
            asked |= {"change_id": line.pending.change_id, "reason": "CHECKED", "by": by}
            self.give(commands.ConfirmCreditLine(**asked, approve=approve))
        elif line.pending:
            asked |= {"request_id": line.pending.change_id, "reason": "LOOKED_AT", "by": by}
            self.give(commands.DecideCreditLineRequest(**asked, approve=approve))
        elif line.offer:
            asked |= {"offer_id": line.offer.offer_id, "accept": approve}
            self.give(commands.AnswerCreditLineOffer(**asked))

    @rule()
    def review_the_limit(self) -> None:
        self.give(
            commands.ReviewCreditLine(
                account_id="account",
                review_id=self._new("review"),
                reason="ASKED",
                transaction_date=self.today,
            )
        )

    @rule(confirmed=st.booleans(), revoked=st.booleans())
    def consent(self, confirmed: bool, revoked: bool) -> None:
        if revoked:
            self.revoke_consent()
        consent_id = self._new("consent")
        terms = terms_of(self.story.state)
        told = notice_of(terms, self.today) if terms else None
        self.give(
            over_limit.GiveOverLimitConsent(
                account_id="account",
                consent_id=consent_id,
                notice_id=told.notice_id if told else "none",
                method=ConsentMethod.ELECTRONIC,
                channel=Channel.HOLDER,
                transaction_date=self.today,
            )
        )
        if confirmed:
            self.give(
                over_limit.ConfirmOverLimitConsent(
                    account_id="account", consent_id=consent_id, transaction_date=self.today
                )
            )

    def revoke_consent(self) -> None:
        self.give(
            over_limit.RevokeOverLimitConsent(
                account_id="account",
                method=ConsentMethod.ORAL,
                channel=Channel.HOLDER,
                transaction_date=self.today,
            )
        )

    @invariant()
    def the_limit_is_what_was_told(self) -> None:
        told = [
            each.limit.minor_units
            for each in self.story.facts
            if isinstance(each, events.AccountOpened | LimitChanged)
        ]
        assert self.story.state.limit_minor == told[-1] >= 0
