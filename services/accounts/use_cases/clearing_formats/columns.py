"""What every format is read into: a head, lines of named texts, and a trailer that must agree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chassis.kernel.errors import Invalid

RECORDS_LIMIT = 100_000
"""A file has at most so many records; more come in several files."""
SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
RECORD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
COUNT = re.compile(r"[0-9]{1,18}")

COLUMNS = (
    "record_id",
    "kind",
    "card",
    "last_four",
    "charge_id",
    "authorisation_code",
    "amount_minor",
    "currency",
    "original_minor",
    "original_currency",
    "merchant_id",
    "merchant_name",
    "mcc",
    "country",
    "transaction_date",
    "posting_date",
    "final",
)
"""record_id: the network's name of the record (acquirer reference number), unique per source.
kind: charge or refund. card: card number, or card id; may be empty. last_four: checked if given.
charge_id, authorisation_code: of what was authorised, if anything. amount_minor, currency: billed,
positive. original_*: in the merchant's currency, both or neither. mcc, country: may be empty.
Dates: YYYY-MM-DD. final: Y, or N where further clearings of the charge follow; empty is Y."""

Raw = dict[str, str]


def malformed(line: int, field: str, what: str) -> Invalid:
    """The error that refuses a whole file. Says where, and never what stands there."""
    return Invalid(
        "CLEARING_FILE_MALFORMED",
        f"line {line}, {field}: {what}",
        field="content",
        line=str(line),
        column=field,
    )


@dataclass
class Sums:
    """What is counted on the way, to be compared with the trailer."""

    records: int = 0
    hash_total: int = 0

    def add(self, line: int, raw: Raw) -> None:
        """Count a record. Raises Invalid for one too many, or one without identity."""
        self.records += 1
        if self.records > RECORDS_LIMIT:
            raise malformed(line, "record_id", f"a file has at most {RECORDS_LIMIT} records")
        if not RECORD_ID.fullmatch(raw["record_id"]):
            raise malformed(line, "record_id", "a record has an identity of 1 to 64 characters")
        # Whoever wrote an amount that is none cannot have added it up.
        if COUNT.fullmatch(raw["amount_minor"]):
            self.hash_total += int(raw["amount_minor"])

    def check(self, line: int, records: str, hash_total: str) -> None:
        """Compare with the trailer. Raises Invalid."""
        if not COUNT.fullmatch(records) or int(records) != self.records:
            raise malformed(line, "count", f"the file has {self.records} records")
        if not COUNT.fullmatch(hash_total) or int(hash_total) != self.hash_total:
            raise malformed(line, "hash_total", f"the amounts add up to {self.hash_total}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A file being read: `lines` gives place and texts of each record, and raises Invalid
    CLEARING_FILE_MALFORMED at the first place that is wrong, the trailer included; `sums` are
    whole after the last line."""

    source: str
    reference: str
    lines: Iterator[tuple[int, Raw]]
    sums: Sums


def head(line: int, source: str, reference: str) -> tuple[str, str]:
    """Who sent the file and what they call it. Raises Invalid."""
    if not SOURCE.fullmatch(source):
        raise malformed(line, "source", "a source has 1 to 32 letters, digits, . _ -")
    if not REFERENCE.fullmatch(reference):
        raise malformed(line, "reference", "a file has a reference of 1 to 64 characters")
    return source, reference
