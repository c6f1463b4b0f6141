"""Clearing files: records that wait, identities that were seen, and the read models of both."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from services.accounts.tables.metadata import METADATA

clearing_uploads = Table(
    "clearing_uploads",
    METADATA,
    Column("upload_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("record_id", Text, nullable=False),
    Column("record_key", Text, nullable=False),
    Column("content_digest", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("card_id", Text, nullable=False),
    Column("pan_hash", Text, nullable=False),
    Column("last_four", Text, nullable=False),
    Column("charge_id", Text, nullable=False),
    Column("authorisation_code", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("original_minor", BigInteger, nullable=False),
    Column("original_currency", Text, nullable=False),
    Column("rate", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("merchant_name", Text, nullable=False),
    Column("mcc", Text, nullable=False),
    Column("merchant_country", Text, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("transaction_date", Text, nullable=False),
    Column("posting_date", Text, nullable=False),
)
"""Records of received files until they are processed: what is worked through, not a read model. Of
a card number there is the keyed hash only."""

clearing_identities = Table(
    "clearing_identities",
    METADATA,
    Column("record_key", Text, primary_key=True),
    Column("content_digest", Text, nullable=False),
    Column("file_id", Text, nullable=False),
)
"""Every record that came to something, written in one transaction with what it came to: the reason
why a record is posted once, in whatever file it comes. Kept for ever, like the events."""

clearing_files = Table(
    "clearing_files",
    METADATA,
    Column("file_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("completed", Boolean, nullable=False),
    Index("clearing_files_unfinished", "completed", "position"),
)
"""Which files there are, in the order of receipt."""

clearing_items = Table(
    "clearing_items",
    METADATA,
    Column("item_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("file_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("resolution", Text, nullable=False),
    Index("clearing_items_waiting", "resolution", "kind", "position"),
)
"""Records that wait or waited for somebody; `resolution` is empty while they wait."""
