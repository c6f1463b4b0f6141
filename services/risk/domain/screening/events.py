"""What happened to lists, and to whoever was looked for on them. The name that was asked about is
in none of it: a keyed hash tells a repetition from another question."""

from datetime import date, datetime

from chassis.kernel.events import Fact, fact
from services.risk.domain.screening.values import (
    HitDecision,
    ListFormat,
    ListPurpose,
    ListVersion,
    NameMatch,
    ScreeningOutcome,
    SubjectKind,
)


@fact
class ScreeningListStaged(Fact):
    """A version of a list has come in whole. `version_id` is the hash of its entries, whatever the
    form they came in; `content_digest` of the bytes."""

    list_id: str
    version_id: str
    purpose: ListPurpose
    format: ListFormat
    content_digest: str
    entries: int
    names: int
    staged_by: str
    staged_at: datetime


@fact
class ScreeningListActivated(Fact):
    """Names are looked for on this version from here on, and no more on the one before."""

    list_id: str
    version_id: str
    previous_version_id: str
    purpose: ListPurpose
    entries: int
    staged_by: str
    activated_by: str
    activated_at: datetime


@fact
class NameScreened(Fact):
    """Somebody was looked for. `question_digest` is a keyed hash of who was asked about; `matches`
    are the entries that they may be, `whitelisted` those that they are known not to be."""

    screening_id: str
    subject_id: str
    subject_kind: SubjectKind
    question_digest: str
    outcome: ScreeningOutcome
    versions: tuple[ListVersion, ...]
    method: str
    threshold: int
    matches: tuple[NameMatch, ...]
    whitelisted: tuple[NameMatch, ...]
    screened_at: datetime


@fact
class ScreeningHitRaised(Fact):
    """Somebody may be an entry of a list, and nobody has said yet whether they are."""

    hit_id: str
    screening_id: str
    subject_id: str
    list_id: str
    version_id: str
    reference: str
    score: int
    raised_at: datetime


@fact
class ScreeningHitDecided(Fact):
    """An officer said whether somebody is the entry. `reason` is UPPER_SNAKE; `open_hits` is how
    many hits of the subject wait after it; `purpose` is that of the list, empty in older facts."""

    hit_id: str
    screening_id: str
    subject_id: str
    list_id: str
    reference: str
    decision: HitDecision
    reason: str
    decided_by: str
    decided_at: datetime
    open_hits: int
    purpose: str = ""


@fact
class EntryWhitelisted(Fact):
    """Somebody is known not to be an entry, until the end of a day in UTC."""

    subject_id: str
    list_id: str
    reference: str
    reason: str
    expires_on: date
    whitelisted_by: str


@fact
class WhitelistingWithdrawn(Fact):
    """It is not known any more that somebody is not an entry."""

    subject_id: str
    list_id: str
    reference: str
    reason: str
    withdrawn_by: str
