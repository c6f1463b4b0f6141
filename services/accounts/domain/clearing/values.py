"""The words of clearing: records, what became of them, and what the network counts."""

from datetime import date
from enum import StrEnum

from chassis.kernel.events import value
from chassis.kernel.money import Money
from services.accounts.domain.values import Merchant, Original


class FileFormat(StrEnum):
    """How a clearing file is written."""

    CSV = "CSV"
    ISO8583 = "ISO8583"


class RecordKind(StrEnum):
    """Which way the money goes."""

    CHARGE = "CHARGE"
    REFUND = "REFUND"


class ItemKind(StrEnum):
    """Why a record waits for somebody: it can be posted once its card is known, or it cannot."""

    UNMATCHED = "UNMATCHED"
    EXCEPTION = "EXCEPTION"


class Resolution(StrEnum):
    """What was done about a record that waited."""

    POSTED = "POSTED"
    MATCHED = "MATCHED"
    REJECTED = "REJECTED"


class Disposition(StrEnum):
    """What became of a record when its file was processed."""

    MATCHED = "MATCHED"
    FORCED = "FORCED"
    REFUNDED = "REFUNDED"
    DUPLICATE = "DUPLICATE"
    UNMATCHED = "UNMATCHED"
    EXCEPTION = "EXCEPTION"


@value
class ClearingRecord:
    """One well-formed record. `record_key` stands for its identity (the network's record id and
    the source) and is the business id of what is posted; `content_digest` for all it says."""

    record_key: str
    record_id: str
    content_digest: str
    kind: RecordKind
    card_id: str = ""
    pan_hash: str = ""
    last_four: str = ""
    charge_id: str = ""
    authorisation_code: str = ""
    amount: Money
    original: Original | None = None
    merchant: Merchant
    final: bool = True
    transaction_date: date
    posting_date: date


@value
class Tally:
    """How many records of a file came to what."""

    matched: int = 0
    forced: int = 0
    refunded: int = 0
    duplicates: int = 0
    unmatched: int = 0
    exceptions: int = 0

    @property
    def records(self) -> int:
        """All of them."""
        return self.posted + self.duplicates + self.unmatched + self.exceptions

    @property
    def posted(self) -> int:
        """Those that moved money."""
        return self.matched + self.forced + self.refunded

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            matched=self.matched + other.matched,
            forced=self.forced + other.forced,
            refunded=self.refunded + other.refunded,
            duplicates=self.duplicates + other.duplicates,
            unmatched=self.unmatched + other.unmatched,
            exceptions=self.exceptions + other.exceptions,
        )


@value
class NetworkTotal:
    """What records that were posted add up to, by the amounts in the file; both are positive."""

    programme_id: str
    currency: str
    posting_date: date
    charges: int = 0
    charged_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0
