"""Somebody who is looked for: what was found each time, what an officer said to it, and which
entries they are known not to be."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Exhausted, Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact, value
from chassis.kernel.ids import derive
from chassis.kernel.persistent_map import PersistentMap
from services.risk.domain.screening import commands, events
from services.risk.domain.screening.values import HitDecision, NameMatch, ScreeningOutcome

WHITELIST_DAYS_LIMIT = 366
"""What is known of somebody is looked at anew after a year at the latest."""
WHITELIST_LIMIT = 200
"""Somebody is known not to be so many entries at most."""


@value
class Hit:
    """An entry that the subject may be. `decision` is empty while it is open."""

    hit_id: str
    screening_id: str
    list_id: str
    reference: str
    decision: str = ""
    reason: str = ""
    decided_by: str = ""


@value
class Subject:
    """Screenings by id, hits by id (one for each entry, the last that was raised), and until when
    the subject is known not to be an entry, by `hit_id_of`."""

    subject_id: str = ""
    screenings: PersistentMap[events.NameScreened] = PersistentMap()
    hits: PersistentMap[Hit] = PersistentMap()
    open_hits: int = 0
    whitelist: PersistentMap[date] = PersistentMap()

    def is_whitelisted(self, match: NameMatch, today: date) -> bool:
        """Whether the subject is known today not to be the entry."""
        until = self.whitelist.get(hit_id_of(self.subject_id, match.list_id, match.reference))
        return until is not None and today <= until


def hit_id_of(subject_id: str, list_id: str, reference: str) -> str:
    """The id of the pair of somebody and an entry."""
    return derive("screening hit", subject_id, list_id, reference)


# evolve


def _screened(state: Subject, fact: events.NameScreened) -> Subject:
    screenings = state.screenings.set(fact.screening_id, fact)
    return replace(state, subject_id=fact.subject_id, screenings=screenings)


def _raised(state: Subject, fact: events.ScreeningHitRaised) -> Subject:
    hit = Hit(
        hit_id=fact.hit_id,
        screening_id=fact.screening_id,
        list_id=fact.list_id,
        reference=fact.reference,
    )
    return replace(state, hits=state.hits.set(fact.hit_id, hit), open_hits=state.open_hits + 1)


def _decided(state: Subject, fact: events.ScreeningHitDecided) -> Subject:
    hit = replace(
        state.hits[fact.hit_id],
        decision=str(fact.decision),
        reason=fact.reason,
        decided_by=fact.decided_by,
    )
    return replace(state, hits=state.hits.set(fact.hit_id, hit), open_hits=fact.open_hits)


def _whitelisted(state: Subject, fact: events.EntryWhitelisted) -> Subject:
    key = hit_id_of(fact.subject_id, fact.list_id, fact.reference)
    whitelist = state.whitelist.set(key, fact.expires_on)
    return replace(state, subject_id=fact.subject_id, whitelist=whitelist)


def _withdrawn(state: Subject, fact: events.WhitelistingWithdrawn) -> Subject:
    key = hit_id_of(fact.subject_id, fact.list_id, fact.reference)
    return replace(state, whitelist=state.whitelist.remove(key))


EVOLVE: dict[type[Fact], Callable[[Subject, Any], Subject]] = {
    events.NameScreened: _screened,
    events.ScreeningHitRaised: _raised,
    events.ScreeningHitDecided: _decided,
    events.EntryWhitelisted: _whitelisted,
    events.WhitelistingWithdrawn: _withdrawn,
}


def evolve(state: Subject, fact: Fact) -> Subject:
    """The subject after a fact."""
    return EVOLVE[type(fact)](state, fact)


# decide


def record(state: Subject, command: commands.RecordScreening, context: Context) -> Sequence[Fact]:
    """Keep it once, and raise what nobody has decided. Raises Refused for another question."""
    known = state.screenings.get(command.screening_id)
    if known is not None:
        if known.question_digest == command.question_digest:
            return ()
        raise Refused("SCREENED_DIFFERENTLY", "a screening of this id was about somebody else")
    today = context.now.date()
    asked = replace(state, subject_id=command.subject_id)
    known_not = tuple(each for each in command.found if asked.is_whitelisted(each, today))
    matches = tuple(each for each in command.found if each not in known_not)
    screened = events.NameScreened(
        screening_id=command.screening_id,
        subject_id=command.subject_id,
        subject_kind=command.subject_kind,
        question_digest=command.question_digest,
        outcome=ScreeningOutcome.HIT if matches else ScreeningOutcome.CLEAR,
        versions=command.versions,
        method=command.method,
        threshold=command.threshold,
        matches=matches,
        whitelisted=known_not,
        screened_at=context.now,
    )
    return [screened, *_hits(state, command, matches, context)]


def _hits(
    state: Subject,
    command: commands.RecordScreening,
    matches: Sequence[NameMatch],
    context: Context,
) -> list[Fact]:
    """One for each entry, unless it waits already or the subject is known to be it."""
    raised: list[Fact] = []
    for match in matches:
        hit_id = hit_id_of(command.subject_id, match.list_id, match.reference)
        known = state.hits.get(hit_id)
        if known is None or known.decision == HitDecision.FALSE_POSITIVE:
            hit = events.ScreeningHitRaised(
                hit_id=hit_id,
                screening_id=command.screening_id,
                subject_id=command.subject_id,
                list_id=match.list_id,
                version_id=match.version_id,
                reference=match.reference,
                score=match.score,
                raised_at=context.now,
            )
            raised.append(hit)
    return raised


def decide_hit(state: Subject, command: commands.DecideHit, context: Context) -> tuple[Fact, ...]:
    """Decide it once. Raises NotFound, and Refused when it was decided otherwise."""
    hit = state.hits.get(command.hit_id)
    if hit is None:
        raise NotFound("SCREENING_HIT_NOT_FOUND", "there is no such hit", field="hit_id")
    if hit.decision == command.decision:
        return ()
    if hit.decision:
        raise Refused("SCREENING_HIT_DECIDED", "the hit was decided, and otherwise")
    return (
        events.ScreeningHitDecided(
            hit_id=hit.hit_id,
            screening_id=hit.screening_id,
            subject_id=state.subject_id,
            list_id=hit.list_id,
            reference=hit.reference,
            decision=command.decision,
            reason=command.reason,
            decided_by=command.by,
            decided_at=context.now,
            open_hits=state.open_hits - 1,
            purpose=command.purpose,
        ),
    )


def whitelist(
    state: Subject, command: commands.WhitelistEntry, context: Context
) -> tuple[Fact, ...]:
    """Keep it until a day. Raises Invalid for a day that is past or too far, and Refused for an
    entry that the subject is known to be, or that nobody has decided about yet."""
    days = (command.expires_on - context.now.date()).days
    if not 0 <= days <= WHITELIST_DAYS_LIMIT:
        raise Invalid(
            "EXPIRY_OUT_OF_RANGE",
            f"from today, at most {WHITELIST_DAYS_LIMIT} days ahead",
            field="expires_on",
        )
    key = hit_id_of(command.subject_id, command.list_id, command.reference)
    hit = state.hits.get(key)
    if hit is None:
        raise NotFound("SCREENING_HIT_NOT_FOUND", "the subject was never found there")
    if hit.decision != HitDecision.FALSE_POSITIVE:
        raise Refused("HIT_NOT_FALSE_POSITIVE", "nobody has said that the subject is another")
    if state.whitelist.get(key) == command.expires_on:
        return ()
    if key not in state.whitelist and len(state.whitelist) >= WHITELIST_LIMIT:
        raise Exhausted("WHITELIST_FULL", f"at most {WHITELIST_LIMIT} entries for one subject")
    return (
        events.EntryWhitelisted(
            subject_id=command.subject_id,
            list_id=command.list_id,
            reference=command.reference,
            reason=command.reason,
            expires_on=command.expires_on,
            whitelisted_by=command.by,
        ),
    )


def withdraw(
    state: Subject, command: commands.WithdrawWhitelisting, context: Context
) -> tuple[Fact, ...]:
    """Take it back, if it is there."""
    key = hit_id_of(command.subject_id, command.list_id, command.reference)
    if key not in state.whitelist:
        return ()
    return (
        events.WhitelistingWithdrawn(
            subject_id=command.subject_id,
            list_id=command.list_id,
            reference=command.reference,
            reason=command.reason,
            withdrawn_by=command.by,
        ),
    )


DECIDE: dict[type[Command], Callable[[Subject, Any, Context], Sequence[Fact]]] = {
    commands.RecordScreening: record,
    commands.DecideHit: decide_hit,
    commands.WhitelistEntry: whitelist,
    commands.WithdrawWhitelisting: withdraw,
}


def decide(state: Subject, command: Command, context: Context) -> Sequence[Fact]:
    """The facts that follow from a command."""
    return DECIDE[type(command)](state, command, context)


SUBJECT: Decider[Subject] = Decider(
    category="screening_subject",
    state=Subject,
    initial=Subject(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.subject_id),
    commands=tuple(DECIDE),
    facts=tuple(EVOLVE),
)
