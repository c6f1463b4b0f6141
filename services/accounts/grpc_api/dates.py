"""Dates that a caller leaves out: those of the business day that the account's programme is on."""

from datetime import date, datetime
from typing import Any

from chassis.ports import Ports
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.grpc_api import messages
from services.accounts.use_cases.business_days import business_date
from services.accounts.use_cases.programme_clock import shown_to


async def today_of(ports: Ports, account_id: str) -> date:
    """The business date of an account; the calendar's for one that there is not."""
    account = await ports.application.peek(CREDIT_ACCOUNT, account_id)
    if account is None:
        # There is no such account, which is for the decision to say.
        return ports.clock.now().date()
    return await business_date(ports, account.programme_id)


async def day_of(ports: Ports, account_id: str, request: Any, field: str) -> date:
    """The date in a field of a request. Raises Invalid."""
    told: str = getattr(request, field)
    today = date.min if told else await today_of(ports, account_id)
    return messages.day(told, field, today)


async def dates_of_credit(ports: Ports, account_id: str, request: Any) -> dict[str, date]:
    """The same, and `today`: by them what was paid or given back earlier counts from then on."""
    today = await today_of(ports, account_id)
    return {**await both_dates(ports, account_id, request), "today": today}


async def both_dates(ports: Ports, account_id: str, request: Any) -> dict[str, date]:
    """`transaction_date` and `posting_date` of a request, by their names. Raises Invalid."""
    told = {name: getattr(request, name) for name in ("transaction_date", "posting_date")}
    today = date.min if all(told.values()) else await today_of(ports, account_id)
    return {name: messages.day(text, name, today) for name, text in told.items()}


async def moment_of(ports: Ports, account_id: str, request: Any) -> tuple[date, datetime]:
    """Business date and instant of a charge: as told, or what the account's clock shows. Raises
    Invalid."""
    return messages.moment(request, await shown_to(ports, account_id))
