"""Published purchase-card rows as charges and refunds: money, dates, merchants, times of day."""

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zlib import crc32

from chassis.kernel import ids

DATA = Path(__file__).resolve().parent.parent / "data"
SAMPLE = DATA / "purchase_cards" / "2019-04.csv.gz"
HOME_CURRENCY = "GBP"
HOME_COUNTRY = "GB"
USUAL_POSTING_LAG = timedelta(days=1)
"""For rows without a posting date."""
OPENING = time(8, 0)
DAY_SECONDS = 10 * 3600
"""Purchases are spread over ten working hours, because the data have no time of day."""
MINOR = Decimal(100)
MERCHANT_NAME_LENGTH = 40
NO_MCC = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One published row. `amount_minor` is positive; `refund` says which way it goes."""

    id: str
    card: str
    merchant: str
    merchant_id: str
    mcc: str
    category: str
    refund: bool
    amount_minor: int
    currency: str
    original_minor: int
    original_currency: str
    transaction_at: datetime
    posted_on: date

    @property
    def foreign(self) -> bool:
        """Whether the holder paid in another currency than is billed."""
        return self.original_currency != self.currency

    @property
    def rate(self) -> str:
        """Billing units for one original unit, as a decimal text."""
        found = Decimal(self.amount_minor) / Decimal(self.original_minor)
        return f"{found:.8f}"


def read_rows(path: Path = SAMPLE) -> list[Row]:
    """Every row of a file with an amount, by transaction day, spread over its working hours."""
    by_merchant, by_category = _codes("mcc_by_merchant.csv"), _codes("mcc_by_category.csv")
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    lines = csv.DictReader(io.StringIO(text, newline=""))
    rows = [_row(each, by_merchant, by_category) for each in lines]
    return sorted(_spread(rows), key=lambda row: (row.transaction_at, row.id))


def _codes(name: str) -> dict[str, str]:
    with (DATA / "purchase_cards" / name).open(newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return {row[0]: row[1] for row in reader}


def _row(raw: dict[str, str], by_merchant: dict[str, str], by_category: dict[str, str]) -> Row:
    original = _minor(raw["original_amount"] or raw["billing_amount"])
    billed = _minor(raw["billing_amount"] or raw["original_amount"])
    currency = raw["billing_currency"] or HOME_CURRENCY
    bought = date.fromisoformat(raw["trans_date"])
    posted = raw["post_date"]
    merchant = " ".join(raw["merchant"].split())[:MERCHANT_NAME_LENGTH] or "unknown"
    mcc = raw["mcc"] or by_merchant.get(raw["merchant"]) or by_category.get(raw["category"], NO_MCC)
    return Row(
        id=ids.derive("row", raw["source_file"], raw["source_row"]),
        card=raw["card_masked"],
        merchant=merchant,
        merchant_id=f"{crc32(merchant.encode()):010d}",
        mcc=mcc.zfill(4) if mcc else NO_MCC,
        category=raw["category"],
        refund=billed < 0,
        amount_minor=abs(billed),
        currency=currency,
        original_minor=abs(original),
        original_currency=(raw["original_currency"] if raw["billing_amount"] else "") or currency,
        transaction_at=datetime.combine(bought, OPENING, UTC),
        posted_on=date.fromisoformat(posted) if posted else bought + USUAL_POSTING_LAG,
    )


def _minor(amount: str) -> int:
    return int((Decimal(amount) * MINOR).to_integral_value())


def _spread(rows: Iterable[Row]) -> Iterator[Row]:
    """A card's purchases of a day, evenly over the day, in the order of the file."""
    days: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in rows:
        days[(row.card, row.transaction_at.date())].append(row)
    for (card, _), of_day in days.items():
        offset = crc32(card.encode()) % 997 / 997
        for number, row in enumerate(of_day):
            seconds = int(DAY_SECONDS * (number + offset) / len(of_day))
            yield replace(row, transaction_at=row.transaction_at + timedelta(seconds=seconds))
