"""Names are found whatever their script, order, case and accents; what differs is told apart."""

import csv
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.risk.domain.screening.judging import THRESHOLD_USUAL, birth_agreement
from services.risk.domain.screening.values import Agreement, EntryKind, ListEntry, SubjectKind
from services.risk.name_matching.comparing import compare
from services.risk.name_matching.index import Question
from services.risk.name_matching.nationality import nationality_agreement
from services.risk.name_matching.spelling import skeleton, spelt
from services.risk.tests.lists import index_of, person

PAIRS = Path(__file__).resolve().parents[3] / "data" / "screening" / "name_pairs.csv"
LEAST_PRECISION = 0.83
LEAST_RECALL = 0.87

parts = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=10)
names = st.lists(parts, min_size=2, max_size=5, unique=True)


def score(one: str, other: str) -> int:
    return compare(spelt(one), spelt(other)).score


def test_pairs_labelled_by_hand_are_told_apart() -> None:
    """At the usual threshold over all 275 pairs of people: precision and recall."""
    right = wrong = missed = 0
    with PAIRS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            hit = score(row["name1"], row["name2"]) >= THRESHOLD_USUAL
            same = row["is_match"] == "True"
            right += hit and same
            wrong += hit and not same
            missed += same and not hit
    assert right / (right + wrong) >= LEAST_PRECISION
    assert right / (right + missed) >= LEAST_RECALL


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Владимир", "Vladimir"),
        ("Владимир Петров", "Vladimir Petrov"),
        ("Wladimir Petrow", "Владимир Петров"),
        ("Li Xiaoming", "李晓明"),
        ("LI, Xiaoming", "李晓明"),
        ("فرناندو بيريز", "Fernando Pérez"),
        ("バラク・オバマ", "Barack Obama"),
        ("Ὀδυσσεύς Παπαδόπουλος", "Odysseus Papadopoulos"),
        ("Mohamed Hussein", "Muhammad Husayn"),
        ("VladimirPetrov", "Vladimir Petrov"),
        ("Dr. Anna Schmidt", "Anna Schmidt"),
        ("Sergey Viktorovich Lavrov", "Sergei Lavrov"),
    ],
)
def test_scripts_and_spellings_of_one_name_go_together(one: str, other: str) -> None:
    assert score(one, other) >= THRESHOLD_USUAL
    assert score(other, one) >= THRESHOLD_USUAL


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Boris Netanyahu", "Benjamin Netanyahu"),
        ("Ada Lovelace", "Ada Byron"),
        ("Kim Jong Sik", "Kim Yong Nam"),
        ("Mohammed", "Mohammed Ali Hassan Omar"),
        ("John Smith", "Jane Smythers"),
        ("Susan Moore", "Shishani Omar"),
        ("David Moore", "David Mayer"),
    ],
)
def test_other_people_are_other_people(one: str, other: str) -> None:
    assert score(one, other) < THRESHOLD_USUAL


@given(names, st.randoms(use_true_random=False))
def test_the_order_of_the_parts_does_not_matter(given_parts: list[str], dice: object) -> None:
    shuffled = list(given_parts)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert score(" ".join(shuffled), " ".join(given_parts)) == 1_000


@given(names, names, st.permutations([0, 1, 2, 3, 4]))
def test_order_changes_no_pairing(one: list[str], other: list[str], order: list[int]) -> None:
    """Which parts go together, and how well, does not depend on the order in which they stand."""
    moved = [one[i] for i in order if i < len(one)]
    before, after = spelt(" ".join(one)), spelt(" ".join(moved))
    listed = spelt(" ".join(other))
    first, second = compare(before, listed), compare(after, listed)
    if first.parts and second.parts:
        assert first.score == second.score
        assert {(before.parts[p.asked], listed.parts[p.listed], p.score) for p in first.parts} == {
            (after.parts[p.asked], listed.parts[p.listed], p.score) for p in second.parts
        }


@given(names, names)
def test_two_names_go_together_both_ways(one: list[str], other: list[str]) -> None:
    forth, back = " ".join(one), " ".join(other)
    assert abs(score(forth, back) - score(back, forth)) <= 1


@given(names)
def test_case_and_accents_do_not_matter(given_parts: list[str]) -> None:
    name = " ".join(given_parts)
    accented = unicodedata.normalize("NFC", "".join(f"{each}\u0301" for each in name))
    assert score(name.upper(), name) == score(accented, name) == 1_000


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_is_a_name_with_a_score(one: str, other: str) -> None:
    assert 0 <= score(one, other) <= 1_000
    assert score(one, one) in (0, 1_000)
    assert isinstance(skeleton(one.casefold()), str)


@given(st.lists(names, min_size=1, max_size=30), st.integers(0, 29))
def test_the_index_finds_what_a_comparison_with_all_finds(
    listed: list[list[str]], asked: int
) -> None:
    entries = [person(str(n), " ".join(each)) for n, each in enumerate(listed)]
    name = " ".join(reversed(listed[asked % len(listed)]))
    by_index = index_of(*entries).search(Question(name=name), THRESHOLD_USUAL)
    best = {e.reference: score(name, e.names[0]) for e in entries}
    exact = {reference for reference, each in best.items() if each >= 950}
    assert exact <= {match.reference for match in by_index} or len(by_index) == 20
    assert all(best[match.reference] == match.name_score for match in by_index)


def test_a_match_says_which_parts_and_which_alias() -> None:
    index = index_of(person("R-1", "Somebody Else Entirely", "PETROV, Vladimir Ivanovich"))
    (match,) = index.search(Question(name="Владимир Петров"), THRESHOLD_USUAL)
    assert (match.reference, match.alias) == ("R-1", 1)
    assert [(part.asked, part.listed) for part in match.parts] == [(0, 1), (1, 0)]
    assert match.parts[0].score == 1_000


def test_an_entry_is_found_once_by_its_best_name() -> None:
    index = index_of(person("R-1", "Vladimir Petrof", "Vladimir Petrov", "Wladimir Petrow"))
    (match,) = index.search(Question(name="Vladimir Petrov"), THRESHOLD_USUAL)
    assert (match.alias, match.score) == (1, 1_000)


def test_a_person_is_not_a_ship() -> None:
    ship = ListEntry(reference="S", kind=EntryKind.VESSEL, names=("Anna Maria",))
    index = index_of(ship)
    assert index.search(Question(name="Anna Maria"), THRESHOLD_USUAL) == ()
    asked = Question(name="Anna Maria", kind=SubjectKind.ORGANISATION)
    assert [each.reference for each in index.search(asked, THRESHOLD_USUAL)] == ["S"]


@pytest.mark.parametrize(
    ("born", "births", "agreement"),
    [
        (date(1971, 3, 2), ("1971-03-02",), Agreement.AGREES),
        (date(1971, 3, 3), ("1971-03-02",), Agreement.NEAR),
        (date(1975, 1, 1), ("1971-03-02",), Agreement.DIFFERS),
        (date(1971, 1, 1), ("1971",), Agreement.AGREES),
        (date(1981, 1, 1), ("1971", "1980/1982"), Agreement.AGREES),
        (date(1983, 1, 1), ("1980/1982",), Agreement.NEAR),
        (date(1971, 1, 1), (), Agreement.UNKNOWN),
        (None, ("1971",), Agreement.UNKNOWN),
    ],
)
def test_a_date_of_birth_agrees_or_not(
    born: date | None, births: tuple[str, ...], agreement: Agreement
) -> None:
    assert birth_agreement(born, births) is agreement


def test_another_date_of_birth_clears_the_similar_and_never_the_same_name() -> None:
    index = index_of(person("R-1", "Vladimir Petrov", births=("1952-10-07",)))
    other = date(1990, 1, 1)
    same = Question(name="Vladimir Petrov", date_of_birth=other)
    assert [each.score for each in index.search(same, THRESHOLD_USUAL)] == [900]
    similar = "Vladimir Petrovsky"
    assert index.search(Question(name=similar), THRESHOLD_USUAL)
    assert not index.search(Question(name=similar, date_of_birth=other), THRESHOLD_USUAL)


@pytest.mark.parametrize(
    ("code", "listed", "agreement"),
    [
        ("RU", ("Russian Federation",), Agreement.AGREES),
        ("RU", ("Syrian Arab Republic", "Russia"), Agreement.AGREES),
        ("DE", ("Iran (Islamic Republic of)",), Agreement.DIFFERS),
        ("DE", ("Atlantis",), Agreement.UNKNOWN),
        ("CI", ("Côte d\u2019Ivoire",), Agreement.AGREES),
        ("QA", ("QA",), Agreement.AGREES),
    ],
)
def test_a_nationality_agrees_or_not(
    code: str, listed: tuple[str, ...], agreement: Agreement
) -> None:
    assert nationality_agreement(code, listed) is agreement
