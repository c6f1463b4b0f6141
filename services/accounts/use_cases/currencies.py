"""The currencies of ISO 4217 that are in use, and how many decimals each has."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from chassis.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Currencies:
    """Alphabetic code → decimals of the minor unit, for currencies that money is kept in."""

    decimals: Mapping[str, int]

    @classmethod
    def load(cls, path: Path) -> Self:
        """From a CSV file with the columns AlphabeticCode, MinorUnit and WithdrawalDate. What is
        withdrawn, and what has no minor unit (gold, test codes), is left out."""
        with path.open(encoding="utf-8", newline="") as file:
            return cls(
                {
                    row["AlphabeticCode"]: int(row["MinorUnit"])
                    for row in csv.DictReader(file)
                    if row["MinorUnit"].isdecimal() and not row["WithdrawalDate"]
                }
            )

    def require(self, code: str, field: str) -> None:
        """Raises Invalid for a code that is no currency in use."""
        if code not in self.decimals:
            raise Invalid("CURRENCY_UNKNOWN", "ISO 4217 has no such currency in use", field=field)
