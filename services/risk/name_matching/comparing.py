"""Two names against one another: which parts go together, and how well the whole does."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz.distance import OSA, JaroWinkler

from services.risk.domain.screening.values import THOUSAND, PartMatch
from services.risk.name_matching.spelling import Spelt, skeleton

Similarity = Callable[[str, str], float]

LEAST_SIMILARITY = 0.6
"""Parts less alike than this have nothing to do with one another."""
SURE = 0.9
"""Below it a difference counts twice: one letter in ten is a spelling, three are another name."""
SAME_SOUND = 0.94
SAME_SHORT_SOUND = 0.9
SOUND_LEAST = 0.5
"""Parts that look less alike than this only happen to have the same consonants."""
VOWEL = re.compile("[aeiou]")
TWO_SLIPS = 0.85
SHORT_SLIP = 0.82
INITIAL = 0.8
EXTRA_PART_COST = 0.12
"""What a part costs that one name has and the other lacks: a patronymic, a second given name."""
ONE_PART_ONLY = 0.8
"""One part that goes together tells little where a name has several."""
JOINED_LEAST = 0.9
TELLING_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class Comparison:
    """How well two names go together, 0 to 1000, and by which parts. Names that go together only
    when their spaces are dropped have no parts."""

    score: int
    parts: tuple[PartMatch, ...]


def similarity(one: str, other: str) -> float:
    """How alike two parts are, 0 to 1."""
    if one == other:
        return 1.0
    shorter, longer = sorted((len(one), len(other)))
    if shorter == 1:
        return INITIAL if one[0] == other[0] else 0.0
    slips = OSA.distance(one, other)
    alike = (JaroWinkler.similarity(one, other) + 1 - slips / longer) / 2
    if shorter == 2 and longer <= 3 and slips == 1:
        return max(alike, SHORT_SLIP)
    if shorter >= 6 and slips <= 2:
        alike = max(alike, TWO_SLIPS)
    if shorter >= 3 and alike >= SOUND_LEAST:
        alike = max(alike, _by_sound(one, other))
    return alike


def _by_sound(one: str, other: str) -> float:
    """What the same sound is worth. Two consonants are the same in many names, so that they count
    only where a script leaves the vowels out."""
    sound = skeleton(one)
    if len(sound) < 2 or sound != skeleton(other):
        return 0.0
    if len(sound) >= 3:
        return SAME_SOUND
    return 0.0 if VOWEL.search(one) and VOWEL.search(other) else SAME_SHORT_SOUND


def compare(asked: Spelt, listed: Spelt, alike: Similarity = similarity) -> Comparison:
    """How well a name goes with a listed one. `alike` may remember what it was asked before."""
    pairs = _pairs(asked, listed, alike)
    by_parts = _score(asked, listed, pairs)
    joined = OSA.normalized_similarity(
        asked.joined, listed.joined, score_cutoff=max(JOINED_LEAST, by_parts)
    )
    if joined > by_parts:
        return Comparison(round(joined * THOUSAND), ())
    parts = tuple(
        PartMatch(asked=i, listed=j, score=round(each * THOUSAND))
        for each, i, j in _in_order(pairs)
    )
    return Comparison(round(by_parts * THOUSAND), parts)


def _in_order(pairs: list[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """In the order of the name that was asked about."""
    return sorted(pairs, key=lambda pair: pair[1])


def _pairs(asked: Spelt, listed: Spelt, alike: Similarity) -> list[tuple[float, int, int]]:
    """The best partner for each part, the surest pairs first. What ties is settled by the letters,
    so that the order of a name does not matter."""
    found = []
    for i, one in enumerate(asked.parts):
        for j, other in enumerate(listed.parts):
            each = alike(one, other)
            if each >= LEAST_SIMILARITY:
                found.append((-each, one, other, i, j))
    found.sort()
    taken_asked: set[int] = set()
    taken_listed: set[int] = set()
    pairs = []
    for negative, _, _, i, j in found:
        if i not in taken_asked and j not in taken_listed:
            taken_asked.add(i)
            taken_listed.add(j)
            pairs.append((-negative, i, j))
    return pairs


def _score(asked: Spelt, listed: Spelt, pairs: list[tuple[float, int, int]]) -> float:
    """What goes together against all there is. What both have left over are different parts; what
    one alone has left over costs little."""
    if not pairs:
        return 0.0
    together = paired_asked = paired_listed = whole = 0.0
    telling = 0
    for each, i, j in pairs:
        one, other = asked.weights[i], listed.weights[j]
        paired_asked += one
        paired_listed += other
        mean = (one + other) / 2
        whole += mean
        together += mean * (each if each >= SURE else 2 * each - SURE)
        telling += one > TELLING_WEIGHT
    left_asked, left_listed = asked.weight - paired_asked, listed.weight - paired_listed
    fewer, more = sorted((left_asked, left_listed))
    score = together / (whole + 2 * fewer + EXTRA_PART_COST * (more - fewer))
    if telling == 1 and more > TELLING_WEIGHT:
        score *= ONE_PART_ONLY
    return max(0.0, score)
