"""The rpcs about statements as documents, and worked out again; and balances of the past."""

import hashlib
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import statements_service_pb2 as pb
from cards.accounts.v1.statements_service_pb2_grpc import (
    StatementsServiceServicer,
    add_StatementsServiceServicer_to_server,
)
from cards.type.v1.money_pb2 import Money

from chassis import answers
from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.grpc_api import messages
from services.accounts.rendering.document import Language
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.statements import FORMATS, Statements

Context = grpc.aio.ServicerContext[Any, Any]

ACCOUNTS_DEFAULT = 1_000
ENDINGS = {
    pb.DOCUMENT_FORMAT_UNSPECIFIED: "pdf",
    pb.DOCUMENT_FORMAT_PDF: "pdf",
    pb.DOCUMENT_FORMAT_CSV: "csv",
    pb.DOCUMENT_FORMAT_OFX: "ofx",
    pb.DOCUMENT_FORMAT_CAMT: "xml",
}
LANGUAGES = {
    pb.DOCUMENT_LANGUAGE_EN: Language.ENGLISH,
    pb.DOCUMENT_LANGUAGE_ZH_CN: Language.CHINESE,
}


class StatementsApi(StatementsServiceServicer):
    """cards.accounts.v1.StatementsService."""

    def __init__(self, ports: Ports, statements: Statements) -> None:
        self._statements = statements

    async def DownloadStatement(
        self, request: pb.DownloadStatementRequest, context: Context
    ) -> pb.DownloadStatementResponse:
        ending = ENDINGS[request.format]
        statement, content = await self._statements.document(
            request.account_id, request.number, ending, LANGUAGES.get(request.language)
        )
        return pb.DownloadStatementResponse(
            file_name=f"statement-{statement.closed_on.isoformat()}-{statement.number}.{ending}",
            media_type=FORMATS[ending][0],
            content=content,
            sha256=hashlib.sha256(content).hexdigest(),
        )

    async def VerifyStatements(
        self, request: pb.VerifyStatementsRequest, context: Context
    ) -> pb.VerifyStatementsResponse:
        found = await self._statements.verify(request.account_id)
        return pb.VerifyStatementsResponse(
            verifications=[
                pb.Verification(
                    number=each.number,
                    equal=each.equal,
                    told_sha256=each.told_sha256,
                    rebuilt_sha256=each.rebuilt_sha256,
                )
                for each in found
            ]
        )

    async def VerifyAllStatements(
        self, request: pb.VerifyAllStatementsRequest, context: Context
    ) -> AsyncIterator[pb.VerifyAllStatementsResponse]:
        cursor = answers.of_page_token(request.page_token, str)
        after = cursor[0] if cursor else ""
        remaining = await self._statements.with_statements(after)
        limit = request.accounts or ACCOUNTS_DEFAULT
        async for each in self._statements.verify_all(after, limit):
            remaining = max(0, remaining - 1)
            yield pb.VerifyAllStatementsResponse(
                account_id=each.account_id,
                statements=each.statements,
                differing=each.differing,
                error=each.error,
                page_token=answers.page_token(each.account_id),
                remaining=remaining,
            )

    async def GetBalanceAsOf(
        self, request: pb.GetBalanceAsOfRequest, context: Context
    ) -> pb.GetBalanceAsOfResponse:
        told = messages.checked_day(request.as_of, "as_of")
        as_of = date.fromisoformat(told) if told else None
        owed, balances, account, position = await self._statements.balances(
            request.account_id, as_of, request.position
        )

        def money(minor_units: int) -> Money:
            return Money(minor_units=minor_units, currency_code=account.currency)

        return pb.GetBalanceAsOfResponse(
            balance=money(owed),
            balances=[
                pb.TypedBalance(bucket=each.bucket, balance=money(each.minor)) for each in balances
            ],
            position=position,
        )


def rpcs(ports: Ports, accounts: Accounts) -> Rpcs:
    """What is served about documents."""
    api = StatementsApi(ports, Statements(ports, accounts))
    described = pb.DESCRIPTOR.services_by_name["StatementsService"]
    return [(add_StatementsServiceServicer_to_server, api, described)]
