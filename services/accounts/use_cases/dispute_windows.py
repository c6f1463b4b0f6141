"""A deployment's own table of the networks' windows."""

import csv
from datetime import date
from pathlib import Path

from pydantic import BaseModel, PositiveInt, TypeAdapter

from services.accounts.domain.disputes.networks import TYPICAL
from services.accounts.domain.disputes.state import NetworkWindows, WindowCategory
from services.accounts.domain.values import Network


class Row(BaseModel):
    """A row of the file; an empty `network` is any that has no row of its own."""

    network: Network
    category: WindowCategory
    effective_from: date
    from_transaction: bool = False
    chargeback_days: PositiveInt
    representment_days: PositiveInt
    pre_arbitration_days: PositiveInt
    arbitration_days: PositiveInt
    warning_days: PositiveInt = 7


_ROWS = TypeAdapter(list[Row])


def load(path: Path | None) -> tuple[NetworkWindows, ...]:
    """From a CSV file with the columns of `Row`; the typical windows without one. Raises ValueError
    for a row that cannot be read, or that is there twice: better no start than wrong dates."""
    if path is None:
        return TYPICAL
    with path.open(encoding="utf-8", newline="") as file:
        rows = _ROWS.validate_python(list(csv.DictReader(file)))
    keys = {(row.network, row.category, row.effective_from) for row in rows}
    if len(keys) != len(rows):
        raise ValueError(f"{path.name} has a row twice")
    return tuple(NetworkWindows(**row.model_dump()) for row in rows)
