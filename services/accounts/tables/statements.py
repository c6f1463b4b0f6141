"""The read model of statements: where in the log each one is."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from services.accounts.tables.metadata import METADATA

statements = Table(
    "statements",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("opened_on", Text, nullable=False),
    Column("closed_on", Text, nullable=False),
    Column("due_on", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("closing_minor", BigInteger, nullable=False),
    Column("minimum_minor", BigInteger, nullable=False),
)
"""The statement itself is the event at `position`."""
