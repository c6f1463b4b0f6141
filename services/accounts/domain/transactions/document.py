"""What a line of an account is found by: words in their order, and marks."""

from dataclasses import replace
from functools import lru_cache

from chassis.kernel.events import value
from services.accounts.domain.transactions import words as of_words
from services.accounts.domain.transactions.merchants import clean

NAMES_REMEMBERED = 16_384
PREFIX_LEAST, PREFIX_MOST = 2, 8
"""Beginnings of words of these lengths are indexed as marks of their own: looking up one mark is
cheaper by far than gathering every word that begins so."""
NAMED_BY_MERCHANT = frozenset({"CHARGE", "REFUND", "REFUND_REVERSAL", "CREDIT"})
BLOCK_POSITIONS = 8_192
"""Lines are found by the block of the log that they are in, newest first."""


@value
class Names:
    """The words of a merchant: as cleaned, and as the network wrote them where that is more;
    `name` is the cleaned name in words as they are asked for."""

    merchant: str
    name: str
    words: tuple[str, ...]
    more: tuple[str, ...]


@value
class Document:
    """`words` are texts, each a row of words; `marks` have no order."""

    words: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...]


@lru_cache(NAMES_REMEMBERED)
def names_of(raw: str) -> Names:
    """The words of what a network wrote."""
    merchant = clean(raw).name
    cleaned, written = tuple(of_words.words(merchant)), tuple(of_words.words(raw))
    more = () if set(written) <= set(cleaned) else written
    name = " ".join(of_words.phrase(merchant))
    return Names(merchant=merchant, name=name, words=cleaned, more=more)


@lru_cache(NAMES_REMEMBERED)
def names_of_line(raw: str, kind: str, reason: str) -> Names:
    """The words of a line: its merchant's, and where it is no purchase what it is (`late fee`)."""
    names = names_of(raw)
    if kind in NAMED_BY_MERCHANT:
        return names
    called = of_words.words(f"{reason} {kind}".replace("_", " "))
    return replace(names, more=(*names.more, *called))


def account_mark(account_id: str) -> str:
    """What all lines of an account have."""
    return f"a:{account_id}"


def block_of(position: int) -> int:
    """The block of the log that a position is in."""
    return position // BLOCK_POSITIONS


def block_mark(block: int) -> str:
    """What all lines in a block of the log have."""
    return f"p:{block}"


def kind_mark(kind: str) -> str:
    """What all lines of a kind have."""
    return f"k:{kind.lower()}"


def card_mark(card_id: str) -> str:
    """What all lines of a card have."""
    return f"c:{card_id}"


MARKED_STATUSES = frozenset({"DECLINED", "VERIFIED", "REVERSED", "EXPIRED"})
"""Nearly every line is pending first and posted then: marking that would index each line twice."""


def status_mark(status: str) -> str:
    """What all lines of one of the marked statuses have."""
    return f"s:{status.lower()}"


def prefix_mark(beginning: str) -> str:
    """What a line has that has a word which begins so."""
    return f"^{beginning}"


@lru_cache(NAMES_REMEMBERED)
def prefix_marks(texts: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The beginnings of all words, each once."""
    found: dict[str, None] = {}
    for word in (word for text in texts for word in text):
        least = 1 if of_words.is_cjk(word) else PREFIX_LEAST
        for length in range(least, min(PREFIX_MOST, len(word)) + 1):
            found[prefix_mark(word[:length])] = None
    return tuple(found)


@value
class Line:
    """What of a line people search by; `amounts` in minor units with their currency."""

    position: int
    account_id: str
    card_id: str
    kind: str
    status: str
    category: str
    transaction_date: str
    amounts: tuple[tuple[int, str], ...]


def document(names: Names, line: Line) -> Document:
    """What a line is found by, besides the holder's note."""
    category = tuple(of_words.words(line.category))
    texts = tuple(each for each in (names.words, names.more, category) if each)
    marks = [
        account_mark(line.account_id),
        block_mark(block_of(line.position)),
        kind_mark(line.kind),
        *of_words.day_marks(line.transaction_date),
    ]
    if line.card_id:
        marks.append(card_mark(line.card_id))
    if line.status in MARKED_STATUSES:
        marks.append(status_mark(line.status))
    for minor_units, currency in line.amounts:
        marks += of_words.amount_marks(minor_units, currency)
    return Document(words=texts, marks=tuple(marks))
