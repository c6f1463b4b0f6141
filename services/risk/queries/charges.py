"""Questions to the read models; each is a function of a connection."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, func, select

from services.risk.domain.charge import Outcome
from services.risk.domain.features import Scope
from services.risk.domain.rules import Verdict
from services.risk.tables.charges import alerts, daily_reasons, daily_verdicts, scores

REASONS_SHOWN = 100

FIRST_DAY = "0001-01-01"
LAST_DAY = "9999-12-31"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """A score as listed; `position` is its place in the log and its place in pages."""

    position: int
    charge_id: str
    account_id: str
    customer_id: str
    card_id: str
    outcome: Outcome
    score: int
    verdict: Verdict
    reason_codes: tuple[str, ...]
    rule_set_version: str
    amount_minor: int
    currency: str
    transaction_at: datetime
    scored_at: datetime
    feature_set: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert as listed; `decided_at` is None while it is open."""

    position: int
    alert_id: str
    scope: Scope
    entity_id: str
    charge_id: str
    account_id: str
    customer_id: str
    card_id: str
    merchant_name: str
    score: int
    verdict: Verdict
    reason_codes: tuple[str, ...]
    rule_set_version: str
    transaction_at: datetime
    raised_at: datetime
    status: str
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Counts: charges by verdict, alerts by status, charges by reason with the commonest first."""

    verdicts: tuple[tuple[Verdict, int], ...]
    alerts: tuple[tuple[str, int], ...]
    reasons: tuple[tuple[str, int], ...]


def score_of(connection: Connection, charge_id: str) -> ScoreRow | None:
    """The last score of a charge."""
    query = select(scores).where(scores.c.charge_id == charge_id)
    row = connection.execute(query.order_by(scores.c.position.desc()).limit(1)).first()
    return _score(row) if row is not None else None


def list_scores(
    connection: Connection,
    *,
    card_id: str,
    account_id: str,
    verdict: str,
    before: int | None,
    limit: int,
) -> list[ScoreRow]:
    """Scores, newest first, at most `limit`; empty texts leave a condition out."""
    wanted = {"card_id": card_id, "account_id": account_id, "verdict": verdict}
    return [_score(row) for row in connection.execute(_newest(scores, wanted, before, limit))]


def alert_of(connection: Connection, alert_id: str) -> AlertRow | None:
    """One alert."""
    row = connection.execute(select(alerts).where(alerts.c.alert_id == alert_id)).first()
    return _alert(row) if row is not None else None


def list_alerts(
    connection: Connection,
    *,
    status: str,
    card_id: str,
    account_id: str,
    scope: str,
    before: int | None,
    limit: int,
) -> list[AlertRow]:
    """Alerts, newest first, at most `limit`; empty texts leave a condition out."""
    wanted = {"status": status, "card_id": card_id, "account_id": account_id, "scope": scope}
    return [_alert(row) for row in connection.execute(_newest(alerts, wanted, before, limit))]


def customer_of_card(connection: Connection, card_id: str) -> str | None:
    """Whose card it is, by its newest score; None for a card that was never used."""
    query = select(scores.c.customer_id).where(scores.c.card_id == card_id)
    found: str | None = connection.scalar(query.order_by(scores.c.position.desc()).limit(1))
    return found


def dashboard(connection: Connection, from_day: str, to_day: str) -> Dashboard:
    """Counts over transaction days, both ends included; empty texts for no end."""
    first, last = from_day or FIRST_DAY, to_day or LAST_DAY
    verdicts = select(daily_verdicts.c.verdict, func.sum(daily_verdicts.c.charges)).where(
        daily_verdicts.c.day.between(first, last)
    )
    statuses = select(alerts.c.status, func.count()).where(
        alerts.c.transaction_day.between(first, last)
    )
    times = func.sum(daily_reasons.c.charges)
    reasons = select(daily_reasons.c.reason_code, times).where(
        daily_reasons.c.day.between(first, last)
    )
    by_verdict = connection.execute(
        verdicts.group_by(daily_verdicts.c.verdict).order_by(daily_verdicts.c.verdict)
    )
    by_status = connection.execute(statuses.group_by(alerts.c.status).order_by(alerts.c.status))
    by_reason = connection.execute(
        reasons.group_by(daily_reasons.c.reason_code)
        .order_by(times.desc(), daily_reasons.c.reason_code)
        .limit(REASONS_SHOWN)
    )
    return Dashboard(
        verdicts=tuple((Verdict(name), int(count)) for name, count in by_verdict),
        alerts=tuple((name, int(count)) for name, count in by_status),
        reasons=tuple((name, int(count)) for name, count in by_reason),
    )


def _newest(
    table: Table, wanted: dict[str, str], before: int | None, limit: int
) -> Select[tuple[object, ...]]:
    conditions: Iterable[ColumnElement[bool]] = (
        table.c[name] == value for name, value in wanted.items() if value
    )
    query = select(table).where(*conditions)
    if before is not None:
        query = query.where(table.c.position < before)
    return query.order_by(table.c.position.desc()).limit(limit)


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _score(row: Row[tuple[object, ...]]) -> ScoreRow:
    return ScoreRow(
        position=row.position,
        charge_id=row.charge_id,
        account_id=row.account_id,
        customer_id=row.customer_id,
        card_id=row.card_id,
        outcome=Outcome(row.outcome),
        score=row.score,
        verdict=Verdict(row.verdict),
        reason_codes=tuple(json.loads(row.reason_codes)),
        rule_set_version=row.rule_set_version,
        amount_minor=row.amount_minor,
        currency=row.currency,
        transaction_at=_instant(row.transaction_at_micros),
        scored_at=_instant(row.scored_at_micros),
        feature_set=row.feature_set,
        values=tuple(json.loads(row.feature_values)),
    )


def _alert(row: Row[tuple[object, ...]]) -> AlertRow:
    return AlertRow(
        position=row.position,
        alert_id=row.alert_id,
        scope=Scope(row.scope),
        entity_id=row.entity_id,
        charge_id=row.charge_id,
        account_id=row.account_id,
        customer_id=row.customer_id,
        card_id=row.card_id,
        merchant_name=row.merchant_name,
        score=row.score,
        verdict=Verdict(row.verdict),
        reason_codes=tuple(json.loads(row.reason_codes)),
        rule_set_version=row.rule_set_version,
        transaction_at=_instant(row.transaction_at_micros),
        raised_at=_instant(row.raised_at_micros),
        status=row.status,
        decided_by=row.decided_by,
        decided_at=_instant(row.decided_at_micros) if row.decided_at_micros else None,
    )
