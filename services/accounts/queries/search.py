"""Searching the lines of accounts: one question for both stores, in pages that stay stable."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from chassis.event_store.tables import tracking
from services.accounts.domain.transactions.query import Query, Term
from services.accounts.queries import search_postgresql, search_sqlite
from services.accounts.queries.search_matches import Matches
from services.accounts.tables.books import transactions

CURSOR = "projection:transactions.5"
RELEVANCE_LINES = 500
"""So many of the newest matches are put in the order of relevance; what is older follows newest
first. Whoever wants something older types one more word."""
EXACT, BEGINS, INSIDE, ELSEWHERE = 3, 2, 1, 0
EVERYTHING = Query()
BY_AGE = -1
"""The place of a cursor that goes by age."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What is searched for; what is empty or 0 restricts nothing. Without `account_id` the lines
    of all accounts; `note_terms` are the query's terms as they stand in the account's notes."""

    query: Query = EVERYTHING
    note_terms: tuple[Term, ...] = field(default=(), repr=False)
    account_id: str = ""
    card_id: str = ""
    kind: str = ""
    status: str = ""
    category: str = ""
    from_date: str = ""
    to_date: str = ""
    minimum_minor: int = 0
    maximum_minor: int = 0


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends. `newest` is the position up to which the first page looked: nothing that
    came later enters. Down to `ranked_to` lines go by relevance; `tier` and `position` are those
    of the last line shown."""

    newest: int
    ranked_to: int
    tier: int
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of both tables, joined; no `cursor` when there are no more."""

    rows: list[Row[Any]]
    cursor: Cursor | None


def search_position(connection: Connection) -> int:
    """The position of the log up to which lines can be found."""
    query = select(tracking.c.notification_id).where(tracking.c.application_name == CURSOR)
    return connection.scalar(query) or 0


def search_page(
    connection: Connection, wanted: Search, size: int, cursor: Cursor | None, *, by_relevance: bool
) -> Page:
    """A page of what matches: by relevance and then age, or newest first. A page may be shorter
    than `size`, even empty, and yet have a cursor: no call looks through more than it should."""
    hits = None
    if cursor is None:
        newest = search_position(connection)
        ranked = by_relevance and bool(wanted.query.name)
        cursor = Cursor(newest, 0, EXACT + 1 if ranked else BY_AGE, newest + 1)
        if ranked:
            hits = _matches(connection, wanted, newest + 1, 0, RELEVANCE_LINES)
            full = len(hits.found) == RELEVANCE_LINES
            cursor = Cursor(newest, hits.found[-1][0] if full else hits.reached, EXACT + 1, 0)
    positions: list[int] = []
    if cursor.tier != BY_AGE:
        positions, cursor = _ranked(connection, wanted, size, cursor, hits)
    if cursor.tier == BY_AGE and len(positions) < size:
        more, cursor = _by_age(connection, wanted, size - len(positions), cursor)
        positions += more
    ends = cursor.tier == BY_AGE and cursor.position <= 1
    return Page(_rows(connection, positions), None if ends else cursor)


def _ranked(
    connection: Connection, wanted: Search, size: int, cursor: Cursor, hits: Matches | None
) -> tuple[list[int], Cursor]:
    """The next lines by relevance, and the cursor behind them; `hits` if they are known."""
    name = wanted.query.name
    hits = hits or _matches(connection, wanted, cursor.newest + 1, cursor.ranked_to, 0)
    after = (-cursor.tier, -cursor.position)
    places = sorted((-_tier(first, name), -position) for position, first in hits.found)
    left = [place for place in places if place > after]
    shown = [-position for _, position in left[:size]]
    if len(left) <= size:
        return shown, Cursor(cursor.newest, cursor.ranked_to, BY_AGE, cursor.ranked_to)
    tier, position = left[size - 1]
    return shown, Cursor(cursor.newest, cursor.ranked_to, -tier, -position)


def _by_age(
    connection: Connection, wanted: Search, size: int, cursor: Cursor
) -> tuple[list[int], Cursor]:
    """The next lines, newest first, and the cursor behind them."""
    hits = _matches(connection, wanted, cursor.position, 0, size + 1)
    shown = [position for position, _ in hits.found[:size]]
    behind = shown[-1] if len(hits.found) > size else hits.reached
    return shown, Cursor(cursor.newest, cursor.ranked_to, BY_AGE, behind)


def _tier(first_name: str, name: str) -> int:
    """How well a merchant's name fits: it is what was typed, begins so, or has it inside."""
    if first_name == name:
        return EXACT
    if first_name.startswith(name):
        return BEGINS
    return INSIDE if f" {name}" in first_name else ELSEWHERE


def _matches(
    connection: Connection, wanted: Search, before: int, down_to: int, limit: int
) -> Matches:
    """The newest `limit` (0: all) matches at positions from `down_to` to before `before`."""
    if connection.dialect.name == "postgresql":
        return search_postgresql.matches(connection, wanted, before, down_to, limit)
    return search_sqlite.matches(connection, wanted, before, down_to, limit)


_SELECT = (
    f"SELECT {', '.join(f't.{column.name}' for column in transactions.columns)}, s.merchant,"
    " s.category AS own_or_given_category, s.own_category, s.sealed_note FROM transactions t"
    " JOIN transaction_search s ON s.position = t.position WHERE t.position"
)


def _rows(connection: Connection, positions: list[int]) -> list[Row[Any]]:
    if not positions:
        return []
    if connection.dialect.name == "postgresql":
        rows = connection.exec_driver_sql(f"{_SELECT} = ANY(%s::bigint[])", (positions,))
    else:
        among = "IN (SELECT value FROM json_each(?))"
        rows = connection.exec_driver_sql(f"{_SELECT} {among}", (json.dumps(positions),))
    found = {row.position: row for row in rows}
    return [found[position] for position in positions]
