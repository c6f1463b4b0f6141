"""What takes more than one step about billing: business dates, choosing an amount to pay."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.money import Money
from chassis.ports import Ports
from services.accounts.domain.account.commands import RecordPayment
from services.accounts.domain.account.state import CreditAccount, act_key
from services.accounts.domain.billing.disputed import disputed_in
from services.accounts.domain.billing.dues import credited_since, paid_towards
from services.accounts.domain.billing.events import StatementCut
from services.accounts.domain.billing.state import total
from services.accounts.domain.billing.statement import Statement
from services.accounts.domain.collecting.commands import InitiatePayment
from services.accounts.domain.collecting.state import Settlement
from services.accounts.queries import billing as queries
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.business_days import business_date


class Choice(StrEnum):
    """What to pay."""

    AMOUNT = "AMOUNT"
    MINIMUM = "MINIMUM"
    STATEMENT = "STATEMENT"
    BALANCE = "BALANCE"


@dataclass(frozen=True, slots=True)
class BillingCases:
    """The steps around billing."""

    ports: Ports
    accounts: Accounts

    async def today(self, account: CreditAccount) -> date:
        """The business date of the account's programme; the calendar's until it has one."""
        return await business_date(self.ports, account.programme_id)

    async def statement(self, account_id: str, number: int, as_of: str) -> Statement:
        """A statement as it was told. Raises NotFound STATEMENT_NOT_FOUND."""
        await self.accounts.account(account_id)
        place = await self.ports.database.read(
            lambda connection: queries.place_of(connection, account_id, number, as_of)
        )
        found = await self.ports.log.after(place - 1, 1) if place else []
        fact = found[0].fact if found else None
        if not isinstance(fact, StatementCut):
            raise NotFound("STATEMENT_NOT_FOUND", "there is no such statement, or not yet")
        return fact.statement


def chosen(account: CreditAccount, payment_id: str, choice: Choice, amount: Money | None) -> Money:
    """How much is paid; asked again, the same. Raises Invalid AMOUNT_MISSING, Refused
    NOTHING_TO_PAY."""
    made = account.acts.get(act_key("payment", payment_id))
    if made is not None:
        return account.money(int(made.asked))
    on_its_way = account.billing.collecting
    initiated = on_its_way.known.get(payment_id)
    if initiated is not None:
        return account.money(initiated.minor)
    if choice is Choice.AMOUNT:
        if amount is None:
            raise Invalid("AMOUNT_MISSING", "say how much", field="amount")
        return amount
    pending = on_its_way.pending_minor
    # What was given up as lost is owed all the same, less what of it was recovered.
    lost = account.billing.charged_off_minor - account.billing.recovered_minor
    owed = account.posted_minor + lost - total(disputed_in(account)) - pending
    due = account.billing.last_due
    if choice is Choice.MINIMUM:
        wanted = due.minimum_now - paid_towards(account.billing, due) - pending if due else 0
    elif choice is Choice.STATEMENT:
        wanted = due.closing_now - credited_since(account.billing, due) - pending if due else 0
    else:
        wanted = owed
    if min(wanted, owed) <= 0:
        raise Refused("NOTHING_TO_PAY", "nothing of that is left to pay")
    return account.money(min(wanted, owed))


def payment(
    account: CreditAccount, payment_id: str, amount: Money, today: date, settlement: Settlement
) -> RecordPayment | InitiatePayment:
    """The command that pays: at once, or when a bank confirms it."""
    if settlement is Settlement.ON_CONFIRMATION:
        return InitiatePayment(
            account_id=account.account_id,
            payment_id=payment_id,
            amount=amount,
            transaction_date=today,
        )
    return RecordPayment(
        account_id=account.account_id,
        payment_id=payment_id,
        amount=amount,
        transaction_date=today,
        posting_date=today,
    )
