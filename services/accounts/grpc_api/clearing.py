"""The rpcs of clearing files and of the records that nobody could match."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from cards.accounts.v1 import clearing_service_pb2 as pb
from cards.accounts.v1.clearing_service_pb2_grpc import (
    ClearingServiceServicer,
    add_ClearingServiceServicer_to_server,
)

from chassis import answers
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from chassis.service import Rpcs
from chassis.work import Settled
from services.accounts.domain.clearing.file import CLEARING_FILE, ClearingFile
from services.accounts.domain.clearing.item import CLEARING_ITEM, ClearingItem
from services.accounts.domain.clearing.values import FileFormat, RecordKind
from services.accounts.grpc_api import messages
from services.accounts.queries import clearing as queries
from services.accounts.use_cases.clearing import ClearingFiles

Context = grpc.aio.ServicerContext[Any, Any]


class ClearingApi(ClearingServiceServicer):
    """cards.accounts.v1.ClearingService."""

    def __init__(self, ports: Ports, files: ClearingFiles) -> None:
        self._application = ports.application
        self._database = ports.database
        self._files = files

    async def SubmitClearingFile(
        self, requests: AsyncIterator[pb.SubmitClearingFileRequest], context: Context
    ) -> pb.SubmitClearingFileResponse:
        first = await anext(aiter(requests), None)
        form = first and messages.word(pb.ClearingFileFormat, first.format, "CLEARING_FILE_FORMAT")
        if first is None or not form:
            raise Invalid("CLEARING_FORMAT_MISSING", "say how it is written", field="format")

        async def chunks() -> AsyncIterator[bytes]:
            yield first.content
            async for request in requests:
                yield request.content

        content = await self._files.gather(chunks())
        if not content:
            raise Invalid("CLEARING_FILE_EMPTY", "there is nothing in the file", field="content")

        def render(
            file: ClearingFile, known: bool, settled: Settled
        ) -> pb.SubmitClearingFileResponse:
            return pb.SubmitClearingFileResponse(
                file=_file(file), already_received=known, receipt=answers.receipt(settled)
            )

        return await self._files.submit(content, FileFormat(form), first.name, render)

    async def GetClearingFile(
        self, request: pb.GetClearingFileRequest, context: Context
    ) -> pb.GetClearingFileResponse:
        file = await self._application.state(CLEARING_FILE, request.file_id)
        return pb.GetClearingFileResponse(file=_file(file))

    async def ListClearingFiles(
        self, request: pb.ListClearingFilesRequest, context: Context
    ) -> pb.ListClearingFilesResponse:
        cursor = answers.of_page_token(request.page_token, int)
        before = cursor[0] if cursor else None
        size = answers.page_size(request.page_size)
        rows = await self._database.read(lambda c: queries.files(c, before, size + 1))
        shown = rows[:size]
        found = await self._application.find_all(*((CLEARING_FILE, each) for each, _ in shown))
        more = len(rows) > size
        return pb.ListClearingFilesResponse(
            files=[_file(each) for each in found],
            next_page_token=answers.page_token(shown[-1][1]) if more else "",
        )

    async def ListUnmatched(
        self, request: pb.ListUnmatchedRequest, context: Context
    ) -> pb.ListUnmatchedResponse:
        cursor = answers.of_page_token(request.page_token, int)
        after = cursor[0] if cursor else 0
        size = answers.page_size(request.page_size)
        kind = messages.word(pb.ClearingItemKind, request.kind, "CLEARING_ITEM_KIND")
        rows = await self._database.read(
            lambda c: queries.items(
                c,
                waiting_only=not request.include_resolved,
                kind=kind,
                file_id=request.file_id,
                after=after,
                limit=size + 1,
            )
        )
        shown = rows[:size]
        found = await self._application.find_all(*((CLEARING_ITEM, each) for each, _ in shown))
        more = len(rows) > size
        return pb.ListUnmatchedResponse(
            items=[_item(each) for each in found],
            next_page_token=answers.page_token(shown[-1][1]) if more else "",
        )

    async def ResolveUnmatched(
        self, request: pb.ResolveUnmatchedRequest, context: Context
    ) -> pb.ResolveUnmatchedResponse:
        def render(settled: Settled) -> pb.ResolveUnmatchedResponse:
            return pb.ResolveUnmatchedResponse(
                item=_item(settled.states[0]), receipt=answers.receipt(settled)
            )

        id, reason = request.item_id, request.reason
        match messages.word(pb.ClearingResolution, request.resolution, "CLEARING_RESOLUTION"):
            case "POSTED":
                return await self._files.post_to_card(id, request.card_id, reason, render)
            case "MATCHED":
                return await self._files.match_to_charge(
                    id, request.account_id, request.charge_id, reason, render
                )
            case "REJECTED":
                if not reason:
                    raise Invalid("REASON_MISSING", "say why it is rejected", field="reason")
                return await self._files.reject(id, reason, render)
        raise Invalid("RESOLUTION_MISSING", "say what is to be done", field="resolution")


def rpcs(ports: Ports) -> Rpcs:
    """What is served of clearing."""
    descriptor = pb.DESCRIPTOR.services_by_name["ClearingService"]
    api = ClearingApi(ports, ClearingFiles(ports))
    return [(add_ClearingServiceServicer_to_server, api, descriptor)]


def _file(of: ClearingFile) -> pb.ClearingFile:
    return pb.ClearingFile(
        file_id=of.file_id,
        source=of.source,
        reference=of.reference,
        name=of.name,
        format=pb.ClearingFileFormat.Value(f"CLEARING_FILE_FORMAT_{of.format}"),
        records=of.records,
        hash_total=of.hash_total,
        processed=of.processed,
        completed=of.completed,
        matched=of.tally.matched,
        forced=of.tally.forced,
        refunded=of.tally.refunded,
        duplicates=of.tally.duplicates,
        unmatched=of.tally.unmatched,
        exceptions=of.tally.exceptions,
        received_at=answers.timestamp(of.received_at) if of.received_at else None,
    )


def _item(of: ClearingItem) -> pb.ClearingItem:
    record, resolution = of.record, of.resolution or "UNSPECIFIED"
    item = pb.ClearingItem(
        item_id=of.item_id,
        file_id=of.file_id,
        line=of.line,
        record_id=of.record_id,
        kind=pb.ClearingItemKind.Value(f"CLEARING_ITEM_KIND_{of.kind}"),
        reason=of.reason,
        field=of.field,
        resolution=pb.ClearingResolution.Value(f"CLEARING_RESOLUTION_{resolution}"),
        resolution_reason=of.resolution_reason,
        resolved_by=of.resolved_by,
        account_id=of.account_id,
        card_id=of.card_id,
        charge_id=of.charge_id,
    )
    if record is not None:
        item.refund = record.kind is RecordKind.REFUND
        item.amount.CopyFrom(answers.money(record.amount))
        item.last_four = record.last_four
        item.merchant.CopyFrom(messages.merchant(record.merchant))
        item.transaction_date = record.transaction_date.isoformat()
        item.posting_date = record.posting_date.isoformat()
    return item
