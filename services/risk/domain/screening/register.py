"""The register of lists: every version that came in, and which of each is in force. Whoever brought
a version in does not put it in force."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Exhausted, NotFound, Refused
from chassis.kernel.events import Command, Fact, value
from chassis.kernel.ids import derive
from chassis.kernel.persistent_map import PersistentMap
from services.risk.domain.screening import commands, events
from services.risk.domain.screening.values import ListFormat, ListPurpose, ListVersion

REGISTER_ID = "lists"
"""There is one register."""
LISTS_LIMIT = 50
VERSIONS_LIMIT = 20_000


class ListStatus(StrEnum):
    """Where a version stands."""

    STAGED = "STAGED"
    ACTIVE = "ACTIVE"
    RETIRED = "RETIRED"


@value
class Version:
    """A version as the register has it; `number` counts all versions from 1 in the order they came.
    `activated_by` is empty until somebody has put it in force."""

    number: int
    list_id: str
    version_id: str
    purpose: ListPurpose
    format: ListFormat
    content_digest: str
    entries: int
    names: int
    staged_by: str
    staged_at: datetime
    status: ListStatus = ListStatus.STAGED
    activated_by: str = ""
    activated_at: datetime | None = None


@value
class Register:
    """Versions by `key_of`, their keys by number, and per list the version in force."""

    versions: PersistentMap[Version] = PersistentMap()
    by_number: PersistentMap[str] = PersistentMap()
    count: int = 0
    active: tuple[ListVersion, ...] = ()
    lists: tuple[str, ...] = ()

    def active_version(self, list_id: str) -> str:
        """The version of a list in force, empty if none is."""
        return next((each.version_id for each in self.active if each.list_id == list_id), "")

    def purpose_of(self, list_id: str) -> ListPurpose:
        """That of every version of a list. Raises NotFound where none was ever in force."""
        return self.find(list_id, self.active_version(list_id)).purpose

    def find(self, list_id: str, version_id: str) -> Version:
        """A version. Raises NotFound."""
        found = self.versions.get(key_of(list_id, version_id))
        if found is None:
            raise NotFound("SCREENING_LIST_NOT_FOUND", "there is no such version of a list")
        return found


def key_of(list_id: str, version_id: str) -> str:
    """The name of a version among all."""
    return derive("screening list", list_id, version_id)


# evolve


def _staged(state: Register, fact: events.ScreeningListStaged) -> Register:
    key, number = key_of(fact.list_id, fact.version_id), state.count + 1
    version = Version(
        number=number,
        list_id=fact.list_id,
        version_id=fact.version_id,
        purpose=fact.purpose,
        format=fact.format,
        content_digest=fact.content_digest,
        entries=fact.entries,
        names=fact.names,
        staged_by=fact.staged_by,
        staged_at=fact.staged_at,
    )
    known = state.lists if fact.list_id in state.lists else (*state.lists, fact.list_id)
    return replace(
        state,
        versions=state.versions.set(key, version),
        by_number=state.by_number.set(str(number), key),
        count=number,
        lists=known,
    )


def _activated(state: Register, fact: events.ScreeningListActivated) -> Register:
    versions = state.versions
    if fact.previous_version_id:
        before = key_of(fact.list_id, fact.previous_version_id)
        versions = versions.set(before, replace(versions[before], status=ListStatus.RETIRED))
    key = key_of(fact.list_id, fact.version_id)
    now = replace(
        versions[key],
        status=ListStatus.ACTIVE,
        activated_by=fact.activated_by,
        activated_at=fact.activated_at,
    )
    others = [each for each in state.active if each.list_id != fact.list_id]
    chosen = ListVersion(list_id=fact.list_id, version_id=fact.version_id)
    active = tuple(sorted((*others, chosen), key=lambda each: each.list_id))
    return replace(state, versions=versions.set(key, now), active=active)


EVOLVE: dict[type[Fact], Callable[[Register, Any], Register]] = {
    events.ScreeningListStaged: _staged,
    events.ScreeningListActivated: _activated,
}


def evolve(state: Register, fact: Fact) -> Register:
    """The register after a fact."""
    return EVOLVE[type(fact)](state, fact)


# decide


def stage(
    state: Register, command: commands.StageScreeningList, context: Context
) -> tuple[Fact, ...]:
    """Take a version in once. Raises Refused for a list of another purpose, and Exhausted."""
    if key_of(command.list_id, command.version_id) in state.versions:
        return ()
    if command.list_id not in state.lists and len(state.lists) >= LISTS_LIMIT:
        raise Exhausted("TOO_MANY_LISTS", f"there are at most {LISTS_LIMIT} lists")
    if state.count >= VERSIONS_LIMIT:
        raise Exhausted("TOO_MANY_LISTS", f"there are at most {VERSIONS_LIMIT} versions")
    return (
        events.ScreeningListStaged(
            list_id=command.list_id,
            version_id=command.version_id,
            purpose=command.purpose,
            format=command.format,
            content_digest=command.content_digest,
            entries=command.entries,
            names=command.names,
            staged_by=command.by,
            staged_at=context.now,
        ),
    )


def activate(
    state: Register, command: commands.ActivateScreeningList, context: Context
) -> tuple[Fact, ...]:
    """Put it in force, once. Raises NotFound, and Refused to whoever brought it in."""
    version = state.find(command.list_id, command.version_id)
    previous = state.active_version(command.list_id)
    if previous == command.version_id:
        return ()
    if command.by == version.staged_by:
        raise Refused("SECOND_PERSON_NEEDED", "whoever brought a list in may not activate it")
    return (
        events.ScreeningListActivated(
            list_id=command.list_id,
            version_id=command.version_id,
            previous_version_id=previous,
            purpose=version.purpose,
            entries=version.entries,
            staged_by=version.staged_by,
            activated_by=command.by,
            activated_at=context.now,
        ),
    )


DECIDE: dict[type[Command], Callable[[Register, Any, Context], tuple[Fact, ...]]] = {
    commands.StageScreeningList: stage,
    commands.ActivateScreeningList: activate,
}


def decide(state: Register, command: Command, context: Context) -> Sequence[Fact]:
    """The facts that follow from a command."""
    return DECIDE[type(command)](state, command, context)


REGISTER: Decider[Register] = Decider(
    category="screening_register",
    state=Register,
    initial=Register(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: REGISTER_ID,
    commands=tuple(DECIDE),
    facts=tuple(EVOLVE),
)
