"""How the tests of disputes in billing speak: two purchases, told in a statement, and disputes."""

from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.state import Due
from services.accounts.domain.billing.terms import MinimumPaymentRule
from services.accounts.domain.disputes import commands
from services.accounts.domain.disputes.state import DisputeReason, DisputeStatus
from services.accounts.domain.values import Channel
from services.accounts.tests.billing_stories import BilledStory
from services.accounts.tests.stories import pounds

TEN_PERCENT = MinimumPaymentRule(floor_minor=0, basis_points=1_000, includes_interest=True)


class Disputing(BilledStory):
    """Purchases of 300.00 and 200.00 in January; the minimum is 10% of what is owed, 50.00."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(**{"minimum_payment": TEN_PERCENT, **changes})
        self.on(1, 10)
        self.dear, self.cheap = self.bought(300), self.bought(200)
        self.run(1, 31)
        self.on(2, 5)

    def bought(self, amount: float) -> str:
        """A purchase; the id of its charge."""
        self.buy(amount)
        return self.state.charges.keys()[-1]

    def dispute(self, charge_id: str, dispute_id: str = "dispute") -> list[Fact]:
        return self.when(
            commands.OpenDispute(
                account_id="account",
                dispute_id=dispute_id,
                charge_id=charge_id,
                reason=DisputeReason.NOT_RECEIVED,
                received_on=self.today,
                channel=Channel.HOLDER,
            )
        )

    def credit(self) -> list[Fact]:
        return self.when(
            commands.GrantProvisionalCredit(
                account_id="account", dispute_id="dispute", posting_date=self.today
            )
        )

    def resolve(self, outcome: DisputeStatus, corrected: float | None = None) -> list[Fact]:
        return self.when(
            commands.ResolveDispute(
                account_id="account",
                dispute_id="dispute",
                outcome=outcome,
                corrected=None if corrected is None else pounds(corrected),
                explanation="so it is",
                posting_date=self.today,
            )
        )

    def withdraw(self) -> list[Fact]:
        return self.when(
            commands.WithdrawDispute(
                account_id="account", dispute_id="dispute", posting_date=self.today
            )
        )

    def due(self, number: int = 1) -> Due:
        return next(due for due in self.state.billing.dues if due.number == number)

    @property
    def required(self) -> float:
        return self.due().minimum_now / 100
