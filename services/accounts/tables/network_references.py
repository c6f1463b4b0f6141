"""Under which reference of a card network a charge is found again."""

from sqlalchemy import Column, Table, Text

from services.accounts.tables.metadata import METADATA

network_references = Table(
    "network_references",
    METADATA,
    Column("reference_id", Text, primary_key=True),
    Column("charge_id", Text, nullable=False),
)
"""Written with the charge, in its transaction; `reference_id` stands for gateway, acquirer,
retrieval reference and account. It is no read model: it is not made of facts, and is never lost
without them."""
