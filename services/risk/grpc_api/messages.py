"""What charges, scores, alerts and rules are called at the door, and back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cards.risk.v1 import risk_service_pb2 as pb

from chassis import answers
from chassis.kernel.money import Money
from services.risk.domain.alerting import AlertDecision
from services.risk.domain.charge import Charge, Outcome, merchant_key, paid_at
from services.risk.domain.features import Scope, by_name
from services.risk.domain.rule_book import Entry, RuleSetStatus
from services.risk.domain.rules import Rule, Verdict
from services.risk.projections.charges import OPEN
from services.risk.queries import charges as queries

VERDICTS = {
    Verdict.ALLOW: pb.VERDICT_ALLOW,
    Verdict.WATCH: pb.VERDICT_WATCH,
    Verdict.BLOCK: pb.VERDICT_BLOCK,
}
SCOPES = {
    Scope.CARD: pb.SCOPE_CARD,
    Scope.ACCOUNT: pb.SCOPE_ACCOUNT,
    Scope.MERCHANT: pb.SCOPE_MERCHANT,
}
ALERT_STATUSES = {
    OPEN: pb.ALERT_STATUS_OPEN,
    AlertDecision.CONFIRMED_FRAUD.value: pb.ALERT_STATUS_CONFIRMED_FRAUD,
    AlertDecision.GENUINE.value: pb.ALERT_STATUS_GENUINE,
}
DECISIONS = {
    pb.ALERT_DECISION_CONFIRMED_FRAUD: AlertDecision.CONFIRMED_FRAUD,
    pb.ALERT_DECISION_GENUINE: AlertDecision.GENUINE,
}
RULE_SET_STATUSES = {
    RuleSetStatus.DRAFT: pb.RULE_SET_STATUS_DRAFT,
    RuleSetStatus.ACTIVE: pb.RULE_SET_STATUS_ACTIVE,
    RuleSetStatus.RETIRED: pb.RULE_SET_STATUS_RETIRED,
}


def named(table: Mapping[Any, Any], asked: Any) -> str:
    """The name that a wire value stands for; empty for unspecified."""
    return next((str(name) for name, wire in table.items() if wire == asked), "")


def charge(request: pb.AssessChargeRequest, now: datetime) -> Charge:
    """The charge as if it were approved: what is asked is what that would mean."""
    return Charge(
        charge_id=request.charge_id,
        account_id=request.account_id,
        customer_id="",
        card_id=request.card_id,
        outcome=Outcome.AUTHORISED,
        amount=Money(request.amount.minor_units, request.amount.currency_code),
        merchant_key=merchant_key(request.merchant_id, request.merchant_name),
        merchant_name=request.merchant_name,
        merchant_category_code=request.merchant_category_code,
        merchant_country=request.merchant_country,
        entry_mode=request.entry_mode,
        decline_reason="",
        transaction_at=paid_at(answers.of_timestamp(request.transaction_at), now),
    )


def features(values: tuple[int, ...]) -> Iterable[pb.Feature]:
    named = by_name(Scope.CARD, values).items() if values else ()
    return [pb.Feature(name=name, value=value) for name, value in named]


def score(row: queries.ScoreRow) -> pb.Score:
    return pb.Score(
        charge_id=row.charge_id,
        account_id=row.account_id,
        customer_id=row.customer_id,
        card_id=row.card_id,
        outcome=row.outcome,
        score=row.score,
        verdict=VERDICTS[row.verdict],
        reason_codes=row.reason_codes,
        rule_set_version=row.rule_set_version,
        amount=answers.money(Money(row.amount_minor, row.currency)),
        transaction_at=answers.timestamp(row.transaction_at),
        scored_at=answers.timestamp(row.scored_at),
    )


def alert(row: queries.AlertRow) -> pb.Alert:
    return pb.Alert(
        alert_id=row.alert_id,
        scope=SCOPES[row.scope],
        entity_id=row.entity_id,
        charge_id=row.charge_id,
        account_id=row.account_id,
        customer_id=row.customer_id,
        card_id=row.card_id,
        merchant_name=row.merchant_name,
        score=row.score,
        verdict=VERDICTS[row.verdict],
        reason_codes=row.reason_codes,
        rule_set_version=row.rule_set_version,
        transaction_at=answers.timestamp(row.transaction_at),
        raised_at=answers.timestamp(row.raised_at),
        status=ALERT_STATUSES[row.status],
        decided_by=row.decided_by,
        decided_at=answers.timestamp(row.decided_at) if row.decided_at else None,
    )


def rule_set(entry: Entry) -> pb.RuleSet:
    return pb.RuleSet(
        rule_set_version=entry.rule_set.version,
        status=RULE_SET_STATUSES[entry.status],
        alert_score=entry.rule_set.alert_score,
        rule_count=len(entry.rule_set.rules),
        proposed_by=entry.proposed_by,
        activated_by=entry.activated_by,
    )


def rule(rule: Rule) -> pb.Rule:
    return pb.Rule(
        rule_id=rule.rule_id,
        reason_code=rule.reason_code,
        scope=SCOPES[rule.scope],
        expression=rule.expression,
        score=rule.score,
        verdict=VERDICTS[rule.verdict],
    )


def asked_rule(rule: pb.Rule) -> Rule:
    return Rule(
        rule_id=rule.rule_id,
        reason_code=rule.reason_code,
        scope=Scope(named(SCOPES, rule.scope)),
        expression=rule.expression,
        score=rule.score,
        verdict=Verdict(named(VERDICTS, rule.verdict)),
    )
