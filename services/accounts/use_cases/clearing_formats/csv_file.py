"""Clearing files as CSV (RFC 4180, UTF-8): a head, column names, records, a trailer.

See docs/clearing.md.
"""

import csv
import io
from collections.abc import Iterator

from services.accounts.use_cases.clearing_formats.columns import (
    COLUMNS,
    Raw,
    Reading,
    Sums,
    head,
    malformed,
)

HEAD = ("CLEARING", "1")
TRAILER = "TRAILER"
OPTIONAL = frozenset(
    {
        "card",
        "last_four",
        "charge_id",
        "authorisation_code",
        "original_minor",
        "original_currency",
        "merchant_id",
        "mcc",
        "country",
        "final",
    }
)
"""Columns that may be absent altogether."""
CELL_LIMIT = 256
_PLACES = {name: number for number, name in enumerate(COLUMNS)}


def read(content: bytes) -> Reading:
    """A CSV file. Raises Invalid CLEARING_FILE_MALFORMED."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise malformed(line, "encoding", "the file is not UTF-8") from None
    if "\0" in text:
        raise malformed(text.count("\n", 0, text.index("\0")) + 1, "encoding", "a NUL character")
    rows = _rows(text)
    number, first = next(rows, (1, []))
    if tuple(first[:2]) != HEAD or len(first) != len(HEAD) + 2:
        raise malformed(number, "head", "a file begins with CLEARING,1,<source>,<reference>")
    source, reference = head(number, first[2], first[3])
    number, names = next(rows, (2, []))
    _check_names(number, names)
    sums = Sums()
    return Reading(source, reference, _lines(rows, names, sums), sums)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise malformed(number, "quoting", "this is not CSV") from error
        yield number, row


def _check_names(number: int, names: list[str]) -> None:
    for name in names:
        if name not in _PLACES:
            raise malformed(number, "column names", "there is a column that nobody knows")
        if names.count(name) > 1:
            raise malformed(number, name, "the column is there twice")
    for name in COLUMNS:
        if name not in names and name not in OPTIONAL:
            raise malformed(number, name, "the column is missing")


def _lines(
    rows: Iterator[tuple[int, list[str]]], names: list[str], sums: Sums
) -> Iterator[tuple[int, Raw]]:
    absent = {name: "" for name in COLUMNS if name not in names}
    number = 2
    for number, row in rows:
        if row and row[0] == TRAILER:
            if len(row) != 3:
                raise malformed(number, TRAILER, "a trailer is TRAILER,<records>,<hash total>")
            sums.check(number, row[1], row[2])
            for after, _ in rows:
                raise malformed(after, TRAILER, "nothing follows the trailer")
            return
        if len(row) != len(names):
            raise malformed(number, "columns", f"there are {len(row)} of {len(names)}")
        for name, cell in zip(names, row, strict=True):
            if len(cell) > CELL_LIMIT:
                raise malformed(number, name, f"a cell has at most {CELL_LIMIT} characters")
        raw = {**absent, **dict(zip(names, row, strict=True))}
        sums.add(number, raw)
        yield number, raw
    raise malformed(number + 1, TRAILER, "the file ends without a trailer")
