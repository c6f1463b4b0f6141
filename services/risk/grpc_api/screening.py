"""The rpcs of screening: lists, screenings, hits, and what people say to them."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import grpc
from cards.risk.v1 import screening_service_pb2 as pb
from cards.risk.v1.screening_service_pb2_grpc import ScreeningServiceServicer
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import answers, call
from chassis.kernel.errors import Invalid, NotFound
from chassis.ports import Ports
from chassis.work import Settled
from services.risk.domain.screening import commands
from services.risk.domain.screening.events import NameScreened
from services.risk.domain.screening.register import Version
from services.risk.domain.screening.subject import hit_id_of
from services.risk.domain.screening.values import (
    Agreement,
    HitDecision,
    ListFormat,
    ListPurpose,
    SubjectKind,
)
from services.risk.name_matching.index import Question
from services.risk.queries import screening as queries
from services.risk.use_cases.screening_lists import ScreeningLists, Upload
from services.risk.use_cases.screenings import Screenings, Shown

Context = grpc.aio.ServicerContext[Any, Any]

LIST_STATUS = "SCREENING_LIST_STATUS"
FORMAT = "SCREENING_LIST_FORMAT"
PURPOSE = "SCREENING_LIST_PURPOSE"
OUTCOME = "SCREENING_OUTCOME"
HIT_STATUS = "HIT_STATUS"
UNSPECIFIED = "UNSPECIFIED"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

AGREEMENTS = {
    Agreement.UNKNOWN: pb.AGREEMENT_UNSPECIFIED,
    Agreement.AGREES: pb.AGREEMENT_AGREES,
    Agreement.NEAR: pb.AGREEMENT_NEAR,
    Agreement.DIFFERS: pb.AGREEMENT_DIFFERS,
}


class ScreeningApi(ScreeningServiceServicer):
    """cards.risk.v1.ScreeningService."""

    def __init__(self, ports: Ports) -> None:
        self._application = ports.application
        self._database = ports.database
        self._lists = ScreeningLists(ports)
        self._screenings = Screenings(ports, self._lists)

    # Lists ----------------------------------------------------------------------------------------

    async def ImportScreeningList(
        self, requests: AsyncIterator[pb.ImportScreeningListRequest], context: Context
    ) -> pb.ImportScreeningListResponse:
        first = await anext(aiter(requests), None)
        if first is None or not (first.list_id and first.format and first.purpose):
            raise Invalid(
                "LIST_HEAD_MISSING", "say which list, how it is written, and why", field="list_id"
            )

        async def pieces() -> AsyncIterator[tuple[bytes, bytes]]:
            yield first.content, first.aliases
            async for request in requests:
                yield request.content, request.aliases

        content, aliases = await self._lists.gather(pieces())
        upload = Upload(
            list_id=first.list_id,
            purpose=ListPurpose(_word(pb.ScreeningListPurpose, first.purpose, PURPOSE)),
            format=ListFormat(_word(pb.ScreeningListFormat, first.format, FORMAT)),
            content=content,
            aliases=aliases,
        )

        def render(settled: Settled, version_id: str) -> pb.ImportScreeningListResponse:
            return pb.ImportScreeningListResponse(
                list=_list(settled.state.find(upload.list_id, version_id)),
                already_there=not settled.facts,
                receipt=answers.receipt(settled),
            )

        return await self._lists.stage(upload, _person(), render)

    async def ActivateScreeningList(
        self, request: pb.ActivateScreeningListRequest, context: Context
    ) -> pb.ActivateScreeningListResponse:
        command = commands.ActivateScreeningList(
            list_id=request.list_id, version_id=request.version_id, by=_person()
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.ActivateScreeningListResponse(
                list=_list(settled.state.find(request.list_id, request.version_id)),
                receipt=answers.receipt(settled),
            ),
        )

    async def ListScreeningLists(
        self, request: pb.ListScreeningListsRequest, context: Context
    ) -> pb.ListScreeningListsResponse:
        register = await self._lists.register()
        size = answers.page_size(request.page_size)
        cursor = answers.of_page_token(request.page_token, int)
        last = register.count if cursor is None else min(int(cursor[0]), register.count)
        first = max(last - size, 0)
        keys = [register.by_number[str(number)] for number in range(last, first, -1)]
        versions = [register.versions[key] for key in keys]
        status = _word(pb.ScreeningListStatus, request.status, LIST_STATUS)
        return pb.ListScreeningListsResponse(
            lists=[
                _list(each)
                for each in versions
                if request.list_id in ("", each.list_id) and status in ("", each.status)
            ],
            next_page_token=answers.page_token(first) if first else "",
        )

    # Screenings -----------------------------------------------------------------------------------

    async def ScreenName(
        self, request: pb.ScreenNameRequest, context: Context
    ) -> pb.ScreenNameResponse:
        def render(
            settled: Settled,
            screening: NameScreened,
            matches: Sequence[Shown],
            whitelisted: Sequence[Shown],
        ) -> pb.ScreenNameResponse:
            return pb.ScreenNameResponse(
                screening=_screening(screening, matches, whitelisted),
                receipt=answers.receipt(settled),
            )

        screening_id = request.screening_id or call.derived_id()
        return await self._screenings.screen(
            _question(request), request.subject_id, screening_id, render
        )

    async def GetScreening(
        self, request: pb.GetScreeningRequest, context: Context
    ) -> pb.GetScreeningResponse:
        found = await self._screenings.get(request.screening_id)
        return pb.GetScreeningResponse(screening=_screening(*found))

    async def ListScreenings(
        self, request: pb.ListScreeningsRequest, context: Context
    ) -> pb.ListScreeningsResponse:
        size = answers.page_size(request.page_size)
        cursor = answers.of_page_token(request.page_token, int)
        outcome = _word(pb.ScreeningOutcome, request.outcome, OUTCOME)
        rows: Sequence[Any] = await self._database.read(
            lambda c: queries.list_screenings(
                c, request.subject_id, outcome, cursor[0] if cursor else None, size + 1
            )
        )
        more = len(rows) > size
        return pb.ListScreeningsResponse(
            screenings=[
                pb.ListedScreening(
                    screening_id=row.screening_id,
                    subject_id=row.subject_id,
                    outcome=pb.ScreeningOutcome.Value(f"{OUTCOME}_{row.outcome}"),
                    matches=row.matches,
                    screened_at=_instant(row.screened_at_micros),
                )
                for row in rows[:size]
            ],
            next_page_token=answers.page_token(rows[size - 1].position) if more else "",
        )

    async def ReplayScreening(
        self, request: pb.ReplayScreeningRequest, context: Context
    ) -> pb.ReplayScreeningResponse:
        same = await self._screenings.replay(request.screening_id, _question(request))
        found = await self._screenings.get(request.screening_id)
        return pb.ReplayScreeningResponse(screening=_screening(*found), same=same)

    # Hits -----------------------------------------------------------------------------------------

    async def ListScreeningHits(
        self, request: pb.ListScreeningHitsRequest, context: Context
    ) -> pb.ListScreeningHitsResponse:
        size = answers.page_size(request.page_size)
        cursor = answers.of_page_token(request.page_token, int)
        status = _word(pb.HitStatus, request.status, HIT_STATUS)
        rows: Sequence[Any] = await self._database.read(
            lambda c: queries.list_hits(
                c, status, request.subject_id, cursor[0] if cursor else 0, size + 1
            )
        )
        more = len(rows) > size
        return pb.ListScreeningHitsResponse(
            hits=[_hit(row) for row in rows[:size]],
            next_page_token=answers.page_token(rows[size - 1].position) if more else "",
        )

    async def DecideScreeningHit(
        self, request: pb.DecideScreeningHitRequest, context: Context
    ) -> pb.DecideScreeningHitResponse:
        hit = await self._hit(request.hit_id)
        register = await self._lists.register()
        command = commands.DecideHit(
            subject_id=hit.subject_id,
            hit_id=request.hit_id,
            decision=HitDecision(_word(pb.HitStatus, request.decision, HIT_STATUS)),
            reason=request.reason,
            by=_person(),
            purpose=register.purpose_of(hit.list_id),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.DecideScreeningHitResponse(
                hit_id=request.hit_id,
                status=request.decision,
                open_hits=settled.state.open_hits,
                receipt=answers.receipt(settled),
            ),
        )

    async def WhitelistEntry(
        self, request: pb.WhitelistEntryRequest, context: Context
    ) -> pb.WhitelistEntryResponse:
        expires_on = _day(request.expires_on, "expires_on")
        hit = await self._hit(request.hit_id)
        command = commands.WhitelistEntry(
            subject_id=hit.subject_id,
            list_id=hit.list_id,
            reference=hit.reference,
            reason=request.reason,
            expires_on=expires_on,
            by=_person(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.WhitelistEntryResponse(
                hit_id=request.hit_id,
                expires_on=request.expires_on,
                receipt=answers.receipt(settled),
            ),
        )

    async def WithdrawWhitelisting(
        self, request: pb.WithdrawWhitelistingRequest, context: Context
    ) -> pb.WithdrawWhitelistingResponse:
        hit = await self._hit(request.hit_id)
        command = commands.WithdrawWhitelisting(
            subject_id=hit.subject_id,
            list_id=hit.list_id,
            reference=hit.reference,
            reason=request.reason,
            by=_person(),
        )
        return await self._application.answer(
            command,
            render=lambda settled: pb.WithdrawWhitelistingResponse(
                hit_id=request.hit_id, receipt=answers.receipt(settled)
            ),
        )

    async def _hit(self, hit_id: str) -> Any:
        found = await self._database.read(lambda c: queries.hit(c, hit_id))
        if found is None:
            raise NotFound("SCREENING_HIT_NOT_FOUND", "there is no such hit", field="hit_id")
        return found


def _person() -> str:
    """Whose word it is, whichever service passes it on."""
    return call.current().principal.person.subject


def _word(kind: Any, number: int, prefix: str) -> str:
    """The word that a number of an enum stands for; empty for unspecified."""
    found: str = kind.Name(number).removeprefix(f"{prefix}_")
    return "" if found == UNSPECIFIED else found


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("DATE_MALFORMED", "a day is YYYY-MM-DD", field=field) from error


def _instant(micros: int) -> Timestamp:
    return answers.timestamp(_EPOCH + timedelta(microseconds=micros))


def _question(request: pb.ScreenNameRequest | pb.ReplayScreeningRequest) -> Question:
    organisation = request.kind == pb.SUBJECT_KIND_ORGANISATION
    born = request.date_of_birth
    return Question(
        name=request.name,
        kind=SubjectKind.ORGANISATION if organisation else SubjectKind.PERSON,
        date_of_birth=_day(born, "date_of_birth") if born else None,
        nationality=request.nationality,
    )


def _list(of: Version) -> pb.ScreeningList:
    return pb.ScreeningList(
        list_id=of.list_id,
        version_id=of.version_id,
        status=pb.ScreeningListStatus.Value(f"{LIST_STATUS}_{of.status}"),
        purpose=pb.ScreeningListPurpose.Value(f"{PURPOSE}_{of.purpose}"),
        format=pb.ScreeningListFormat.Value(f"{FORMAT}_{of.format}"),
        content_digest=of.content_digest,
        entries=of.entries,
        names=of.names,
        staged_by=of.staged_by,
        staged_at=answers.timestamp(of.staged_at),
        activated_by=of.activated_by,
        activated_at=answers.timestamp(of.activated_at) if of.activated_at else None,
    )


def _screening(
    of: NameScreened, matches: Sequence[Shown], whitelisted: Sequence[Shown]
) -> pb.Screening:
    return pb.Screening(
        screening_id=of.screening_id,
        subject_id=of.subject_id,
        outcome=pb.ScreeningOutcome.Value(f"{OUTCOME}_{of.outcome}"),
        matches=[_match(of.subject_id, each) for each in matches],
        whitelisted=[_match(of.subject_id, each) for each in whitelisted],
        versions=[
            pb.ScreeningListVersion(list_id=each.list_id, version_id=each.version_id)
            for each in of.versions
        ],
        method=of.method,
        threshold=of.threshold,
        screened_at=answers.timestamp(of.screened_at),
    )


def _match(subject_id: str, shown: Shown) -> pb.ScreeningMatch:
    of = shown.match
    return pb.ScreeningMatch(
        hit_id=hit_id_of(subject_id, of.list_id, of.reference),
        list_id=of.list_id,
        version_id=of.version_id,
        purpose=pb.ScreeningListPurpose.Value(f"{PURPOSE}_{shown.purpose}"),
        reference=of.reference,
        alias=shown.alias,
        name_score=of.name_score,
        score=of.score,
        parts=[
            pb.PartMatch(asked=part.asked, listed=part.listed, score=part.score)
            for part in of.parts
        ],
        date_of_birth=AGREEMENTS[of.date_of_birth],
        nationality=AGREEMENTS[of.nationality],
    )


def _hit(row: Any) -> pb.ScreeningHit:
    return pb.ScreeningHit(
        hit_id=row.hit_id,
        screening_id=row.screening_id,
        subject_id=row.subject_id,
        list_id=row.list_id,
        reference=row.reference,
        score=row.score,
        status=pb.HitStatus.Value(f"{HIT_STATUS}_{row.status}"),
        reason=row.reason,
        decided_by=row.decided_by,
        whitelisted_until=row.whitelisted_until,
        raised_at=_instant(row.raised_at_micros),
    )
