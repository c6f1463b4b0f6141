"""The read models: scores, alerts, and counts by day for the dashboard."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from services.risk.tables.metadata import METADATA

scores = Table(
    "scores",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("charge_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("card_id", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason_codes", Text, nullable=False),
    Column("rule_set_version", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("transaction_at_micros", BigInteger, nullable=False),
    Column("scored_at_micros", BigInteger, nullable=False),
    Column("feature_set", Integer, nullable=False),
    Column("feature_values", Text, nullable=False),
    Index("scores_by_charge", "charge_id", "position"),
    Index("scores_by_card", "card_id", "position"),
    Index("scores_by_account", "account_id", "position"),
    Index("scores_by_verdict", "verdict", "position"),
)
"""`reason_codes` and `feature_values` are JSON; `position` is the place in the log. The
network gives a charge an id that is good within its account; it may meet there with another's."""

alerts = Table(
    "alerts",
    METADATA,
    Column("alert_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("scope", Text, nullable=False),
    Column("entity_id", Text, nullable=False),
    Column("charge_id", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("card_id", Text, nullable=False),
    Column("merchant_name", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason_codes", Text, nullable=False),
    Column("rule_set_version", Text, nullable=False),
    Column("transaction_at_micros", BigInteger, nullable=False),
    Column("transaction_day", Text, nullable=False),
    Column("raised_at_micros", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at_micros", BigInteger, nullable=False),
    Index("alerts_by_status", "status", "position"),
    Index("alerts_by_card", "card_id", "position"),
    Index("alerts_by_account", "account_id", "position"),
)
"""`status` is open, confirmed_fraud or genuine; `decided_at_micros` is 0 while it is open."""

daily_verdicts = Table(
    "daily_verdicts",
    METADATA,
    Column("day", Text, primary_key=True),
    Column("verdict", Text, primary_key=True),
    Column("charges", BigInteger, nullable=False),
)
"""How many charges of a transaction day (YYYY-MM-DD, UTC) had a verdict."""

daily_reasons = Table(
    "daily_reasons",
    METADATA,
    Column("day", Text, primary_key=True),
    Column("reason_code", Text, primary_key=True),
    Column("charges", BigInteger, nullable=False),
)
"""With how many charges of a transaction day a reason was given."""
