"""What can be asked about lists and about subjects. `by` is the person, whoever passes it on."""

from datetime import date

from chassis.kernel.events import Command, command
from services.risk.domain.screening.values import (
    HitDecision,
    ListFormat,
    ListPurpose,
    ListVersion,
    NameMatch,
    SubjectKind,
)


@command
class StageScreeningList(Command):
    """Take in a version of a list; its entries are put by already."""

    list_id: str
    version_id: str
    purpose: ListPurpose
    format: ListFormat
    content_digest: str
    entries: int
    names: int
    by: str


@command
class ActivateScreeningList(Command):
    """Look for names on a version from now on."""

    list_id: str
    version_id: str
    by: str


@command
class RecordScreening(Command):
    """Keep what was found of a subject on these versions; `found` are all matches."""

    screening_id: str
    subject_id: str
    subject_kind: SubjectKind
    question_digest: str
    versions: tuple[ListVersion, ...]
    method: str
    threshold: int
    found: tuple[NameMatch, ...]


@command
class DecideHit(Command):
    """Say whether a subject is the entry of a hit; `purpose` is that of its list."""

    subject_id: str
    hit_id: str
    decision: HitDecision
    reason: str
    by: str
    purpose: str = ""


@command
class WhitelistEntry(Command):
    """Say that a subject is not an entry, for as long as `expires_on`, that day included."""

    subject_id: str
    list_id: str
    reference: str
    reason: str
    expires_on: date
    by: str


@command
class WithdrawWhitelisting(Command):
    """Take back that a subject is not an entry."""

    subject_id: str
    list_id: str
    reference: str
    reason: str
    by: str
