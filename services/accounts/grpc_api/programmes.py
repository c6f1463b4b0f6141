"""The rpcs about versions of programmes, and the accounts that are moved to one."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import grpc
from cards.accounts.v1 import programmes_service_pb2 as pb
from cards.accounts.v1.programmes_service_pb2_grpc import ProgrammesServiceServicer

from chassis import answers, call
from chassis.call import derived_id
from chassis.kernel.errors import Invalid
from chassis.ports import Ports
from chassis.work import Settled
from services.accounts.domain.programme import PROGRAMME
from services.accounts.domain.programmes.commands import (
    ApproveProgrammeChange,
    MigrateAccount,
    ProposeProgrammeChange,
    RejectProgrammeChange,
    WithdrawProgrammeChange,
)
from services.accounts.domain.programmes.state import Change, Programme, Version
from services.accounts.domain.repricing.commands import AnnounceMigration, RejectMigration
from services.accounts.grpc_api import messages
from services.accounts.grpc_api.announced import announced
from services.accounts.use_cases.accounts import Accounts
from services.accounts.use_cases.business_days import business_date
from services.accounts.use_cases.currencies import Currencies

Context = grpc.aio.ServicerContext[Any, Any]
STATUS = "PROGRAMME_CHANGE_STATUS"


def person() -> str:
    """Who wishes it in the end, whoever passes the wish on."""
    return call.current().principal.person.subject


class Programmes(ProgrammesServiceServicer):
    """cards.accounts.v1.ProgrammesService."""

    def __init__(self, ports: Ports, accounts: Accounts, currencies: Currencies) -> None:
        self._accounts = accounts
        self._application = ports.application
        self._ports = ports
        self._currencies = currencies

    async def ProposeTerms(
        self, request: pb.ProposeTermsRequest, context: Context
    ) -> pb.ProposeTermsResponse:
        asked = request.programme
        self._currencies.require(asked.currency, "programme.currency")
        today = await self._today(asked.programme_id)
        command = ProposeProgrammeChange(
            programme_id=asked.programme_id,
            change_id=request.change_id or derived_id(),
            name=asked.name,
            terms=messages.terms_of(asked),
            effective_on=messages.day(request.effective_on, "effective_on", today),
            note=request.note,
            by=person(),
            today=today,
        )

        def render(settled: Settled) -> pb.ProposeTermsResponse:
            change = settled.state.change(command.change_id)
            return pb.ProposeTermsResponse(
                change=_change(settled.state, change), receipt=answers.receipt(settled)
            )

        return await self._application.answer(command, render=render)

    async def ApproveTerms(
        self, request: pb.ApproveTermsRequest, context: Context
    ) -> pb.ApproveTermsResponse:
        today = await self._today(request.programme_id)
        command = ApproveProgrammeChange(
            programme_id=request.programme_id,
            change_id=request.change_id,
            by=person(),
            today=today,
        )

        def render(settled: Settled) -> pb.ApproveTermsResponse:
            state: Programme = settled.state
            version = state.version(state.change(request.change_id).version)
            return pb.ApproveTermsResponse(
                version=_version(state, version, today), receipt=answers.receipt(settled)
            )

        return await self._application.answer(command, render=render)

    async def RejectTerms(
        self, request: pb.RejectTermsRequest, context: Context
    ) -> pb.RejectTermsResponse:
        command = RejectProgrammeChange(
            programme_id=request.programme_id,
            change_id=request.change_id,
            reason=request.reason,
            by=person(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RejectTermsResponse(
                change=_change(settled.state, settled.state.change(request.change_id)),
                receipt=answers.receipt(settled),
            ),
        )

    async def WithdrawTerms(
        self, request: pb.WithdrawTermsRequest, context: Context
    ) -> pb.WithdrawTermsResponse:
        command = WithdrawProgrammeChange(
            programme_id=request.programme_id, change_id=request.change_id, by=person()
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.WithdrawTermsResponse(
                change=_change(settled.state, settled.state.change(request.change_id)),
                receipt=answers.receipt(settled),
            ),
        )

    async def GetProgrammeVersion(
        self, request: pb.GetProgrammeVersionRequest, context: Context
    ) -> pb.GetProgrammeVersionResponse:
        if request.programme_version and request.day:
            raise Invalid("VERSION_OR_DAY", "a number or a day, not both", field="day")
        state = await self._application.state(PROGRAMME, request.programme_id)
        today = await self._today(request.programme_id)
        if request.programme_version:
            version = state.version(request.programme_version)
        else:
            version = state.in_force_on(messages.day(request.day, "day", today))
        return pb.GetProgrammeVersionResponse(version=_version(state, version, today))

    async def ListProgrammeVersions(
        self, request: pb.ListProgrammeVersionsRequest, context: Context
    ) -> pb.ListProgrammeVersionsResponse:
        state = await self._application.state(PROGRAMME, request.programme_id)
        today = await self._today(request.programme_id)
        page, token = _page(
            [(each.number, each) for each in reversed(state.versions)],
            request.page_token,
            request.page_size,
        )
        return pb.ListProgrammeVersionsResponse(
            versions=[_version(state, each, today) for each in page], next_page_token=token
        )

    async def ListProgrammeChanges(
        self, request: pb.ListProgrammeChangesRequest, context: Context
    ) -> pb.ListProgrammeChangesResponse:
        state = await self._application.state(PROGRAMME, request.programme_id)
        wanted = messages.word(pb.ProgrammeChangeStatus, request.status, STATUS)
        found = [each for each in state.changes.values() if wanted in ("", each.status)]
        newest_first = sorted(found, key=lambda each: each.order, reverse=True)
        page, token = _page(
            [(each.order, each) for each in newest_first], request.page_token, request.page_size
        )
        return pb.ListProgrammeChangesResponse(
            changes=[_change(state, each) for each in page], next_page_token=token
        )

    async def MoveAccountToVersion(
        self, request: pb.MoveAccountToVersionRequest, context: Context
    ) -> pb.MoveAccountToVersionResponse:
        account = await self._accounts.account(request.account_id)
        programme = await self._application.state(PROGRAMME, account.programme_id)
        command = MigrateAccount(
            account_id=request.account_id,
            programme_id=programme.programme_id,
            programme_version=request.programme_version,
            version=programme.find_version(request.programme_version),
            today=await self._today(account.programme_id),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.MoveAccountToVersionResponse(
                account=messages.account(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def AnnounceVersion(
        self, request: pb.AnnounceVersionRequest, context: Context
    ) -> pb.AnnounceVersionResponse:
        account = await self._accounts.account(request.account_id)
        programme = await self._application.state(PROGRAMME, account.programme_id)
        asked = request.effective_on
        today = await self._today(account.programme_id)
        command = AnnounceMigration(
            account_id=request.account_id,
            programme_id=programme.programme_id,
            programme_version=request.programme_version,
            version=programme.find_version(request.programme_version),
            effective_on=messages.day(asked, "effective_on", today) if asked else None,
            today=today,
            reasons=tuple(request.reasons),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.AnnounceVersionResponse(
                announced=announced(settled.state.billing.announced),
                receipt=answers.receipt(settled),
            ),
        )

    async def RejectVersion(
        self, request: pb.RejectVersionRequest, context: Context
    ) -> pb.RejectVersionResponse:
        account = await self._accounts.account(request.account_id)
        command = RejectMigration(
            account_id=request.account_id,
            programme_version=request.programme_version,
            today=await self._today(account.programme_id),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.RejectVersionResponse(
                account=messages.account(settled.state), receipt=answers.receipt(settled)
            ),
        )

    async def _today(self, programme_id: str) -> date:
        return await business_date(self._ports, programme_id)


def _version(state: Programme, version: Version, today: date) -> pb.ProgrammeVersion:
    return pb.ProgrammeVersion(
        programme=messages.programme(state.programme_id, version),
        effective_on=version.effective_on.isoformat(),
        change_id=version.change_id,
        in_force=state.in_force_on(today) == version,
    )


def _change(state: Programme, of: Change) -> pb.ProgrammeChange:
    as_version = Version(
        number=of.version, name=of.name, terms=of.terms, effective_on=of.effective_on
    )
    return pb.ProgrammeChange(
        change_id=of.change_id,
        status=pb.ProgrammeChangeStatus.Value(f"{STATUS}_{of.status}"),
        programme=messages.programme(state.programme_id, as_version),
        effective_on=of.effective_on.isoformat(),
        note=of.note,
        based_on_version=of.based_on_version,
        proposed_by=of.proposed_by,
        proposed_on=of.proposed_on.isoformat(),
        decided_by=of.decided_by,
        decided_on=of.decided_on.isoformat() if of.decided_on else "",
        reason=of.reason,
    )


def _page(newest_first: Sequence[tuple[int, Any]], token: str, asked: int) -> tuple[list[Any], str]:
    """The rows below the number that a token names, and the token of the next page."""
    cursor = answers.of_page_token(token, int)
    below = [(number, each) for number, each in newest_first if not cursor or number < cursor[0]]
    size = answers.page_size(asked)
    page = below[:size]
    token = answers.page_token(page[-1][0]) if len(below) > size else ""
    return [each for _, each in page], token
