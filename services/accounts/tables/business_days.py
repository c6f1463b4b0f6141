"""The read models of business days: each day with what was done on it."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from services.accounts.tables.metadata import METADATA

business_days = Table(
    "business_days",
    METADATA,
    Column("programme_id", Text, primary_key=True),
    Column("business_date", Text, primary_key=True),
    Column("phase", Text, nullable=False),
    Column("opened_at_micros", BigInteger, nullable=False),
    Column("ended_at_micros", BigInteger, nullable=False),
    Column("ended_position", BigInteger, nullable=False),
    Column("closed_at_micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("accounts", Integer, nullable=False),
    Column("statements", Integer, nullable=False),
    Column("interest_minor", BigInteger, nullable=False),
    Column("fees_minor", BigInteger, nullable=False),
    Column("failed", Integer, nullable=False),
)
"""`ended_position` is where in the log the day ended; instants are 0 until they come. The figures
are those that the day was closed with; of the day that is closing, see `billing_progress`."""
