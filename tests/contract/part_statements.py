"""Statements as an outsider has them: as data, as files that are what they say, and worked out
again by an auditor."""

import base64
import csv
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from cards.accounts.v1 import billing_service_pb2 as billing
from cards.accounts.v1 import statements_service_pb2 as pb

from tests.contract.contracts import rpc

if TYPE_CHECKING:
    from tests.contract.story import Story

PDF_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
PDF_TEXT = re.compile(rb"\(((?:[^()\\]|\\.)*)\) Tj")
PDF_OBJECT = re.compile(rb"^\d+ 0 obj\b", re.MULTILINE)


def tell(story: "Story") -> None:
    """All are verified; the first with entries on it is had in every form."""
    ask = story.ask
    told = next(each for each in _first_statements(story) if each.lines)
    ids: dict[str, Any] = {"account_id": told.summary.statement_id.partition("-")[0]}
    verified = ask("accounts.VerifyStatements", pb.VerifyStatementsRequest(**ids)).verifications
    assert all(each.equal for each in verified)
    as_of = pb.GetBalanceAsOfRequest(as_of=told.summary.closed_on, **ids)
    found = ask("accounts.GetBalanceAsOf", as_of)
    owed = sum(each.balance.minor_units for each in found.balances)
    # By types, which go by the days from which entries count: later ones were posted before that
    # day, which the programme's date had reached by then.
    assert owed == told.summary.closing.minor_units
    ask("accounts.GetBalance", billing.GetBalanceRequest(**ids))
    explained = ask("accounts.ExplainInterest", billing.ExplainInterestRequest(number=1, **ids))
    assert sum(day.interest.minor_units for day in explained.days) == told.interest.minor_units
    for form, check in FORMS.items():
        request = pb.DownloadStatementRequest(number=1, format=form, **ids)
        file = ask("accounts.DownloadStatement", request)
        assert hashlib.sha256(file.content).hexdigest() == file.sha256
        check(file, told)


def _first_statements(story: "Story") -> Iterator[billing.Statement]:
    """The first statement of every account that has one."""
    every = story.outsider.call(
        rpc("accounts.VerifyAllStatements"), pb.VerifyAllStatementsRequest(), by="operator"
    )
    assert every.ok, every
    for raw in every.answers:
        found = pb.VerifyAllStatementsResponse.FromString(raw)
        assert found.statements
        assert not found.differing
        request = billing.GetStatementRequest(account_id=found.account_id, number=1)
        yield story.ask("accounts.GetStatement", request).statement


def _units(minor_units: int) -> Decimal:
    return Decimal(minor_units) / 100


def _pdf(file: pb.DownloadStatementResponse, told: billing.Statement) -> None:
    """The cross-reference table leads to every object, and the pages name programme and sums."""
    content = file.content
    assert (file.media_type, file.file_name[-4:]) == ("application/pdf", ".pdf")
    assert content.startswith(b"%PDF-1.")
    assert content.rstrip().endswith(b"%%EOF")
    start = int(content[content.rindex(b"startxref") :].split()[1])
    listed = content[start:].split(b"trailer")[0].splitlines()
    assert listed[0] == b"xref"
    places = [int(line.split()[0]) for line in listed if line.rstrip().endswith(b" n")]
    assert len(places) == len(PDF_OBJECT.findall(content))
    assert all(PDF_OBJECT.match(content[place:]) for place in places)
    text = _text(content)
    for shown in ("card", f"{_units(told.summary.closing.minor_units):,.2f}"):
        assert shown in text, text


def _text(content: bytes) -> str:
    """What is written on the pages, in the simple fonts."""
    found = []
    for packed in PDF_STREAM.findall(content):
        if packed.rstrip().endswith(b"~>"):
            page = zlib.decompress(base64.a85decode(packed.rstrip().removesuffix(b"~>")))
            found += PDF_TEXT.findall(page)
    return b" ".join(found).decode("latin-1")


def _csv(file: pb.DownloadStatementResponse, told: billing.Statement) -> None:
    """One row per entry; the amounts lead from the opening to the closing balance."""
    assert file.media_type.startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(file.content.decode(), newline="")))
    assert {row["statement"] for row in rows} == {told.summary.statement_id}
    moved = told.summary.closing.minor_units - told.opening.minor_units
    assert sum(Decimal(row["amount"]) for row in rows) == _units(moved)


def _ofx(file: pb.DownloadStatementResponse, told: billing.Statement) -> None:
    """What is owed is negative, and so is every purchase."""
    assert file.media_type == "application/x-ofx"
    root = ElementTree.fromstring(file.content)
    assert root.tag == "OFX"
    owed = root.findtext(".//LEDGERBAL/BALAMT")
    moved = sum(Decimal(each.text or "") for each in root.iterfind(".//STMTTRN/TRNAMT"))
    assert Decimal(owed or "") == -_units(told.summary.closing.minor_units)
    assert moved == Decimal(owed or "") + _units(told.opening.minor_units)


def _camt(file: pb.DownloadStatementResponse, told: billing.Statement) -> None:
    """A camt.053 document whose entries and balances are in the account's currency."""
    assert file.media_type == "application/xml"
    root = ElementTree.fromstring(file.content)
    assert "camt.053" in root.tag
    amounts = [each for each in root.iter() if each.tag.endswith("}Amt")]
    assert amounts
    assert {each.get("Ccy") for each in amounts} == {told.opening.currency_code}


FORMS: dict[Any, Any] = {
    pb.DOCUMENT_FORMAT_PDF: _pdf,
    pb.DOCUMENT_FORMAT_CSV: _csv,
    pb.DOCUMENT_FORMAT_OFX: _ofx,
    pb.DOCUMENT_FORMAT_CAMT: _camt,
}
