"""What takes more than one step about other credit limits: sealing what the holder tells, and
finding out how old the holder is."""

import json
from dataclasses import dataclass
from datetime import date

from chassis.kernel.money import Money
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.credit_lines.commands import RequestCreditLine
from services.accounts.domain.customer import CUSTOMER
from services.accounts.use_cases.accounts import Accounts

PURPOSE = "accounts.credit-line"
INCOME, OBLIGATIONS, BORN = "annual_income", "monthly_obligations", "date_of_birth"


@dataclass(frozen=True, slots=True)
class CreditLines:
    """The steps around the decision."""

    accounts: Accounts

    async def requested(
        self,
        account: CreditAccount,
        request_id: str,
        limit: Money,
        income: Money,
        obligations: Money,
        today: date,
    ) -> RequestCreditLine:
        """The command, with what is personal sealed under the holder's own key. Raises NotFound
        KEY_DESTROYED."""
        accounts, customer_id = self.accounts, account.customer_id
        told = [request_id, limit.minor_units, income.minor_units, obligations.minor_units]
        digest = accounts.keys.lookup_hash(PURPOSE, json.dumps([customer_id, *told]).encode())
        return RequestCreditLine(
            account_id=account.account_id,
            request_id=request_id,
            limit=limit,
            annual_income=income,
            monthly_obligations=obligations,
            sealed_income=await accounts.seal(customer_id, INCOME, str(income.minor_units)),
            sealed_obligations=await accounts.seal(
                customer_id, OBLIGATIONS, str(obligations.minor_units)
            ),
            request_digest=digest,
            age_years=await self._age(customer_id, today),
            transaction_date=today,
        )

    async def _age(self, customer_id: str, today: date) -> int | None:
        """Whole years on a day; None where no date of birth is known."""
        customer = await self.accounts.application.state(CUSTOMER, customer_id)
        if customer.profile is None or not customer.profile.date_of_birth:
            return None
        sealed = customer.profile.date_of_birth
        born = date.fromisoformat(await self.accounts.unseal(customer_id, BORN, sealed))
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
