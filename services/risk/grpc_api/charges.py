"""The door: requests to commands and queries, answers from states and rows."""

from collections.abc import Mapping, Sequence
from datetime import date
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
from chassis.work import Settled
from services.risk.domain.alerting import DecideAlert
from services.risk.domain.card_profile import CardProfile, DecideCardAlert
from services.risk.domain.charge import instant
from services.risk.domain.features import Scope
from services.risk.domain.group_profile import DecideAccountAlert, DecideMerchantAlert
from services.risk.domain.rule_book import (
    BOOK_ID,
    ActivateRuleSet,
    ProposeRuleSet,
    RuleBook,
)
from services.risk.domain.rules import RuleSet
from services.risk.grpc_api import messages
from services.risk.queries import charges as queries
from services.risk.use_cases.in_line import InLine

Context = grpc.aio.ServicerContext[Any, Any]

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
        judgement = await self._in_line.assess(messages.charge(request, self._clock.now()))
        version = judgement.rule_set_version
        return pb.AssessChargeResponse(
            verdict=messages.VERDICTS[judgement.verdict],
            score=judgement.score,
            reason_codes=judgement.reason_codes,
            rule_set_version=version,
            assessment_id=derive("assessment", request.charge_id, version),
        )

    async def GetScore(self, request: pb.GetScoreRequest, context: Context) -> pb.GetScoreResponse:
        found = await self._database.read(lambda c: queries.score_of(c, request.charge_id))
        if found is None:
            raise NotFound("SCORE_NOT_FOUND", "no such charge was scored", field="charge_id")
        return pb.GetScoreResponse(
            score=messages.score(found), features=messages.features(found.values)
        )

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
                verdict=messages.named(messages.VERDICTS, request.verdict),
                before=before,
                limit=size + 1,
            )
        )
        return pb.ListScoresResponse(
            scores=map(messages.score, rows[:size]), next_page_token=_next(rows, size)
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
            features=messages.features(found.last_values),
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
                status=messages.named(messages.ALERT_STATUSES, request.status),
                card_id=request.card_id,
                account_id=request.account_id,
                scope=messages.named(messages.SCOPES, request.scope),
                before=before,
                limit=size + 1,
            )
        )
        return pb.ListAlertsResponse(
            alerts=map(messages.alert, rows[:size]), next_page_token=_next(rows, size)
        )

    async def GetAlert(self, request: pb.GetAlertRequest, context: Context) -> pb.GetAlertResponse:
        return pb.GetAlertResponse(alert=messages.alert(await self._listed(request.alert_id)))

    async def DecideAlert(
        self, request: pb.DecideAlertRequest, context: Context
    ) -> pb.DecideAlertResponse:
        listed = await self._listed(request.alert_id)
        command = DECIDE_ALERT[listed.scope](
            entity_id=listed.entity_id,
            alert_id=request.alert_id,
            decision=messages.DECISIONS[request.decision],
            decided_by=_person(),
        )

        def render(settled: Settled) -> pb.DecideAlertResponse:
            note = settled.state.alerts.by_id[request.alert_id]
            return pb.DecideAlertResponse(
                alert_id=request.alert_id,
                status=messages.ALERT_STATUSES[note.decision],
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
            rule_set=messages.rule_set(entry), rules=map(messages.rule, entry.rule_set.rules)
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
            rule_sets=[messages.rule_set(book.entries[version]) for version in versions],
            next_page_token=answers.page_token(start) if start else "",
        )

    async def ProposeRuleSet(
        self, request: pb.ProposeRuleSetRequest, context: Context
    ) -> pb.ProposeRuleSetResponse:
        rules = tuple(map(messages.asked_rule, request.rules))
        rule_set = RuleSet(rules=rules, alert_score=request.alert_score)
        return await self._application.answer(
            ProposeRuleSet(rule_set=rule_set, proposed_by=_person()),
            render=lambda settled: pb.ProposeRuleSetResponse(
                rule_set=messages.rule_set(settled.state.entries[rule_set.version]),
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
                rule_set=messages.rule_set(settled.state.entries[version]),
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
                pb.VerdictCount(verdict=messages.VERDICTS[verdict], charges=count)
                for verdict, count in counts.verdicts
            ],
            alerts=[
                pb.AlertCount(status=messages.ALERT_STATUSES[status], alerts=count)
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
