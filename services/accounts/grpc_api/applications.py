"""The rpcs about applications."""

from typing import Any

import grpc
from cards.accounts.v1 import accounts_service_pb2 as accounts_pb
from cards.accounts.v1 import applications_service_pb2 as pb
from cards.accounts.v1.applications_service_pb2_grpc import ApplicationsServiceServicer
from cards.type.v1.money_pb2 import Money

from chassis import answers, call
from chassis.call import derived_id
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.account.state import CreditAccount
from services.accounts.domain.applications.application import Application, ApplicationStatus
from services.accounts.domain.applications.commands import (
    DeclineApplication,
    ProposeApproval,
    WithdrawApplication,
)
from services.accounts.grpc_api import messages
from services.accounts.queries import applications as queries
from services.accounts.use_cases.applications import INCOME, Applications, Asked, application_in

Context = grpc.aio.ServicerContext[Any, Any]
STATUS = "APPLICATION_STATUS"


def person() -> str:
    """Who wishes it in the end, whoever passes the wish on."""
    return call.current().principal.person.subject


class ApplicationsApi(ApplicationsServiceServicer):
    """cards.accounts.v1.ApplicationsService."""

    def __init__(self, ports: Ports, applications: Applications) -> None:
        self._applications = applications
        self._application = ports.application
        self._database = ports.database

    async def SubmitApplication(
        self, request: pb.SubmitApplicationRequest, context: Context
    ) -> pb.SubmitApplicationResponse:
        applicant = request.applicant
        asked = Asked(
            application_id=request.application_id or derived_id(),
            programme_id=request.programme_id,
            profile=messages.written(applicant),
            annual_income=messages.of_optional_money(applicant, INCOME),
            requested_limit=messages.of_optional_money(request, "requested_limit"),
            card_kind=messages.card_kind(request.card_kind),
        )

        def render(settled: Settled, account: CreditAccount | None) -> pb.SubmitApplicationResponse:
            return pb.SubmitApplicationResponse(
                application=message(application_in(settled)),
                account=None if account is None else messages.account(account),
                receipt=answers.receipt(settled),
            )

        return await self._applications.submit(asked, render)

    async def ProposeApproval(
        self, request: pb.ProposeApprovalRequest, context: Context
    ) -> pb.ProposeApprovalResponse:
        command = ProposeApproval(
            application_id=request.application_id,
            limit=messages.of_optional_money(request, "limit"),
            by=person(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ProposeApprovalResponse(
                application=message(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def ConfirmApproval(
        self, request: pb.ConfirmApprovalRequest, context: Context
    ) -> pb.ConfirmApprovalResponse:
        def render(settled: Settled, account: CreditAccount | None) -> pb.ConfirmApprovalResponse:
            return pb.ConfirmApprovalResponse(
                application=message(application_in(settled)),
                account=None if account is None else messages.account(account),
                receipt=answers.receipt(settled),
            )

        return await self._applications.confirm(request.application_id, person(), render)

    async def DeclineApplication(
        self, request: pb.DeclineApplicationRequest, context: Context
    ) -> pb.DeclineApplicationResponse:
        command = DeclineApplication(
            application_id=request.application_id, reasons=tuple(request.reasons), by=person()
        )
        return await self._applications.end(
            command,
            lambda settled, _: pb.DeclineApplicationResponse(
                application=message(application_in(settled)), receipt=answers.receipt(settled)
            ),
        )

    async def WithdrawApplication(
        self, request: pb.WithdrawApplicationRequest, context: Context
    ) -> pb.WithdrawApplicationResponse:
        command = WithdrawApplication(
            application_id=request.application_id, reason=request.reason, by=person()
        )
        return await self._applications.end(
            command,
            lambda settled, _: pb.WithdrawApplicationResponse(
                application=message(application_in(settled)), receipt=answers.receipt(settled)
            ),
        )

    async def GetApplication(
        self, request: pb.GetApplicationRequest, context: Context
    ) -> pb.GetApplicationResponse:
        state, clear = await self._applications.reveal(request.application_id)
        return pb.GetApplicationResponse(
            application=message(state), applicant=applicant(state, clear)
        )

    async def ListApplications(
        self, request: pb.ListApplicationsRequest, context: Context
    ) -> pb.ListApplicationsResponse:
        cursor = answers.of_page_token(request.page_token, int)
        after, size = cursor[0] if cursor else 0, answers.page_size(request.page_size)
        status = messages.word(pb.ApplicationStatus, request.status, STATUS)
        rows = await self._database.read(
            lambda connection: queries.list_applications(
                connection, status, request.programme_id, after, size + 1
            )
        )
        more = len(rows) > size
        return pb.ListApplicationsResponse(
            applications=[_line(row) for row in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1].position) if more else "",
        )


def message(state: Application) -> pb.Application:
    """An application as a message, without anything personal."""
    asked, limit, since = state.submitted, state.limit, state.submitted_at
    approved = state.status is ApplicationStatus.APPROVED
    return pb.Application(
        application_id=state.application_id,
        status=pb.ApplicationStatus.Value(f"{STATUS}_{state.status}"),
        programme_id=asked.programme_id,
        programme_version=asked.programme_version,
        findings=state.findings,
        reasons=state.reasons,
        requested_limit=answers.money(asked.requested_limit),
        limit=None if limit is None else answers.money(limit),
        customer_id=asked.customer_id if approved else "",
        account_id=state.account_id,
        proposed_by=state.proposed_by,
        decided_by=state.decided_by,
        submitted_at=None if since is None else answers.timestamp(since),
        decided_on=state.decided_on.isoformat() if state.decided_on else "",
        screening_id=state.screening_id,
        applicant_id=asked.customer_id,
    )


def applicant(state: Application, clear: dict[str, str]) -> pb.Applicant:
    """Who applies, in clear."""
    details: accounts_pb.PersonalDetails = messages.details_of(clear)
    income = clear[INCOME]
    currency = state.submitted.requested_limit.currency
    return pb.Applicant(
        given_name=details.given_name,
        family_name=details.family_name,
        email=details.email,
        phone=details.phone,
        date_of_birth=details.date_of_birth,
        address=details.address if details.HasField("address") else None,
        locale=details.locale,
        annual_income=Money(minor_units=int(income), currency_code=currency) if income else None,
    )


def _line(row: Any) -> pb.ListedApplication:
    return pb.ListedApplication(
        application_id=row.application_id,
        status=pb.ApplicationStatus.Value(f"{STATUS}_{row.status}"),
        programme_id=row.programme_id,
        reasons=row.reasons.split(),
        requested_limit=Money(minor_units=row.requested_minor, currency_code=row.currency),
        submitted_at=messages.instant(row.submitted_at_micros),
    )
