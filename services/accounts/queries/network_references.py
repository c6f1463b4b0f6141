"""Finding a charge by the reference that a network gave it."""

from sqlalchemy import Connection, select

from services.accounts.tables.network_references import network_references


def charge_of(connection: Connection, reference_id: str) -> str | None:
    """The id of the charge, None where there is none."""
    columns = network_references.c
    found: str | None = connection.scalar(
        select(columns.charge_id).where(columns.reference_id == reference_id)
    )
    return found
