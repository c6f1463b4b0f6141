"""Customers looked for on lists: whom there is, who is due, who waits, and the passes over all."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from services.accounts.tables.metadata import METADATA

screening_customers = Table(
    "screening_customers",
    METADATA,
    Column("customer_id", Text, primary_key=True),
    Column("due_position", BigInteger, nullable=False),
    Index("screening_customers_due", "due_position"),
)
"""Every customer who is not forgotten. `due_position` is the place in the log of what made them due
(they are new, or called otherwise), 0 when nothing is due."""

customer_screenings = Table(
    "customer_screenings",
    METADATA,
    Column("customer_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("screening_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("referred_at_micros", BigInteger, nullable=False),
    Index("customer_screenings_by_status", "status", "position"),
)
"""Customers whom people have to look at, or have looked at: the last time for each."""

rescreenings = Table(
    "rescreenings",
    METADATA,
    Column("rescreening_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("list_id", Text, nullable=False),
    Column("version_id", Text, nullable=False),
    Column("screened", BigInteger, nullable=False),
    Column("referred", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("completed", Boolean, nullable=False),
    Column("begun_at_micros", BigInteger, nullable=False),
    Index("rescreenings_unfinished", "completed", "position"),
)
"""Passes over all customers, and how far they are."""
