"""When a list changes, everybody is looked for again; what officers decide in risk is settled, and
whoever is on a list of sanctions may use no account."""

from collections.abc import Iterable

from cards.risk.v1 import events_pb2 as risk

from chassis.kernel import ids
from chassis.kernel.events import Command
from chassis.policies import About, Policy, TimerRule
from chassis.recorded import Meta
from chassis.work import Cancel, Schedule
from services.accounts.domain.account.commands import BlockCardsHeldBy, RestrictAccount
from services.accounts.domain.applications.verification import Screening
from services.accounts.domain.customers.commands import RestrictCustomer
from services.accounts.domain.customers.events import CustomerRestricted
from services.accounts.domain.screening.commands import BeginRescreening, ResolveCustomerScreening
from services.accounts.domain.screening.customer_screening import TRUE_MATCH
from services.accounts.domain.screening.events import CustomerScreeningResolved

SANCTIONS = "SANCTIONS"
CARDHOLDER_RESTRICTED = "CARDHOLDER_RESTRICTED"
"""The account's holder sees it, who is not to learn why somebody else is restricted."""


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
        purpose=message.purpose,
    )


def restrict_whom_an_officer_found(
    message: risk.ScreeningHitDecided, about: About
) -> Iterable[Command]:
    """Whoever is on a list of sanctions may use no account, whether they waited or not."""
    if message.decision == TRUE_MATCH and message.purpose == SANCTIONS:
        yield RestrictCustomer(
            customer_id=message.subject_id,
            cause_id=message.hit_id,
            reason=str(Screening.SANCTIONS_MATCH),
            by=message.decided_by,
        )


def restrict_whom_people_found(
    fact: CustomerScreeningResolved, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """The same where people have looked and there is no hit of risk's."""
    if fact.restricts:
        restrict = RestrictCustomer(
            customer_id=fact.customer_id,
            cause_id=fact.screening_id,
            reason=str(Screening.SANCTIONS_MATCH),
            by=fact.decided_by,
        )
        yield Schedule(f"restrict-customer-{fact.customer_id}", meta.occurred_at, restrict)


def bar_the_restricted_from_every_account(
    fact: CustomerRestricted, meta: Meta
) -> Iterable[Schedule | Cancel]:
    """Each account by itself, at once; no other can be opened meanwhile."""
    for account_id in fact.account_ids:
        restrict = RestrictAccount(account_id=account_id, reason=fact.reason)
        yield Schedule(f"restrict-account-{account_id}", meta.occurred_at, restrict)
    for account_id in fact.holding_ids:
        block = BlockCardsHeldBy(
            account_id=account_id, cardholder_id=fact.customer_id, reason=CARDHOLDER_RESTRICTED
        )
        name = f"restrict-holding-{account_id}-{fact.customer_id}"
        yield Schedule(name, meta.occurred_at, block)


TIMERS = (
    TimerRule(CustomerScreeningResolved, restrict_whom_people_found),
    TimerRule(CustomerRestricted, bar_the_restricted_from_every_account),
)
POLICIES = (
    Policy(risk.ScreeningListActivated, look_for_everybody_again),
    Policy(risk.ScreeningHitDecided, settle_what_an_officer_decided),
    Policy(risk.ScreeningHitDecided, restrict_whom_an_officer_found),
)
