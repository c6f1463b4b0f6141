"""Noting under which reference of a network a charge is found again."""

from sqlalchemy import Connection, insert, update

from services.accounts.tables.network_references import network_references


def remember(connection: Connection, reference_id: str, charge_id: str) -> None:
    """Note it, in the transaction of the charge. Whoever was refused may try again under the same
    reference: the last one has it."""
    again = update(network_references).where(network_references.c.reference_id == reference_id)
    if not connection.execute(again.values(charge_id=charge_id)).rowcount:
        row = {"reference_id": reference_id, "charge_id": charge_id}
        connection.execute(insert(network_references).values(row))
