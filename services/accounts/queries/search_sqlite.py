"""Matches by SQLite's FTS5, newest first as it comes: rows of the index are in their order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from services.accounts.domain.transactions.query import Term
from services.accounts.queries.search_matches import (
    Matches,
    category_words,
    conditions_of,
    marks_of,
)

if TYPE_CHECKING:
    from services.accounts.queries.search import Search

EVERYTHING = -1
"""SQLite's limit that is none."""


def matches(
    connection: Connection, wanted: "Search", before: int, down_to: int, limit: int
) -> Matches:
    """The newest `limit` (0: all) matches at positions from `down_to` to before `before`."""
    asked = _question(wanted)
    conditions, values = conditions_of(wanted, "?")
    parameters: list[Any] = [before, down_to, *values, limit or EVERYTHING]
    if asked:
        source, place = (
            "transaction_words w JOIN transaction_search s ON s.position = w.rowid",
            ("w.rowid"),
        )
        conditions.insert(0, "transaction_words MATCH ?")
        parameters.insert(2, asked)
    else:
        source, place = "transaction_search s", "s.position"
    if any(each.startswith("t.") for each in conditions):
        source += " JOIN transactions t ON t.position = s.position"
    where = " AND ".join([f"{place} < ? AND {place} >= ?", *conditions])
    sql = f"SELECT s.position, s.first_name FROM {source} WHERE {where} ORDER BY {place} DESC"
    rows = connection.exec_driver_sql(f"{sql} LIMIT ?", tuple(parameters))
    found = [(position, first_name) for position, first_name in rows]
    is_full = bool(limit) and len(found) == limit
    return Matches(found, found[-1][0] if is_full else down_to)


def _question(wanted: "Search") -> str:
    """In FTS5's language; empty where nothing is asked of the index."""
    notes: Sequence[Term] = wanted.note_terms or (Term(),) * len(wanted.query.terms)
    parts = [_term(term, note) for term, note in zip(wanted.query.terms, notes, strict=True)]
    parts += [f'marks : "{mark}"' for mark in marks_of(wanted)]
    parts += [f'category : "{word}"' for word in category_words(wanted)]
    return " AND ".join(f"({each})" for each in parts)


def _term(term: Term, note: Term) -> str:
    either = [f'marks : "{mark}"' for mark in term.marks]
    if term.words:
        prefix = " *" if term.prefix else ""
        either.append(f'{{name more category}} : "{" ".join(term.words)}"{prefix}')
    if note.words:
        either.append(f'note : "{" ".join(note.words)}"')
    if note.marks:
        noted = (f'{{note note_beginnings}} : "{mark}"' for mark in note.marks)
        either.append(f"({' AND '.join(noted)})")
    return " OR ".join(either)
