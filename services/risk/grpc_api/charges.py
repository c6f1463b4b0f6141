"""The door: requests to commands and queries, answers from states and rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import grpc
from cards.risk.v1 import risk_service_pb2 as pb
from cards.risk.v1.risk_service_pb2_grpc import RiskServiceServicer

from chassis import answers, call
from chassis.application import Application
from chassis.database import Database
from chassis.kernel.clock import Clock
from chassis.kernel.decider import Decider
from chassis.kernel.errors import Invalid, NotFound
from chassis.kernel.ids import derive
from chassis.kernel.money import Money
from chassis.work import Settled
from services.risk.domain import features
from services.risk.domain.alerting import AlertDecision, DecideAlert
from services.risk.domain.card_profile import CardProfile, DecideCardAlert
from services.risk.domain.charge import Charge, Outcome, instant, merchant_key, paid_at
from services.risk.domain.features import Scope
from services.risk.domain.group_profile import DecideAccountAlert, DecideMerchantAlert
from services.risk.domain.rule_book import (
    BOOK_ID,
    ActivateRuleSet,
    Entry,
    ProposeRuleSet,
    RuleBook,
    RuleSetStatus,
)
from services.risk.domain.rules import Rule, RuleSet, Verdict
from services.risk.projections.charges import OPEN
from services.risk.queries import charges as queries
from services.risk.use_cases.in_line import InLine

Context = grpc.aio.ServicerContext[Any, Any]

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
DECIDE_ALERT: Mapping[Scope, type[DecideAlert]] = {
    Scope.CARD: DecideCardAlert,
    Scope.ACCOUNT: DecideAccountAlert,
    Scope.MERCHANT: DecideMerchantAlert,
}


class RiskApi(RiskServiceServicer):
    """cards.risk.v1.RiskService."""

    def __init__(
        self,
        application: Application,
        database: Database,
        in_line: InLine,
        clock: Clock,
        *,
        card: Decider[CardProfile],
        book: Decider[RuleBook],
    ) -> None:
        self._application = application
        self._database = database
        self._in_line = in_line
        self._clock = clock
        self._card = card
        self._book = book

    # Scores ---------------------------------------------------------------------------------------

    async def AssessCharge(
        self, request: pb.AssessChargeRequest, context: Context
    ) -> pb.AssessChargeResponse:
        judgement = await self._in_line.assess(_charge(request, self._clock.now()))
        version = judgement.rule_set_version
        return pb.AssessChargeResponse(
            verdict=VERDICTS[judgement.verdict],
            score=judgement.score,
            reason_codes=judgement.reason_codes,
            rule_set_version=version,
            assessment_id=derive("assessment", request.charge_id, version),
        )

    async def GetScore(self, request: pb.GetScoreRequest, context: Context) -> pb.GetScoreResponse:
        found = await self._database.read(lambda c: queries.score_of(c, request.charge_id))
        if found is None:
            raise NotFound("SCORE_NOT_FOUND", "no such charge was scored", field="charge_id")
        return pb.GetScoreResponse(score=_score(found), features=_features(found.values))

    async def ListScores(
        self, request: pb.ListScoresRequest, context: Context
    ) -> pb.ListScoresResponse:
        size = answers.page_size(request.page_size)
        before = _before(request.page_token)
        rows = await self._database.read(
            lambda c: queries.list_scores(
                c,
                card_id=request.card_id,
                account_id=request.account_id,
                verdict=_named(VERDICTS, request.verdict),
                before=before,
                limit=size + 1,
            )
        )
        return pb.ListScoresResponse(
            scores=map(_score, rows[:size]), next_page_token=_next(rows, size)
        )

    async def GetCardProfile(
        self, request: pb.GetCardProfileRequest, context: Context
    ) -> pb.GetCardProfileResponse:
        found = await self._application.find(self._card, request.card_id)
        if found is None:
            raise NotFound("PROFILE_NOT_FOUND", "the card was never used", field="card_id")
        return pb.GetCardProfileResponse(
            card_id=request.card_id,
            charges_seen=found.profile.charges_seen,
            newest_at=answers.timestamp(instant(found.profile.newest_seconds)),
            features=_features(found.last_values),
            open_alert_id=found.alerts.open_id,
        )

    # Alerts ---------------------------------------------------------------------------------------

    async def ListAlerts(
        self, request: pb.ListAlertsRequest, context: Context
    ) -> pb.ListAlertsResponse:
        size = answers.page_size(request.page_size)
        before = _before(request.page_token)
        rows = await self._database.read(
            lambda c: queries.list_alerts(
                c,
                status=_named(ALERT_STATUSES, request.status),
                card_id=request.card_id,
                account_id=request.account_id,
                scope=_named(SCOPES, request.scope),
                before=before,
                limit=size + 1,
            )
        )
        return pb.ListAlertsResponse(
            alerts=map(_alert, rows[:size]), next_page_token=_next(rows, size)
        )

    async def GetAlert(self, request: pb.GetAlertRequest, context: Context) -> pb.GetAlertResponse:
        return pb.GetAlertResponse(alert=_alert(await self._listed(request.alert_id)))

    async def DecideAlert(
        self, request: pb.DecideAlertRequest, context: Context
    ) -> pb.DecideAlertResponse:
        listed = await self._listed(request.alert_id)
        command = DECIDE_ALERT[listed.scope](
            entity_id=listed.entity_id,
            alert_id=request.alert_id,
            decision=DECISIONS[request.decision],
            decided_by=_person(),
        )

        def render(settled: Settled) -> pb.DecideAlertResponse:
            note = settled.state.alerts.by_id[request.alert_id]
            return pb.DecideAlertResponse(
                alert_id=request.alert_id,
                status=ALERT_STATUSES[note.decision],
                receipt=answers.receipt(settled),
            )

        return await self._application.answer(command, render=render)

    async def _listed(self, alert_id: str) -> queries.AlertRow:
        found = await self._database.read(lambda c: queries.alert_of(c, alert_id))
        if found is None:
            raise NotFound("ALERT_NOT_FOUND", "there is no such alert", field="alert_id")
        return found

    # Rules ----------------------------------------------------------------------------------------

    async def ListRules(
        self, request: pb.ListRulesRequest, context: Context
    ) -> pb.ListRulesResponse:
        book = await self._application.state(self._book, BOOK_ID)
        entry = book.entries.get(request.rule_set_version or book.active_version)
        if entry is None:
            raise NotFound(
                "RULE_SET_NOT_FOUND", "there is no such rule set", field="rule_set_version"
            )
        return pb.ListRulesResponse(
            rule_set=_rule_set(entry), rules=map(_rule, entry.rule_set.rules)
        )

    async def ListRuleSets(
        self, request: pb.ListRuleSetsRequest, context: Context
    ) -> pb.ListRuleSetsResponse:
        book = await self._application.state(self._book, BOOK_ID)
        size = answers.page_size(request.page_size)
        before = _before(request.page_token)
        end = len(book.order) if before is None else min(before, len(book.order))
        start = max(end - size, 0)
        versions = reversed(book.order[start:end])
        return pb.ListRuleSetsResponse(
            rule_sets=[_rule_set(book.entries[version]) for version in versions],
            next_page_token=answers.page_token(start) if start else "",
        )

    async def ProposeRuleSet(
        self, request: pb.ProposeRuleSetRequest, context: Context
    ) -> pb.ProposeRuleSetResponse:
        rules = tuple(map(_asked_rule, request.rules))
        rule_set = RuleSet(rules=rules, alert_score=request.alert_score)
        return await self._application.answer(
            ProposeRuleSet(rule_set=rule_set, proposed_by=_person()),
            render=lambda settled: pb.ProposeRuleSetResponse(
                rule_set=_rule_set(settled.state.entries[rule_set.version]),
                receipt=answers.receipt(settled),
            ),
        )

    async def ActivateRuleSet(
        self, request: pb.ActivateRuleSetRequest, context: Context
    ) -> pb.ActivateRuleSetResponse:
        version = request.rule_set_version
        return await self._application.answer(
            ActivateRuleSet(rule_set_version=version, activated_by=_person()),
            render=lambda settled: pb.ActivateRuleSetResponse(
                rule_set=_rule_set(settled.state.entries[version]),
                receipt=answers.receipt(settled),
            ),
        )

    # Counts ---------------------------------------------------------------------------------------

    async def GetDashboard(
        self, request: pb.GetDashboardRequest, context: Context
    ) -> pb.GetDashboardResponse:
        for field in ("from_day", "to_day"):
            _require_day(field, getattr(request, field))
        if "" < request.to_day < request.from_day:
            raise Invalid("DAYS_INVALID", "the last day is before the first", field="to_day")
        counts = await self._database.read(
            lambda c: queries.dashboard(c, request.from_day, request.to_day)
        )
        return pb.GetDashboardResponse(
            verdicts=[
                pb.VerdictCount(verdict=VERDICTS[verdict], charges=count)
                for verdict, count in counts.verdicts
            ],
            alerts=[
                pb.AlertCount(status=ALERT_STATUSES[status], alerts=count)
                for status, count in counts.alerts
            ],
            reasons=[
                pb.ReasonCount(reason_code=reason, charges=count)
                for reason, count in counts.reasons
            ],
        )


def _person() -> str:
    """Whose word it is, whichever service passes it on."""
    return call.current().principal.person.subject


def _named(table: Mapping[Any, Any], asked: Any) -> str:
    """The name that a wire value stands for; empty for unspecified."""
    return next((str(name) for name, wire in table.items() if wire == asked), "")


def _before(page_token: str) -> int | None:
    cursor = answers.of_page_token(page_token, int)
    return None if cursor is None else int(cursor[0])


def _next(rows: Sequence[queries.ScoreRow] | Sequence[queries.AlertRow], size: int) -> str:
    return answers.page_token(rows[size - 1].position) if len(rows) > size else ""


def _require_day(field: str, text: str) -> None:
    try:
        if text:
            date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("DAYS_INVALID", "a day is YYYY-MM-DD", field=field) from error


def _charge(request: pb.AssessChargeRequest, now: datetime) -> Charge:
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


def _features(values: tuple[int, ...]) -> Iterable[pb.Feature]:
    named = features.by_name(Scope.CARD, values).items() if values else ()
    return [pb.Feature(name=name, value=value) for name, value in named]


def _score(row: queries.ScoreRow) -> pb.Score:
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


def _alert(row: queries.AlertRow) -> pb.Alert:
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


def _rule_set(entry: Entry) -> pb.RuleSet:
    return pb.RuleSet(
        rule_set_version=entry.rule_set.version,
        status=RULE_SET_STATUSES[entry.status],
        alert_score=entry.rule_set.alert_score,
        rule_count=len(entry.rule_set.rules),
        proposed_by=entry.proposed_by,
        activated_by=entry.activated_by,
    )


def _rule(rule: Rule) -> pb.Rule:
    return pb.Rule(
        rule_id=rule.rule_id,
        reason_code=rule.reason_code,
        scope=SCOPES[rule.scope],
        expression=rule.expression,
        score=rule.score,
        verdict=VERDICTS[rule.verdict],
    )


def _asked_rule(rule: pb.Rule) -> Rule:
    return Rule(
        rule_id=rule.rule_id,
        reason_code=rule.reason_code,
        scope=Scope(_named(SCOPES, rule.scope)),
        expression=rule.expression,
        score=rule.score,
        verdict=Verdict(_named(VERDICTS, rule.verdict)),
    )
