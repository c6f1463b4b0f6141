"""The plain form: CSV with a head, for lists that a bank keeps or buys (politically exposed people,
its own)."""

from collections.abc import Iterator

from services.risk.domain.screening.values import EntryKind, ListEntry
from services.risk.use_cases.list_formats.entries import entry, malformed, rows_of, text_of

COLUMNS = ("reference", "kind", "names", "dates_of_birth", "nationalities")
"""kind: PERSON, ORGANISATION, VESSEL or AIRCRAFT. The last three hold several texts separated by
semicolons; dates are YYYY, YYYY-MM-DD or YYYY/YYYY."""
SEPARATOR = ";"


def read(content: bytes, aliases: bytes = b"") -> Iterator[ListEntry]:
    """The entries. Raises Invalid SCREENING_LIST_MALFORMED."""
    if aliases:
        raise malformed(1, "aliases", "this form has no file of aliases")
    rows = rows_of(text_of(content))
    line, head = next(rows, (1, []))
    if tuple(each.strip() for each in head) != COLUMNS:
        raise malformed(line, "head", f"the columns are {', '.join(COLUMNS)}")
    for line, row in rows:
        if len(row) != len(COLUMNS):
            raise malformed(line, "row", f"a row has {len(COLUMNS)} columns")
        reference, kind, names, births, nationalities = row
        if kind.strip() not in EntryKind.__members__:
            raise malformed(line, "kind", "PERSON, ORGANISATION, VESSEL or AIRCRAFT")
        yield entry(
            line,
            reference=reference,
            kind=EntryKind(kind.strip()),
            names=names.split(SEPARATOR),
            births=[each.strip() for each in births.split(SEPARATOR)],
            nationalities=nationalities.split(SEPARATOR),
        )
