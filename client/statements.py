"""`cards statement-download`, `statement-verify`: statements as files, and worked out again."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from cards.accounts.v1 import statements_service_pb2 as pb
from cards.accounts.v1.statements_service_pb2_grpc import StatementsServiceStub
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from chassis.kernel.errors import Error
from client import tables
from client.session import DESCRIPTION
from client.terminal import EXIT_REFUSED, AccountId, SystemPath, console, open_session, run

FORMATS = {
    "pdf": pb.DOCUMENT_FORMAT_PDF,
    "csv": pb.DOCUMENT_FORMAT_CSV,
    "ofx": pb.DOCUMENT_FORMAT_OFX,
    "camt": pb.DOCUMENT_FORMAT_CAMT,
}
LANGUAGES = {
    "": pb.DOCUMENT_LANGUAGE_UNSPECIFIED,
    "en": pb.DOCUMENT_LANGUAGE_EN,
    "zh-CN": pb.DOCUMENT_LANGUAGE_ZH_CN,
}
DOWNLOAD_SECONDS = 20.0
VERIFY_SECONDS = 600.0
ACCOUNTS_AT_ONCE = 1_000


def _one_of(known: dict[str, int], asked: str) -> int:
    if asked not in known:
        raise typer.BadParameter(f"{asked} is none of {', '.join(filter(None, known))}")
    return known[asked]


def download(
    account: AccountId,
    number: Annotated[int, typer.Option(help="Which; 0: the latest.")] = 0,
    format: Annotated[str, typer.Option(help="pdf, csv, ofx or camt.")] = "pdf",
    language: Annotated[str, typer.Option(help="en or zh-CN; the holder's.")] = "",
    into: Annotated[Path, typer.Option(help="Folder for the file.")] = Path(),
    system: SystemPath = DESCRIPTION,
) -> None:
    """Save a statement as a file."""
    request = pb.DownloadStatementRequest(
        account_id=account,
        number=number,
        format=_one_of(FORMATS, format),  # type: ignore[arg-type]
        language=_one_of(LANGUAGES, language),  # type: ignore[arg-type]
    )

    async def work() -> None:
        async with open_session(system) as session:
            stub = session.stub(StatementsServiceStub, "accounts")
            found = await stub.DownloadStatement(request, timeout=DOWNLOAD_SECONDS)
            path = into / found.file_name
            path.write_bytes(found.content)
            console.print(f"{path}: {len(found.content):,} bytes, SHA-256 {found.sha256}")

    run(work)


def verify(
    account: Annotated[str, typer.Argument(help="Account id; or --all.")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="Every account's statements.")] = False,
    after: Annotated[str, typer.Option("--after", help="With --all: go on where this led.")] = "",
    system: SystemPath = DESCRIPTION,
) -> None:
    """Work every statement of an account, or of all, out again; compare byte by byte."""
    if bool(account) == everybody:
        raise typer.BadParameter("give an account, or --all")

    async def work() -> None:
        same = await (_verify_all(system, after) if everybody else _verify(system, account))
        if not same:
            raise typer.Exit(EXIT_REFUSED)

    run(work)


async def _verify(system: Path, account: str) -> bool:
    async with open_session(system) as session:
        stub = session.stub(StatementsServiceStub, "accounts")
        request = pb.VerifyStatementsRequest(account_id=account)
        found = await stub.VerifyStatements(request, timeout=DOWNLOAD_SECONDS)
    rows = (
        (str(each.number), "the same" if each.equal else "DIFFERENT", each.told_sha256)
        for each in found.verifications
    )
    headings = (">number", "worked out again", "#SHA-256")
    console.print(tables.table(f"statements of {account}", headings, rows))
    return all(each.equal for each in found.verifications)


class _Verification:
    """What came of the accounts so far, and where to go on."""

    def __init__(self, after: str) -> None:
        self.after = after
        self.accounts = self.statements = 0
        self.wrong: list[pb.VerifyAllStatementsResponse] = []

    async def go_on(self, stub: Any, progress: Progress, bar: TaskID) -> bool:
        """Ask for some more accounts; whether there were any."""
        before = self.accounts
        asked = pb.VerifyAllStatementsRequest(page_token=self.after, accounts=ACCOUNTS_AT_ONCE)
        async for each in stub.VerifyAllStatements(asked):
            self.after = each.page_token
            self.accounts += 1
            self.statements += each.statements
            if each.differing or each.error:
                self.wrong.append(each)
            total = self.accounts + each.remaining
            progress.update(bar, completed=self.accounts, total=total)
        return self.accounts > before

    def tell(self) -> None:
        """Say what was found."""
        console.print(f"{self.statements:,} statements of {self.accounts:,} accounts")
        if not self.wrong:
            console.print("all are the same, byte by byte")
            return
        rows = (
            (each.account_id, ", ".join(map(str, each.differing)), each.error)
            for each in self.wrong
        )
        headings = ("#account", "DIFFERENT", "not worked out")
        console.print(tables.table("what is wrong", headings, rows))


async def _verify_all(system: Path, after: str) -> bool:
    found = _Verification(after)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    async with open_session(system) as session:
        stub = session.stub(StatementsServiceStub, "accounts", VERIFY_SECONDS)
        try:
            with Progress(*columns, console=console, transient=True) as progress:
                bar = progress.add_task("verifying accounts", total=None)
                while await found.go_on(stub, progress, bar):
                    pass
        except (Error, asyncio.CancelledError):
            if found.after:
                console.print(
                    f"to go on from here: cards statement-verify --all --after {found.after}"
                )
            raise
        finally:
            found.tell()
    return not found.wrong
