"""A name in the form in which names are compared: Latin letters, lower case, part by part."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii

METHOD = "names-1"
"""The name of this way of comparing; another one gets another name, so that a recorded screening
says how it was made."""

PARTS_LIMIT = 24
"""Later parts of a name are not looked at."""
LETTERS_LIMIT = 300

_TITLES = """mr mrs ms miss dr prof professor sir lord haji hajji hadji mullah mulla maulavi
mawlawi qari sheikh shaikh shaykh sheik sayyid general gen colonel col engineer eng"""
_LEGAL_FORMS = """llc ltd limited sa inc incorporated plc gmbh ag co company corp corporation llp lp
bv nv oy ab as spa srl sarl sas ooo oao ojsc pjsc zao jsc pte pty kg"""
_PARTICLES = """al el ul ur as ad ar an az ash bin ibn ben bint abu de del della di da dos van von
der den la le bte st y e of the and"""

TITLES = frozenset(_TITLES.split())
"""Said before a name and not part of it."""
LEGAL_FORMS = frozenset(_LEGAL_FORMS.split())
"""Said after the name of an organisation and written in many ways."""
PARTICLES = frozenset(_PARTICLES.split())
"""Small words between the parts that tell people apart; they weigh little."""
PARTICLE_WEIGHT = 0.25

_APOSTROPHES = re.compile("['`\u2018\u2019\u02bb\u02bc\u02bf\u02be]")
_PART = re.compile("[a-z0-9]+")
_AGAIN = re.compile(r"(.)\1+")
_SOFT = re.compile("[aeiouyv]|h$")
_SOUNDS = (
    ("sch", "s"), ("tch", "c"), ("ch", "c"), ("sh", "s"), ("zh", "z"), ("kh", "h"), ("gh", "g"),
    ("ph", "f"), ("th", "t"), ("dh", "d"), ("tz", "z"), ("ts", "z"), ("ck", "k"), ("dj", "j"),
    ("x", "ks"), ("q", "k"), ("w", "v"), ("c", "k"), ("p", "b"),
)  # fmt: skip
"""Letters that one transliteration writes where another writes other ones."""


@dataclass(frozen=True, slots=True)
class Spelt:
    """A name: its parts in order, what each weighs, and all of it without spaces."""

    parts: tuple[str, ...]
    weights: tuple[float, ...]
    joined: str

    @property
    def weight(self) -> float:
        """What all parts weigh together."""
        return sum(self.weights)


def spelt(name: str) -> Spelt:
    """How a name is compared. Titles and legal forms go, unless there is nothing else."""
    folded = unicodedata.normalize("NFKC", name[:LETTERS_LIMIT])
    latin = _APOSTROPHES.sub("", anyascii(folded)).casefold()
    found = _PART.findall(latin)[:PARTS_LIMIT]
    parts = [each for each in found if each not in TITLES and each not in LEGAL_FORMS] or found
    return Spelt(tuple(parts), tuple(weight_of(each) for each in parts), "".join(parts))


def weight_of(part: str) -> float:
    """What a part counts: a long one more than a short one, a particle little."""
    return PARTICLE_WEIGHT if part in PARTICLES else min(1.0, 0.4 + len(part) / 10)


@lru_cache(maxsize=65_536)
def skeleton(part: str) -> str:
    """What is left of a part when vowels go and letters that sound alike fall together: scripts
    that write no vowels, and every transliteration, come to the same."""
    for written, sound in _SOUNDS:
        part = part.replace(written, sound)
    single = _AGAIN.sub(r"\1", part)
    first = single[:1] if single[:1] not in "aeiouy" else ""
    return _AGAIN.sub(r"\1", first + _SOFT.sub("", single[len(first) :]))
