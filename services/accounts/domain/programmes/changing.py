"""Deciding about changes of a programme: proposed by one, approved by another, from a date on."""

from chassis.kernel.decider import Context
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Fact
from chassis.kernel.money import Money
from services.accounts.domain.programmes import commands, events
from services.accounts.domain.programmes.checking import check_terms
from services.accounts.domain.programmes.state import Change, ChangeStatus, Programme, Version

CHANGES_OPEN_LIMIT = 20
"""Changes that may wait for a second person at a time."""
VERSIONS_LIMIT = 1_000
YEARS_AHEAD_LIMIT = 10


def propose(
    state: Programme, command: commands.ProposeProgrammeChange, context: Context
) -> tuple[Fact, ...]:
    """Put a change forward once. Raises Invalid for senseless terms or a date that is past or
    far off, Refused when it overlaps, changes what cannot be, or is one too many."""
    latest = _latest(state)
    known = state.changes.get(command.change_id)
    if known is not None:
        return _proposed_again(known, command)
    today = command.today or context.now.date()
    check_terms(command.terms)
    _check_fixed(latest, command)
    if command.effective_on < today:
        raise Invalid("EFFECTIVE_DATE_PAST", "terms never change backwards", field="effective_on")
    if command.effective_on.year > today.year + YEARS_AHEAD_LIMIT:
        raise Invalid(
            "EFFECTIVE_DATE_TOO_FAR",
            f"at most {YEARS_AHEAD_LIMIT} years ahead",
            field="effective_on",
        )
    _check_overlap(latest, command.effective_on < latest.effective_on)
    waiting = [each for each in state.changes.values() if each.status is ChangeStatus.PROPOSED]
    if len(waiting) >= CHANGES_OPEN_LIMIT or len(state.versions) >= VERSIONS_LIMIT:
        raise Refused("TOO_MANY_CHANGES", "too many changes of this programme")
    return (
        events.ProgrammeChangeProposed(
            programme_id=state.programme_id,
            change_id=command.change_id,
            based_on_version=latest.number,
            name=command.name,
            terms=command.terms,
            effective_on=command.effective_on,
            note=command.note,
            proposed_by=command.by,
            transaction_date=today,
        ),
    )


def _latest(state: Programme) -> Version:
    if not state.versions:
        raise NotFound("PROGRAMME_NOT_FOUND", "there is no such programme")
    return state.versions[-1]


def _proposed_again(known: Change, command: commands.ProposeProgrammeChange) -> tuple[Fact, ...]:
    asked = (command.name, command.terms, command.effective_on, command.note, command.by)
    if asked == (known.name, known.terms, known.effective_on, known.note, known.proposed_by):
        return ()
    raise Refused("CHANGE_PROPOSED_DIFFERENTLY", "a change of this id is another")


def _check_fixed(latest: Version, command: commands.ProposeProgrammeChange) -> None:
    """Accounts of one programme owe in one currency, and its cards are known by one BIN."""
    if command.terms.currency != latest.terms.currency:
        raise Invalid(
            "CURRENCY_FIXED", "a programme keeps its currency", field="programme.currency"
        )
    if command.terms.bin != latest.terms.bin:
        raise Invalid("BIN_FIXED", "a programme keeps its BIN", field="programme.bin")


def _check_overlap(latest: Version, overlaps: bool) -> None:
    if overlaps:
        raise Refused(
            "CHANGE_OVERLAPS",
            f"version {latest.number} is approved and takes effect later than this would",
        )


def approve(
    state: Programme, command: commands.ApproveProgrammeChange, context: Context
) -> tuple[Fact, ...]:
    """Make a version of it. Raises NotFound, and Refused to whoever proposed it, when its day has
    passed, and when another version was approved since it was proposed."""
    latest, today = _latest(state), command.today or context.now.date()
    change = state.change(command.change_id)
    if change.status is ChangeStatus.APPROVED:
        return ()
    _check_open(change)
    if command.by == change.proposed_by:
        raise Refused("SECOND_PERSON_NEEDED", "whoever proposed a change may not approve it")
    if change.effective_on < today:
        raise Refused("CHANGE_TOO_LATE", "its day has passed; propose it for another")
    if change.based_on_version != latest.number:
        raise Refused(
            "CHANGE_OUTDATED", "another version was approved since; propose it on top of that"
        )
    terms = change.terms
    return (
        events.ProgrammeChangeApproved(
            programme_id=state.programme_id,
            change_id=change.change_id,
            programme_version=latest.number + 1,
            name=change.name,
            currency=terms.currency,
            default_limit=Money(terms.default_limit_minor, terms.currency),
            terms=terms,
            effective_on=change.effective_on,
            approved_by=command.by,
            transaction_date=today,
        ),
    )


def _check_open(change: Change) -> None:
    if change.status is not ChangeStatus.PROPOSED:
        raise Refused("CHANGE_DECIDED", f"the change is {change.status.lower()} already")


def reject(
    state: Programme, command: commands.RejectProgrammeChange, context: Context
) -> tuple[Fact, ...]:
    """Refuse it. Raises NotFound, and Refused to whoever proposed it or when it is decided."""
    change = state.change(command.change_id)
    if change.status is ChangeStatus.REJECTED and change.reason == command.reason:
        return ()
    _check_open(change)
    if command.by == change.proposed_by:
        raise Refused("SECOND_PERSON_NEEDED", "whoever proposed a change withdraws it")
    return (
        events.ProgrammeChangeRejected(
            programme_id=state.programme_id,
            change_id=change.change_id,
            reason=command.reason,
            rejected_by=command.by,
            transaction_date=context.now.date(),
        ),
    )


def withdraw(
    state: Programme, command: commands.WithdrawProgrammeChange, context: Context
) -> tuple[Fact, ...]:
    """Take it back. Raises NotFound, and Refused to anybody else or when it is decided."""
    change = state.change(command.change_id)
    if change.status is ChangeStatus.WITHDRAWN and change.decided_by == command.by:
        return ()
    _check_open(change)
    if command.by != change.proposed_by:
        raise Refused("CHANGE_OF_ANOTHER", "a change is withdrawn by whoever proposed it")
    return (
        events.ProgrammeChangeWithdrawn(
            programme_id=state.programme_id,
            change_id=change.change_id,
            withdrawn_by=command.by,
            transaction_date=context.now.date(),
        ),
    )
