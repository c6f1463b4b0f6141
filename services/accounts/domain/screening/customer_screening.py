"""What lists say of a customer, and whether people still have to look."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound
from chassis.kernel.events import Command, Fact, value
from services.accounts.domain.applications.verification import Screening
from services.accounts.domain.screening import commands, events

TRUE_MATCH = "TRUE_MATCH"


@value
class CustomerScreening:
    """`waiting` is the screening that people have to look at, empty when none does. `screening_id`
    is the last that was kept, `due_position` how far in the log it looked. `reason` is why people
    looked last, `decision` what they said, empty while they have not."""

    customer_id: str = ""
    screening_id: str = ""
    due_position: int = 0
    waiting: str = ""
    reason: str = ""
    decision: str = ""
    resolved_id: str = ""

    def is_known_for(self, screening: Screening) -> bool:
        """Whether people have confirmed that the customer is on such a list, or on a graver one."""
        graver = (str(screening), str(Screening.SANCTIONS_MATCH))
        return self.decision == TRUE_MATCH and self.reason in graver


# evolve


def _screened(state: CustomerScreening, fact: events.CustomerScreened) -> CustomerScreening:
    return replace(
        state,
        customer_id=fact.customer_id,
        screening_id=fact.screening_id,
        due_position=fact.due_position,
    )


def _referred(
    state: CustomerScreening, fact: events.CustomerScreeningReferred
) -> CustomerScreening:
    return replace(
        state,
        customer_id=fact.customer_id,
        waiting=fact.screening_id,
        reason=str(fact.reason),
        decision="",
    )


def _resolved(
    state: CustomerScreening, fact: events.CustomerScreeningResolved
) -> CustomerScreening:
    return replace(state, waiting="", decision=fact.decision, resolved_id=fact.screening_id)


EVOLVE: dict[type[Fact], Callable[[CustomerScreening, Any], CustomerScreening]] = {
    events.CustomerScreened: _screened,
    events.CustomerScreeningReferred: _referred,
    events.CustomerScreeningResolved: _resolved,
}


def evolve(state: CustomerScreening, fact: Fact) -> CustomerScreening:
    """What is known after a fact."""
    return EVOLVE[type(fact)](state, fact)


# decide


def record(
    state: CustomerScreening, command: commands.RecordCustomerScreening, context: Context
) -> tuple[Fact, ...]:
    """Keep what was due once, and refer whoever is not clear: once while they wait, and no more
    when it is confirmed that they are on such a list."""
    kept: list[Fact] = []
    said = command.screening
    if command.due_position > state.due_position:
        kept.append(
            events.CustomerScreened(
                customer_id=command.customer_id,
                screening_id=command.screening_id,
                due_position=command.due_position,
                screening=said or Screening.NOT_AVAILABLE,
                transaction_date=context.now.date(),
            )
        )
    elif command.due_position:
        return ()
    if said in (None, Screening.CLEAR) or state.waiting or state.is_known_for(said):
        return tuple(kept)
    if command.screening_id != state.resolved_id:
        kept.append(
            events.CustomerScreeningReferred(
                customer_id=command.customer_id,
                screening_id=command.screening_id,
                reason=said,
                referred_at=context.now,
            )
        )
    return tuple(kept)


def resolve(
    state: CustomerScreening, command: commands.ResolveCustomerScreening, context: Context
) -> tuple[Fact, ...]:
    """A true match settles it at once, a false positive when no other hit waits. Decisions about
    those who do not wait, such as applicants, are none of ours."""
    if command.waiting:
        _check_waiting(state, command)
    if not state.waiting:
        return ()
    if command.decision != TRUE_MATCH and command.open_hits:
        return ()
    return (
        events.CustomerScreeningResolved(
            customer_id=state.customer_id,
            screening_id=state.waiting,
            decision=command.decision,
            decided_by=command.by,
            resolved_at=context.now,
            restricts=_restricts(state, command),
        ),
    )


def _restricts(state: CustomerScreening, command: commands.ResolveCustomerScreening) -> bool:
    """Where no list is named it is taken for one of sanctions, unless it can be none. Nobody is
    barred for being politically exposed, which calls for more diligence only."""
    sanctions = state.reason != Screening.POLITICALLY_EXPOSED_MATCH
    return command.decision == TRUE_MATCH and not command.purpose and sanctions


def _check_waiting(state: CustomerScreening, command: commands.ResolveCustomerScreening) -> None:
    settled = (state.resolved_id, state.decision) == (command.waiting, command.decision)
    if state.waiting != command.waiting and not settled:
        raise NotFound("CUSTOMER_SCREENING_NOT_FOUND", "nobody has to look at that screening")


DECIDE: dict[type[Command], Callable[[CustomerScreening, Any, Context], tuple[Fact, ...]]] = {
    commands.RecordCustomerScreening: record,
    commands.ResolveCustomerScreening: resolve,
}


def decide(state: CustomerScreening, command: Command, context: Context) -> tuple[Fact, ...]:
    """The facts that follow from a command."""
    return DECIDE[type(command)](state, command, context)


CUSTOMER_SCREENING: Decider[CustomerScreening] = Decider(
    category="customer_screening",
    state=CustomerScreening,
    initial=CustomerScreening(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.customer_id),
    commands=tuple(DECIDE),
    facts=tuple(EVOLVE),
)
