"""The consolidated list of the United Nations Security Council, in XML.

Read by expat with declarations of documents and entities forbidden: nothing expands, nothing is
fetched. Aliases of low quality are not taken: the Council gives them for completeness only.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from chassis.kernel.errors import Invalid
from services.risk.domain.screening.values import EntryKind, ListEntry
from services.risk.use_cases.list_formats.entries import entry, malformed

DEPTH_LIMIT = 12
TEXT_LIMIT = 65_536
PIECE_BYTES = 65_536

ROOT = "CONSOLIDATED_LIST"
KINDS = {"INDIVIDUAL": EntryKind.PERSON, "ENTITY": EntryKind.ORGANISATION}
NAMES = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
ALIASES = ("INDIVIDUAL_ALIAS", "ENTITY_ALIAS")
BIRTH = "INDIVIDUAL_DATE_OF_BIRTH"
LOW = "low"

Details = dict[str, str]


@dataclass
class _Entry:
    line: int
    kind: EntryKind
    details: Details = field(default_factory=dict)
    aliases: list[Details] = field(default_factory=list)
    births: list[Details] = field(default_factory=list)
    nationalities: list[str] = field(default_factory=list)


@dataclass
class _Reading:
    """What stands open while the file goes by."""

    ready: deque[ListEntry] = field(default_factory=deque)
    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    letters: int = 0
    current: _Entry | None = None
    group: Details | None = None


def read(content: bytes, aliases: bytes = b"") -> Iterator[ListEntry]:
    """The entries. Raises Invalid SCREENING_LIST_MALFORMED."""
    if aliases:
        raise malformed(1, "aliases", "this form has no file of aliases")
    reading = _Reading()
    parser = _parser(reading)
    try:
        for start in range(0, len(content), PIECE_BYTES):
            parser.Parse(content[start : start + PIECE_BYTES], False)
            while reading.ready:
                yield reading.ready.popleft()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise malformed(error.lineno, "xml", "this is not well-formed XML") from error
    yield from reading.ready


def _parser(reading: _Reading) -> Any:
    parser = expat.ParserCreate()

    def forbidden(*_: Any) -> Any:
        raise _wrong(parser, "xml", "a list declares no document type and no entities")

    def start(tag: str, attributes: dict[str, str]) -> None:
        _start(reading, parser, tag)

    def text(data: str) -> None:
        reading.letters += len(data)
        if reading.letters > TEXT_LIMIT:
            raise _wrong(parser, "xml", f"a text has at most {TEXT_LIMIT} characters")
        reading.text.append(data)

    def end(tag: str) -> None:
        _end(reading, "".join(reading.text).strip())
        reading.path.pop()
        reading.text.clear()
        reading.letters = 0

    parser.StartDoctypeDeclHandler = forbidden
    parser.EntityDeclHandler = forbidden
    parser.UnparsedEntityDeclHandler = forbidden
    parser.ExternalEntityRefHandler = forbidden
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.EndElementHandler = end
    return parser


def _wrong(parser: Any, field: str, what: str) -> Invalid:
    return malformed(parser.CurrentLineNumber, field, what)


def _start(reading: _Reading, parser: Any, tag: str) -> None:
    if not reading.path and tag != ROOT:
        raise _wrong(parser, "xml", f"the list begins with {ROOT}")
    if len(reading.path) >= DEPTH_LIMIT:
        raise _wrong(parser, "xml", f"elements lie at most {DEPTH_LIMIT} deep")
    reading.path.append(tag)
    reading.text.clear()
    reading.letters = 0
    if len(reading.path) == 3 and tag in KINDS:
        reading.current = _Entry(parser.CurrentLineNumber, KINDS[tag])
    elif len(reading.path) == 4 and reading.current is not None:
        reading.group = {}


def _end(reading: _Reading, text: str) -> None:
    current, tag, depth = reading.current, reading.path[-1], len(reading.path)
    if current is None:
        return
    if depth == 5 and reading.group is not None:
        if tag == "VALUE" and reading.path[-2] == "NATIONALITY":
            current.nationalities.append(text)
        reading.group.setdefault(tag, text)
    elif depth == 4:
        _keep(current, tag, text, reading.group or {})
        reading.group = None
    elif depth == 3:
        reading.ready.append(_made(current))
        reading.current = None


def _keep(current: _Entry, tag: str, text: str, group: Details) -> None:
    if tag in ALIASES:
        current.aliases.append(group)
    elif tag == BIRTH:
        current.births.append(group)
    else:
        current.details.setdefault(tag, text)


def _made(of: _Entry) -> ListEntry:
    details = of.details
    principal = " ".join(details.get(name, "") for name in NAMES)
    aliases = [
        each.get("ALIAS_NAME", "")
        for each in of.aliases
        if each.get("QUALITY", "").casefold() != LOW
    ]
    return entry(
        of.line,
        reference=details.get("REFERENCE_NUMBER") or details.get("DATAID", ""),
        kind=of.kind,
        names=(principal, details.get("NAME_ORIGINAL_SCRIPT", ""), *aliases),
        births=[birth for each in of.births if (birth := _birth(each))],
        nationalities=of.nationalities,
    )


def _birth(told: Details) -> str:
    """An exact date, a year, or from a year to a year; approximate years are a year wide."""
    date, year = told.get("DATE", "")[:10], told.get("YEAR", "")
    first, last = told.get("FROM_YEAR", ""), told.get("TO_YEAR", "")
    if told.get("TYPE_OF_DATE") == "APPROXIMATELY" and year.isdecimal():
        return f"{int(year) - 1:04d}/{int(year) + 1:04d}"
    return date or year or (f"{first}/{last}" if first and last else "")
