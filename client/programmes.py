"""`cards programme`: the versions of a programme, and changes by two people."""

from typing import Annotated
from uuid import uuid4

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import programmes_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.programmes_service_pb2_grpc import ProgrammesServiceStub

from client import tables
from client.session import DESCRIPTION, Session
from client.staff import SECOND
from client.terminal import SystemPath, console, money_of, open_session, run

Programme = Annotated[str, typer.Argument(help="Card programme.")]


def show(
    programme: Programme = "everyday",
    limit: Annotated[str, typer.Option(help="Propose this default limit.")] = "",
    on: Annotated[str, typer.Option(help="From this day on, YYYY-MM-DD.")] = "",
    approve: Annotated[str, typer.Option(help="Approve this change, as second operator.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show a programme's versions and changes; propose a limit, or approve a change."""

    async def work() -> None:
        if approve:
            async with open_session(system, SECOND) as session:
                request = pb.ApproveTermsRequest(
                    idempotency_key=uuid4().hex, programme_id=programme, change_id=approve
                )
                await session.stub(ProgrammesServiceStub, "accounts").ApproveTerms(request)
        async with open_session(system) as session:
            if limit:
                await _propose(session, programme, limit, on)
            await _print(session, programme)

    run(work)


async def _propose(session: Session, programme: str, limit: str, on: str) -> None:
    """The terms as they stand with another limit."""
    known = accounts.GetProgrammeRequest(programme_id=programme)
    found = await session.stub(AccountsServiceStub, "accounts").GetProgramme(known)
    terms = found.programme
    terms.default_limit.CopyFrom(money_of(limit, terms.currency))
    request = pb.ProposeTermsRequest(
        idempotency_key=uuid4().hex, programme=terms, effective_on=on, note="cards programme"
    )
    await session.stub(ProgrammesServiceStub, "accounts").ProposeTerms(request)


async def _print(session: Session, programme: str) -> None:
    stub = session.stub(ProgrammesServiceStub, "accounts")
    found = await stub.ListProgrammeVersions(
        pb.ListProgrammeVersionsRequest(programme_id=programme)
    )
    versions = (
        (
            str(each.programme.version),
            each.effective_on,
            tables.money(each.programme.default_limit),
            "in force" if each.in_force else "",
        )
        for each in found.versions
    )
    headings = (">version", "from", ">limit", "")
    console.print(tables.table(programme, headings, versions))
    proposed = await stub.ListProgrammeChanges(
        pb.ListProgrammeChangesRequest(programme_id=programme)
    )
    changes = (
        (
            each.change_id,
            tables.word(pb.ProgrammeChangeStatus, each.status),
            each.effective_on,
            tables.money(each.programme.default_limit),
            each.proposed_by,
            each.decided_by,
        )
        for each in proposed.changes
    )
    labels = ("#change", "status", "from", ">limit", "proposed by", "decided by")
    console.print(tables.table("changes", labels, changes))
