"""The rpcs of transactions for people: search, notes, categories."""

from collections.abc import Callable
from typing import Any

import grpc
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import transactions_service_pb2 as pb
from cards.accounts.v1.transactions_service_pb2_grpc import (
    TransactionsServiceServicer,
    add_TransactionsServiceServicer_to_server,
)
from google.protobuf.descriptor import ServiceDescriptor

from chassis import answers
from chassis.kernel import ids
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.categories import CATEGORIES
from services.accounts.domain.transactions.merchants import clean
from services.accounts.domain.transactions.query import parse
from services.accounts.grpc_api import messages
from services.accounts.queries.search import Cursor, Search
from services.accounts.use_cases.transactions import Found, Transactions

Context = grpc.aio.ServicerContext[Any, Any]
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
            by_relevance=_by_relevance(request.order),
        )
        account = await self._transactions.account(request.account_id)
        return pb.SearchTransactionsResponse(
            transactions=self._lines(found, account), next_page_token=_token(found, list_id)
        )

    async def SearchAllTransactions(
        self, request: pb.SearchAllTransactionsRequest, context: Context
    ) -> pb.SearchAllTransactionsResponse:
        wanted, cursor, list_id = _asked(request, "")
        found = await self._transactions.search_all(
            wanted,
            answers.page_size(request.page_size),
            cursor,
            by_relevance=_by_relevance(request.order),
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


def _by_relevance(order: int) -> bool:
    return order != pb.SEARCH_ORDER_NEWEST


def _asked(request: Any, account_id: str) -> tuple[Search, Cursor | None, str]:
    """What is searched for, where the page begins, and which list that is."""
    asked = request.filter
    wanted = Search(
        query=parse(request.query),
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
    list_id = ids.derive("search", repr(wanted), str(_by_relevance(request.order)))
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
