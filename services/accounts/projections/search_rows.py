"""The rows behind a search, read and written for a page of facts at a time: a statement each."""

import json
from collections.abc import Collection, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row

from services.accounts.tables.search import transaction_search

LineKey = tuple[str, str, str]
"""Account, kind and id of a line."""
MerchantKey = tuple[str, str]
"""Account and cleaned name, without regard to case."""

WORDS_ROWS_PER_STATEMENT = 64
_LINE = (
    "t.position, t.account_id, t.kind, t.transaction_id, t.status, t.card_id, t.currency,"
    " t.amount_minor, t.original_minor, t.original_currency, t.merchant_name, t.reason, t.category,"
    " t.transaction_date, s.first_name, s.own_category, s.sealed_note, s.note_words,"
    " s.note_beginnings, s.fingerprint"
)
_FROM = (
    f"SELECT {_LINE} FROM transactions t LEFT JOIN transaction_search s ON s.position = t.position"
)
_WORDS = "INSERT INTO transaction_words (rowid, name, more, category, marks, note, note_beginnings)"


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def made_between(connection: Connection, first: int, last: int) -> Sequence[Row[Any]]:
    """The lines that were first recorded at these positions, both included."""
    mark = "%s" if _is_postgresql(connection) else "?"
    sql = f"{_FROM} WHERE t.position BETWEEN {mark} AND {mark}"
    return connection.exec_driver_sql(sql, (first, last)).all()


def of_lines(connection: Connection, keys: Collection[LineKey]) -> Sequence[Row[Any]]:
    """The lines of these keys that there are."""
    if not keys:
        return ()
    wanted = "t.account_id = k.a AND t.kind = k.b AND t.transaction_id = k.c"
    if _is_postgresql(connection):
        columns = tuple(list(column) for column in zip(*sorted(keys), strict=True))
        among = "unnest(%s::text[], %s::text[], %s::text[]) AS k (a, b, c)"
        return connection.exec_driver_sql(f"{_FROM} JOIN {among} ON {wanted}", columns).all()
    among = (
        "(SELECT value ->> 0 AS a, value ->> 1 AS b, value ->> 2 AS c FROM json_each(?)) AS k"
        " CROSS JOIN transactions t"
    )
    sql = f"SELECT {_LINE} FROM {among} LEFT JOIN transaction_search s ON s.position = t.position"
    keyed = json.dumps(sorted(keys))
    return connection.exec_driver_sql(f"{sql} WHERE {wanted}", (keyed,)).all()


def of_merchant(
    connection: Connection, key: MerchantKey, below: int, limit: int
) -> Sequence[Row[Any]]:
    """The newest lines of a merchant below a position."""
    mark = "%s" if _is_postgresql(connection) else "?"
    sql = (
        f"SELECT {_LINE} FROM transaction_search s JOIN transactions t ON t.position = s.position"
        f" WHERE s.account_id = {mark} AND s.merchant_key = {mark} AND s.position < {mark}"
        f" ORDER BY s.position DESC LIMIT {mark}"
    )
    return connection.exec_driver_sql(sql, (*key, below, limit)).all()


def rules_of(connection: Connection, accounts: Collection[str]) -> dict[MerchantKey, str]:
    """What the holders of these accounts call merchants."""
    sql = "SELECT account_id, merchant_key, category FROM merchant_categories WHERE account_id"
    if _is_postgresql(connection):
        found = connection.exec_driver_sql(f"{sql} = ANY(%s::text[])", (sorted(accounts),))
    else:
        among = "IN (SELECT value FROM json_each(?))"
        found = connection.exec_driver_sql(f"{sql} {among}", (json.dumps(sorted(accounts)),))
    return {(account, merchant): category for account, merchant, category in found}


@cache
def _replacing() -> str:
    columns = [column.name for column in transaction_search.columns]
    types = ["bigint" if name in ("position", "fingerprint") else "text" for name in columns]
    arrays = ", ".join(f"%s::{each}[]" for each in (*types, "text"))
    names = ", ".join((*columns, "document"))
    picked = ", ".join((*columns, "document::tsvector"))
    updates = ", ".join(
        f"{name} = excluded.{name}" for name in (*columns[1:], "document") if name != "first_name"
    )
    return (
        f"INSERT INTO transaction_search ({names})"
        f" SELECT {picked} FROM unnest({arrays}) AS given ({names})"
        f" ON CONFLICT (position) DO UPDATE SET {updates}"
    )


def replace_postgresql(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows with their document last, or put them in the place of those that are there."""
    if rows:
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        connection.exec_driver_sql(_replacing(), columns)


def replace_words(
    connection: Connection, known: Sequence[int], rows: Sequence[tuple[Any, ...]]
) -> None:
    """SQLite: index rows (position, columns of FTS5); `known` of them are indexed already."""
    if known:
        among = "IN (SELECT value FROM json_each(?))"
        sql = f"DELETE FROM transaction_words WHERE rowid {among}"
        connection.exec_driver_sql(sql, (json.dumps(known),))
    for start in range(0, len(rows), WORDS_ROWS_PER_STATEMENT):
        some = rows[start : start + WORDS_ROWS_PER_STATEMENT]
        marks = ", ".join([f"({', '.join('?' * len(some[0]))})"] * len(some))
        connection.exec_driver_sql(f"{_WORDS} VALUES {marks}", tuple(chain.from_iterable(some)))
