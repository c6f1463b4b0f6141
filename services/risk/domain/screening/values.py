"""What lists hold, what is asked, and what is found; never the name that was asked about."""

from enum import StrEnum

from chassis.kernel.events import value

THOUSAND = 1_000
"""Scores are whole numbers from 0 to this."""


class EntryKind(StrEnum):
    """What an entry of a list names."""

    PERSON = "PERSON"
    ORGANISATION = "ORGANISATION"
    VESSEL = "VESSEL"
    AIRCRAFT = "AIRCRAFT"


class SubjectKind(StrEnum):
    """Whom somebody asks about: a person, or anything else that has a name."""

    PERSON = "PERSON"
    ORGANISATION = "ORGANISATION"

    def meets(self, kind: EntryKind) -> bool:
        """Whether an entry of this kind can be such a subject."""
        return (self is SubjectKind.PERSON) == (kind is EntryKind.PERSON)


class ListPurpose(StrEnum):
    """Why somebody is on a list."""

    SANCTIONS = "SANCTIONS"
    POLITICALLY_EXPOSED = "POLITICALLY_EXPOSED"


class ListFormat(StrEnum):
    """How an uploaded list is written."""

    UN_XML = "UN_XML"
    OFAC_CSV = "OFAC_CSV"
    PLAIN_CSV = "PLAIN_CSV"


class Agreement(StrEnum):
    """How what is known of somebody goes with what an entry says."""

    UNKNOWN = "UNKNOWN"
    AGREES = "AGREES"
    NEAR = "NEAR"
    DIFFERS = "DIFFERS"


class ScreeningOutcome(StrEnum):
    """What a screening came to."""

    CLEAR = "CLEAR"
    HIT = "HIT"


class HitDecision(StrEnum):
    """What an officer says of a hit."""

    TRUE_MATCH = "TRUE_MATCH"
    FALSE_POSITIVE = "FALSE_POSITIVE"


@value
class ListEntry:
    """One entry of a list. The first name is the principal one. `births` are `YYYY`, `YYYY-MM-DD`
    or `YYYY/YYYY` (from and to, both included); `nationalities` are as the list writes them."""

    reference: str
    kind: EntryKind
    names: tuple[str, ...]
    births: tuple[str, ...] = ()
    nationalities: tuple[str, ...] = ()


@value
class ListVersion:
    """One version of a list; `version_id` is the hash of its content."""

    list_id: str
    version_id: str


@value
class PartMatch:
    """A part of the name that was asked about, a part of the listed one, by their places from 0,
    and how well the two go together."""

    asked: int
    listed: int
    score: int


@value
class NameMatch:
    """An entry that a name may stand for. `alias` is the place of the matched name within the
    entry; `name_score` is of the names alone, `score` with the date of birth weighed in."""

    list_id: str
    version_id: str
    reference: str
    alias: int
    name_score: int
    score: int
    parts: tuple[PartMatch, ...]
    date_of_birth: Agreement = Agreement.UNKNOWN
    nationality: Agreement = Agreement.UNKNOWN

    @property
    def entry(self) -> tuple[str, str]:
        """The entry, whatever the version of its list."""
        return self.list_id, self.reference
