"""A statement as OFX 2.2 (section 11.4.3, credit card statement), for accounting programs."""

from datetime import date
from xml.etree.ElementTree import Element

from services.accounts.domain.billing.statement import LineKind, StatementLine
from services.accounts.rendering.document import Document, entries, plain
from services.accounts.rendering.markup import add, writable, written

HEADING = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="220"'
    ' SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>'
)
ACCOUNT_LIMIT = 22
NAME_LIMIT = 32
"""The longest ACCTID and NAME that the standard allows."""
FEES = (LineKind.FEE, LineKind.FEE_WAIVED)
INTEREST = (LineKind.INTEREST, LineKind.INTEREST_ADJUSTED)


def render(document: Document) -> bytes:
    """The file. As the standard has it, what is owed is negative: purchases, and the balance."""
    of = document.statement
    root = Element("OFX")
    signed_on = add(root, "SIGNONMSGSRSV1/SONRS")
    _succeed(signed_on)
    add(signed_on, "DTSERVER", _day(of.closed_on))
    add(signed_on, "LANGUAGE", "ENG")
    answer = add(root, "CREDITCARDMSGSRSV1/CCSTMTTRNRS")
    add(answer, "TRNUID", "0")
    _succeed(answer)
    statement = add(answer, "CCSTMTRS")
    add(statement, "CURDEF", of.currency)
    add(statement, "CCACCTFROM/ACCTID", of.account_id[:ACCOUNT_LIMIT])
    listed = add(statement, "BANKTRANLIST")
    add(listed, "DTSTART", _day(of.opened_on))
    add(listed, "DTEND", _day(of.closed_on))
    for line in entries(of):
        _add_entry(listed, line, of.currency)
    for name, minor_units in (
        ("LEDGERBAL", -of.closing_minor),
        ("AVAILBAL", of.limit_minor - of.closing_minor),
    ):
        balance = add(statement, name)
        add(balance, "BALAMT", plain(minor_units, of.currency))
        add(balance, "DTASOF", _day(of.closed_on))
    return written(root, HEADING)


def _succeed(parent: Element) -> None:
    status = add(parent, "STATUS")
    add(status, "CODE", "0")
    add(status, "SEVERITY", "INFO")


def _add_entry(listed: Element, line: StatementLine, currency: str) -> None:
    entry = add(listed, "STMTTRN")
    add(entry, "TRNTYPE", _kind(line))
    add(entry, "DTPOSTED", _day(line.posting_date))
    add(entry, "DTUSER", _day(line.transaction_date))
    add(entry, "TRNAMT", plain(-line.amount_minor, currency))
    add(entry, "FITID", line.entry_id)
    name = writable(line.description) or line.kind.replace("_", " ")
    add(entry, "NAME", name[:NAME_LIMIT])


def _kind(line: StatementLine) -> str:
    if line.kind in FEES:
        return "FEE"
    if line.kind in INTEREST:
        return "INT"
    if line.kind is LineKind.PAYMENT:
        return "PAYMENT"
    return "DEBIT" if line.amount_minor > 0 else "CREDIT"


def _day(on: date) -> str:
    return on.strftime("%Y%m%d")
