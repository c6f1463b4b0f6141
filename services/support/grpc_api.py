"""The door of the support service: request → command → answer."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import grpc
from cards.support.v1 import support_service_pb2 as pb
from cards.support.v1 import support_service_pb2_grpc as pb_grpc

from chassis import answers
from chassis.call import Call, current, derived_id, entered
from chassis.event_store.rows import instant
from chassis.kernel import ids
from chassis.kernel.errors import Forbidden, Invalid, Refused
from chassis.kernel.events import Command
from chassis.merging import merged
from chassis.ports import Ports
from chassis.pulse import Pulse
from chassis.service import Rpcs
from services.support import queries
from services.support.clients import Accounts
from services.support.domain import case as cases
from services.support.domain.case import CASE, Case, unrecognised_charge_case_id
from services.support.domain.events import CaseKind, Resolution
from services.support.projections import CASES_PROJECTION, Entry
from services.support.use_cases import Sealing, reads_notes

TIMELINE_LIMIT = 200
STREAM_PAGE = 100
SAID = (Entry.MESSAGE, Entry.NOTE)
KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
Context = grpc.aio.ServicerContext[Any, Any]


class SupportApi(pb_grpc.SupportServiceServicer):
    """Cases as callers see them."""

    def __init__(self, ports: Ports) -> None:
        self._application = ports.application
        self._database = ports.database
        self._sealing = Sealing(ports)
        self._accounts = Accounts(ports.rpc)
        self._pulse = Pulse(CASES_PROJECTION, ports.log, ports.database)

    # Opening --------------------------------------------------------------------------------------

    async def OpenCase(self, request: pb.OpenCaseRequest, context: Context) -> pb.OpenCaseResponse:
        if request.kind == pb.CASE_KIND_UNRECOGNISED_CHARGE:
            raise Invalid(
                "KIND_NEEDS_ANOTHER_RPC",
                "say ReportUnrecognisedCharge, which knows the charge",
                field="kind",
            )
        await self._accounts.require(
            request.customer_id, account_id=request.account_id, card_id=request.card_id
        )
        case_id = derived_id()
        commands = await self._opening(
            cases.OpenCase(
                case_id=case_id,
                customer_id=request.customer_id,
                account_id=request.account_id,
                kind=CaseKind(pb.CaseKind.Name(request.kind).removeprefix("CASE_KIND_")),
                card_id=request.card_id,
                charge_id="",
                opened_by=current().principal.person.subject,
            ),
            request.body,
        )
        return await self._application.answer(
            *commands,
            render=lambda settled: pb.OpenCaseResponse(
                receipt=answers.receipt(settled), case_id=case_id
            ),
        )

    async def ReportUnrecognisedCharge(
        self, request: pb.ReportUnrecognisedChargeRequest, context: Context
    ) -> pb.ReportUnrecognisedChargeResponse:
        await self._accounts.require(
            request.customer_id, account_id=request.account_id, charge_id=request.charge_id
        )
        case_id = unrecognised_charge_case_id(request.customer_id, request.charge_id)
        commands = await self._opening(
            cases.OpenCase(
                case_id=case_id,
                customer_id=request.customer_id,
                account_id=request.account_id,
                kind=CaseKind.UNRECOGNISED_CHARGE,
                card_id="",
                charge_id=request.charge_id,
                opened_by=current().principal.person.subject,
            ),
            request.body,
        )
        return await self._application.answer(
            *commands,
            render=lambda settled: pb.ReportUnrecognisedChargeResponse(
                receipt=answers.receipt(settled), case_id=case_id
            ),
        )

    async def _opening(self, opening: cases.OpenCase, body: str) -> Sequence[Command]:
        """Opening a case, with the first message if there is one."""
        if not body:
            return [opening]
        principal = current().principal
        first = await self._sealing.message(
            principal, opening.case_id, opening.customer_id, derived_id("first"), body
        )
        return [opening, first]

    # Reading --------------------------------------------------------------------------------------

    async def GetCase(self, request: pb.GetCaseRequest, context: Context) -> pb.GetCaseResponse:
        with_notes = reads_notes(current().principal)
        state = await self._application.state(CASE, request.case_id)
        rows, row = await self._database.read(
            lambda connection: (
                queries.timeline(
                    connection,
                    request.case_id,
                    request.after_cursor,
                    TIMELINE_LIMIT,
                    with_notes=with_notes,
                ),
                queries.case(connection, request.case_id),
            )
        )
        updated_at = instant(row.updated_at) if row else state.opened_at
        return pb.GetCaseResponse(
            case=_case(state, str(state.resolution or ""), state.opened_at, updated_at),
            timeline=[await self._entry(state, row) for row in rows],
        )

    async def ListCases(
        self, request: pb.ListCasesRequest, context: Context
    ) -> pb.ListCasesResponse:
        whose = request.WhichOneof("whose") or queries.OF_CUSTOMER
        id = getattr(request, whose)
        person = current().principal.person
        if person.customer_id and (whose, id) != (queries.OF_CUSTOMER, person.customer_id):
            raise Forbidden("NOT_YOUR_CASES", "a holder sees their own cases")
        before = answers.of_page_token(request.page_token, int)
        size = answers.page_size(request.page_size)
        rows = await self._database.read(
            lambda connection: queries.cases(
                connection,
                whose,
                id,
                before[0] if before else None,
                size + 1,
                request.include_closed,
            )
        )
        more = rows[size - 1] if len(rows) > size else None
        return pb.ListCasesResponse(
            cases=[
                _case(row, row.resolution, instant(row.opened_at), instant(row.updated_at))
                for row in rows[:size]
            ],
            next_page_token=answers.page_token(more.updated_position) if more else "",
        )

    async def ListMessages(
        self, request: pb.ListMessagesRequest, context: Context
    ) -> pb.ListMessagesResponse:
        state = await self._application.state(CASE, request.case_id)
        after = answers.of_page_token(request.page_token, int)
        size = answers.page_size(request.page_size)
        rows = await self._messages_after(current(), state, after[0] if after else 0, size + 1)
        more = rows[size - 1] if len(rows) > size else None
        return pb.ListMessagesResponse(
            messages=[await self._message(state, row) for row in rows[:size]],
            next_page_token=answers.page_token(more.position) if more else "",
        )

    async def _messages_after(
        self, call: Call, state: Case, after: int, limit: int
    ) -> Sequence[Any]:
        with_notes = reads_notes(call.principal)
        return await self._database.read(
            lambda connection: queries.messages(
                connection, state.case_id, after, limit, with_notes=with_notes
            )
        )

    async def _message(self, state: Case, row: Any) -> pb.Message:
        return pb.Message(
            message_id=row.message_id,
            cursor=row.position,
            author=pb.Author.Value(f"AUTHOR_{row.author}"),
            author_id=row.actor,
            internal=row.internal,
            body=await self._sealing.body(state.customer_id, row),
            posted_at=answers.timestamp(instant(row.occurred_at)),
        )

    async def _entry(self, state: Case, row: Any) -> pb.TimelineEntry:
        return pb.TimelineEntry(
            cursor=row.position,
            kind=row.kind,
            occurred_at=answers.timestamp(instant(row.occurred_at)),
            actor=row.actor,
            message=await self._message(state, row) if row.kind in SAID else None,
            detail=row.detail,
        )

    # Conversing -----------------------------------------------------------------------------------

    async def PostMessage(
        self, request: pb.PostMessageRequest, context: Context
    ) -> pb.PostMessageResponse:
        state = await self._application.state(CASE, request.case_id)
        message_id = derived_id()
        command = await self._sealing.message(
            current().principal,
            state.case_id,
            state.customer_id,
            message_id,
            request.body,
            internal=request.internal,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.PostMessageResponse(
                receipt=answers.receipt(settled), message_id=message_id
            ),
        )

    async def Converse(
        self, request_iterator: AsyncIterator[pb.ConverseRequest], context: Context
    ) -> AsyncGenerator[pb.ConverseResponse, None]:
        requests = aiter(request_iterator)
        call = current()
        first = await anext(requests, None)
        if first is None or not first.HasField("join"):
            raise Invalid("JOIN_FIRST", "the first request joins a case", field="join")
        state = await self._application.state(CASE, first.join.case_id)
        customer_id = call.principal.person.customer_id
        if customer_id and customer_id != state.customer_id:
            raise Forbidden("NOT_YOUR_CASES", "a holder sees their own cases")
        heard = self._hear(call, state, first.join.after_cursor)
        async with aclosing(merged(self._say(call, state, requests), heard)) as responses:
            async for response in responses:
                yield response

    async def _hear(
        self, call: Call, state: Case, cursor: int
    ) -> AsyncGenerator[pb.ConverseResponse, None]:
        """What has been said after a cursor, and then whatever anybody says, for ever."""
        while True:
            seen = await self._pulse.position()
            rows = await self._messages_after(call, state, cursor, STREAM_PAGE)
            for row in rows:
                cursor = row.position
                yield pb.ConverseResponse(message=await self._message(state, row))
            if len(rows) < STREAM_PAGE:
                await self._pulse.beyond(seen)

    async def _say(
        self, call: Call, state: Case, requests: AsyncIterator[pb.ConverseRequest]
    ) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Post what the caller says, and tell them where it stands."""
        async for request in requests:
            if request.HasField("join"):
                raise Invalid("JOINED_ALREADY", "one call joins one case", field="join")
            say = request.say
            message_id = ids.derive(call.principal.scope, "say", state.case_id, say.say_id)
            command = await self._sealing.message(
                call.principal,
                state.case_id,
                state.customer_id,
                message_id,
                say.body,
                internal=say.internal,
            )
            yield await self._said(_saying(call, state.case_id, say), command, say.say_id)

    async def _said(
        self, call: Call, command: cases.PostMessage, say_id: str
    ) -> pb.ConverseResponse:
        """Said once, on record as anything that is asked for at the door."""
        with entered(call):
            try:
                return await self._application.answer(
                    command,
                    render=lambda settled: pb.ConverseResponse(
                        said=pb.ConverseResponse.Said(
                            say_id=say_id,
                            message_id=command.message_id,
                            receipt=answers.receipt(settled),
                        )
                    ),
                )
            except Refused as refusal:
                if refusal.reason != KEY_REUSED:
                    raise
                text = "something else was said under this id; nothing was posted now"
                raise Refused("SAY_ID_REUSED", text, field="say.say_id") from None

    # Working --------------------------------------------------------------------------------------

    async def AssignCase(
        self, request: pb.AssignCaseRequest, context: Context
    ) -> pb.AssignCaseResponse:
        subject = current().principal.person.subject
        agent_id = request.agent_id or subject
        command = cases.AssignCase(case_id=request.case_id, agent_id=agent_id, assigned_by=subject)
        return await self._application.answer(
            command,
            render=lambda settled: pb.AssignCaseResponse(
                receipt=answers.receipt(settled), agent_id=agent_id
            ),
        )

    async def CloseCase(
        self, request: pb.CloseCaseRequest, context: Context
    ) -> pb.CloseCaseResponse:
        command = cases.CloseCase(
            case_id=request.case_id,
            resolution=Resolution(pb.Resolution.Name(request.resolution)[len("RESOLUTION_") :]),
            closed_by=current().principal.person.subject,
        )
        return await self._application.answer(
            command, render=lambda settled: pb.CloseCaseResponse(receipt=answers.receipt(settled))
        )


def _saying(call: Call, case_id: str, say: pb.ConverseRequest.Say) -> Call:
    """The call as which one thing is said, named as any change is: other words are another one."""
    return replace(
        call,
        idempotency_key=ids.derive("say", case_id, say.say_id),
        request_hash=sha256(say.SerializeToString(deterministic=True)).digest(),
    )


def _case(of: Any, resolution: str, opened_at: datetime, updated_at: datetime) -> pb.Case:
    """A case from its state or from its row, which name their fields alike."""
    return pb.Case(
        case_id=of.case_id,
        customer_id=of.customer_id,
        account_id=of.account_id,
        kind=pb.CaseKind.Value(f"CASE_KIND_{of.kind}"),
        card_id=of.card_id,
        charge_id=of.charge_id,
        state=pb.CaseState.Value(f"CASE_STATE_{of.state}"),
        queue=of.queue,
        priority=pb.Priority.Value(f"PRIORITY_{of.priority}"),
        agent_id=of.agent_id,
        resolution=pb.Resolution.Value(f"RESOLUTION_{resolution or 'UNSPECIFIED'}"),
        opened_at=answers.timestamp(opened_at),
        updated_at=answers.timestamp(updated_at),
    )


def rpcs(ports: Ports) -> Rpcs:
    """What the support service serves."""
    return [
        (
            pb_grpc.add_SupportServiceServicer_to_server,
            SupportApi(ports),
            pb.DESCRIPTOR.services_by_name["SupportService"],
        )
    ]
