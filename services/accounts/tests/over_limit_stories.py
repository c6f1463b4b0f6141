"""How the tests of exceeding the limit speak: a limit of 500.00 and a consent to the fee."""

from dataclasses import replace
from datetime import date
from typing import Any

from chassis.kernel.events import Fact
from services.accounts.domain.billing.terms import Fee, FeeKind
from services.accounts.domain.over_limit import commands
from services.accounts.domain.over_limit.notice import notice_of
from services.accounts.domain.over_limit.state import ConsentMethod
from services.accounts.domain.values import Channel
from services.accounts.tests.billing_stories import BilledStory

FEE = Fee(kind=FeeKind.OVER_LIMIT, amount_minor=25_00, repeated_minor=35_00)
LATE = Fee(kind=FeeKind.LATE, amount_minor=25_00, repeated_minor=35_00)
RETURNED = Fee(kind=FeeKind.RETURNED_PAYMENT, amount_minor=25_00, repeated_minor=35_00)


class OverStory(BilledStory):
    """Limit 500.00, opened on the first of October 2026, cycles are months, due on the 25th."""

    def __init__(self, limit: float = 500, consent: bool = True, **changes: Any) -> None:
        fields: dict[str, Any] = {"fees": (FEE,), **changes}
        super().__init__(limit, date(2026, 10, 1), **fields)
        assert self.state.terms is not None
        roomy = replace(self.state.terms, over_limit_tolerance_minor=1_000_00)
        self.state = replace(self.state, terms=roomy)
        if consent:
            self.on(10, 1).consent()
            self.confirm()

    def consent(self, consent_id: str = "c", notice_id: str = "") -> list[Fact]:
        """The holder consents."""
        terms = self.state.in_force.billing
        assert terms is not None
        told = notice_of(terms, self.today)
        return self.when(
            commands.GiveOverLimitConsent(
                account_id="account",
                consent_id=consent_id,
                notice_id=notice_id or (told.notice_id if told else "none"),
                method=ConsentMethod.ELECTRONIC,
                channel=Channel.HOLDER,
                transaction_date=self.today,
            )
        )

    def confirm(self, consent_id: str = "c") -> list[Fact]:
        """The confirmation is sent."""
        return self.when(
            commands.ConfirmOverLimitConsent(
                account_id="account", consent_id=consent_id, transaction_date=self.today
            )
        )

    def revoke(self) -> list[Fact]:
        """The holder revokes."""
        return self.when(
            commands.RevokeOverLimitConsent(
                account_id="account",
                method=ConsentMethod.ORAL,
                channel=Channel.HOLDER,
                transaction_date=self.today,
            )
        )

    @property
    def fees(self) -> list[tuple[int, float]]:
        """The months of the fees for exceeding the limit, and how much they were."""
        found: list[Any] = [
            fact
            for fact in self.facts
            if type(fact).__name__ == "FeeCharged" and getattr(fact, "kind", "") == "OVER_LIMIT"
        ]
        return [(fee.posting_date.month, fee.amount.minor_units / 100) for fee in found]
