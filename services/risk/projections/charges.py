"""What facts do to the read models."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_

from chassis.projector import Projection, projects
from chassis.recorded import Recorded
from services.risk.domain.events import AlertDecided, AlertRaised, ChargeScored
from services.risk.tables.charges import alerts, daily_reasons, daily_verdicts, scores

OPEN = "open"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (instant - _EPOCH) // _MICROSECOND


def day(instant: datetime) -> str:
    """The day of an instant in UTC, YYYY-MM-DD."""
    return instant.astimezone(UTC).date().isoformat()


@projects(ChargeScored)
def list_score(connection: Connection, event: Recorded) -> None:
    """One row for each charge and outcome."""
    fact = event.fact
    assert isinstance(fact, ChargeScored)
    charge = fact.charge
    connection.execute(
        scores.insert().values(
            charge_id=charge.charge_id,
            outcome=charge.outcome,
            position=event.position,
            account_id=charge.account_id,
            customer_id=charge.customer_id,
            card_id=charge.card_id,
            score=fact.score,
            verdict=fact.verdict,
            reason_codes=json.dumps(fact.reason_codes),
            rule_set_version=fact.rule_set_version,
            amount_minor=charge.amount.minor_units,
            currency=charge.amount.currency,
            transaction_at_micros=micros(charge.transaction_at),
            scored_at_micros=micros(event.meta.occurred_at),
            feature_set=fact.feature_set,
            feature_values=json.dumps(fact.values),
        )
    )


@projects(ChargeScored)
def count_score(connection: Connection, event: Recorded) -> None:
    """One more charge of its day with its verdict, and with each of its reasons."""
    fact = event.fact
    assert isinstance(fact, ChargeScored)
    of_day = day(fact.charge.transaction_at)
    _count(connection, daily_verdicts, day=of_day, verdict=fact.verdict)
    for reason_code in fact.reason_codes:
        _count(connection, daily_reasons, day=of_day, reason_code=reason_code)


def _count(connection: Connection, table: Table, **key: str) -> None:
    same: ColumnElement[bool] = and_(*(table.c[name] == value for name, value in key.items()))
    counted = connection.execute(table.update().where(same).values(charges=table.c.charges + 1))
    if counted.rowcount == 0:
        connection.execute(table.insert().values(**key, charges=1))


@projects(AlertRaised)
def list_alert(connection: Connection, event: Recorded) -> None:
    """One row for each alert, open at first."""
    fact = event.fact
    assert isinstance(fact, AlertRaised)
    charge = fact.charge
    connection.execute(
        alerts.insert().values(
            alert_id=fact.alert_id,
            position=event.position,
            scope=fact.scope,
            entity_id=fact.entity_id,
            charge_id=charge.charge_id,
            account_id=charge.account_id,
            customer_id=charge.customer_id,
            card_id=charge.card_id,
            merchant_name=charge.merchant_name,
            score=fact.score,
            verdict=fact.verdict,
            reason_codes=json.dumps(fact.reason_codes),
            rule_set_version=fact.rule_set_version,
            transaction_at_micros=micros(charge.transaction_at),
            transaction_day=day(charge.transaction_at),
            raised_at_micros=micros(event.meta.occurred_at),
            status=OPEN,
            decided_by="",
            decided_at_micros=0,
        )
    )


@projects(AlertDecided)
def close_alert(connection: Connection, event: Recorded) -> None:
    """The alert is no longer open."""
    fact = event.fact
    assert isinstance(fact, AlertDecided)
    connection.execute(
        alerts.update()
        .where(alerts.c.alert_id == fact.alert_id)
        .values(
            status=fact.decision,
            decided_by=fact.decided_by,
            decided_at_micros=micros(event.meta.occurred_at),
        )
    )


PROJECTIONS = (
    Projection(
        name="scores",
        tables=(scores, daily_verdicts, daily_reasons),
        handlers=(list_score, count_score),
    ),
    Projection(name="alerts", tables=(alerts,), handlers=(list_alert, close_alert)),
)
