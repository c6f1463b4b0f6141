"""One pass over all customers, in the order of their ids. It may break off anywhere: where it is
stands in here, and what was found is stored in the same unit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Conflict, NotFound
from chassis.kernel.events import Command, Fact, value
from services.accounts.domain.screening import commands, events


@value
class Rescreening:
    """`through` is the last customer that was looked for; the numbers are of all until there."""

    rescreening_id: str = ""
    list_id: str = ""
    version_id: str = ""
    through: str = ""
    screened: int = 0
    referred: int = 0
    skipped: int = 0
    completed: bool = False


# evolve


def _begun(state: Rescreening, fact: events.RescreeningBegun) -> Rescreening:
    return Rescreening(
        rescreening_id=fact.rescreening_id, list_id=fact.list_id, version_id=fact.version_id
    )


def _advanced(state: Rescreening, fact: events.RescreeningAdvanced) -> Rescreening:
    return replace(
        state,
        through=fact.through,
        screened=state.screened + fact.screened,
        referred=state.referred + fact.referred,
        skipped=state.skipped + fact.skipped,
    )


def _completed(state: Rescreening, fact: events.RescreeningCompleted) -> Rescreening:
    return replace(state, completed=True)


EVOLVE: dict[type[Fact], Callable[[Rescreening, Any], Rescreening]] = {
    events.RescreeningBegun: _begun,
    events.RescreeningAdvanced: _advanced,
    events.RescreeningCompleted: _completed,
}


def evolve(state: Rescreening, fact: Fact) -> Rescreening:
    """The pass after a fact."""
    return EVOLVE[type(fact)](state, fact)


# decide


def begin(
    state: Rescreening, command: commands.BeginRescreening, context: Context
) -> tuple[Fact, ...]:
    """Begin once."""
    if state.rescreening_id:
        return ()
    return (
        events.RescreeningBegun(
            rescreening_id=command.rescreening_id,
            list_id=command.list_id,
            version_id=command.version_id,
            begun_at=context.now,
        ),
    )


def advance(
    state: Rescreening, command: commands.AdvanceRescreening, context: Context
) -> tuple[Fact, ...]:
    """Keep a batch once. Raises NotFound, and Conflict when somebody else was faster."""
    if not state.rescreening_id:
        raise NotFound("RESCREENING_NOT_FOUND", "nobody has begun to look again")
    if state.completed or (command.through and command.through == state.through):
        return ()
    if command.after != state.through:
        raise Conflict("RESCREENING_MOVED_ON", "these customers were looked for by somebody else")
    if not command.through:
        return (
            events.RescreeningCompleted(
                rescreening_id=state.rescreening_id,
                list_id=state.list_id,
                version_id=state.version_id,
                screened=state.screened,
                referred=state.referred,
                skipped=state.skipped,
                completed_at=context.now,
            ),
        )
    return (
        events.RescreeningAdvanced(
            rescreening_id=state.rescreening_id,
            through=command.through,
            screened=command.screened,
            referred=command.referred,
            skipped=command.skipped,
        ),
    )


DECIDE: dict[type[Command], Callable[[Rescreening, Any, Context], tuple[Fact, ...]]] = {
    commands.BeginRescreening: begin,
    commands.AdvanceRescreening: advance,
}


def decide(state: Rescreening, command: Command, context: Context) -> tuple[Fact, ...]:
    """The facts that follow from a command."""
    return DECIDE[type(command)](state, command, context)


RESCREENING: Decider[Rescreening] = Decider(
    category="rescreening",
    state=Rescreening,
    initial=Rescreening(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.rescreening_id),
    commands=tuple(DECIDE),
    facts=tuple(EVOLVE),
)
