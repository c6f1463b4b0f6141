"""Lines of an account as text: CSV that no spreadsheet runs, and JSON lines."""

import csv
import io
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from chassis.kernel.money import decimals_of

FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so is a formula to some spreadsheet, whoever wrote it."""
COLUMNS = (
    *("transaction_date", "posting_date", "kind", "status", "amount", "currency"),
    *("original_amount", "original_currency", "merchant", "merchant_as_written", "category"),
    *("note", "reason", "card_id", "transaction_id"),
)
CONTENT_TYPES = {"CSV": "text/csv; charset=utf-8", "JSON_LINES": "application/jsonl"}


def amount_text(minor_units: int, currency: str) -> str:
    """An amount with the decimals of its currency: 12.50."""
    decimals = decimals_of(currency)
    return f"{Decimal(minor_units).scaleb(-decimals):.{decimals}f}"


def line_of(row: Any, note: str) -> dict[str, str]:
    """What a file says of a line, by column."""
    original = ""
    if row.original_currency:
        original = amount_text(row.original_minor, row.original_currency)
    return {
        "transaction_date": row.transaction_date,
        "posting_date": row.posting_date,
        "kind": row.kind,
        "status": row.status,
        "amount": amount_text(row.amount_minor, row.currency),
        "currency": row.currency,
        "original_amount": original,
        "original_currency": row.original_currency,
        "merchant": row.merchant,
        "merchant_as_written": row.merchant_name,
        "category": row.own_or_given_category,
        "note": note,
        "reason": row.reason,
        "card_id": row.card_id,
        "transaction_id": row.transaction_id,
    }


def written(lines: Iterable[dict[str, str]], format: str, *, heading: bool) -> str:
    """A part of a file."""
    if format == "JSON_LINES":
        return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    text = io.StringIO()
    writer = csv.writer(text)
    if heading:
        writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([unrun(line[column]) for column in COLUMNS])
    return text.getvalue()


def unrun(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_BEGINNINGS) else cell
