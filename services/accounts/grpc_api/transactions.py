"""The rpcs of transactions for people: search, notes, categories."""

from collections.abc import Callable
from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import transactions_service_pb2 as pb
from cards.accounts.v1.transactions_service_pb2_grpc import (
    TransactionsServiceServicer,
    add_TransactionsServiceServicer_to_server,
)
from cards.type.v1.money_pb2 import Money
from google.protobuf.descriptor import ServiceDescriptor

from chassis import answers
from chassis.kernel import ids
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.categories import CATEGORIES
from services.accounts.domain.transactions.merchants import clean
from services.accounts.domain.transactions.periods import period_before
from services.accounts.domain.transactions.query import parse
from services.accounts.grpc_api import exporting, messages
from services.accounts.queries.search import Cursor, Search
from services.accounts.queries.spending import Periods
from services.accounts.use_cases.transactions import Found, Transactions

Context = grpc.aio.ServicerContext[Any, Any]
EXPORTED_LINES = 1_000
"""A part of a file."""
MakeLine = Callable[[CreditAccount | None, Any], accounts.Transaction]


class TransactionsApi(TransactionsServiceServicer):
    """cards.accounts.v1.TransactionsService. `make_line` makes a line of a row of transactions."""

    def __init__(self, transactions: Transactions, make_line: MakeLine) -> None:
        self._transactions = transactions
        self._make_line = make_line

    async def SearchTransactions(
        self, request: pb.SearchTransactionsRequest, context: Context
    ) -> pb.SearchTransactionsResponse:
        wanted, cursor, list_id = _asked(request, request.account_id)
        found = await self._transactions.search(
            wanted,
            answers.page_size(request.page_size),
            cursor,
            by_relevance=_by_relevance(request),
        )
        account = await self._transactions.account(request.account_id)
        return pb.SearchTransactionsResponse(
            transactions=self._lines(found, account),
            next_page_token=_token(found, list_id),
            recategorising=found.recategorising,
        )

    async def SearchAllTransactions(
        self, request: pb.SearchAllTransactionsRequest, context: Context
    ) -> pb.SearchAllTransactionsResponse:
        wanted, cursor, list_id = _asked(request, "")
        found = await self._transactions.search_all(
            wanted,
            answers.page_size(request.page_size),
            cursor,
            by_relevance=_by_relevance(request),
        )
        return pb.SearchAllTransactionsResponse(
            transactions=self._lines(found, None), next_page_token=_token(found, list_id)
        )

    def _lines(self, found: Found, account: CreditAccount | None) -> list[pb.FoundTransaction]:
        return [self._line(found, account, row) for row in found.page.rows]

    def _line(self, found: Found, account: CreditAccount | None, row: Any) -> pb.FoundTransaction:
        return pb.FoundTransaction(
            transaction=self._make_line(account, row),
            merchant_name=row.merchant,
            facilitator=clean(row.merchant_name).facilitator,
            category=row.own_or_given_category,
            category_is_own=bool(row.own_category),
            note=found.notes.get(row.position, ""),
            has_note=bool(row.sealed_note),
        )

    async def SetTransactionNote(
        self, request: pb.SetTransactionNoteRequest, context: Context
    ) -> pb.SetTransactionNoteResponse:
        return await self._transactions.note(
            request.account_id,
            messages.word(accounts.TransactionKind, request.kind, "TRANSACTION_KIND"),
            request.transaction_id,
            request.note.strip(),
            lambda settled: pb.SetTransactionNoteResponse(receipt=answers.receipt(settled)),
        )

    async def CategoriseTransaction(
        self, request: pb.CategoriseTransactionRequest, context: Context
    ) -> pb.CategoriseTransactionResponse:
        return await self._transactions.categorise(
            request.account_id,
            messages.word(accounts.TransactionKind, request.kind, "TRANSACTION_KIND"),
            request.transaction_id,
            request.category,
            request.always_for_merchant,
            lambda settled, merchant: pb.CategoriseTransactionResponse(
                merchant_name=merchant, receipt=answers.receipt(settled)
            ),
        )

    async def GetSpending(
        self, request: pb.GetSpendingRequest, context: Context
    ) -> pb.GetSpendingResponse:
        account = await self._transactions.account(request.account_id)
        group = messages.word(pb.SpendingGroup, request.group, "SPENDING_GROUP") or "CATEGORY"
        periods = _periods(request)
        rows, total, before = await self._transactions.spending(
            request.account_id, periods, group, answers.page_size(request.limit)
        )

        def money(minor_units: int) -> Money:
            return Money(minor_units=minor_units, currency_code=account.currency)

        compared = bool(periods.before_first)
        return pb.GetSpendingResponse(
            spendings=[
                pb.Spending(
                    name=row.name,
                    last_four=_last_four(account, row.name) if group == "CARD" else "",
                    spent=money(row.spent_minor),
                    spent_before=money(row.before_minor) if compared else None,
                    transactions=row.transactions,
                )
                for row in rows
            ],
            total=money(total),
            total_before=money(before) if compared else None,
            before_from_date=periods.before_first,
            before_to_date=periods.before_last,
            recategorising=await self._transactions.recategorising(request.account_id),
        )

    async def ExportTransactions(
        self, request: pb.ExportTransactionsRequest, context: Context
    ) -> pb.ExportTransactionsResponse:
        wanted, cursor, list_id = _asked(request, request.account_id)
        format = messages.word(pb.ExportFormat, request.format, "EXPORT_FORMAT") or "CSV"
        found = await self._transactions.search(wanted, EXPORTED_LINES, cursor, by_relevance=False)
        lines = (
            exporting.line_of(row, found.notes.get(row.position, "")) for row in found.page.rows
        )
        return pb.ExportTransactionsResponse(
            content=exporting.written(lines, format, heading=cursor is None),
            content_type=exporting.CONTENT_TYPES[format],
            lines=len(found.page.rows),
            next_page_token=_token(found, list_id),
        )

    async def ListCategories(
        self, request: pb.ListCategoriesRequest, context: Context
    ) -> pb.ListCategoriesResponse:
        return pb.ListCategoriesResponse(categories=CATEGORIES)


def transactions_rpcs(
    ports: Ports, make_line: MakeLine
) -> tuple[Callable[[Any, Any], None], Any, ServiceDescriptor]:
    """The service as it is registered."""
    api = TransactionsApi(Transactions.of(ports), make_line)
    described = pb.DESCRIPTOR.services_by_name["TransactionsService"]
    return add_TransactionsServiceServicer_to_server, api, described


def _last_four(account: CreditAccount, card_id: str) -> str:
    card = account.find_card(card_id)
    return card.last_four if card else ""


def _periods(request: pb.GetSpendingRequest) -> Periods:
    first = messages.checked_day(request.from_date, "from_date")
    last = messages.checked_day(request.to_date, "to_date")
    if not (first and last):
        return Periods(first=first, last=last)
    before = period_before(date.fromisoformat(first), date.fromisoformat(last))
    return Periods(
        first=first,
        last=last,
        before_first=before[0].isoformat(),
        before_last=before[1].isoformat(),
    )


def _by_relevance(request: Any) -> bool:
    return getattr(request, "order", pb.SEARCH_ORDER_NEWEST) != pb.SEARCH_ORDER_NEWEST


def _asked(request: Any, account_id: str) -> tuple[Search, Cursor | None, str]:
    """What is searched for, where the page begins, and which list that is."""
    asked = request.filter
    wanted = Search(
        query=parse(getattr(request, "query", "")),
        account_id=account_id,
        card_id=asked.card_id,
        kind=messages.word(accounts.TransactionKind, asked.kind, "TRANSACTION_KIND"),
        status=messages.word(accounts.TransactionStatus, asked.status, "TRANSACTION_STATUS"),
        category=asked.category,
        from_date=messages.checked_day(asked.from_date, "filter.from_date"),
        to_date=messages.checked_day(asked.to_date, "filter.to_date"),
        minimum_minor=asked.minimum_minor_units,
        maximum_minor=asked.maximum_minor_units,
    )
    list_id = ids.derive("search", repr(wanted), str(_by_relevance(request)))
    return wanted, _cursor(request.page_token, list_id), list_id


def _cursor(token: str, list_id: str) -> Cursor | None:
    cursor = answers.of_page_token(token, int, int, int, int, str)
    if cursor is None:
        return None
    *place, of_list = cursor
    if of_list != list_id:
        raise Invalid(
            "PAGE_TOKEN_OF_ANOTHER_LIST",
            "a page token goes with the search it was given for",
            field="page_token",
        )
    return Cursor(*place)


def _token(found: Found, list_id: str) -> str:
    cursor = found.page.cursor
    if cursor is None:
        return ""
    return answers.page_token(
        cursor.newest, cursor.ranked_to, cursor.tier, cursor.position, list_id
    )
