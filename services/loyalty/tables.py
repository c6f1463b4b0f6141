"""The read models of points: lots, movements, and how awards were computed."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

LOTS = Table(
    "lots",
    METADATA,
    Column("lot_id", String(64), primary_key=True),
    Column("account_id", String(64), nullable=False),
    Column("expires_on", String(10), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("charge_id", String(64), nullable=False),
    Column("clearing_id", String(64), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("available", BigInteger, nullable=False),
    Column("consumed", BigInteger, nullable=False),
    Column("taken_back", BigInteger, nullable=False),
    Column("expired", BigInteger, nullable=False),
    Column("earned_at", BigInteger, nullable=False),
)
"""One row a lot. Instants are microseconds since 1970, days are YYYY-MM-DD."""
Index("lots_in_order", LOTS.c.account_id, LOTS.c.expires_on, LOTS.c.position)

MOVEMENTS = Table(
    "point_movements",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("movement_id", String(64), nullable=False),
    Column("account_id", String(64), nullable=False),
    Column("kind", Integer, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("debt", BigInteger, nullable=False),
    Column("reference", String(64), nullable=False),
    Column("charge_id", String(64), nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
)
"""One row each time the points of an account changed; `kind` is the number of MovementKind."""
Index("point_movements_in_order", MOVEMENTS.c.account_id, MOVEMENTS.c.position)

AWARD_STEPS = Table(
    "award_steps",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("account_id", String(64), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("rule_set_version", String(64), nullable=False),
    Column("lines", Text, nullable=False),
    Column("basis", String(64), nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
)
"""One row for each clearing and refund; `subject_id` is the charge, or the refund without one;
`lines` is the derivation as JSON."""
Index(
    "award_steps_in_order",
    AWARD_STEPS.c.account_id,
    AWARD_STEPS.c.subject_id,
    AWARD_STEPS.c.position,
)
