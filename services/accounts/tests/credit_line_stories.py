"""How the tests of other credit limits speak: an account whose programme has rules for them."""

from dataclasses import replace
from typing import Any

import pytest

from chassis.kernel.errors import Error
from chassis.kernel.events import Fact
from services.accounts.domain.billing.commands import ChangeCreditLine
from services.accounts.domain.credit_lines import commands
from services.accounts.domain.credit_lines.rules import CreditLineRules
from services.accounts.tests.billing_stories import BilledStory
from services.accounts.tests.stories import pounds

RULES = CreditLineRules(
    largest_limit_minor=5_000_00,
    two_people_above_minor=3_000_00,
    review_every_months=9,
    raise_by_basis_points=2_500,
    lower_at_days_past_due=60,
    lower_below_utilisation_basis_points=500,
    lower_by_basis_points=5_000,
    least_limit_minor=200_00,
)


class LineStory(BilledStory):
    """An account opened on the first of January 2026, whose programme has rules."""

    def __init__(self, limit: float = 1000, **rules: Any) -> None:
        super().__init__(limit, credit_line=replace(RULES, **rules))

    @property
    def limit(self) -> float:
        return self.state.limit_minor / 100

    def ask(
        self,
        limit: float,
        income: float = 24_000,
        obligations: float = 0,
        age: int | None = 35,
        request_id: str = "r",
    ) -> list[Fact]:
        """The holder asks for a limit."""
        return self.when(
            commands.RequestCreditLine(
                account_id="account",
                request_id=request_id,
                limit=pounds(limit),
                annual_income=pounds(income),
                monthly_obligations=pounds(obligations),
                sealed_income="sealed",
                sealed_obligations="sealed",
                request_digest=f"{limit} {income} {obligations}",
                age_years=age,
                transaction_date=self.today,
            )
        )

    def decided(self, approve: bool = True, by: str = "operator:olga") -> list[Fact]:
        """A person decides what the rules left to people."""
        return self.when(
            commands.DecideCreditLineRequest(
                account_id="account",
                request_id="r",
                approve=approve,
                reason="LOOKED_AT",
                by=by,
                transaction_date=self.today,
            )
        )

    def offer(self, limit: float, offer_id: str = "o", by: str = "operator:olga") -> list[Fact]:
        """The house offers a limit."""
        return self.when(
            commands.OfferCreditLine(
                account_id="account",
                offer_id=offer_id,
                limit=pounds(limit),
                reason="GOOD_CUSTOMER",
                by=by,
                transaction_date=self.today,
            )
        )

    def confirm(
        self, change_id: str, by: str = "operator:otto", approve: bool = True
    ) -> list[Fact]:
        """A second person decides."""
        return self.when(
            commands.ConfirmCreditLine(
                account_id="account",
                change_id=change_id,
                approve=approve,
                reason="CHECKED",
                by=by,
                transaction_date=self.today,
            )
        )

    def answer(self, accept: bool = True, offer_id: str = "o") -> list[Fact]:
        """The holder answers an offer."""
        return self.when(
            commands.AnswerCreditLineOffer(
                account_id="account",
                offer_id=offer_id,
                accept=accept,
                transaction_date=self.today,
            )
        )

    def review(self, review_id: str = "v") -> Any:
        """Somebody has the limit reviewed now; what was found."""
        found = self.when(
            commands.ReviewCreditLine(
                account_id="account",
                review_id=review_id,
                reason="ASKED",
                transaction_date=self.today,
            )
        )
        return found[0]

    def change(self, limit: float, change_id: str = "c") -> list[Fact]:
        """One operator sets the limit."""
        return self.when(
            ChangeCreditLine(
                account_id="account",
                change_id=change_id,
                limit=pounds(limit),
                reason="RISK",
                by="operator:olga",
                transaction_date=self.today,
            )
        )

    def months_go_by(self, spending: float) -> None:
        """So much is bought on each tenth up to September, and paid in full before it is due."""
        for month in range(self.today.month + 1, 10):
            self.run(month, 1)
            if self.state.posted_minor > 0:
                self.pay(self.owed)
            self.on(month, 10)
            self.buy(spending)


def names(facts: list[Fact]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def reasons(fact: Any) -> tuple[str, ...]:
    found: tuple[str, ...] = fact.reasons
    return found


def refused(do: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(Error) as caught:
        do(*arguments, **more)
    return str(caught.value.reason)
