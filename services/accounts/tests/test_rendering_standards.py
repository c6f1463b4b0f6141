"""The files of a statement keep what ISO 20022 camt.053.001.08 and OFX 2.2 ask of them: the order
of the elements, which must be there, how long texts may be, and which values there are."""

import re
from collections.abc import Mapping
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from services.accounts.domain.billing.statement import LineKind, Statement
from services.accounts.rendering import camt, ofx
from services.accounts.rendering.document import Document
from services.accounts.tests.documents import CHARGES, document, line, statement

Grammar = Mapping[str, str]
"""Element, with a parent before a slash where others of the name differ → a pattern: of its
children's names, each followed by a space, or of its text, which begins with a space."""

IDENTIFIER = r" [\x21-\x7e](.{0,33}\S)?"
DAY_TIME = r" \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
ISO_AMOUNT = r" (?=[\d.]{1,19}$)\d+(\.\d{1,5})?"
CAMT: Grammar = {
    "Document": "BkToCstmrStmt ",
    "BkToCstmrStmt": "GrpHdr (Stmt )+",
    "GrpHdr": "MsgId CreDtTm ",
    "Stmt": "Id ElctrncSeqNb CreDtTm FrToDt Acct (Bal )+TxsSummry (Ntry )*",
    "MsgId": IDENTIFIER,
    "Stmt/Id": IDENTIFIER,
    "CreDtTm": DAY_TIME,
    "ElctrncSeqNb": r" \d{1,18}",
    "FrToDt": "FrDtTm ToDtTm ",
    "FrDtTm": DAY_TIME,
    "ToDtTm": DAY_TIME,
    "Acct": "Id Ccy ",
    "Acct/Id": "Othr ",
    "Othr": "Id ",
    "Othr/Id": r" \S.{0,33}",
    "Ccy": " [A-Z]{3}",
    "Bal": "Tp Amt CdtDbtInd Dt ",
    "Tp": "CdOrPrtry ",
    "CdOrPrtry": "Cd ",
    "CdOrPrtry/Cd": " (OPBD|CLBD)",
    "Amt": ISO_AMOUNT,
    "CdtDbtInd": " (CRDT|DBIT)",
    "Bal/Dt": "Dt ",
    "Dt": r" \d{4}-\d\d-\d\d",
    "TxsSummry": "TtlCdtNtries TtlDbtNtries ",
    "TtlCdtNtries": "NbOfNtries Sum ",
    "TtlDbtNtries": "NbOfNtries Sum ",
    "NbOfNtries": r" \d{1,15}",
    "Sum": r" (?=[\d.]{1,19}$)\d+(\.\d{1,17})?",
    "Ntry": "NtryRef Amt CdtDbtInd Sts BookgDt ValDt BkTxCd NtryDtls ",
    "NtryRef": IDENTIFIER,
    "Sts": "Cd ",
    "Sts/Cd": " (BOOK|PDNG|INFO|FUTR)",
    "BookgDt": "Dt ",
    "ValDt": "Dt ",
    "BkTxCd": "Prtry ",
    "Prtry": "Cd ",
    "Prtry/Cd": r" \S.{0,34}",
    "NtryDtls": "TxDtls ",
    "TxDtls": "(RmtInf )?RltdDts ",
    "RmtInf": "(Ustrd )+",
    "Ustrd": r" \S.{0,139}",
    "RltdDts": "TxDtTm ",
    "TxDtTm": DAY_TIME,
}
OFX_DAY = r" \d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
OFX_AMOUNT = r" (?=.{1,32}$)-?\d+(\.\d+)?"
OFX: Grammar = {
    "OFX": "SIGNONMSGSRSV1 CREDITCARDMSGSRSV1 ",
    "SIGNONMSGSRSV1": "SONRS ",
    "SONRS": "STATUS DTSERVER LANGUAGE ",
    "STATUS": "CODE SEVERITY ",
    "CODE": r" \d{1,6}",
    "SEVERITY": " (INFO|WARN|ERROR)",
    "DTSERVER": OFX_DAY,
    "LANGUAGE": " [A-Z]{3}",
    "CREDITCARDMSGSRSV1": "CCSTMTTRNRS ",
    "CCSTMTTRNRS": "TRNUID STATUS CCSTMTRS ",
    "TRNUID": " .{1,36}",
    "CCSTMTRS": "CURDEF CCACCTFROM BANKTRANLIST LEDGERBAL AVAILBAL ",
    "CURDEF": " [A-Z]{3}",
    "CCACCTFROM": "ACCTID ",
    "ACCTID": " .{1,22}",
    "BANKTRANLIST": "DTSTART DTEND (STMTTRN )*",
    "DTSTART": OFX_DAY,
    "DTEND": OFX_DAY,
    "STMTTRN": "TRNTYPE DTPOSTED DTUSER TRNAMT FITID NAME ",
    "TRNTYPE": " (CREDIT|DEBIT|INT|DIV|FEE|SRVCHG|DEP|ATM|POS|XFER|CHECK|PAYMENT|CASH|OTHER)",
    "DTPOSTED": OFX_DAY,
    "DTUSER": OFX_DAY,
    "TRNAMT": OFX_AMOUNT,
    "FITID": " .{1,255}",
    "NAME": r" \S.{0,31}",
    "LEDGERBAL": "BALAMT DTASOF ",
    "AVAILBAL": "BALAMT DTASOF ",
    "BALAMT": OFX_AMOUNT,
    "DTASOF": OFX_DAY,
}


def faults(element: ElementTree.Element, grammar: Grammar, parent: str = "") -> list[str]:
    """What of an element and of what is in it the standard does not allow."""
    name = element.tag.rpartition("}")[2]
    pattern = grammar.get(f"{parent}/{name}") or grammar.get(name, "(unknown)")
    children = "".join(f"{each.tag.rpartition('}')[2]} " for each in element)
    said = children or f" {element.text or ''}"
    wrong = [] if re.fullmatch(pattern, said) else [f"{name}: {said!r}"]
    return wrong + [fault for each in element for fault in faults(each, grammar, name)]


def _old(of: Statement) -> Statement:
    """After eight years and more: a number of three digits, and long ids of entries."""
    lines = tuple(
        replace(each, entry_id=f"{'b' * 32}-2026-04-14-{place}")
        for place, each in enumerate(of.lines)
    )
    return replace(of, number=1_000, statement_id=f"{of.account_id}-1000", lines=lines)


NAMELESS = ((5, "x" * 200), (6, "  "), (7, "\x01"), (8, " \u00c9t\u00e9 "), (9, "\ufffe" * 40))
STATEMENTS = {
    "usual": statement(*CHARGES),
    "nothing": replace(statement(), lines=(), balances=()),
    "in credit": replace(statement(), opening_minor=-5_00, closing_minor=-10_00),
    "every kind": replace(
        statement(),
        lines=tuple(line(n, kind, 100 - 50 * n) for n, kind in enumerate(LineKind)),
    ),
    "without names": statement(*NAMELESS),
    "old": _old(statement(*CHARGES)),
    "yen": statement(*CHARGES, currency="JPY"),
    "dinars of Kuwait": statement(*CHARGES, currency="KWD"),
    "largest": statement((10**15, "Shipyard"), currency="CLF"),
}


@pytest.fixture(params=STATEMENTS)
def told(request: pytest.FixtureRequest) -> Document:
    return document(STATEMENTS[request.param])


def test_a_camt_statement_is_of_the_standard(told: Document) -> None:
    root = ElementTree.fromstring(camt.render(told))
    assert root.tag == f"{{{camt.NAMESPACE}}}Document"
    assert faults(root, CAMT) == []
    references = [each.text for each in root.iter(f"{{{camt.NAMESPACE}}}NtryRef")]
    assert len(set(references)) == len(references)


def test_an_ofx_statement_is_of_the_standard(told: Document) -> None:
    declared, processed, body = ofx.render(told).split(b"\n", 2)
    assert declared == b'<?xml version="1.0" encoding="UTF-8"?>'
    assert processed.startswith(b'<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" ')
    assert faults(ElementTree.fromstring(body), OFX) == []


def test_the_checker_sees_what_is_wrong() -> None:
    root = ElementTree.fromstring(camt.render(document()))
    (header,) = root.iter(f"{{{camt.NAMESPACE}}}GrpHdr")
    header[0].text = "m" * 36
    header.append(header[0])
    assert len(faults(root, CAMT)) == 3
