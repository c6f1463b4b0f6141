"""Rows of auth beside its log: what may be destroyed (verifiers, wrapped keys), and sessions."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

METADATA = MetaData()

verifiers = Table(
    "verifiers",
    METADATA,
    Column("credential_id", Text, primary_key=True),
    Column("identity_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("parameter_id", Text, nullable=False),
    Column("pepper_version", Integer, nullable=False),
)
"""What a credential is verified with: argon2id of a password, the sealed seed of codes."""
Index("verifiers_by_identity", verifiers.c.identity_id)

data_keys = Table(
    "data_keys",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("key_encryption_key_version", Integer, nullable=False),
    Column("wrapped", Text, nullable=False),
)
Index("data_keys_by_wrapping", data_keys.c.key_encryption_key_version)

key_encryption_keys = Table(
    "key_encryption_keys",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", Text, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    METADATA,
    Column("key_id", Text, primary_key=True),
    Column("wrapped", Text, nullable=False),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("session_id", Text, primary_key=True),
    Column("identity_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("assurance_level", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("refreshed_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("end_reason", Text, nullable=False),
)
"""Instants are microseconds since 1970; `position` is where the session began in the log."""
Index("sessions_by_identity", sessions.c.identity_id, sessions.c.position)
