"""The rpcs about customers whom risk has found on a list, and about passes over all of them."""

from typing import Any

import grpc
from cards.accounts.v1 import customer_screenings_service_pb2 as pb
from cards.accounts.v1.customer_screenings_service_pb2_grpc import (
    CustomerScreeningsServiceServicer,
    add_CustomerScreeningsServiceServicer_to_server,
)

from chassis import answers, call
from chassis.ports import Ports
from chassis.service import Rpcs
from services.accounts.domain.customers.commands import LiftCustomerRestriction
from services.accounts.domain.screening.commands import ResolveCustomerScreening
from services.accounts.grpc_api import messages
from services.accounts.queries import screening as queries

Context = grpc.aio.ServicerContext[Any, Any]
STATUS = "CUSTOMER_SCREENING_STATUS"


class CustomerScreeningsApi(CustomerScreeningsServiceServicer):
    """cards.accounts.v1.CustomerScreeningsService."""

    def __init__(self, ports: Ports) -> None:
        self._application = ports.application
        self._database = ports.database

    async def ListCustomerMatches(
        self, request: pb.ListCustomerMatchesRequest, context: Context
    ) -> pb.ListCustomerMatchesResponse:
        cursor = answers.of_page_token(request.page_token, int)
        after, size = cursor[0] if cursor else 0, answers.page_size(request.page_size)
        status = messages.word(pb.CustomerScreeningStatus, request.status, STATUS)
        rows = await self._database.read(
            lambda c: queries.list_screenings(c, status, after, size + 1)
        )
        more = len(rows) > size
        return pb.ListCustomerMatchesResponse(
            screenings=[_screening(row) for row in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1].position) if more else "",
        )

    async def ResolveCustomerMatch(
        self, request: pb.ResolveCustomerMatchRequest, context: Context
    ) -> pb.ResolveCustomerMatchResponse:
        command = ResolveCustomerScreening(
            customer_id=request.customer_id,
            screening_id=request.screening_id,
            decision=messages.word(pb.CustomerScreeningStatus, request.decision, STATUS),
            open_hits=0,
            by=call.current().principal.person.subject,
            waiting=request.screening_id,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ResolveCustomerMatchResponse(
                customer_id=request.customer_id,
                screening_id=request.screening_id,
                status=request.decision,
                receipt=answers.receipt(settled),
            ),
        )

    async def LiftRestriction(
        self, request: pb.LiftRestrictionRequest, context: Context
    ) -> pb.LiftRestrictionResponse:
        command = LiftCustomerRestriction(
            customer_id=request.customer_id,
            reason=request.reason,
            by=call.current().principal.person.subject,
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.LiftRestrictionResponse(
                customer_id=request.customer_id, receipt=answers.receipt(settled)
            ),
        )

    async def ListRescreenings(
        self, request: pb.ListRescreeningsRequest, context: Context
    ) -> pb.ListRescreeningsResponse:
        cursor = answers.of_page_token(request.page_token, int)
        before, size = cursor[0] if cursor else None, answers.page_size(request.page_size)
        rows = await self._database.read(lambda c: queries.list_rescreenings(c, before, size + 1))
        more = len(rows) > size
        return pb.ListRescreeningsResponse(
            rescreenings=[_rescreening(row) for row in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1].position) if more else "",
        )


def rpcs(ports: Ports) -> Rpcs:
    """What is served of customers on lists."""
    descriptor = pb.DESCRIPTOR.services_by_name["CustomerScreeningsService"]
    api = CustomerScreeningsApi(ports)
    return [(add_CustomerScreeningsServiceServicer_to_server, api, descriptor)]


def _screening(row: Any) -> pb.CustomerScreening:
    return pb.CustomerScreening(
        customer_id=row.customer_id,
        screening_id=row.screening_id,
        reason=row.reason,
        status=pb.CustomerScreeningStatus.Value(f"{STATUS}_{row.status}"),
        decided_by=row.decided_by,
        referred_at=messages.instant(row.referred_at_micros),
    )


def _rescreening(row: Any) -> pb.Rescreening:
    return pb.Rescreening(
        rescreening_id=row.rescreening_id,
        list_id=row.list_id,
        version_id=row.version_id,
        screened=row.screened,
        referred=row.referred,
        skipped=row.skipped,
        completed=row.completed,
        begun_at=messages.instant(row.begun_at_micros),
    )
