"""Derive the merchant category code of a merchant and of a category from the month that has them.

The month of April 2019 was published without codes, August 2021 with them.
"""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
MONTH_WITH_CODES = DATA / "purchase_cards" / "2021-08.csv.gz"
TARGETS = {
    "merchant": DATA / "purchase_cards" / "mcc_by_merchant.csv",
    "category": DATA / "purchase_cards" / "mcc_by_category.csv",
}


def most_frequent(rows: Iterable[tuple[str, str]]) -> dict[str, tuple[str, int, int]]:
    """Name → its most frequent code (of equals the lowest), how often, and out of how many."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, code in rows:
        counts[name][code.zfill(4)] += 1
    chosen = {}
    for name, codes in sorted(counts.items()):
        code, times = min(codes.items(), key=lambda each: (-each[1], each[0]))
        chosen[name] = (code, times, codes.total())
    return chosen


def main() -> None:
    """Write both tables."""
    with gzip.open(MONTH_WITH_CODES, "rt", encoding="utf-8") as month:
        rows = [row for row in csv.DictReader(month) if row["mcc"]]
    for column, target in TARGETS.items():
        table = most_frequent((row[column], row["mcc"]) for row in rows if row[column])
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([column, "mcc", "rows_with_this_code", "rows"])
            writer.writerows((name, *found) for name, found in table.items())


if __name__ == "__main__":
    main()
