"""Lists of names: their entries, put by in parts, and the read models of screenings and hits."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from services.risk.tables.metadata import METADATA

screening_parts = Table(
    "screening_parts",
    METADATA,
    Column("version_key", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("first_reference", Text, nullable=False),
    Column("last_reference", Text, nullable=False),
    Column("entries", LargeBinary, nullable=False),
)
"""Entries of versions of lists in the order of their references, many in a row as compressed JSON;
not a read model. Kept for ever, so that every screening can be made again."""

screenings = Table(
    "screenings",
    METADATA,
    Column("screening_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("subject_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("matches", Integer, nullable=False),
    Column("screened_at_micros", BigInteger, nullable=False),
    Index("screenings_by_subject", "subject_id", "position"),
    Index("screenings_by_outcome", "outcome", "position"),
)
"""Who was looked for and what it came to; never the name."""

screening_hits = Table(
    "screening_hits",
    METADATA,
    Column("hit_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("screening_id", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("list_id", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("whitelisted_until", Text, nullable=False),
    Column("raised_at_micros", BigInteger, nullable=False),
    Index("screening_hits_by_status", "status", "position"),
    Index("screening_hits_by_subject", "subject_id", "position"),
)
"""Pairs of somebody and an entry. A pair that is raised again is open again, with a new position.
`whitelisted_until` is a day, or empty."""
