"""All names of some lists, found by parts: built piece by piece, asked in milliseconds."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from heapq import nlargest

from rapidfuzz import process
from rapidfuzz.distance import Indel, JaroWinkler

from services.risk.domain.screening.judging import birth_agreement, weighed
from services.risk.domain.screening.values import (
    Agreement,
    EntryKind,
    ListEntry,
    ListVersion,
    NameMatch,
    SubjectKind,
)
from services.risk.name_matching.comparing import (
    EXTRA_PART_COST,
    JOINED_LEAST,
    TELLING_WEIGHT,
    Comparison,
    compare,
    similarity,
)
from services.risk.name_matching.nationality import nationality_agreement
from services.risk.name_matching.spelling import Spelt, skeleton, spelt

PART_LEAST = 0.8
"""Parts at least so alike, or of the same sound, make a name worth comparing."""
HOPE_LEAST = 0.58
"""A name is compared when it could come to so much if all that was found went together wholly: less
than the lowest line that may be drawn, because parts may weigh differently in two spellings."""
CANDIDATES_LIMIT = 400
"""The best covered are compared; the others would not come near."""
MATCHES_LIMIT = 20
"""The best matches are kept; whoever looks at one hit after another has lost sight long before."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whom somebody asks about; `nationality` is ISO 3166 alpha-2 or empty."""

    name: str
    kind: SubjectKind = SubjectKind.PERSON
    date_of_birth: date | None = None
    nationality: str = ""


@dataclass(frozen=True, slots=True)
class _Listed:
    version: ListVersion
    entry: ListEntry
    alias: int
    name: Spelt


@dataclass(slots=True)
class _Names:
    """The names of one kind of subject. Postings are places in `listed`."""

    listed: list[_Listed] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    telling: list[float] = field(default_factory=list)
    postings: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_sound: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    vocabulary: list[str] = field(default_factory=list)

    def add(self, listed: _Listed) -> None:
        place = len(self.listed)
        self.listed.append(listed)
        self.joined.append(listed.name.joined)
        self.telling.append(_telling(listed.name))
        for part in set(listed.name.parts):
            if part not in self.postings:
                self.vocabulary.append(part)
                self.by_sound[skeleton(part)].append(part)
            self.postings[part].append(place)


class NameIndex:
    """The names of a version of a list, and its entries by reference."""

    def __init__(self) -> None:
        self._by_kind = {kind: _Names() for kind in SubjectKind}
        self.entries: dict[str, ListEntry] = {}

    def add(self, version: ListVersion, entries: Iterable[ListEntry]) -> None:
        """Take in entries of a version."""
        for entry in entries:
            self.entries[entry.reference] = entry
            kind = subject_kind_of(entry.kind)
            for alias, name in enumerate(entry.names):
                found = spelt(name)
                if found.parts:
                    self._by_kind[kind].add(_Listed(version, entry, alias, found))

    def search(self, question: Question, threshold: int) -> tuple[NameMatch, ...]:
        """The entries that the name may stand for, best first: each once, by its best name."""
        asked, names = spelt(question.name), self._by_kind[question.kind]
        best: dict[tuple[str, str], NameMatch] = {}
        known: dict[tuple[str, str], float] = {}

        def alike(one: str, other: str) -> float:
            pair = (one, other)
            if pair not in known:
                known[pair] = similarity(one, other)
            return known[pair]

        for place in _candidates(names, asked):
            listed = names.listed[place]
            match = _match(listed, compare(asked, listed.name, alike), question)
            if match.score >= threshold and _better(match, best.get(match.entry)):
                best[match.entry] = match
        found = sorted(best.values(), key=lambda each: (-each.score, *each.entry))
        return tuple(found[:MATCHES_LIMIT])


def subject_kind_of(kind: EntryKind) -> SubjectKind:
    """Whose question an entry can answer."""
    return next(each for each in SubjectKind if each.meets(kind))


def _better(match: NameMatch, than: NameMatch | None) -> bool:
    return than is None or (match.score, -match.alias) > (than.score, -than.alias)


def _match(listed: _Listed, found: Comparison, question: Question) -> NameMatch:
    entry = listed.entry
    birth = birth_agreement(question.date_of_birth, entry.births)
    return NameMatch(
        list_id=listed.version.list_id,
        version_id=listed.version.version_id,
        reference=entry.reference,
        alias=listed.alias,
        name_score=found.score,
        score=weighed(found.score, birth),
        parts=found.parts,
        date_of_birth=birth,
        nationality=nationality_agreement(question.nationality, entry.nationalities)
        if question.nationality
        else Agreement.UNKNOWN,
    )


def _candidates(names: _Names, asked: Spelt) -> list[int]:
    """Names that share enough with the one asked about, and those that are nearly the same when
    spaces are dropped."""
    covered: dict[int, float] = defaultdict(float)
    whole = _telling(asked)
    for part, weight in sorted(set(zip(asked.parts, asked.weights, strict=True))):
        if weight > TELLING_WEIGHT or not whole:
            for place in _places(names, part):
                covered[place] += weight
    hopes = [
        (hope, -place)
        for place, found in covered.items()
        if (hope := _hope(found, whole, names.telling[place])) >= HOPE_LEAST
    ]
    together = process.extract(
        asked.joined,
        names.joined,
        scorer=Indel.normalized_similarity,
        score_cutoff=JOINED_LEAST,
        limit=CANDIDATES_LIMIT,
    )
    best = nlargest(CANDIDATES_LIMIT, hopes)
    return sorted({*(-place for _, place in best), *(place for _, _, place in together)})


def _telling(name: Spelt) -> float:
    """What the parts weigh that are more than particles."""
    return sum(weight for weight in name.weights if weight > TELLING_WEIGHT)


def _hope(found: float, asked: float, listed: float) -> float:
    """What two names can come to at best, by the weight that was found in both."""
    left_asked, left_listed = max(0.0, asked - found), max(0.0, listed - found)
    fewer, more = min(left_asked, left_listed), max(left_asked, left_listed)
    return found / (found + 2 * fewer + EXTRA_PART_COST * (more - fewer))


def _places(names: _Names, part: str) -> set[int]:
    """Where a part stands, in any of its spellings."""
    similar = process.extract(
        part,
        names.vocabulary,
        scorer=JaroWinkler.similarity,
        score_cutoff=PART_LEAST,
        limit=None,
    )
    spellings = {spelling for spelling, _, _ in similar}
    same_sound = names.by_sound.get(skeleton(part), ())
    spellings.update(each for each in same_sound if similarity(part, each) >= PART_LEAST)
    return {place for spelling in spellings for place in names.postings[spelling]}
