"""The read model of messages: one row for each notice and channel."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

MESSAGES = Table(
    "messages",
    METADATA,
    Column("message_id", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("customer_id", String(64), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("template", String(64), nullable=False),
    Column("details", Text, nullable=False),
    Column("happened_at", BigInteger, nullable=False),
    Column("rule", String(64), nullable=False),
    Column("state", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failure", String(64), nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("is_read", Boolean, nullable=False),
)
"""`position` is where the notice was decided, the cursor of the inbox; `details` is JSON; `state`
is the number of DeliveryState; `due_at` is when the next attempt may be made. Instants are
microseconds since 1970."""
Index("messages_of_customer", MESSAGES.c.customer_id, MESSAGES.c.channel, MESSAGES.c.position)
Index("messages_about_event", MESSAGES.c.customer_id, MESSAGES.c.event_id)
Index("messages_due", MESSAGES.c.channel, MESSAGES.c.state, MESSAGES.c.due_at)
