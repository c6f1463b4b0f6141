"""The folded state of a programme: its versions, and the changes that were proposed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum

from chassis.kernel.errors import NotFound
from chassis.kernel.events import Fact, value
from chassis.kernel.persistent_map import PersistentMap
from services.accounts.domain.events import ProgrammeDefined
from services.accounts.domain.programmes import events
from services.accounts.domain.values import Terms


class ChangeStatus(StrEnum):
    """Where a proposed change stands."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


@value
class Version:
    """Terms under a number, counted from 1; `change_id` is empty for the first."""

    number: int
    name: str
    terms: Terms
    effective_on: date
    change_id: str = ""


@value
class Change:
    """A proposed change; `order` counts them from 1. `version` is 0 unless it is approved."""

    change_id: str
    order: int
    based_on_version: int
    name: str
    terms: Terms
    effective_on: date
    note: str
    proposed_by: str
    proposed_on: date
    status: ChangeStatus = ChangeStatus.PROPOSED
    decided_by: str = ""
    decided_on: date | None = None
    reason: str = ""
    version: int = 0


@value
class Programme:
    """`versions` is empty until the programme is defined; they are in the order of numbers, and
    none takes effect before the one it follows."""

    programme_id: str = ""
    versions: tuple[Version, ...] = ()
    changes: PersistentMap[Change] = PersistentMap()
    proposed: int = 0

    def in_force_on(self, day: date) -> Version:
        """The version in force on a day. Raises NotFound for a programme that is not defined."""
        if not self.versions:
            raise NotFound("PROGRAMME_NOT_FOUND", "there is no such programme")
        return version_in_force_on(self.versions, day)

    def version(self, number: int) -> Version:
        """A version by its number. Raises NotFound."""
        found = self.find_version(number)
        if found is None:
            raise no_version()
        return found

    def find_version(self, number: int) -> Version | None:
        """A version by its number, or None."""
        return self.versions[number - 1] if 1 <= number <= len(self.versions) else None

    def change(self, change_id: str) -> Change:
        """A change by its id. Raises NotFound."""
        found = self.changes.get(change_id)
        if found is None:
            raise NotFound(
                "PROGRAMME_CHANGE_NOT_FOUND", "no such change was proposed", field="change_id"
            )
        return found


def no_version() -> NotFound:
    """What whoever asks for a version that there is not gets to hear."""
    return NotFound(
        "PROGRAMME_VERSION_NOT_FOUND",
        "the programme has no such version",
        field="programme_version",
    )


def version_in_force_on(versions: Sequence[Version], day: date) -> Version:
    """The last version that has taken effect by a day. Before the first it is the first: a
    programme is never without terms."""
    for each in reversed(versions):
        if each.effective_on <= day:
            return each
    return versions[0]


# evolve


def evolve(state: Programme, fact: Fact) -> Programme:
    """The programme after a fact."""
    match fact:
        case ProgrammeDefined():
            first = Version(
                number=fact.programme_version,
                name=fact.name,
                terms=fact.terms,
                effective_on=fact.transaction_date,
            )
            return Programme(programme_id=fact.programme_id, versions=(first,))
        case events.ProgrammeChangeProposed():
            return _proposed(state, fact)
        case events.ProgrammeChangeApproved():
            return _approved(state, fact)
        case events.ProgrammeChangeRejected():
            return _decided(
                state,
                fact.change_id,
                status=ChangeStatus.REJECTED,
                decided_by=fact.rejected_by,
                decided_on=fact.transaction_date,
                reason=fact.reason,
            )
        case events.ProgrammeChangeWithdrawn():
            return _decided(
                state,
                fact.change_id,
                status=ChangeStatus.WITHDRAWN,
                decided_by=fact.withdrawn_by,
                decided_on=fact.transaction_date,
            )
    raise TypeError(f"{type(fact).__name__} is no fact of a programme")


def _proposed(state: Programme, fact: events.ProgrammeChangeProposed) -> Programme:
    change = Change(
        change_id=fact.change_id,
        order=state.proposed + 1,
        based_on_version=fact.based_on_version,
        name=fact.name,
        terms=fact.terms,
        effective_on=fact.effective_on,
        note=fact.note,
        proposed_by=fact.proposed_by,
        proposed_on=fact.transaction_date,
    )
    changes = state.changes.set(fact.change_id, change)
    return replace(state, changes=changes, proposed=change.order)


def _approved(state: Programme, fact: events.ProgrammeChangeApproved) -> Programme:
    version = Version(
        number=fact.programme_version,
        name=fact.name,
        terms=fact.terms,
        effective_on=fact.effective_on,
        change_id=fact.change_id,
    )
    decided = _decided(
        state,
        fact.change_id,
        status=ChangeStatus.APPROVED,
        decided_by=fact.approved_by,
        decided_on=fact.transaction_date,
        version=fact.programme_version,
    )
    return replace(decided, versions=(*state.versions, version))


def _decided(state: Programme, change_id: str, **changes: object) -> Programme:
    known = state.changes[change_id]
    decided = replace(known, **changes)  # type: ignore[arg-type]
    return replace(state, changes=state.changes.set(change_id, decided))
