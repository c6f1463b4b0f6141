"""Everything that is committed together with events, as SQLAlchemy Core tables."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

events = Table(
    "events",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("originator_id", Text, nullable=False),
    Column("originator_version", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", LargeBinary, nullable=False),
    UniqueConstraint("originator_id", "originator_version"),
)

log_head = Table(
    "log_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("audit_size", BigInteger, nullable=False),
    Column("audit_frontier", LargeBinary, nullable=False),
)
"""One row. Whoever holds its lock may write; so positions are gap-free and in commit order."""

epochs = Table(
    "epochs",
    METADATA,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("first_position", BigInteger, nullable=False),
)

tracking = Table(
    "tracking",
    METADATA,
    Column("application_name", Text, primary_key=True),
    Column("notification_id", BigInteger, nullable=False),
)
"""How far a follower of a log has come: projections, snapshots, and what the library tracks."""

idempotency = Table(
    "idempotency",
    METADATA,
    Column("request_id", Text, primary_key=True),
    Column("principal", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("stream", Text, nullable=False),
    Column("stream_version", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""`request_id` is derived from principal, method and key, so that one look-up finds a batch."""
Index("idempotency_by_age", idempotency.c.created_at)

inbox = Table(
    "inbox",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("topic", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
)
Index("inbox_by_outcome", inbox.c.outcome, inbox.c.source, inbox.c.stream)

watermarks = Table(
    "watermarks",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)

parked = Table(
    "parked",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

timers = Table(
    "timers",
    METADATA,
    Column("timer_id", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("command", LargeBinary, nullable=False),
    Column("correlation_id", Text, nullable=False),
)
Index("timers_by_due", timers.c.due_at)

audit = Table(
    "audit",
    METADATA,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("signed", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

snapshots = Table(
    "snapshots",
    METADATA,
    Column("stream", Text, primary_key=True),
    Column("stream_version", BigInteger, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("checksum", LargeBinary, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
