"""Matches by PostgreSQL's full text: a GIN index over words, beginnings of words and marks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from services.accounts.domain.transactions.document import (
    BLOCK_POSITIONS,
    PREFIX_MOST,
    block_mark,
    block_of,
    prefix_mark,
)
from services.accounts.domain.transactions.query import Term
from services.accounts.queries.search_matches import (
    Matches,
    category_words,
    conditions_of,
    marks_of,
)

if TYPE_CHECKING:
    from services.accounts.queries.search import Search

GROWTH = 8
BLOCKS_AT_ONCE = 16
BLOCKS_OF_AN_ACCOUNT = 8
"""Blocks of the log are looked through newest first, one (of one account: eight) and then ever
more of them at once, so that a word which nearly every line has costs no more than a rare one."""
BLOCKS_TO_JUDGE_BY = 8
"""After so many blocks it is known how common the words are; if few lines can be left, they are all
asked for at once: the index goes by its rarest word then, and not by block after block."""
BLOCKS_LOOKED_THROUGH = 1_024
LINES_LOOKED_AT = 1_500
"""After so many blocks, or so many lines that had the words and were looked at for the rest, a page
ends even if it is not full."""
ALL = 2**31 - 1


def matches(
    connection: Connection, wanted: "Search", before: int, down_to: int, limit: int
) -> Matches:
    """The newest `limit` (0: all) matches at positions from `down_to` to before `before`."""
    asked = _question(wanted)
    found: list[tuple[int, str]] = []
    most, looked, reached, gone = limit or ALL, 0, before, 0
    at_once = BLOCKS_OF_AN_ACCOUNT if wanted.account_id else 1
    while reached > down_to and reached > 1:
        newest, last = block_of(reached - 1), block_of(down_to)
        few = looked * (newest - last + 1) <= LINES_LOOKED_AT * gone
        if asked[0] and gone >= BLOCKS_TO_JUDGE_BY and few:
            oldest, blocks = last, range(0)
        else:
            oldest = max(newest - at_once + 1, last)
            blocks = range(oldest, newest + 1)
        floor = max(oldest * BLOCK_POSITIONS, down_to)
        lines, some = _look(connection, asked, blocks, (floor, reached), most - len(found))
        found += some
        looked, gone, reached = looked + lines, gone + newest - oldest + 1, floor
        if len(found) >= most:
            return Matches(found, found[-1][0])
        # Without a limit the place to stop at was found within these bounds before.
        if limit and (looked >= LINES_LOOKED_AT or gone >= BLOCKS_LOOKED_THROUGH):
            break
        at_once = _next(at_once, gone, looked, len(found), most)
    return Matches(found, reached if reached > 1 else 0)


def _next(at_once: int, gone: int, looked: int, found: int, most: int) -> int:
    """How many blocks to look through next, so that about as many lines match as are wanted."""
    lines = LINES_LOOKED_AT - looked
    if found:
        lines = min(lines, (most - found) * looked * 5 // (4 * found))
    enough = lines * gone // max(1, looked)
    return max(1, min(at_once * GROWTH, BLOCKS_AT_ONCE, enough))


Question = tuple[str, str, str, list[Any]]
"""The words for the index; the words to check again, empty if not needed; conditions on the line
as SQL; and the values of these."""


def _look(
    connection: Connection,
    asked: Question,
    blocks: range,
    between: tuple[int, int],
    limit: int,
) -> tuple[int, list[tuple[int, str]]]:
    """How many lines from one position to before another have the words, and the newest of them
    that fit; by the blocks that these positions are in, if any are given."""
    words, again, conditions, values = asked
    floor, before = between
    within = "|".join(f"'{block_mark(block)}'" for block in blocks)
    both = " & ".join(each for each in (words, f"({within})" if within else "") if each)
    parameters: list[Any] = [both, before, floor]
    fits = [conditions] if conditions else []
    join = " JOIN transactions t ON t.position = s.position" if "t." in conditions else ""
    if again:
        # By the function, not the operator: the index is asked for the other question only.
        fits.insert(0, "ts_match_vq(s.document, %s::tsquery)")
        parameters = [again, *values, again, *values, *parameters]
    else:
        parameters = [*values, *values, *parameters]
    only = f" FILTER (WHERE {' AND '.join(fits)})" if fits else ""
    sql = (
        f"SELECT count(*), (array_agg(s.position ORDER BY s.position DESC){only})[1:{limit}],"
        f" (array_agg(s.first_name ORDER BY s.position DESC){only})[1:{limit}]"
        f" FROM transaction_search s{join}"
        # Sums, so that nobody thinks of going through the index of positions.
        " WHERE s.document @@ %s::tsquery AND s.position + 0 < %s AND s.position + 0 >= %s"
    )
    lines, positions, names = connection.exec_driver_sql(sql, tuple(parameters)).one()
    return lines, list(zip(positions or (), names or (), strict=True))


def _question(wanted: "Search") -> Question:
    notes: Sequence[Term] = wanted.note_terms or (Term(),) * len(wanted.query.terms)
    pairs = list(zip(wanted.query.terms, notes, strict=True))
    parts = [_either(_indexed(term), note) for term, note in pairs]
    parts += [_quoted(mark) for mark in marks_of(wanted)]
    parts += [_quoted(word) for word in category_words(wanted)]
    again = ""
    if any(_is_looser(term) for term in wanted.query.terms):
        again = " & ".join(_either(_exact(term), note) for term, note in pairs)
    conditions, values = conditions_of(wanted, "%s")
    return " & ".join(parts), again, " AND ".join(conditions), values


def _quoted(lexeme: str) -> str:
    # Words are letters and digits, and marks are of our own making: no quotes are in them.
    return f"'{lexeme}'"


def _either(words: str, note: Term) -> str:
    """A term in the line itself, or in its note."""
    noted = [_quoted(mark) for mark in note.marks] or [_phrase(note.words)]
    in_note = " & ".join(each for each in noted if each)
    return f"({' | '.join(each for each in (words, in_note) if each)})"


def _phrase(words: Sequence[str]) -> str:
    return f"({' <-> '.join(_quoted(word) for word in words)})" if words else ""


def _with_marks(words: str, term: Term) -> str:
    return " | ".join(each for each in (words, *map(_quoted, term.marks)) if each)


def _indexed(term: Term) -> str:
    """A term by what is quick to look up: words begun are asked for as marks of beginnings."""
    if not term.prefix:
        return _with_marks(_phrase(term.words), term)
    *before, last = term.words
    beginning = prefix_mark(last[:PREFIX_MOST])
    return _with_marks(f"({' & '.join(map(_quoted, (*before, beginning)))})", term)


def _is_looser(term: Term) -> bool:
    """Whether the index gives more than was asked for."""
    return term.prefix and (len(term.words) > 1 or len(term.words[-1]) > PREFIX_MOST)


def _exact(term: Term) -> str:
    if not term.prefix:
        return _with_marks(_phrase(term.words), term)
    *before, last = term.words
    steps = [*map(_quoted, before), f"{_quoted(last)}:*"]
    return _with_marks(f"({' <-> '.join(steps)})", term)
