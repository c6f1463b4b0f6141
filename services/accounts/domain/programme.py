"""A card programme: the product whose terms accounts are opened on."""

from collections.abc import Callable
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact, command
from chassis.kernel.money import Money
from services.accounts.domain.events import ProgrammeDefined
from services.accounts.domain.programmes import changing, commands, events
from services.accounts.domain.programmes.checking import check_terms
from services.accounts.domain.programmes.state import Programme, evolve
from services.accounts.domain.values import Terms

FIRST_VERSION = 1


@command
class DefineProgramme(Command):
    """Define a programme's first version."""

    programme_id: str
    name: str
    terms: Terms


def define(
    state: Programme, command: DefineProgramme, context: Context
) -> tuple[ProgrammeDefined, ...]:
    """Define it once. Raises Refused for another definition, Invalid for senseless terms."""
    if state.versions:
        first = state.versions[0]
        if (first.name, first.terms) == (command.name, command.terms):
            return ()
        raise Refused(
            "PROGRAMME_DEFINED_DIFFERENTLY", "a programme of this id has other terms or name"
        )
    check_terms(command.terms)
    return (
        ProgrammeDefined(
            programme_id=command.programme_id,
            programme_version=FIRST_VERSION,
            name=command.name,
            currency=command.terms.currency,
            default_limit=Money(command.terms.default_limit_minor, command.terms.currency),
            terms=command.terms,
            transaction_date=context.now.date(),
        ),
    )


DECIDE: dict[type[Command], Callable[[Programme, Any, Context], tuple[Fact, ...]]] = {
    DefineProgramme: define,
    commands.ProposeProgrammeChange: changing.propose,
    commands.ApproveProgrammeChange: changing.approve,
    commands.RejectProgrammeChange: changing.reject,
    commands.WithdrawProgrammeChange: changing.withdraw,
}


def decide(state: Programme, command: Command, context: Context) -> tuple[Fact, ...]:
    """The facts that follow from a command."""
    return DECIDE[type(command)](state, command, context)


PROGRAMME: Decider[Programme] = Decider(
    category="programme",
    state=Programme,
    initial=Programme(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.programme_id),
    commands=tuple(DECIDE),
    facts=(
        ProgrammeDefined,
        events.ProgrammeChangeProposed,
        events.ProgrammeChangeApproved,
        events.ProgrammeChangeRejected,
        events.ProgrammeChangeWithdrawn,
    ),
)
