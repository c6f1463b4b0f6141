"""What every format must keep to: sizes, forms, and errors that say where and never what."""

import csv
import io
from collections.abc import Iterable, Iterator

from chassis.kernel.errors import Invalid
from services.risk.domain.screening.judging import BIRTH
from services.risk.domain.screening.values import EntryKind, ListEntry

NAMES_LIMIT = 400
"""An entry has at most so many names."""
NAME_LETTERS_LIMIT = 500
REFERENCE_LETTERS_LIMIT = 64
DETAILS_LIMIT = 60
"""An entry has at most so many dates of birth, or nationalities."""
FIELD_LETTERS_LIMIT = 65_536
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def malformed(line: int, field: str, what: str) -> Invalid:
    """The error that refuses a whole list."""
    return Invalid(
        "SCREENING_LIST_MALFORMED",
        f"line {line}, {field}: {what}",
        field="content",
        line=str(line),
        column=field,
    )


def text_of(content: bytes, line: int = 1) -> str:
    """A file as text. Raises Invalid."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise malformed(line, "encoding", "a list is written in UTF-8") from error
    if "\0" in text:
        raise malformed(line, "encoding", "a list has no NUL characters")
    return text


def rows_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with their lines, none that is empty. Raises Invalid."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    csv.field_size_limit(FIELD_LETTERS_LIMIT)
    try:
        for row in rows:
            if any(each.strip() for each in row):
                yield rows.line_num, row
    except csv.Error as error:
        raise malformed(rows.line_num, "row", "this is not CSV") from error


def entry(
    line: int,
    *,
    reference: str,
    kind: EntryKind,
    names: Iterable[str],
    births: Iterable[str] = (),
    nationalities: Iterable[str] = (),
) -> ListEntry:
    """An entry, each detail once and in the order given. Raises Invalid."""
    reference = reference.strip()
    if not 0 < len(reference) <= REFERENCE_LETTERS_LIMIT or not reference.isprintable():
        raise malformed(line, "reference", "a reference has 1 to 64 printable characters")
    kept = unique(names)
    if not 0 < len(kept) <= NAMES_LIMIT:
        raise malformed(line, "name", f"an entry has 1 to {NAMES_LIMIT} names")
    if max(map(len, kept)) > NAME_LETTERS_LIMIT:
        raise malformed(line, "name", f"a name has at most {NAME_LETTERS_LIMIT} characters")
    days, countries = unique(births), unique(nationalities)
    if len(days) > DETAILS_LIMIT or not all(map(BIRTH.fullmatch, days)):
        raise malformed(line, "date_of_birth", "YYYY, YYYY-MM-DD or YYYY/YYYY")
    if len(countries) > DETAILS_LIMIT or any(len(each) > NAME_LETTERS_LIMIT for each in countries):
        raise malformed(line, "nationality", f"an entry has at most {DETAILS_LIMIT}")
    return ListEntry(
        reference=reference, kind=kind, names=kept, births=days, nationalities=countries
    )


def unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, without what is empty, spaces as one."""
    return tuple(dict.fromkeys(text for each in texts if (text := " ".join(each.split()))))
