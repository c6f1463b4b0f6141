"""The rpcs about disputes: holders open their own, operators work them."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import grpc
from cards.accounts.v1 import disputes_service_pb2 as pb
from cards.accounts.v1.disputes_service_pb2_grpc import (
    DisputesServiceServicer,
    add_DisputesServiceServicer_to_server,
)
from google.protobuf.message import Message

from chassis import answers
from chassis.call import derived_id
from chassis.kernel.errors import Forbidden, NotFound
from chassis.kernel.events import Command
from chassis.kernel.money import Money
from chassis.ports import Ports
from chassis.service import Rpcs
from chassis.work import Settled
from services.accounts.domain.account.decider import CREDIT_ACCOUNT
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.disputes import commands
from services.accounts.domain.disputes.opening import find
from services.accounts.domain.disputes.state import (
    STAGES,
    Dispute,
    DisputeReason,
    DisputeStatus,
    NetworkWindows,
    WindowCategory,
)
from services.accounts.domain.values import Channel
from services.accounts.grpc_api import messages
from services.accounts.grpc_api.dates import day_of, today_of
from services.accounts.queries import disputes as queries
from services.accounts.use_cases.dispute_windows import load

M = TypeVar("M", bound=Message)
Context = grpc.aio.ServicerContext[Any, Any]

_REASONS = {each: pb.DisputeReason.Value(f"DISPUTE_REASON_{each}") for each in DisputeReason}
_STATUSES = {each: pb.DisputeStatus.Value(f"DISPUTE_STATUS_{each}") for each in DisputeStatus}
_CATEGORIES = {
    each: pb.DisputeCategory.Value(f"DISPUTE_CATEGORY_{each}") for each in WindowCategory
}
_STAGES = {each: pb.DisputeStage.Value(f"DISPUTE_STAGE_{each}") for each in STAGES}
_REASON_OF = {number: reason for reason, number in _REASONS.items()}
_STAGE_OF = {
    number: DisputeStatus(name.removeprefix("DISPUTE_STAGE_"))
    for name, number in pb.DisputeStage.items()
    if number
}
_OUTCOME_OF = {
    number: DisputeStatus(name.removeprefix("DISPUTE_OUTCOME_"))
    for name, number in pb.DisputeOutcome.items()
    if number
}


class DisputesApi(DisputesServiceServicer):
    """cards.accounts.v1.DisputesService."""

    def __init__(self, ports: Ports) -> None:
        self._application = ports.application
        self._database = ports.database
        self._ports = ports
        self._windows = load(ports.settings.dispute_windows_path)

    async def OpenDispute(
        self, request: pb.OpenDisputeRequest, context: Context
    ) -> pb.OpenDisputeResponse:
        channel = messages.channel_of_caller()
        if channel is Channel.HOLDER:
            _check_staff_fields(request)
        statement_on = request.statement_on
        command = commands.OpenDispute(
            account_id=request.account_id,
            dispute_id=request.dispute_id or derived_id(),
            charge_id=request.charge_id,
            reason=_REASON_OF[request.reason],
            amount=messages.of_optional_money(request, "amount"),
            evidence=tuple(request.evidence),
            received_on=await self._day(request, "received_on"),
            statement_on=await self._day(request, "statement_on") if statement_on else None,
            accept_late=request.accept_late,
            channel=channel,
            windows=self._windows,
        )
        return await self._answer(command, pb.OpenDisputeResponse)

    async def AcknowledgeDispute(
        self, request: pb.AcknowledgeDisputeRequest, context: Context
    ) -> pb.AcknowledgeDisputeResponse:
        command = commands.AcknowledgeDispute(
            account_id=request.account_id,
            dispute_id=request.dispute_id,
            transaction_date=await self._day(request, "transaction_date"),
        )
        return await self._answer(command, pb.AcknowledgeDisputeResponse)

    async def AddDisputeEvidence(
        self, request: pb.AddDisputeEvidenceRequest, context: Context
    ) -> pb.AddDisputeEvidenceResponse:
        command = commands.AddDisputeEvidence(
            account_id=request.account_id,
            dispute_id=request.dispute_id,
            evidence=tuple(request.evidence),
            channel=messages.channel_of_caller(),
            transaction_date=await today_of(self._ports, request.account_id),
        )
        return await self._answer(command, pb.AddDisputeEvidenceResponse)

    async def CreditDispute(
        self, request: pb.CreditDisputeRequest, context: Context
    ) -> pb.CreditDisputeResponse:
        command = commands.GrantProvisionalCredit(
            account_id=request.account_id,
            dispute_id=request.dispute_id,
            posting_date=await self._day(request, "posting_date"),
        )
        return await self._answer(command, pb.CreditDisputeResponse)

    async def AdvanceDispute(
        self, request: pb.AdvanceDisputeRequest, context: Context
    ) -> pb.AdvanceDisputeResponse:
        command = commands.AdvanceDispute(
            account_id=request.account_id,
            dispute_id=request.dispute_id,
            stage=_STAGE_OF[request.stage],
            posting_date=await self._day(request, "posting_date"),
        )
        return await self._answer(command, pb.AdvanceDisputeResponse)

    async def ResolveDispute(
        self, request: pb.ResolveDisputeRequest, context: Context
    ) -> pb.ResolveDisputeResponse:
        command = commands.ResolveDispute(
            account_id=request.account_id,
            dispute_id=request.dispute_id,
            outcome=_OUTCOME_OF[request.outcome],
            corrected=messages.of_optional_money(request, "corrected"),
            related=messages.of_optional_money(request, "related"),
            explanation=request.explanation,
            posting_date=await self._day(request, "posting_date"),
        )
        return await self._answer(command, pb.ResolveDisputeResponse)

    async def WithdrawDispute(
        self, request: pb.WithdrawDisputeRequest, context: Context
    ) -> pb.WithdrawDisputeResponse:
        if messages.channel_of_caller() is Channel.HOLDER and request.posting_date:
            raise _only_staff("posting_date")
        command = commands.WithdrawDispute(
            account_id=request.account_id,
            dispute_id=request.dispute_id,
            posting_date=await self._day(request, "posting_date"),
        )
        return await self._answer(command, pb.WithdrawDisputeResponse)

    async def GetDispute(
        self, request: pb.GetDisputeRequest, context: Context
    ) -> pb.GetDisputeResponse:
        account = await self._account(request.account_id)
        found = find(account, request.dispute_id)
        steps = await self._database.read(
            lambda connection: queries.timeline(connection, account.account_id, found.dispute_id)
        )
        return pb.GetDisputeResponse(
            dispute=_dispute(account, found), timeline=[_step(row) for row in steps]
        )

    async def ListDisputes(
        self, request: pb.ListDisputesRequest, context: Context
    ) -> pb.ListDisputesResponse:
        cursor = answers.of_page_token(request.page_token, int)
        size = answers.page_size(request.page_size)
        account = await self._account(request.account_id)
        before = cursor[0] if cursor else 0
        rows = await self._database.read(
            lambda connection: queries.of_account(
                connection, account.account_id, before, size + 1, request.open_only
            )
        )
        more = len(rows) > size
        return pb.ListDisputesResponse(
            disputes=[_line(row) for row in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1].position) if more else "",
        )

    async def ListDisputeQueue(
        self, request: pb.ListDisputeQueueRequest, context: Context
    ) -> pb.ListDisputeQueueResponse:
        cursor = answers.of_page_token(request.page_token, str, int)
        size = answers.page_size(request.page_size)
        after = (cursor[0], cursor[1]) if cursor else None
        rows = await self._database.read(
            lambda connection: queries.queue(connection, after, size + 1)
        )
        last = rows[size - 1] if len(rows) > size else None
        token = "" if last is None else answers.page_token(last.resolve_by, last.position)
        return pb.ListDisputeQueueResponse(
            disputes=[_line(row) for row in rows[:size]], next_page_token=token
        )

    async def ListDisputeWindows(
        self, request: pb.ListDisputeWindowsRequest, context: Context
    ) -> pb.ListDisputeWindowsResponse:
        return pb.ListDisputeWindowsResponse(windows=[_windows(row) for row in self._windows])

    async def _answer(self, command: Command, response: Callable[..., M]) -> M:
        dispute_id: str = command.dispute_id  # type: ignore[attr-defined]

        def render(settled: Settled) -> M:
            found = settled.state.disputes.cases[dispute_id]
            return response(
                dispute=_dispute(settled.state, found), receipt=answers.receipt(settled)
            )

        return await self._application.answer(command, render=render)

    async def _account(self, account_id: str) -> CreditAccount:
        found = await self._application.find(CREDIT_ACCOUNT, account_id)
        if found is None:
            raise NotFound("ACCOUNT_NOT_FOUND", "there is no such account")
        return found

    async def _day(self, request: Any, field: str) -> date:
        return await day_of(self._ports, request.account_id, request, field)


def rpcs(ports: Ports) -> Rpcs:
    """What is served about disputes."""
    described = pb.DESCRIPTOR.services_by_name["DisputesService"]
    return [(add_DisputesServiceServicer_to_server, DisputesApi(ports), described)]


def _only_staff(field: str) -> Forbidden:
    return Forbidden("ONLY_STAFF_MAY_SAY", "leave it empty", field=field)


def _check_staff_fields(request: pb.OpenDisputeRequest) -> None:
    for field in ("received_on", "statement_on", "accept_late"):
        if getattr(request, field):
            raise _only_staff(field)


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def _dispute(account: CreditAccount, of: Dispute) -> pb.Dispute:
    def money(minor_units: int) -> Any:
        return answers.money(account.money(minor_units))

    return pb.Dispute(
        dispute_id=of.dispute_id,
        account_id=account.account_id,
        charge_id=of.charge_id,
        reason=_REASONS[of.reason],
        status=_STATUSES[of.status],
        amount=money(of.amount_minor),
        credited=money(of.credited_minor),
        withheld=money(of.withheld_minor),
        recovered=money(of.recovered_minor),
        final=of.final,
        timely=of.timely,
        evidence=of.evidence,
        received_on=of.received_on.isoformat(),
        acknowledge_by=of.acknowledge_by.isoformat(),
        acknowledged_on=_text(of.acknowledged_on),
        resolve_by=of.resolve_by.isoformat(),
        resolved_on=_text(of.resolved_on),
        corrected=money(of.corrected_minor),
        owed=money(of.owed_minor),
        pay_by=_text(of.pay_by),
        report_after=_text(of.report_after),
        next_stage=_stage(of.next_stage),
        window_ends_on=_text(of.window_ends_on) if of.next_stage else "",
        lapsed=_stage(of.lapsed),
    )


def _stage(stage: DisputeStatus | None) -> Any:
    return _STAGES[stage] if stage else pb.DISPUTE_STAGE_UNSPECIFIED


def _windows(row: NetworkWindows) -> pb.DisputeWindows:
    return pb.DisputeWindows(
        network=messages.NETWORKS[row.network],  # type: ignore[arg-type]
        category=_CATEGORIES[row.category],
        effective_from=row.effective_from.isoformat(),
        from_transaction=row.from_transaction,
        chargeback_days=row.chargeback_days,
        representment_days=row.representment_days,
        pre_arbitration_days=row.pre_arbitration_days,
        arbitration_days=row.arbitration_days,
        warning_days=row.warning_days,
    )


def _line(row: Any) -> pb.DisputeLine:
    return pb.DisputeLine(
        dispute_id=row.dispute_id,
        account_id=row.account_id,
        charge_id=row.charge_id,
        reason=_REASONS[DisputeReason(row.reason)],
        status=_STATUSES[DisputeStatus(row.status)],
        amount=answers.money(Money(row.amount_minor, row.currency)),
        received_on=row.received_on,
        resolve_by=row.resolve_by,
    )


def _step(row: Any) -> pb.DisputeStep:
    def money(minor_units: int) -> Any:
        return answers.money(Money(minor_units, row.currency)) if minor_units else None

    return pb.DisputeStep(
        step=row.step,
        details=row.details,
        actor=row.actor,
        date=row.on_date,
        recorded_at=messages.instant(row.at_micros),
        credit=money(row.credit_minor),
        recovered=money(row.recovered_minor),
    )
