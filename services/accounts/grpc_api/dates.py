"""Dates of a request: those that a caller leaves out are of the business day that the account's
programme is on, and none is yet to come."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from chassis import answers
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.grpc_api import messages
from services.accounts.use_cases.business_days import business_date
from services.accounts.use_cases.programme_clock import Zones, latest_day, shown_to

CLOCKS_DIFFER = timedelta(days=1)
"""So far ahead of us a moment may lie that somebody tells: some take their local time for UTC."""


async def today_of(ports: Ports, account_id: str) -> date:
    """The business date of an account; the calendar's for one that there is not."""
    account = await ports.application.peek(CREDIT_ACCOUNT, account_id)
    if account is None:
        # There is no such account, which is for the decision to say.
        return ports.clock.now().date()
    return await business_date(ports, account.programme_id)


async def day_of(ports: Ports, account_id: str, request: Any, field: str) -> date:
    """The date in a field of a request. Raises Invalid for none, and for one yet to come."""
    return (await _days_of(ports, account_id, {field: getattr(request, field)}))[field]


async def dates_of_credit(ports: Ports, account_id: str, request: Any) -> dict[str, date]:
    """Both dates and `today`: by them what was paid or given back earlier counts from then on."""
    today = await today_of(ports, account_id)
    return {**await both_dates(ports, account_id, request), "today": today}


async def both_dates(ports: Ports, account_id: str, request: Any) -> dict[str, date]:
    """`transaction_date` and `posting_date` of a request, by their names. Raises Invalid for what
    is no date, and for one that is yet to come."""
    told = {name: getattr(request, name) for name in ("transaction_date", "posting_date")}
    return await _days_of(ports, account_id, told)


async def _days_of(ports: Ports, account_id: str, told: Mapping[str, str]) -> dict[str, date]:
    today = date.min if all(told.values()) else await today_of(ports, account_id)
    days = {name: messages.day(text, name, today) for name, text in told.items()}
    latest = latest_day(await shown_to(ports, account_id))
    if max(days.values()) > latest:
        # A business date may be ahead of the calendar by more than the earth turns.
        latest = max(latest, await today_of(ports, account_id))
    for name, day in days.items():
        if day > latest:
            raise yet_to_come(name)
    return days


async def moment_of(
    ports: Ports, zones: Zones, account_id: str, request: Any
) -> tuple[date, datetime]:
    """Date and instant of a charge: as told, or what the account's clock shows where its programme
    has its midnight. Raises Invalid."""
    now, zone = await shown_to(ports, account_id), await zones.of_account(account_id)
    return _moment(request, now, zone)


def moment_of_nobody(request: Any, now: datetime) -> tuple[date, datetime]:
    """The same where nobody knows whose charge it is, in UTC. Raises Invalid."""
    return _moment(request, now, UTC)


def _moment(request: Any, now: datetime, zone: tzinfo) -> tuple[date, datetime]:
    """The date in a time zone and the instant of a charge: as told; a date alone has the time of
    now. Raises Invalid for one that is yet to come."""
    told = request.HasField("transaction_at")
    at = answers.of_timestamp(request.transaction_at) if told else now
    if told and at > now + CLOCKS_DIFFER:
        raise yet_to_come("transaction_at")
    there = _in_zone(at, zone)
    on = messages.day(request.transaction_date, "transaction_date", there.date())
    if request.transaction_date and on > latest_day(now):
        raise yet_to_come("transaction_date")
    if not told and on != there.date():
        at = _in_zone(datetime.combine(on, there.time(), tzinfo=zone), UTC)
    return on, at


def _in_zone(at: datetime, zone: tzinfo) -> datetime:
    try:
        return at.astimezone(zone)
    except OverflowError as error:
        # On the first day of all it is no day yet farther in the west.
        path = "transaction_at"
        raise Invalid("TIMESTAMP_OUT_OF_RANGE", "before the first day", field=path) from error


def yet_to_come(field: str) -> Invalid:
    """That a field names a day that has not begun anywhere."""
    return Invalid("DATE_IN_THE_FUTURE", "that day has not begun anywhere", field=field)
