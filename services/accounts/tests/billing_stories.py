"""How the tests of billing speak: an account in pounds with calendar months, due on the 25th."""

from datetime import date
from typing import Any, Self

from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.accounts.domain.account import commands
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.billing import commands as billing
from services.accounts.domain.billing.statement import Statement
from services.accounts.domain.billing.terms import (
    REGULATION_Z_CAPS,
    BalanceType,
    BillingTerms,
    Fee,
    FeeKind,
    MinimumPaymentRule,
    Rate,
)
from services.accounts.domain.values import CardKind, Merchant
from services.accounts.tests.stories import GROCER, NOW, Story, pounds, terms

CASH_MACHINE = Merchant(id="M-9", name="Cash Machine", mcc="6011", country="GB")

STANDARD = BillingTerms(
    rates=(
        Rate(balance_type=BalanceType.PURCHASE, apr_basis_points=1_500),
        Rate(balance_type=BalanceType.CASH_ADVANCE, apr_basis_points=2_500),
    ),
    minimum_payment=MinimumPaymentRule(
        floor_minor=25_00, basis_points=100, includes_interest=True, includes_fees=True
    ),
    fees=(
        Fee(kind=FeeKind.LATE, amount_minor=25_00, repeated_minor=35_00),
        Fee(kind=FeeKind.RETURNED_PAYMENT, amount_minor=25_00, repeated_minor=35_00),
    ),
    fee_caps=REGULATION_Z_CAPS,
)


class BilledStory(Story):
    """An account opened on the first of January 2026; a `pending` card waits for activation."""

    state: CreditAccount

    def __init__(
        self,
        limit: float = 1000,
        on: date = date(2026, 1, 1),
        pending: bool = False,
        **changes: Any,
    ) -> None:
        super().__init__(CREDIT_ACCOUNT, now=NOW.replace(year=on.year, month=on.month, day=on.day))
        fields = {name: getattr(STANDARD, name) for name in STANDARD.__dataclass_fields__}
        self.ids = 0
        kind = CardKind.PHYSICAL if pending else CardKind.VIRTUAL
        self.when(
            commands.OpenAccount(
                account_id="account",
                customer_id="customer",
                programme_id="everyday",
                programme_version=1,
                terms=terms(billing=BillingTerms(**{**fields, **changes})),
                limit=pounds(limit),
                card=commands.NewCard(card_id="card", last_four="4242", kind=kind, pending=pending),
            )
        )

    def on(self, month: int, day: int, year: int = 2026) -> Self:
        """It is the morning of a day."""
        self.now = NOW.replace(year=year, month=month, day=day)
        return self

    @property
    def today(self) -> date:
        """The day it is."""
        return self.now.date()

    def _id(self, kind: str) -> str:
        self.ids += 1
        return f"{kind} {self.ids}"

    def buy(self, amount: float, merchant: Merchant = GROCER, posted: date | None = None) -> str:
        """A charge is posted; the id of its clearing."""
        clearing_id = self._id("charge")
        self.when(
            commands.ClearCharge(
                account_id="account",
                clearing_id=clearing_id,
                charge_id="",
                card_id="card",
                amount=pounds(amount),
                merchant=merchant,
                transaction_date=posted or self.today,
                posting_date=posted or self.today,
            )
        )
        return clearing_id

    def refund(self, amount: float, posted: date | None = None) -> list[Fact]:
        """Money comes back from a grocer."""
        return self.when(
            commands.RefundCharge(
                account_id="account",
                refund_id=self._id("refund"),
                charge_id="",
                card_id="card",
                amount=pounds(amount),
                merchant=GROCER,
                transaction_date=posted or self.today,
                posting_date=posted or self.today,
            )
        )

    def pay(self, amount: float, credited: date | None = None, payment_id: str = "") -> list[Fact]:
        """A repayment is credited, today or on an earlier day."""
        return self.when(
            commands.RecordPayment(
                account_id="account",
                payment_id=payment_id or self._id("payment"),
                amount=pounds(amount),
                transaction_date=credited or self.today,
                posting_date=credited or self.today,
            )
        )

    def bounce(self, payment_id: str) -> list[Fact]:
        """A payment comes back unpaid today."""
        return self.when(
            billing.ReturnPayment(
                account_id="account",
                payment_id=payment_id,
                reason="INSUFFICIENT_FUNDS",
                transaction_date=self.today,
                posting_date=self.today,
            )
        )

    def run(self, month: int, day: int, year: int = 2026) -> list[Fact]:
        """The billing day is run up to the end of a day."""
        self.on(month, day, year)
        return self.when(billing.ProcessBillingDay(account_id="account", business_date=self.today))

    def statement(self, number: int) -> Statement:
        """A statement as it was told."""
        return next(s for s in self.statements() if s.number == number)

    def statements(self) -> list[Statement]:
        """All of them, in order."""
        return [fact.statement for fact in self.facts if hasattr(fact, "statement")]

    @property
    def owed(self) -> float:
        """The balance, in pounds."""
        return self.state.posted_minor / 100


def amounts(facts: list[Fact], kind: str) -> list[float]:
    """The amounts of the facts of a name, in pounds."""
    return [_pounds(fact) for fact in facts if type(fact).__name__ == kind]


def _pounds(fact: Any) -> float:
    amount: Money = fact.amount
    return amount.minor_units / 100
