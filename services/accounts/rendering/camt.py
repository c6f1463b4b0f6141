"""A statement in the elements of ISO 20022 camt.053 (bank to customer statement)."""

import hashlib
from xml.etree.ElementTree import Element

from services.accounts.domain.billing.statement import Statement, StatementLine
from services.accounts.rendering.document import Document, entries, plain
from services.accounts.rendering.markup import add, writable, written

HEADING = '<?xml version="1.0" encoding="UTF-8"?>'
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
IDENTIFIER_LIMIT = 35
FREE_TEXT_LIMIT = 140
DIGEST_DIGITS = 16


def render(document: Document) -> bytes:
    """The file. What is owed is a debit, of the balance and of an entry that adds to it."""
    of = document.statement
    root = Element("Document", {"xmlns": NAMESPACE})
    message = add(root, "BkToCstmrStmt")
    made_at = f"{of.closed_on.isoformat()}T00:00:00Z"
    header = add(message, "GrpHdr")
    identifier = _statement_identifier(of)
    add(header, "MsgId", identifier)
    add(header, "CreDtTm", made_at)
    statement = add(message, "Stmt")
    add(statement, "Id", identifier)
    add(statement, "ElctrncSeqNb", str(of.number))
    add(statement, "CreDtTm", made_at)
    period = add(statement, "FrToDt")
    add(period, "FrDtTm", f"{of.opened_on.isoformat()}T00:00:00Z")
    add(period, "ToDtTm", f"{of.closed_on.isoformat()}T23:59:59Z")
    account = add(statement, "Acct")
    add(account, "Id/Othr/Id", of.account_id)
    add(account, "Ccy", of.currency)
    for code, minor_units, on in (
        ("OPBD", of.opening_minor, of.opened_on),
        ("CLBD", of.closing_minor, of.closed_on),
    ):
        balance = add(statement, "Bal")
        add(balance, "Tp/CdOrPrtry/Cd", code)
        _add_amount(balance, minor_units, of.currency)
        add(balance, "Dt/Dt", on.isoformat())
    _add_summary(statement, document)
    for line in entries(of):
        _add_entry(statement, line, of.currency)
    return written(root, HEADING)


def _statement_identifier(of: Statement) -> str:
    """Account and number in 35 characters; of a long number the account gives up its last digits,
    which is still told apart by the 112 bits before."""
    number = f"-{of.number}"
    return of.account_id[: IDENTIFIER_LIMIT - len(number)] + number


def _entry_reference(entry_id: str) -> str:
    """The id of an entry; a longer one begins with as much of it as fits before its digest, so that
    two entries never share a reference."""
    if len(entry_id) <= IDENTIFIER_LIMIT:
        return entry_id
    digest = hashlib.sha256(entry_id.encode()).hexdigest()[:DIGEST_DIGITS]
    return f"{entry_id[: IDENTIFIER_LIMIT - DIGEST_DIGITS - 1]}-{digest}"


def _add_amount(parent: Element, owed_minor: int, currency: str) -> None:
    add(parent, "Amt", plain(abs(owed_minor), currency), Ccy=currency)
    add(parent, "CdtDbtInd", "DBIT" if owed_minor > 0 else "CRDT")


def _add_summary(statement: Element, document: Document) -> None:
    of = document.statement
    summary = add(statement, "TxsSummry")
    for name, amounts in (
        ("TtlCdtNtries", [each.amount_minor for each in entries(of) if each.amount_minor <= 0]),
        ("TtlDbtNtries", [each.amount_minor for each in entries(of) if each.amount_minor > 0]),
    ):
        total = add(summary, name)
        add(total, "NbOfNtries", str(len(amounts)))
        add(total, "Sum", plain(abs(sum(amounts)), of.currency))


def _add_entry(statement: Element, line: StatementLine, currency: str) -> None:
    entry = add(statement, "Ntry")
    add(entry, "NtryRef", _entry_reference(line.entry_id))
    _add_amount(entry, line.amount_minor, currency)
    add(entry, "Sts/Cd", "BOOK")
    add(entry, "BookgDt/Dt", line.posting_date.isoformat())
    add(entry, "ValDt/Dt", line.effective_on.isoformat())
    add(entry, "BkTxCd/Prtry/Cd", str(line.kind))
    details = add(entry, "NtryDtls/TxDtls")
    if text := writable(line.description)[:FREE_TEXT_LIMIT]:
        add(details, "RmtInf/Ustrd", text)
    add(details, "RltdDts/TxDtTm", f"{line.transaction_date.isoformat()}T00:00:00Z")
