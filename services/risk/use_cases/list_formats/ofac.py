"""The Specially Designated Nationals of OFAC: SDN.CSV and ALT.CSV, as the Treasury publishes them.

Strong aliases are taken; weak ones stand in the remarks only, and are not.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from services.risk.domain.screening.values import EntryKind, ListEntry
from services.risk.use_cases.list_formats.entries import (
    MONTHS,
    entry,
    malformed,
    rows_of,
    text_of,
)

NOTHING = "-0-"
END_OF_FILE = "\x1a"
SDN_COLUMNS = 12
ALT_COLUMNS = 5
KINDS = {
    NOTHING: EntryKind.ORGANISATION,
    "individual": EntryKind.PERSON,
    "vessel": EntryKind.VESSEL,
    "aircraft": EntryKind.AIRCRAFT,
}
_DAY = re.compile(r"(\d{1,2}) ([A-Za-z]{3}) (\d{4})")
_YEARS = re.compile(r"\b(\d{4})\b")


def read(content: bytes, aliases: bytes = b"") -> Iterator[ListEntry]:
    """The entries with their aliases. Raises Invalid SCREENING_LIST_MALFORMED."""
    others = _aliases(aliases)
    for line, row in _rows(content, SDN_COLUMNS):
        number, name, kind = row[0], row[1], row[2]
        if kind not in KINDS:
            raise malformed(line, "SDN_Type", "individual, vessel, aircraft or nothing")
        births, nationalities = _remarks(row[-1]) if kind == "individual" else ([], [])
        yield entry(
            line,
            reference=number,
            kind=KINDS[kind],
            names=(name, *others.pop(number, ())),
            births=births,
            nationalities=nationalities,
        )
    if others:
        raise malformed(1, "ent_num", "there are aliases of entries that are not there")


def _rows(content: bytes, columns: int) -> Iterator[tuple[int, list[str]]]:
    text = text_of(content).rstrip().removesuffix(END_OF_FILE)
    for line, row in rows_of(text):
        if len(row) != columns:
            raise malformed(line, "row", f"a row has {columns} columns")
        yield line, [each.strip() for each in row]


def _aliases(content: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for _, row in _rows(content, ALT_COLUMNS):
        found[row[0]].append(row[3])
    return found


def _remarks(remarks: str) -> tuple[list[str], list[str]]:
    """Dates of birth and nationalities, which stand among the remarks."""
    births, nationalities = [], []
    for each in remarks.removesuffix(".").split(";"):
        told = each.strip().removeprefix("alt. ")
        if told.startswith("DOB "):
            births += _birth(told.removeprefix("DOB "))
        if told.startswith(("nationality ", "citizen ")):
            nationalities.append(told.partition(" ")[2])
    return births, nationalities


def _birth(told: str) -> list[str]:
    """`16 Dec 1992`, `Dec 1992`, `1992`, `circa 1992`, `1990 to 1992`; else nothing."""
    years = [int(year) for year in _YEARS.findall(told)]
    day = _DAY.fullmatch(told)
    if day is not None and day[2].casefold() in MONTHS:
        return [f"{day[3]}-{MONTHS.index(day[2].casefold()) + 1:02d}-{int(day[1]):02d}"]
    if not years:
        return []
    first, last = min(years), max(years)
    if "circa" in told:
        first, last = first - 1, last + 1
    return [f"{first:04d}" if first == last else f"{first:04d}/{last:04d}"]
