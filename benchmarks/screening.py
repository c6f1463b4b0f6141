"""Screening over the real public lists, which DIR holds under the names that they are published
under, plain or as .gz: python -m benchmarks.screening --lists DIR [--pairs FILE] [--names N]
"""

import argparse
import csv
import gzip
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.risk.domain.screening.judging import THRESHOLD_USUAL
from services.risk.domain.screening.values import ListEntry, ListFormat, ListVersion, SubjectKind
from services.risk.name_matching.comparing import compare
from services.risk.name_matching.index import NameIndex, Question, subject_kind_of
from services.risk.name_matching.spelling import spelt
from services.risk.use_cases.list_formats import READERS

PAIRS = Path(__file__).resolve().parents[1] / "data" / "screening" / "name_pairs.csv"
THRESHOLDS = (700, 740, 780, 800, 820, 840, 860, 900)
FULL_COMPARISONS = 20
"""So many names are compared with every listed one, to see what the index overlooks."""
ORDINARY = (
    "Ada Lovelace", "José García Márquez", "Grace Hopper", "李晓明", "Анна Каренина",
    "John Smith", "Fatima Zahra Benali", "Nguyễn Văn An", "Mary-Jane O'Neill", "محمد علي حسن",
)  # fmt: skip
GIVEN_NAMES = """James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William
Barbara Richard Susan Thomas Jessica Emma Olivia Lukas Anna Marie Pierre Giulia Marco Sofia Jan
Katarzyna Erik Ingrid Peter"""
FAMILY_NAMES = """Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Moore
Jackson Martin Lee Thompson White Harris Clark Lewis Walker Müller Schmidt Schneider Dubois Rossi
Bianchi Nowak Kowalski Johansson Hansen"""
BORN = date(1987, 5, 4)
console = Console()


def main() -> int:
    """Print how pairs come out, and how fast and how complete the index is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screening")
    parser.add_argument("--lists", type=Path, help="a folder with the published lists")
    parser.add_argument("--pairs", type=Path, default=PAIRS, help="pairs labelled by hand")
    parser.add_argument("--names", type=int, default=500, help="how many names are screened")
    asked = parser.parse_args()
    show_pairs(asked.pairs)
    if asked.lists is None:
        console.print("no --lists: nothing to measure")
        return 0
    entries = list(published(asked.lists))
    index = show_building(entries)
    wanted = sample(entries, asked.names)
    show_times(index, wanted)
    show_overlooked(index, entries, wanted[:FULL_COMPARISONS])
    show_ordinary(index)
    return 0


def show_pairs(path: Path) -> None:
    """Precision and recall of pairs of people at several thresholds."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("schema", "Person") == "Person"]
    scored = [
        (compare(spelt(row["name1"]), spelt(row["name2"])).score, row["is_match"] == "True")
        for row in rows
    ]
    table = Table("threshold", "precision", "recall", "F1", title=f"{len(rows)} labelled pairs")
    for threshold in THRESHOLDS:
        right = sum(score >= threshold and same for score, same in scored)
        wrong = sum(score >= threshold and not same for score, same in scored)
        missed = sum(score < threshold and same for score, same in scored)
        precision, recall = right / (right + wrong), right / (right + missed)
        both = 2 * precision * recall / (precision + recall)
        mark = " (usual)" if threshold == THRESHOLD_USUAL else ""
        table.add_row(f"{threshold}{mark}", f"{precision:.3f}", f"{recall:.3f}", f"{both:.3f}")
    console.print(table)


def published(folder: Path) -> Iterator[ListEntry]:
    """The entries of every list in a folder."""
    main_file = content_of(folder, "ofac_sdn.csv")
    if main_file:
        yield from READERS[ListFormat.OFAC_CSV](main_file, content_of(folder, "ofac_alt.csv"))
    consolidated = content_of(folder, "UN_consolidated.xml")
    if consolidated:
        yield from READERS[ListFormat.UN_XML](consolidated, b"")


def content_of(folder: Path, name: str) -> bytes:
    """A published file, unpacked; empty where it is not there."""
    plain, packed = folder / name, folder / f"{name}.gz"
    if plain.exists():
        return plain.read_bytes()
    return gzip.decompress(packed.read_bytes()) if packed.exists() else b""


def show_building(entries: Sequence[ListEntry]) -> NameIndex:
    """Build the index once, as it is done for a version of a list."""
    index, version = NameIndex(), ListVersion(list_id="published", version_id="")
    took = _took(lambda: index.add(version, entries))
    names = sum(len(entry.names) for entry in entries)
    console.print(f"{len(entries)} entries with {names} names are indexed in {took:.2f} s")
    return index


def sample(entries: Sequence[ListEntry], count: int) -> list[str]:
    """Names of customers: ordinary ones, and listed ones with their parts turned about."""
    dice = random.Random(1)
    people = [entry for entry in entries if subject_kind_of(entry.kind) is SubjectKind.PERSON]
    listed = [dice.choice(dice.choice(people).names) for _ in range(count)]
    turned = [" ".join(reversed(name.replace(",", " ").split())) for name in listed]
    return [turned[n] if n % 2 else ORDINARY[n // 2 % len(ORDINARY)] for n in range(count)]


def show_times(index: NameIndex, wanted: Sequence[str]) -> None:
    """How long one screening takes."""
    took = sorted(_took(partial(_hits, index, name)) * 1_000 for name in wanted)
    quantiles = statistics.quantiles(took, n=100)
    console.print(
        f"{len(wanted)} screenings: p50 {quantiles[49]:.1f} ms, p95 {quantiles[94]:.1f} ms,"
        f" p99 {quantiles[98]:.1f} ms of one core"
    )


def show_overlooked(index: NameIndex, entries: Sequence[ListEntry], wanted: Sequence[str]) -> None:
    """What a comparison with every name finds and the index does not."""
    people = [
        (entry.reference, spelt(name))
        for entry in entries
        if subject_kind_of(entry.kind) is SubjectKind.PERSON
        for name in entry.names
    ]
    there = overlooked = 0
    for name in wanted:
        asked, found = spelt(name), _hits(index, name)
        every = {ref for ref, each in people if compare(asked, each).score >= THRESHOLD_USUAL}
        if len(found) < len(every) and len(found) >= 20:
            continue
        there += len(every)
        overlooked += len(every - found)
    console.print(
        f"of {there} entries that a comparison with all {len(people)} names of people finds,"
        f" the index overlooks {overlooked}"
    )


def show_ordinary(index: NameIndex) -> None:
    """How many people of common names would wait for an officer."""
    names = [f"{one} {two}" for one in GIVEN_NAMES.split() for two in FAMILY_NAMES.split()]
    for born, what in ((None, "without a date of birth"), (BORN, f"born {BORN}")):
        asked = (Question(name=name, date_of_birth=born) for name in names)
        hits = sum(bool(index.search(each, THRESHOLD_USUAL)) for each in asked)
        console.print(f"of {len(names)} common names {hits} are hits {what}")


def _hits(index: NameIndex, name: str) -> set[str]:
    return {match.reference for match in index.search(Question(name=name), THRESHOLD_USUAL)}


def _took(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    raise SystemExit(main())
