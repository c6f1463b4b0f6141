"""`cards statement-download`, `statement-verify`: statements as files, and worked out again."""

from pathlib import Path
from typing import Annotated

import typer
from cards.accounts.v1 import statements_service_pb2 as pb
from cards.accounts.v1.statements_service_pb2_grpc import StatementsServiceStub

from client import tables
from client.session import DESCRIPTION
from client.terminal import AccountId, SystemPath, console, open_session, run

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


def verify(account: AccountId, system: SystemPath = DESCRIPTION) -> None:
    """Work every statement of an account out again, and compare byte by byte."""

    async def work() -> None:
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

    run(work)
