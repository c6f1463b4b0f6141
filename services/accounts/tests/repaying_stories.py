"""How the tests of plans and of payments to be confirmed speak."""

from datetime import date
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.terms import Fee, FeeKind, MinimumPaymentRule
from services.accounts.domain.collecting import commands as collecting
from services.accounts.domain.collecting.state import PaymentStatus, Settlement
from services.accounts.domain.repaying import commands
from services.accounts.domain.repaying.state import Frequency, PlannedPayment, dates, spread
from services.accounts.tests.billing_stories import BilledStory
from services.accounts.tests.stories import pounds

LATE = Fee(kind=FeeKind.LATE, amount_minor=12_00)
RETURNED = Fee(kind=FeeKind.RETURNED_PAYMENT, amount_minor=12_00)


class PayingStory(BilledStory):
    """An account opened on the first of January 2026; the minimum is 25.00, due on the 25th."""

    def __init__(self, confirmed: bool = False, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "fees": (LATE, RETURNED),
            "minimum_payment": MinimumPaymentRule(floor_minor=25_00),
            "settlement": Settlement.ON_CONFIRMATION if confirmed else Settlement.IMMEDIATE,
            **changes,
        }
        super().__init__(**fields)

    def plan(
        self,
        total: float,
        first_on: date,
        count: int,
        frequency: Frequency = Frequency.MONTHLY,
        plan_id: str = "p",
    ) -> list[Fact]:
        """The holder plans payments."""
        return self.planned(spread(round(total * 100), dates(first_on, frequency, count)), plan_id)

    def planned(self, payments: tuple[PlannedPayment, ...], plan_id: str = "p") -> list[Fact]:
        """The holder plans exactly these."""
        return self.when(
            commands.ScheduleRepayments(
                account_id="account",
                plan_id=plan_id,
                payments=payments,
                transaction_date=self.today,
            )
        )

    def replan(self, payments: tuple[PlannedPayment, ...], change_id: str = "x") -> list[Fact]:
        """The holder changes what is left."""
        return self.when(
            commands.ChangeRepayments(
                account_id="account",
                plan_id="p",
                change_id=change_id,
                payments=payments,
                transaction_date=self.today,
            )
        )

    def skip(self, number: int) -> list[Fact]:
        """The holder leaves one out."""
        return self.when(
            commands.SkipRepayment(
                account_id="account", plan_id="p", number=number, transaction_date=self.today
            )
        )

    def cancel(self) -> list[Fact]:
        """The holder ends the plan."""
        return self.when(
            commands.CancelRepayments(
                account_id="account", plan_id="p", transaction_date=self.today
            )
        )

    def initiate(self, amount: float, payment_id: str = "q") -> list[Fact]:
        """The holder pays from a bank."""
        return self.when(
            collecting.InitiatePayment(
                account_id="account",
                payment_id=payment_id,
                amount=pounds(amount),
                transaction_date=self.today,
            )
        )

    def report(self, payment_id: str, settled: bool = True) -> list[Fact]:
        """The gateway tells what became of a payment."""
        return self.when(
            collecting.ReportPayment(
                account_id="account",
                payment_id=payment_id,
                outcome=PaymentStatus.SETTLED if settled else PaymentStatus.RETURNED,
                reason="" if settled else "INSUFFICIENT_FUNDS",
                transaction_date=self.today,
            )
        )


def names(facts: list[Fact]) -> list[str]:
    """What happened."""
    return [type(fact).__name__ for fact in facts]
