"""What each of the three books sums up to by day: the ledger, the network, the customers."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from services.accounts.tables.metadata import METADATA

reconciled_accounts = Table(
    "reconciled_accounts",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("programme_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("decided_minor", BigInteger, nullable=False),
)
"""Of which programme an account is, and what its last decision said that it owes."""

ledger_days = Table(
    "ledger_days",
    METADATA,
    Column("programme_id", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("posting_date", Text, primary_key=True),
    Column("ledger_account", Text, primary_key=True),
    Column("debits_minor", BigInteger, nullable=False),
    Column("credits_minor", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
)
"""The postings of a day; both sums are positive."""

network_days = Table(
    "network_days",
    METADATA,
    Column("programme_id", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("posting_date", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("charged_minor", BigInteger, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
)
"""What the network counted, by how it came: FILE, by the amounts in clearing files; ONLINE, one by
one. Both sums are positive."""

customer_days = Table(
    "customer_days",
    METADATA,
    Column("programme_id", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("posting_date", Text, primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("ledger_minor", BigInteger, nullable=False),
    Column("decided_minor", BigInteger, nullable=False),
)
"""By how much a day changed what an account owes: by its postings, and by its own decisions."""

customer_totals = Table(
    "customer_totals",
    METADATA,
    Column("programme_id", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("posting_date", Text, primary_key=True),
    Column("decided_minor", BigInteger, nullable=False),
)
"""The sums of what accounts decided, by day."""

day_ends = Table(
    "day_ends",
    METADATA,
    Column("programme_id", Text, primary_key=True),
    Column("posting_date", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("balanced", BigInteger, nullable=False),
    Index("day_ends_by_date", "posting_date", "programme_id", "currency"),
)
"""Which days were proved, and whether their books agreed (1) or not (0)."""
