"""The read models of cases and of what happened in them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

CASES = Table(
    "cases",
    METADATA,
    Column("case_id", String(64), primary_key=True),
    Column("customer_id", String(64), nullable=False),
    Column("account_id", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("card_id", String(64), nullable=False),
    Column("charge_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("agent_id", String(128), nullable=False),
    Column("resolution", String(16), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("updated_position", BigInteger, nullable=False),
)
"""One row a case. Instants are microseconds since 1970."""
Index("cases_of_customer", CASES.c.customer_id, CASES.c.updated_position)
Index("cases_of_agent", CASES.c.agent_id, CASES.c.updated_position)
Index("cases_in_queue", CASES.c.queue, CASES.c.state, CASES.c.updated_position)

TIMELINE = Table(
    "case_timeline",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("case_id", String(64), nullable=False),
    Column("kind", Integer, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("actor", String(256), nullable=False),
    Column("message_id", String(64), nullable=False),
    Column("author", String(16), nullable=False),
    Column("internal", Boolean, nullable=False),
    Column("sealed_body", Text, nullable=False),
    Column("detail", String(128), nullable=False),
)
"""One row for each thing that happened in a case; `kind` is the number of TimelineKind. What was
said stays sealed."""
Index("case_timeline_in_order", TIMELINE.c.case_id, TIMELINE.c.position)
