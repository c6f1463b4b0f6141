"""The read models: transactions as holders see them, and the ledger."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from services.accounts.tables.metadata import METADATA

transactions = Table(
    "transactions",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("transaction_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("card_id", Text, nullable=False),
    Column("charge_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("authorised_minor", BigInteger, nullable=False),
    Column("posted_minor", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("original_minor", BigInteger, nullable=False),
    Column("original_currency", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("merchant_name", Text, nullable=False),
    Column("merchant_folded", Text, nullable=False),
    Column("merchant_country", Text, nullable=False),
    Column("mcc", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("transaction_date", Text, nullable=False),
    Column("posting_date", Text, nullable=False),
    Column("recorded_at_micros", BigInteger, nullable=False),
    Index("transactions_by_account", "account_id", "position"),
    Index("transactions_by_id", "transaction_id"),
)
"""`position` is the place in the log of the first fact about the line: it never changes, so pages
stay stable. `amount_minor` is what is shown: posted once posted, otherwise authorised."""

ledger_entries = Table(
    "ledger_entries",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("ledger_account", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("posting_date", Text, nullable=False),
    Index("ledger_entries_by_account", "ledger_account", "account_id", "position"),
    Index("ledger_entries_by_day", "posting_date", "position", "line"),
)
"""Every posting for ever, at the position of its fact; a debit is positive."""

ledger_totals = Table(
    "ledger_totals",
    METADATA,
    Column("ledger_account", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("debits_minor", BigInteger, nullable=False),
    Column("credits_minor", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
)
"""Running sums of the entries; both are positive."""

account_balances = Table(
    "account_balances",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("ledger_minor", BigInteger, nullable=False),
    Column("decided_minor", BigInteger, nullable=False),
)
"""What each account owes: by its postings, and as its own decisions said; they are equal."""
