"""Somebody, by a keyed hash of who they are: their one open application, and the customers that
they are."""

from collections.abc import Sequence
from dataclasses import replace

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Refused
from chassis.kernel.events import Command, Fact, value
from services.accounts.domain.applications import commands, events


@value
class Applicant:
    """`application_id` is empty when no application is open. One person may be several customers:
    a bank may register whom it likes."""

    identity_hash: str = ""
    application_id: str = ""
    customer_ids: tuple[str, ...] = ()


def evolve(state: Applicant, fact: Fact) -> Applicant:
    """The applicant after a fact."""
    match fact:
        case events.ApplicantClaimed():
            return replace(
                state, identity_hash=fact.identity_hash, application_id=fact.application_id
            )
        case events.ApplicantReleased():
            return replace(state, application_id="")
        case events.ApplicantKnown():
            known = (*state.customer_ids, fact.customer_id)
            return replace(state, identity_hash=fact.identity_hash, customer_ids=known)
        case events.ApplicantForgotten():
            left = tuple(each for each in state.customer_ids if each != fact.customer_id)
            return replace(state, customer_ids=left)
    raise TypeError(f"{type(fact).__name__} is no fact of an applicant")


def decide(state: Applicant, command: Command, context: Context) -> Sequence[Fact]:
    """Raises Refused APPLICANT_TAKEN for a second open application, and for one of a customer."""
    match command:
        case commands.ClaimApplicant(identity_hash=hashed, application_id=application_id):
            if state.application_id == application_id:
                return ()
            if state.application_id or state.customer_ids:
                raise Refused("APPLICANT_TAKEN", "somebody of this name has applied already")
            return (events.ApplicantClaimed(identity_hash=hashed, application_id=application_id),)
        case commands.ReleaseApplicant(identity_hash=hashed, application_id=application_id):
            if state.application_id != application_id:
                return ()
            return (events.ApplicantReleased(identity_hash=hashed, application_id=application_id),)
        case commands.KnowApplicant(identity_hash=hashed, customer_id=customer_id):
            if customer_id in state.customer_ids:
                return ()
            return (events.ApplicantKnown(identity_hash=hashed, customer_id=customer_id),)
        case commands.ForgetApplicant(identity_hash=hashed, customer_id=customer_id):
            if customer_id not in state.customer_ids:
                return ()
            return (events.ApplicantForgotten(identity_hash=hashed, customer_id=customer_id),)
    raise TypeError(f"{type(command).__name__} is not asked of an applicant")


APPLICANT: Decider[Applicant] = Decider(
    category="applicant",
    state=Applicant,
    initial=Applicant(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.identity_hash),
    commands=(
        commands.ClaimApplicant,
        commands.ReleaseApplicant,
        commands.KnowApplicant,
        commands.ForgetApplicant,
    ),
    facts=(
        events.ApplicantClaimed,
        events.ApplicantReleased,
        events.ApplicantKnown,
        events.ApplicantForgotten,
    ),
)
