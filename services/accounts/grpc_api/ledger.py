"""The rpcs of the general ledger: days' ends, the chart of accounts, the journal."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import ledger_service_pb2 as pb
from cards.accounts.v1.ledger_service_pb2_grpc import (
    LedgerServiceServicer,
    add_LedgerServiceServicer_to_server,
)
from cards.type.v1 import money_pb2

from chassis import answers
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from chassis.service import Rpcs
from chassis.work import Settled
from services.accounts.domain.reconciliation.chart import CHART
from services.accounts.domain.reconciliation.day_end import DayEnd
from services.accounts.grpc_api import messages
from services.accounts.queries import reconciliation as queries
from services.accounts.use_cases.day_ends import DayEnds

Context = grpc.aio.ServicerContext[Any, Any]

JOURNAL_COLUMNS = (
    *("posting_date", "position", "line", "code", "ledger_account", "account_id"),
    *("currency", "debit_minor", "credit_minor"),
)
UNCODED = "0000"
"""The code of a ledger account that the chart does not have yet."""


class LedgerApi(LedgerServiceServicer):
    """cards.accounts.v1.LedgerService."""

    def __init__(self, ports: Ports, days: DayEnds) -> None:
        self._clock = ports.clock
        self._database = ports.database
        self._days = days

    def _day(self, text: str, field: str = "date") -> date:
        return messages.day(text, field, self._clock.now().date())

    async def CloseDay(self, request: pb.CloseDayRequest, context: Context) -> pb.CloseDayResponse:
        def render(settled: Settled) -> pb.CloseDayResponse:
            return pb.CloseDayResponse(
                day_end=_day_end(settled.state), receipt=answers.receipt(settled)
            )

        return await self._days.close(request.programme_id, self._day(request.date), render)

    async def GetDayEnd(
        self, request: pb.GetDayEndRequest, context: Context
    ) -> pb.GetDayEndResponse:
        found = await self._days.day_end(request.programme_id, self._day(request.date))
        return pb.GetDayEndResponse(day_end=_day_end(found))

    async def ListDayEnds(
        self, request: pb.ListDayEndsRequest, context: Context
    ) -> pb.ListDayEndsResponse:
        cursor: Any = answers.of_page_token(request.page_token, str, str, str)
        size = answers.page_size(request.page_size)
        rows = await self._database.read(
            lambda c: queries.proved(
                c,
                programme_id=request.programme_id,
                differing_only=request.differing_only,
                before=cursor,
                limit=size + 1,
            )
        )
        shown = rows[:size]
        found = await self._days.proved(shown)
        more = len(rows) > size
        return pb.ListDayEndsResponse(
            day_ends=[_day_end(each) for each in found],
            next_page_token=answers.page_token(*shown[-1]) if more else "",
        )

    async def GetChartOfAccounts(
        self, request: pb.GetChartOfAccountsRequest, context: Context
    ) -> pb.GetChartOfAccountsResponse:
        on = self._day(request.date).isoformat()
        rows = await self._database.read(lambda c: queries.balances_on(c, on))
        balances: dict[str, list[money_pb2.Money]] = {}
        for row in rows:
            minor = int(row.debits_minor - row.credits_minor)
            made = money_pb2.Money(minor_units=minor, currency_code=row.currency)
            balances.setdefault(row.ledger_account, []).append(made)
        return pb.GetChartOfAccountsResponse(
            lines=[
                pb.ChartLine(
                    ledger_account=line.ledger_account,
                    code=line.code,
                    name=line.name,
                    type=pb.LedgerAccountType.Value(f"LEDGER_ACCOUNT_TYPE_{line.type}"),
                    balances=balances.get(line.ledger_account, []),
                )
                for line in sorted(CHART.values(), key=lambda line: line.code)
            ]
        )

    async def ExportJournal(
        self, request: pb.ExportJournalRequest, context: Context
    ) -> AsyncIterator[pb.ExportJournalResponse]:
        first = messages.day(request.from_date, "from_date", date.min)
        last = messages.day(request.to_date, "to_date", date.max)
        if first > last:
            raise Invalid("DATES_REVERSED", "from_date is after to_date", field="from_date")
        as_json = request.format == pb.JOURNAL_FORMAT_JSON_LINES
        if not as_json:
            yield pb.ExportJournalResponse(content=_csv([JOURNAL_COLUMNS]))
        async for page in self._days.journal(first, last):
            rows = [_journal_row(row) for row in page]
            content = _json_lines(rows) if as_json else _csv(rows)
            yield pb.ExportJournalResponse(content=content, entries=len(rows))


def rpcs(ports: Ports) -> Rpcs:
    """What is served of the ledger."""
    descriptor = pb.DESCRIPTOR.services_by_name["LedgerService"]
    return [(add_LedgerServiceServicer_to_server, LedgerApi(ports, DayEnds(ports)), descriptor)]


def _journal_row(row: Any) -> tuple[Any, ...]:
    line = CHART.get(row.ledger_account)
    minor = int(row.amount_minor)
    return (
        *(row.posting_date, row.position, row.line, line.code if line else UNCODED),
        *(row.ledger_account, row.account_id, row.currency, max(0, minor), max(0, -minor)),
    )


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    made = io.StringIO(newline="")
    csv.writer(made).writerows(rows)
    return made.getvalue().encode()


def _json_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    lines = (json.dumps(dict(zip(JOURNAL_COLUMNS, row, strict=True))) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _day_end(of: DayEnd) -> pb.DayEnd:
    figures = of.figures

    def money(minor_units: int) -> money_pb2.Money:
        return money_pb2.Money(minor_units=minor_units, currency_code=of.currency)

    return pb.DayEnd(
        programme_id=of.programme_id,
        currency=of.currency,
        date=of.day.isoformat() if of.day else "",
        revision=of.revision,
        balanced=of.balanced,
        ledger=money(of.ledger_minor),
        network=money(of.network_minor),
        customers=money(of.customers_minor),
        files_charged=money(figures.files_charged_minor),
        files_refunded=money(figures.files_refunded_minor),
        online=money(figures.online_minor),
        receivable=money(of.receivable_minor),
        lines=[
            pb.DayLine(
                ledger_account=line.ledger_account,
                opening=money(line.opening_minor),
                debits=money(line.debits_minor),
                credits=money(line.credits_minor),
                closing=money(line.closing_minor),
            )
            for line in figures.lines
        ],
        differences=[
            pb.DayDifference(
                check=each.check,
                account_id=each.account_id,
                expected=money(each.expected_minor),
                found=money(each.found_minor),
            )
            for each in of.differences
        ],
        accounts_differing=figures.accounts_differing,
        position=of.position,
        proved_at=answers.timestamp(of.proved_at) if of.proved_at else None,
    )
