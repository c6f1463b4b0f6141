"""The read model that people search: a row for each line of `transactions`, under its position."""

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Table, Text, event

from services.accounts.tables.metadata import METADATA

PENDING_LIST_KIB = 64
"""PostgreSQL: so much that is new is looked through one by one before it is put into the index."""

transaction_search = Table(
    "transaction_search",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("merchant_key", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("own_category", Text, nullable=False),
    Column("sealed_note", Text, nullable=False),
    Column("note_words", Text, nullable=False),
    Column("note_beginnings", Text, nullable=False),
    Column("fingerprint", BigInteger, nullable=False),
)
"""`first_name` is the merchant as it was first recorded, in words, and never changes: relevance is
told by it, so that no line jumps between two pages. `category` is what counts, `own_category` what
the holder said of this line. `fingerprint` tells whether the index has the line as it is.

PostgreSQL has one more column, `document` (tsvector); SQLite a table of FTS5 instead,
`transaction_words`, whose rows have the position for rowid."""
BY_MERCHANT = (
    "DROP INDEX IF EXISTS transaction_search_by_merchant",
    "CREATE INDEX IF NOT EXISTS transaction_search_merchants"
    " ON transaction_search (account_id, merchant_key, position)",
)

merchant_categories = Table(
    "merchant_categories",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("merchant_key", Text, primary_key=True),
    Column("category", Text, nullable=False),
)
"""What holders call everything of a merchant."""

merchant_reindexing = Table(
    "merchant_reindexing",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("merchant_key", Text, primary_key=True),
    Column("below", BigInteger, nullable=False),
)
"""Merchants whose lines at positions below this are still to be indexed anew, newest first."""

POSTGRESQL = (
    *BY_MERCHANT,
    "ALTER TABLE transaction_search ADD COLUMN IF NOT EXISTS document tsvector",
    "CREATE INDEX IF NOT EXISTS transaction_search_document ON transaction_search"
    f" USING gin (document) WITH (gin_pending_list_limit = {PENDING_LIST_KIB})",
)
SQLITE = (
    *BY_MERCHANT,
    "CREATE VIRTUAL TABLE IF NOT EXISTS transaction_words USING fts5"
    " (name, more, category, marks, note, note_beginnings,"
    " tokenize = \"unicode61 remove_diacritics 0 tokenchars ':.~^_'\", prefix = '2 3')",
    "CREATE TRIGGER IF NOT EXISTS transaction_search_deleted AFTER DELETE ON transaction_search"
    " BEGIN DELETE FROM transaction_words WHERE rowid = old.position; END",
)


@event.listens_for(METADATA, "after_create")
def create_indexes(target: Any, connection: Connection, **_: Any) -> None:
    """Full text is not what SQLAlchemy has one word for; repeatable, as all of the migration."""
    statements = POSTGRESQL if connection.dialect.name == "postgresql" else SQLITE
    for statement in statements:
        connection.exec_driver_sql(statement)
