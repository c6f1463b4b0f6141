"""The rpcs that read: transactions, spending, the ledger."""

from typing import Any

import grpc
from cards.accounts.v1 import accounts_service_pb2 as pb
from cards.accounts.v1 import events_pb2
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer
from cards.type.v1.money_pb2 import Money

from chassis import answers
from chassis.kernel import ids
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from services.accounts.domain.account.state import CreditAccount
from services.accounts.grpc_api import messages
from services.accounts.queries import books as queries
from services.accounts.use_cases.accounts import Accounts

Context = grpc.aio.ServicerContext[Any, Any]


class Books(AccountsServiceServicer):
    """What happened, as holders and bookkeepers see it."""

    def __init__(self, ports: Ports, accounts: Accounts, trades: queries.Trades) -> None:
        self._accounts = accounts
        self._database = ports.database
        self._trades = trades

    async def ListTransactions(
        self, request: pb.ListTransactionsRequest, context: Context
    ) -> pb.ListTransactionsResponse:
        account = await self._accounts.account(request.account_id)
        wanted = _filter(request.account_id, request.filter)
        list_id = ids.derive(repr(wanted))
        before = _cursor(request.page_token, list_id)
        size = answers.page_size(request.page_size)
        rows, recategorising = await self._database.read(
            lambda connection: (
                queries.list_transactions(connection, wanted, before, size + 1),
                queries.is_recategorising(connection, wanted.account_id),
            )
        )
        more = len(rows) > size
        return pb.ListTransactionsResponse(
            transactions=[self.transaction(account, row) for row in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1].position, list_id) if more else "",
            recategorising=recategorising,
        )

    def transaction(self, account: CreditAccount | None, row: Any) -> pb.Transaction:
        """A line as a message; without its account the card's last digits are left out."""
        card = account.find_card(row.card_id) if account else None
        merchant = None
        if row.merchant_name:
            merchant = events_pb2.Merchant(
                id=row.merchant_id,
                name=row.merchant_name,
                mcc=row.mcc,
                country=row.merchant_country,
            )
        original = None
        if row.original_currency:
            original = Money(minor_units=row.original_minor, currency_code=row.original_currency)
        return pb.Transaction(
            transaction_id=row.transaction_id,
            kind=pb.TransactionKind.Value(f"TRANSACTION_KIND_{row.kind}"),
            status=pb.TransactionStatus.Value(f"TRANSACTION_STATUS_{row.status}"),
            account_id=row.account_id,
            card_id=row.card_id,
            last_four=card.last_four if card else "",
            charge_id=row.charge_id,
            amount=Money(minor_units=row.amount_minor, currency_code=row.currency),
            original_amount=original,
            merchant=merchant,
            category=row.own_or_given_category,
            category_name=self._trades.name_of(row.mcc),
            reason=row.reason,
            transaction_date=row.transaction_date,
            posting_date=row.posting_date,
            recorded_at=messages.instant(row.recorded_at_micros),
            merchant_name=row.merchant,
            category_is_own=bool(row.own_category),
        )

    async def GetSpendBreakdown(
        self, request: pb.GetSpendBreakdownRequest, context: Context
    ) -> pb.GetSpendBreakdownResponse:
        account = await self._accounts.account(request.account_id)
        wanted = queries.Filter(
            account_id=request.account_id,
            from_date=messages.checked_day(request.from_date, "from_date"),
            to_date=messages.checked_day(request.to_date, "to_date"),
        )
        group = messages.word(pb.SpendGroup, request.group, "SPEND_GROUP") or "CATEGORY"
        limit = answers.page_size(request.limit)
        (rows, total), recategorising = await self._database.read(
            lambda connection: (
                queries.spend_breakdown(connection, wanted, group, limit),
                queries.is_recategorising(connection, wanted.account_id),
            )
        )

        def money(minor_units: int) -> Money:
            return Money(minor_units=minor_units, currency_code=account.currency)

        return pb.GetSpendBreakdownResponse(
            spends=[
                pb.Spend(
                    name=row.name,
                    posted=money(row.posted_minor),
                    refunded=money(row.refunded_minor),
                    spent=money(row.posted_minor - row.refunded_minor),
                    transactions=row.transactions,
                )
                for row in rows
            ],
            total=money(total),
            recategorising=recategorising,
        )

    async def GetTrialBalance(
        self, request: pb.GetTrialBalanceRequest, context: Context
    ) -> pb.GetTrialBalanceResponse:
        found = await self._database.read(
            lambda connection: queries.trial_balance(connection, request.position)
        )
        totals: dict[str, int] = {}
        for row in found.rows:
            balance = row.debits_minor - row.credits_minor
            totals[row.currency] = totals.get(row.currency, 0) + balance
        return pb.GetTrialBalanceResponse(
            balances=[_ledger_balance(row) for row in found.rows],
            totals=[_total(currency, total) for currency, total in sorted(totals.items())],
            receivable_by_account=[_total(*each) for each in found.receivable],
            position=found.position,
            entries=sum(row.entries for row in found.rows),
        )

    async def GetBalances(
        self, request: pb.GetBalancesRequest, context: Context
    ) -> pb.GetBalancesResponse:
        cursor = answers.of_page_token(request.page_token, str)
        after = cursor[0] if cursor else ""
        size = answers.page_size(request.page_size)
        rows, position = await self._database.read(
            lambda connection: queries.balances(connection, after, size + 1, request.position)
        )
        return pb.GetBalancesResponse(
            balances=[
                pb.AccountBalance(
                    account_id=account_id,
                    balance=Money(minor_units=owed, currency_code=currency),
                )
                for account_id, currency, owed in rows[:size]
            ],
            next_page_token=answers.page_token(rows[size - 1][0]) if len(rows) > size else "",
            position=position,
        )


def _filter(account_id: str, asked: pb.TransactionFilter) -> queries.Filter:
    return queries.Filter(
        account_id=account_id,
        card_id=asked.card_id,
        kind=messages.word(pb.TransactionKind, asked.kind, "TRANSACTION_KIND"),
        status=messages.word(pb.TransactionStatus, asked.status, "TRANSACTION_STATUS"),
        category=asked.category,
        merchant=asked.merchant,
        from_date=messages.checked_day(asked.from_date, "filter.from_date"),
        to_date=messages.checked_day(asked.to_date, "filter.to_date"),
        minimum_minor=asked.minimum_minor_units,
        maximum_minor=asked.maximum_minor_units,
    )


def _cursor(token: str, list_id: str) -> int | None:
    """The position that a page token names. Raises Invalid for one of another list."""
    cursor = answers.of_page_token(token, int, str)
    if cursor is None:
        return None
    position, of_list = cursor
    if of_list != list_id:
        raise Invalid(
            "PAGE_TOKEN_OF_ANOTHER_LIST",
            "a page token goes with the account and filter it was given for",
            field="page_token",
        )
    return int(position)


def _ledger_balance(row: queries.LedgerRow) -> pb.LedgerBalance:
    return pb.LedgerBalance(
        ledger_account=row.ledger_account,
        debits=Money(minor_units=row.debits_minor, currency_code=row.currency),
        credits=Money(minor_units=row.credits_minor, currency_code=row.currency),
        balance=Money(minor_units=row.debits_minor - row.credits_minor, currency_code=row.currency),
    )


def _total(currency: str, minor_units: int) -> pb.CurrencyTotal:
    return pb.CurrencyTotal(total=Money(minor_units=minor_units, currency_code=currency))
