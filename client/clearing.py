"""`cards clearing`: hand over a clearing file, see what came of it, work what was not matched."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from cards.accounts.v1 import clearing_service_pb2 as pb
from cards.accounts.v1.clearing_service_pb2_grpc import ClearingServiceStub
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from client import tables
from client.session import DESCRIPTION
from client.terminal import (
    ANY,
    Key,
    SystemPath,
    chosen,
    console,
    group,
    open_session,
    paged,
    run,
    tell_of_more,
)

app = group(__doc__)
PIECE_BYTES = 65_536
SUBMIT_SECONDS = 30.0
POLL_SECONDS = 0.2
CAME_TO = ("matched", "forced", "refunded", "duplicates", "unmatched", "exceptions")
FORMATS = {"csv": pb.CLEARING_FILE_FORMAT_CSV, "iso8583": pb.CLEARING_FILE_FORMAT_ISO8583}


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Clearing file.")],
    form: Annotated[str, typer.Option("--format", help="csv or iso8583; by its ending.")] = "",
    wait: Annotated[bool, typer.Option(help="Wait until every record has been posted.")] = True,
    system: SystemPath = DESCRIPTION,
) -> None:
    """Hand over a clearing file (docs/clearing.md says what it looks like)."""
    name = form or ("csv" if file.suffix.lower() == ".csv" else "iso8583")
    if name not in FORMATS:
        raise typer.BadParameter(f"{name} is no format; write csv or iso8583")

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ClearingServiceStub, "accounts", SUBMIT_SECONDS)
            content = file.read_bytes()
            answer = await stub.SubmitClearingFile(_pieces(content, FORMATS[name], file.name))
            if answer.already_received:
                console.print(f"this file was received before, as {answer.file.name}")
            found = await _completed(stub, answer.file) if wait else answer.file
            console.print(_files([found]))

    run(work)


async def _pieces(
    content: bytes, form: Any, name: str
) -> AsyncIterator[pb.SubmitClearingFileRequest]:
    yield pb.SubmitClearingFileRequest(format=form, name=name)
    for start in range(0, len(content), PIECE_BYTES):
        yield pb.SubmitClearingFileRequest(content=content[start : start + PIECE_BYTES])


async def _completed(stub: Any, file: pb.ClearingFile) -> pb.ClearingFile:
    """The file once all of its records have come to something."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("posting records", total=file.records)
        while not file.completed:
            await asyncio.sleep(POLL_SECONDS)
            request = pb.GetClearingFileRequest(file_id=file.file_id)
            file = (await stub.GetClearingFile(request)).file
            progress.update(bar, completed=file.processed)
    return file


@app.command()
def files(system: SystemPath = DESCRIPTION) -> None:
    """Show the newest clearing files."""

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ClearingServiceStub, "accounts")
            found = await paged(stub.ListClearingFiles, pb.ListClearingFilesRequest())
            console.print(_files(found.files))
            tell_of_more(found.next_page_token)

    run(work)


def _files(found: Sequence[pb.ClearingFile]) -> Table:
    rows = (
        (
            each.file_id,
            f"{each.source} {each.reference}",
            f"{each.processed:,} of {each.records:,}",
            *(f"{getattr(each, name):,}" for name in CAME_TO),
        )
        for each in found
    )
    headings = ("#file", "source, reference", ">processed", *(f">{name}" for name in CAME_TO))
    return tables.table("clearing files", headings, rows)


@app.command()
def unmatched(
    resolved: Annotated[bool, typer.Option("--all", help="Those too that wait no longer.")] = False,
    kind: Annotated[str, typer.Option(help="unmatched, or exception: to be rejected.")] = ANY,
    file: Annotated[str, typer.Option(help="Of this file, by its id.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Show the clearing records that wait for somebody."""
    request = pb.ListUnmatchedRequest(
        include_resolved=resolved, kind=chosen(pb.ClearingItemKind, kind), file_id=file
    )

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ClearingServiceStub, "accounts")
            found = await paged(stub.ListUnmatched, request)
            console.print(_items(found.items))
            tell_of_more(found.next_page_token)

    run(work)


@app.command()
def resolve(
    item: Annotated[str, typer.Argument(help="Item id, of `cards clearing unmatched`.")],
    card: Annotated[str, typer.Option(help="Post it to this card.")] = "",
    account: Annotated[str, typer.Option(help="Match it to a charge of this account …")] = "",
    charge: Annotated[str, typer.Option(help="… namely this one.")] = "",
    reject: Annotated[str, typer.Option(help="Never post it, for this reason (NOT_OURS).")] = "",
    key: Key = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Decide about a clearing record that waits: post it, match it or reject it."""
    if [bool(card), bool(account and charge), bool(reject)].count(True) != 1:
        raise typer.BadParameter("give --card, or --account with --charge, or --reject")
    resolution = (
        pb.CLEARING_RESOLUTION_POSTED
        if card
        else pb.CLEARING_RESOLUTION_MATCHED
        if charge
        else pb.CLEARING_RESOLUTION_REJECTED
    )

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(ClearingServiceStub, "accounts")
            answer = await stub.ResolveUnmatched(
                pb.ResolveUnmatchedRequest(
                    idempotency_key=key or uuid4().hex,
                    item_id=item,
                    resolution=resolution,
                    card_id=card,
                    account_id=account,
                    charge_id=charge,
                    reason=reject,
                )
            )
            console.print(_items([answer.item]))

    run(work)


def _items(found: Sequence[pb.ClearingItem]) -> Table:
    rows = (
        (
            each.item_id,
            each.record_id,
            f"{each.reason} ({each.field})" if each.field else each.reason,
            f"…{each.last_four}" if each.last_four else "",
            each.merchant.name,
            each.transaction_date,
            tables.money(each.amount) if each.HasField("amount") else "",
            tables.word(pb.ClearingResolution, each.resolution) if each.resolution else "waits",
            tables.who(each.resolved_by),
        )
        for each in found
    )
    headings = ("#item", "record", "why", "card", "merchant", "date", ">amount", "", "by")
    return tables.table("clearing records", headings, rows)
