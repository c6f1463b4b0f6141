"""What people type into a search box, as terms all of which a line must have."""

import re
from collections.abc import Iterator
from decimal import Decimal

from chassis.kernel.errors import Invalid
from chassis.kernel.events import value
from services.accounts.domain.transactions import words as of_words

TERMS_LIMIT = 12
_QUOTED = re.compile(r'"([^"]*)"?')
_ISO_DAY = re.compile(r"^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?$")
_BRITISH_DAY = re.compile(r"^(\d{1,2})[/.](\d{1,2})(?:[/.](\d{4}))$")
_SPOKEN_DAY = re.compile(
    r"(?<!\S)(\d{1,2})(?:st|nd|rd|th)?\s+([a-z]{3,9})(?:\s+(\d{4}))?(?!\S)", re.IGNORECASE
)
_AMOUNT = re.compile(r"^[£$€¥]?\s?(\d{1,3}(?:,\d{3})+|\d{1,13})(?:[.,](\d{1,4}))?[£$€¥]?$")
_YEAR = re.compile(r"^(19|20)\d\d$")
NOTHING = "-"
"""A mark that no line has."""


@value
class Term:
    """One thing that a line must have: `words` next to one another, the last of them as a
    beginning of a word where `prefix` says so; or else one of `marks`."""

    words: tuple[str, ...] = ()
    prefix: bool = False
    marks: tuple[str, ...] = ()


@value
class Query:
    """Terms, and `name`: those that are words alone, in a row, to compare with whole names.
    Empty: any line."""

    terms: tuple[Term, ...] = ()
    name: str = ""


def parse(text: str) -> Query:
    """The terms of a text. Words match the beginnings of words; what is in quotes matches whole
    words in a row. Raises Invalid where there is text but nothing to look for."""
    if not text.strip():
        return Query()
    terms = tuple(_terms(text))
    if not terms:
        raise Invalid("QUERY_WITHOUT_WORDS", "there is no word to search for", field="query")
    if len(terms) > TERMS_LIMIT:
        raise Invalid("QUERY_TOO_LONG", f"search for at most {TERMS_LIMIT} words", field="query")
    said = (word for term in terms if not term.marks for word in term.words)
    return Query(terms=terms, name=" ".join(said))


def _terms(text: str) -> Iterator[Term]:
    start = 0
    for quoted in _QUOTED.finditer(text):
        yield from _free_terms(text[start : quoted.start()])
        phrase = of_words.phrase(quoted.group(1))
        if phrase:
            yield Term(words=phrase)
        start = quoted.end()
    yield from _free_terms(text[start:])


def _free_terms(text: str) -> Iterator[Term]:
    start = 0
    for spoken in _SPOKEN_DAY.finditer(text):
        month = of_words.month_number(spoken.group(2).lower())
        mark = month and of_words.day_mark(int(spoken.group(3) or 0), month, int(spoken.group(1)))
        if mark:
            yield from _plain_terms(text[start : spoken.start()])
            yield Term(marks=(mark,))
            start = spoken.end()
    yield from _plain_terms(text[start:])


def _plain_terms(text: str) -> Iterator[Term]:
    for token in text.split():
        found, marks = of_words.phrase(token), tuple(_marks(token))
        if found or marks:
            last = found[-1] if found else ""
            # One letter would be the beginning of nearly everything.
            prefix = (len(last) > 1 and not of_words.is_cjk(last)) or _is_one_character(last)
            yield Term(words=found, prefix=prefix, marks=marks)


def _is_one_character(word: str) -> bool:
    return len(word) == 1 and of_words.is_cjk(word)


def _marks(token: str) -> Iterator[str]:
    """The dates and amounts that a word may stand for."""
    day = _ISO_DAY.match(token)
    if day:
        year, month = int(day.group(1)), int(day.group(2))
        if not day.group(3):
            yield f"m:{year:04}{month:02}"
        else:
            yield of_words.day_mark(year, month, int(day.group(3))) or NOTHING
        return
    british = _BRITISH_DAY.match(token)
    if british:
        said, month, year = (int(each) for each in british.groups())
        yield of_words.day_mark(year, month, said) or NOTHING
        return
    amount = _AMOUNT.match(token)
    if amount:
        whole, part = amount.group(1).replace(",", ""), amount.group(2)
        yield of_words.exact_mark(Decimal(f"{whole}.{part}")) if part else f"w:{int(whole)}"
    if _YEAR.match(token):
        yield f"y:{token}"
    month = of_words.month_number(token.lower())
    if month:
        yield f"n:{month:02}"
