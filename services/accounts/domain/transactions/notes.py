"""By which hashes a note is found: its words under a key of the account, and their beginnings."""

import hmac
from collections.abc import Iterable

from services.accounts.domain.transactions import words as of_words
from services.accounts.domain.transactions.document import PREFIX_LEAST, PREFIX_MOST
from services.accounts.domain.transactions.query import Term

INDEX_KEY_BYTES = 32
HASH_DIGITS = 12
"""48 bits: within one account, the key's only use, no two words ever meet by chance."""


def word_hash(key: bytes, word: str) -> str:
    """What a whole word of a note is found by."""
    return _hash(key, "word", word)


def beginning_hash(key: bytes, beginning: str) -> str:
    """What a word of a note is found by while it is typed."""
    return _hash(key, "beginning", beginning[:PREFIX_MOST])


def _hash(key: bytes, what: str, text: str) -> str:
    return "~" + hmac.digest(key, f"{what}:{text}".encode(), "sha256").hex()[:HASH_DIGITS]


def digest_of(key: bytes, note: str) -> str:
    """The same for the same note only, and worth nothing without the key."""
    return hmac.digest(key, f"note:{note}".encode(), "sha256").hex()


def words_of(key: bytes, note: str) -> tuple[str, ...]:
    """The hashes of the words of a note, in their order."""
    return tuple(word_hash(key, word) for word in of_words.words(note))


def beginnings_of(key: bytes, note: str) -> tuple[str, ...]:
    """The hashes of the beginnings of its words, each once."""
    beginnings: dict[str, None] = {}
    for word in of_words.words(note):
        least = 1 if of_words.is_cjk(word) else PREFIX_LEAST
        for length in range(least, min(PREFIX_MOST, len(word)) + 1):
            beginnings[word[:length]] = None
    return tuple(beginning_hash(key, each) for each in beginnings)


def hashed(key: bytes, terms: Iterable[Term]) -> tuple[Term, ...]:
    """Terms as they stand in notes: of a free term all words must be there, the last begun."""
    found = []
    for term in terms:
        *before, last = term.words or ("",)
        if not last:
            found.append(Term())
        elif term.prefix:
            whole = [word_hash(key, word) for word in before]
            found.append(Term(marks=(*whole, beginning_hash(key, last))))
        else:
            found.append(Term(words=tuple(word_hash(key, word) for word in term.words)))
    return tuple(found)
