"""Noting under which reference of a network a charge is found again."""

from sqlalchemy import Connection, insert, select

from services.accounts.tables.network_references import network_references


def remember(connection: Connection, reference_id: str, charge_id: str) -> None:
    """Note it once, in the transaction of the charge; the first one keeps the reference."""
    columns = network_references.c
    known = select(columns.charge_id).where(columns.reference_id == reference_id)
    if connection.scalar(known) is None:
        row = {"reference_id": reference_id, "charge_id": charge_id}
        connection.execute(insert(network_references).values(row))
