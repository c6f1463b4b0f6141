"""The rpcs about business days: which date it is, and the test clock."""

from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import business_day_service_pb2 as pb
from cards.accounts.v1.business_day_service_pb2_grpc import BusinessDayServiceServicer
from cards.type.v1.money_pb2 import Money

from chassis import answers
from chassis.ports import Ports
from services.accounts.domain.business_day.decider import BusinessDay, Phase
from services.accounts.grpc_api import messages
from services.accounts.queries import billing_run, business_days
from services.accounts.queries.billing_run import NOTHING, Progress
from services.accounts.use_cases.business_days import BusinessDays

Context = grpc.aio.ServicerContext[Any, Any]


class BusinessDaysApi(BusinessDayServiceServicer):
    """cards.accounts.v1.BusinessDayService."""

    def __init__(self, ports: Ports, days: BusinessDays) -> None:
        self._days = days
        self._database = ports.database

    async def GetBusinessDay(
        self, request: pb.GetBusinessDayRequest, context: Context
    ) -> pb.GetBusinessDayResponse:
        found = await self._days.present(request.programme_id)
        progress = NOTHING
        if found.phase is Phase.CLOSING:
            progress = await self._database.read(
                lambda connection: billing_run.progress(
                    connection, request.programme_id, found.today
                )
            )
        return pb.GetBusinessDayResponse(business_day=_day(found, progress))

    async def ListBusinessDays(
        self, request: pb.ListBusinessDaysRequest, context: Context
    ) -> pb.ListBusinessDaysResponse:
        cursor = answers.of_page_token(request.page_token, str)
        size = answers.page_size(request.page_size)
        await self._days.present(request.programme_id)

        def read(connection: Any) -> list[tuple[Any, Progress]]:
            before = cursor[0] if cursor else ""
            rows = business_days.list_days(connection, request.programme_id, before, size + 1)
            return [(row, billing_run.progress_of(connection, row)) for row in rows]

        rows = await self._database.read(read)
        more = len(rows) > size
        return pb.ListBusinessDaysResponse(
            business_days=[_line(row, progress) for row, progress in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1][0].business_date) if more else "",
        )

    async def AdvanceBusinessDate(
        self, request: pb.AdvanceBusinessDateRequest, context: Context
    ) -> pb.AdvanceBusinessDateResponse:
        told = messages.checked_day(request.to_date, "to_date")
        to_date = date.fromisoformat(told) if told else None
        return await self._days.advance(
            request.programme_id,
            to_date,
            render=lambda settled: pb.AdvanceBusinessDateResponse(
                business_day=_day(settled.state, NOTHING), receipt=answers.receipt(settled)
            ),
        )

    async def SetBusinessTimeZone(
        self, request: pb.SetBusinessTimeZoneRequest, context: Context
    ) -> pb.SetBusinessTimeZoneResponse:
        return await self._days.set_time_zone(
            request.programme_id,
            request.time_zone,
            render=lambda settled: pb.SetBusinessTimeZoneResponse(
                business_day=_day(settled.state, NOTHING), receipt=answers.receipt(settled)
            ),
        )


def _phase(word: str) -> pb.BusinessDayPhase.ValueType:
    return pb.BusinessDayPhase.Value(f"BUSINESS_DAY_PHASE_{word}")


def _day(state: BusinessDay, progress: Progress) -> pb.BusinessDay:
    return pb.BusinessDay(
        programme_id=state.programme_id,
        business_date=state.today.isoformat(),
        phase=_phase(state.phase),
        time_zone=state.time_zone,
        ends_at=answers.timestamp(state.ends_at) if state.ends_at else None,
        advance_to=state.advance_to.isoformat() if state.advance_to else "",
        due=progress.due,
        done=progress.accounts,
    )


def _line(row: Any, progress: Progress) -> pb.BusinessDayLine:
    def money(minor_units: int) -> Money | None:
        if not progress.currency:
            return None
        return Money(minor_units=minor_units, currency_code=progress.currency)

    return pb.BusinessDayLine(
        business_date=row.business_date,
        phase=_phase(row.phase),
        due=progress.due,
        done=progress.accounts,
        statements=progress.statements,
        interest=money(progress.interest_minor),
        fees=money(progress.fees_minor),
        failed=row.failed,
        opened_at=messages.instant(row.opened_at_micros),
        ended_at=messages.instant(row.ended_at_micros) if row.ended_at_micros else None,
        closed_at=messages.instant(row.closed_at_micros) if row.closed_at_micros else None,
    )
