"""What facts do to the read model of business days."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, update

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.accounts.domain.business_day import events
from services.accounts.tables.business_days import business_days

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _micros(event: Recorded) -> int:
    return (event.meta.occurred_at - _EPOCH) // _MICROSECOND


@projects(events.BusinessDayOpened)
def open_day(connection: Connection, event: Recorded) -> None:
    """A day begins with nothing done."""
    fact: Any = event.fact
    connection.execute(
        business_days.insert().values(
            programme_id=fact.programme_id,
            business_date=fact.business_date.isoformat(),
            phase="OPEN",
            opened_at_micros=_micros(event),
            ended_at_micros=0,
            ended_position=0,
            closed_at_micros=0,
            currency="",
            accounts=0,
            statements=0,
            interest_minor=0,
            fees_minor=0,
            failed=0,
        )
    )


def _change(connection: Connection, fact: Any, **values: Any) -> None:
    connection.execute(
        update(business_days)
        .where(
            business_days.c.programme_id == fact.programme_id,
            business_days.c.business_date == fact.business_date.isoformat(),
        )
        .values(values)
    )


@projects(events.BusinessDayEnded)
def end_day(connection: Connection, event: Recorded) -> None:
    """What is due on the day is being carried out from here on."""
    _change(
        connection,
        event.fact,
        phase="CLOSING",
        ended_at_micros=_micros(event),
        ended_position=event.position,
    )


@projects(events.BusinessDayClosed)
def close_day(connection: Connection, event: Recorded) -> None:
    """The day is over, with its figures."""
    fact: Any = event.fact
    _change(
        connection,
        fact,
        phase="CLOSED",
        closed_at_micros=_micros(event),
        currency=fact.interest.currency,
        accounts=fact.accounts,
        statements=fact.statements,
        interest_minor=fact.interest.minor_units,
        fees_minor=fact.fees.minor_units,
        failed=fact.failed,
    )


PROJECTIONS = (Projection("business_days", (business_days,), (open_day, end_day, close_day)),)
