"""`cards programme`: the versions of a programme's terms, and changes by two people."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import programmes_service_pb2 as pb
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.programmes_service_pb2_grpc import ProgrammesServiceStub
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.staff import OPERATOR, SECOND
from client.terminal import (
    ANY,
    By,
    ProgrammeId,
    Reason,
    SystemPath,
    ask,
    chosen,
    console,
    group,
    money_of,
    named,
    open_session,
    paged,
    run,
    tell_of_more,
)

app = group(__doc__)
ChangeId = Annotated[str, typer.Argument(help="Change id, of `cards programme show`.")]
TermsFile = Annotated[
    Path | None,
    typer.Option("--file", exists=True, dir_okay=False, help="Whole terms as JSON."),
]


@app.command()
def show(
    programme: ProgrammeId = "everyday",
    status: Annotated[
        str, typer.Option(help="Only changes that are proposed, approved, rejected …")
    ] = ANY,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show a programme's versions and the changes that were proposed, newest first."""
    status_of_changes = chosen(pb.ProgrammeChangeStatus, status)

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ProgrammesServiceStub, "accounts")
            versions = await paged(
                stub.ListProgrammeVersions,
                pb.ListProgrammeVersionsRequest(programme_id=programme),
            )
            console.print(_versions(programme, versions.versions))
            tell_of_more(versions.next_page_token)
            changes = await paged(
                stub.ListProgrammeChanges,
                pb.ListProgrammeChangesRequest(programme_id=programme, status=status_of_changes),
            )
            console.print(_changes(changes.changes))
            tell_of_more(changes.next_page_token)

    run(work)


def _versions(title: str, versions: Any) -> Table:
    rows = (
        (
            str(each.programme.version),
            each.effective_on,
            tables.money(each.programme.default_limit),
            "yes" if each.programme.HasField("billing") else "no",
            "in force" if each.in_force else "",
        )
        for each in versions
    )
    return tables.table(title, (">version", "from", ">limit", "billed", ""), rows)


def _changes(changes: Any) -> Table:
    rows = (
        (
            each.change_id,
            tables.word(pb.ProgrammeChangeStatus, each.status),
            each.effective_on,
            tables.money(each.programme.default_limit),
            tables.who(each.proposed_by),
            tables.who(each.decided_by),
            each.reason or each.note,
        )
        for each in changes
    )
    labels = ("#change", "status", "from", ">limit", "proposed by", "decided by", "why")
    return tables.table("changes", labels, rows)


@app.command()
def version(
    programme: ProgrammeId,
    number: Annotated[int, typer.Argument(help="Version; the one in force without.")] = 0,
    on: Annotated[str, typer.Option(help="The one in force on this day, YYYY-MM-DD.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Print whole terms as JSON, such as `propose --file` takes."""
    request = pb.GetProgrammeVersionRequest(
        programme_id=programme, programme_version=number, day=on
    )

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ProgrammesServiceStub, "accounts")
            found = (await stub.GetProgrammeVersion(request)).version
            terms = MessageToDict(found.programme, preserving_proto_field_name=True)
            typer.echo(json.dumps(terms, indent=2, ensure_ascii=False))

    run(work)


@app.command()
def define(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="Terms as JSON: docs/programme.json."),
    ],
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Define a new programme; the same terms again change nothing."""
    request = accounts.DefineProgrammeRequest(programme=_terms(file), **named())

    def told(answer: Any) -> str:
        made = answer.programme
        return f"programme {made.programme_id}, version {made.version}, in {made.currency}"

    ask(system, AccountsServiceStub, "DefineProgramme", request, told, by)


@app.command()
def propose(
    programme: ProgrammeId,
    on: Annotated[str, typer.Option(help="In force from this day on, YYYY-MM-DD.")],
    limit: Annotated[str, typer.Option(help="Another default limit.")] = "",
    file: TermsFile = None,
    note: Annotated[str, typer.Option(help="Why, for who approves it.")] = "",
    by: By = OPERATOR,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Propose other terms: those in force with another --limit, or the whole of a --file."""
    if not limit and file is None:
        raise typer.BadParameter("give --limit, or --file (`cards programme version` prints one)")

    async def work() -> None:
        async with open_session(system, by) as session:
            if file is not None:
                terms = _terms(file)
            else:
                known = accounts.GetProgrammeRequest(programme_id=programme)
                stub = session.stub(AccountsServiceStub, "accounts")
                terms = (await stub.GetProgramme(known)).programme
            if limit:
                terms.default_limit.CopyFrom(money_of(limit, terms.currency))
            terms.programme_id = programme
            request = pb.ProposeTermsRequest(programme=terms, effective_on=on, note=note, **named())
            answer = await session.stub(ProgrammesServiceStub, "accounts").ProposeTerms(request)
            console.print(_changes([answer.change]))

    run(work)


def _terms(file: Path) -> accounts.Programme:
    """Terms from JSON. Raises BadParameter."""
    try:
        return ParseDict(json.loads(file.read_text()), accounts.Programme())
    except (ValueError, ParseError) as problem:
        raise typer.BadParameter(f"{file} holds no terms: {problem}") from None


@app.command()
def approve(
    programme: ProgrammeId, change: ChangeId, by: By = SECOND, system: SystemPath = DESCRIPTION
) -> None:
    """Make a version of a change that another proposed."""
    request = pb.ApproveTermsRequest(programme_id=programme, change_id=change, **named())
    ask(
        system,
        ProgrammesServiceStub,
        "ApproveTerms",
        request,
        lambda answer: _versions("approved", [answer.version]),
        by,
    )


@app.command()
def reject(
    programme: ProgrammeId,
    change: ChangeId,
    reason: Reason = "NOT_WANTED",
    by: By = SECOND,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Refuse a change that another proposed."""
    request = pb.RejectTermsRequest(
        programme_id=programme, change_id=change, reason=reason, **named()
    )
    ask(
        system,
        ProgrammesServiceStub,
        "RejectTerms",
        request,
        lambda answer: _changes([answer.change]),
        by,
    )


@app.command()
def withdraw(
    programme: ProgrammeId, change: ChangeId, by: By = OPERATOR, system: SystemPath = DESCRIPTION
) -> None:
    """Take back a change that one proposed oneself."""
    request = pb.WithdrawTermsRequest(programme_id=programme, change_id=change, **named())
    ask(
        system,
        ProgrammesServiceStub,
        "WithdrawTerms",
        request,
        lambda answer: _changes([answer.change]),
        by,
    )
