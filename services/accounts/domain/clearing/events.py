"""What can have happened to clearing files and their records."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact
from chassis.kernel.money import Money
from services.accounts.domain.clearing.values import (
    ClearingRecord,
    FileFormat,
    ItemKind,
    NetworkTotal,
    RecordKind,
    Resolution,
    Tally,
)


@fact
class ClearingFileReceived(Fact):
    """A whole, well-formed file is here and will be processed. `digest` is a keyed hash of its
    bytes; `upload_id` says where its records wait; `hash_total` is the sum of all amounts."""

    file_id: str
    source: str
    reference: str
    name: str
    format: FileFormat
    digest: str
    upload_id: str
    records: int
    hash_total: int
    received_at: datetime


@fact
class ClearingBatchProcessed(Fact):
    """The records `first` to `last` of a file came to what `tally` says; `totals` is what those
    that were posted add up to."""

    file_id: str
    first: int
    last: int
    tally: Tally
    totals: tuple[NetworkTotal, ...]


@fact
class ClearingFileCompleted(Fact):
    """Every record of a file has come to something."""

    file_id: str
    source: str
    reference: str
    records: int
    matched: int
    forced: int
    refunded: int
    duplicates: int
    unmatched: int
    exceptions: int


@fact
class ClearingRecordQueued(Fact):
    """A record waits for somebody. `record` and `amount` are None where it is malformed; then
    `field` names what is. `line` counts the records of the file from 1."""

    item_id: str
    file_id: str
    line: int
    record_id: str
    kind: ItemKind
    reason: str
    field: str
    last_four: str
    amount: Money | None
    record: ClearingRecord | None


@fact
class ClearingRecordResolved(Fact):
    """Somebody has decided about a record that waited; what that posted is a fact of the account.
    The ids are empty, and the amount None, where it was rejected."""

    item_id: str
    file_id: str
    record_id: str
    resolution: Resolution
    reason: str
    resolved_by: str
    programme_id: str
    account_id: str
    card_id: str
    charge_id: str
    record_kind: RecordKind | None
    amount: Money | None
    posting_date: date | None
