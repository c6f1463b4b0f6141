"""The read model of billing runs: what was done on each business day, as it is being done."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from services.accounts.tables.metadata import METADATA

billing_agenda = Table(
    "billing_agenda",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("programme_id", Text, nullable=False),
    Column("next_due_on", Text, nullable=False),
    Index("billing_agenda_by_day", "programme_id", "next_due_on", "account_id"),
)
"""The next day on which something is due on an account; accounts on which nothing ever is due are
not in it."""

billing_progress = Table(
    "billing_progress",
    METADATA,
    Column("programme_id", Text, primary_key=True),
    Column("business_date", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("accounts", Integer, nullable=False),
    Column("statements", Integer, nullable=False),
    Column("interest_minor", BigInteger, nullable=False),
    Column("fees_minor", BigInteger, nullable=False),
)
"""Counted from facts, so that a run that was interrupted neither forgets nor counts twice."""
