"""Screenings: a name looked for on the lists in force, kept so that it can be done again."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from google.protobuf.message import Message

from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.ports import Ports
from chassis.work import Settled
from services.risk.domain.screening.commands import RecordScreening
from services.risk.domain.screening.events import NameScreened
from services.risk.domain.screening.register import Register
from services.risk.domain.screening.subject import SUBJECT
from services.risk.domain.screening.values import ListPurpose, ListVersion, NameMatch
from services.risk.name_matching.index import MATCHES_LIMIT, Question
from services.risk.name_matching.spelling import METHOD, spelt
from services.risk.queries import screening as queries
from services.risk.use_cases.screening_lists import ScreeningLists

M = TypeVar("M", bound=Message)

QUESTION_PURPOSE = "risk.screening"


@dataclass(frozen=True, slots=True)
class Shown:
    """A match as people see it: with the listed name and why its list is kept."""

    match: NameMatch
    alias: str
    purpose: ListPurpose


Render = Callable[[Settled, NameScreened, Sequence[Shown], Sequence[Shown]], M]
"""A settled unit, the screening, its matches and what was whitelisted, each as shown → answer."""


class Screenings:
    """The steps around the decider of subjects."""

    def __init__(self, ports: Ports, lists: ScreeningLists) -> None:
        self._ports = ports
        self._lists = lists

    async def screen(
        self, question: Question, subject_id: str, screening_id: str, render: Render[M]
    ) -> M:
        """Look somebody up once. Raises Refused NO_ACTIVE_LIST, and Invalid NAME_UNREADABLE for a
        name without a letter that can be compared: nobody is clear because of that."""
        if not spelt(question.name).parts:
            raise Invalid("NAME_UNREADABLE", "there is no letter in it", field="name")
        known = await self._known(subject_id, screening_id)
        command = await self._asked(question, subject_id, screening_id, known)
        register = await self._lists.register()
        shown = await self._shown(command.found, register)

        def rendered(settled: Settled) -> M:
            screening = settled.state.screenings[screening_id]
            return render(settled, screening, *_of(screening, shown))

        return await self._ports.application.answer(command, render=rendered)

    async def _asked(
        self, question: Question, subject_id: str, screening_id: str, known: NameScreened | None
    ) -> RecordScreening:
        """What was found of a screening that is known is found again, and nothing else."""
        if known is not None:
            versions, threshold = known.versions, known.threshold
            found = (*known.matches, *known.whitelisted)
        else:
            register = await self._lists.register()
            _check_ready(register)
            versions, threshold = register.active, self._ports.settings.screening_threshold
            found = await self.found(question, versions, threshold)
        return RecordScreening(
            screening_id=screening_id,
            subject_id=subject_id,
            subject_kind=question.kind,
            question_digest=self.digest(question),
            versions=versions,
            method=METHOD,
            threshold=threshold,
            found=found,
        )

    async def _known(self, subject_id: str, screening_id: str) -> NameScreened | None:
        subject = await self._ports.application.find(SUBJECT, subject_id)
        return subject.screenings.get(screening_id) if subject is not None else None

    async def found(
        self, question: Question, versions: Sequence[ListVersion], threshold: int
    ) -> tuple[NameMatch, ...]:
        """The best matches of all versions."""
        matches: list[NameMatch] = []
        for index in await self._lists.indexes(versions):
            matches += index.search(question, threshold)
        matches.sort(key=lambda each: (-each.score, *each.entry))
        return tuple(matches[:MATCHES_LIMIT])

    def digest(self, question: Question) -> str:
        """A keyed hash of who is asked about."""
        canonical = json.dumps(asdict(question), sort_keys=True, default=str).encode()
        hashed: str = self._ports.keys.lookup_hash(QUESTION_PURPOSE, canonical)
        return hashed

    async def get(self, screening_id: str) -> tuple[NameScreened, Sequence[Shown], Sequence[Shown]]:
        """A screening with what was found. Raises NotFound."""
        subject_id = await self._ports.database.read(
            lambda c: queries.subject_of_screening(c, screening_id)
        )
        known = None if subject_id is None else await self._known(subject_id, screening_id)
        if known is None:
            raise NotFound(
                "SCREENING_NOT_FOUND", "there is no such screening", field="screening_id"
            )
        register = await self._lists.register()
        shown = await self._shown((*known.matches, *known.whitelisted), register)
        return known, *_of(known, shown)

    async def replay(self, screening_id: str, question: Question) -> bool:
        """Whether a screening comes to the same again. Raises NotFound, and Refused for another
        question than was asked."""
        known, _, _ = await self.get(screening_id)
        if self.digest(question) != known.question_digest:
            raise Refused("SCREENED_DIFFERENTLY", "the screening was about somebody else")
        again = await self.found(question, known.versions, known.threshold)
        recorded = (*known.matches, *known.whitelisted)
        return known.method == METHOD and set(again) == set(recorded)

    async def _shown(
        self, matches: Sequence[NameMatch], register: Register
    ) -> dict[NameMatch, Shown]:
        found: dict[NameMatch, Shown] = {}
        for match in matches:
            version = ListVersion(list_id=match.list_id, version_id=match.version_id)
            entry = await self._lists.entry(version, match.reference)
            purpose = register.find(match.list_id, match.version_id).purpose
            found[match] = Shown(match, entry.names[match.alias] if entry else "", purpose)
        return found


def _of(
    screening: NameScreened, shown: Mapping[NameMatch, Shown]
) -> tuple[Sequence[Shown], Sequence[Shown]]:
    """The matches of a screening and what was whitelisted, as shown. Somebody else may have made
    the screening a moment before, on other lists; then the listed names stay behind the ids."""
    unnamed = ListPurpose.SANCTIONS
    matches = [shown.get(each) or Shown(each, "", unnamed) for each in screening.matches]
    known_not = [shown.get(each) or Shown(each, "", unnamed) for each in screening.whitelisted]
    return matches, known_not


def _check_ready(register: Register) -> None:
    """Nobody is clear of sanctions where no list of sanctions is in force."""
    purposes = {register.find(e.list_id, e.version_id).purpose for e in register.active}
    if ListPurpose.SANCTIONS not in purposes:
        raise Refused("NO_ACTIVE_LIST", "no list of sanctions is in force")
