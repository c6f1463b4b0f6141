"""When a list changes, everybody is looked for again; what officers decide in risk is settled."""

from collections.abc import Iterable

from cards.risk.v1 import events_pb2 as risk

from chassis.kernel import ids
from chassis.kernel.events import Command
from chassis.policies import About, Policy
from services.accounts.domain.screening.commands import BeginRescreening, ResolveCustomerScreening


def look_for_everybody_again(
    message: risk.ScreeningListActivated, about: About
) -> Iterable[Command]:
    """A pass of its own for each time that a list is put in force."""
    place = f"{about.epoch}:{about.position}"
    yield BeginRescreening(
        rescreening_id=ids.derive("rescreening", message.list_id, message.version_id, place),
        list_id=message.list_id,
        version_id=message.version_id,
    )


def settle_what_an_officer_decided(
    message: risk.ScreeningHitDecided, about: About
) -> Iterable[Command]:
    """Subjects are customers, or applicants who may become some."""
    yield ResolveCustomerScreening(
        customer_id=message.subject_id,
        screening_id=message.screening_id,
        decision=message.decision,
        open_hits=message.open_hits,
        by=message.decided_by,
    )


POLICIES = (
    Policy(risk.ScreeningListActivated, look_for_everybody_again),
    Policy(risk.ScreeningHitDecided, settle_what_an_officer_decided),
)
