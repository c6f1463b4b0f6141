"""The read models of disputes: each as it stands, and what happened to it."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from services.accounts.tables.metadata import METADATA

disputes = Table(
    "disputes",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("dispute_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("charge_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("received_on", Text, nullable=False),
    Column("resolve_by", Text, nullable=False),
    Index("disputes_by_account", "account_id", "position"),
    Index("disputes_by_deadline", "status", "resolve_by", "position"),
)
"""`position` is that of the notice: pages stay stable."""

dispute_steps = Table(
    "dispute_steps",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("dispute_id", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("on_date", Text, nullable=False),
    Column("at_micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("credit_minor", BigInteger, nullable=False),
    Column("recovered_minor", BigInteger, nullable=False),
    Index("dispute_steps_by_dispute", "account_id", "dispute_id", "position"),
)
"""One row a fact; amounts are 0 where no money moved."""
