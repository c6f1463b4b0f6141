"""The read model of applications: the queue that operators work."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from services.accounts.tables.metadata import METADATA

applications = Table(
    "applications",
    METADATA,
    Column("application_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, unique=True),
    Column("customer_id", Text, nullable=False, index=True),
    Column("programme_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("requested_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("submitted_at_micros", BigInteger, nullable=False),
    Index("applications_by_status", "status", "position"),
)
"""`position` is the place in the log of the submission: it never changes, so pages stay stable.
`customer_id` is whom the applicant becomes if approved; `reasons` are separated by blanks."""
