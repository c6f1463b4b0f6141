"""A month of real transactions as clearing files, each over and over: every record is posted once,
legitimate repeats included, and every day's end is proved. The whole year: benchmarks.clearing."""

from pathlib import Path

from benchmarks.clearing import replay
from demo.rows import read_rows

SEED = 20190401
REPEATS = 68
"""April 2019 has so many rows that repeat the card, merchant, day and amount of another."""


async def test_a_month_of_clearing_files_is_posted_exactly_once(
    store_url: str, tmp_path: Path
) -> None:
    rows = read_rows()
    found = await replay(rows, SEED, tmp_path, lambda what, done, total: None, store_url)
    assert found.repeats == REPEATS
    assert [what for what, held, _ in found.checks if not held] == []
    assert found.holds
    assert found.posted.total() == len(rows) == 2_763
    assert len(found.days) == 32
