"""A statement as CSV (RFC 4180): one row per entry, for spreadsheets."""

import csv
import io

from services.accounts.domain.billing.statement import StatementLine
from services.accounts.rendering.document import Document, entries, plain

COLUMNS = (
    "statement",
    "entry",
    "posting_date",
    "transaction_date",
    "kind",
    "reason",
    "balance",
    "description",
    "amount",
    "currency",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula, and merchants choose their names."""


def render(document: Document) -> bytes:
    """The file; the amounts add up to closing less opening balance, a debit is positive."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in entries(document.statement):
        writer.writerow(_row(document, line))
    return out.getvalue().encode()


def _row(document: Document, line: StatementLine) -> tuple[str, ...]:
    of = document.statement
    return (
        of.statement_id,
        line.entry_id,
        line.posting_date.isoformat(),
        line.transaction_date.isoformat(),
        str(line.kind),
        line.reason,
        line.bucket,
        _harmless(line.description),
        plain(line.amount_minor, of.currency),
        of.currency,
    )


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
