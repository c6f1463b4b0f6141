"""The read models of other credit limits: what waits for people, and what happened."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from services.accounts.tables.metadata import METADATA

credit_line_queue = Table(
    "credit_line_queue",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("change_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("limit_minor", BigInteger, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("since", Text, nullable=False),
)
"""At most one for each account; `position` is that since which it waits."""

credit_line_steps = Table(
    "credit_line_steps",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("change_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("limit_minor", BigInteger, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("on_date", Text, nullable=False),
    Index("credit_line_steps_by_account", "account_id", "position"),
)
"""One row a fact; `currency` is empty where no limit is named."""
