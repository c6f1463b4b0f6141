"""An application: submitted and verified, then approved, declined, or referred to two people."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact, value
from chassis.kernel.money import Money
from services.accounts.domain.applications import commands, events
from services.accounts.domain.applications.commands import SealedApplication
from services.accounts.domain.applications.verification import (
    DECLINING,
    Finding,
    Outcome,
    outcome_of,
)

REASONS_LIMIT = 8


class ApplicationStatus(StrEnum):
    """Where an application stands."""

    SUBMITTED = "SUBMITTED"
    REFERRED = "REFERRED"
    APPROVAL_PROPOSED = "APPROVAL_PROPOSED"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


OPEN = (ApplicationStatus.REFERRED, ApplicationStatus.APPROVAL_PROPOSED)

# state


@value
class Application:
    """`asked` is None until the application is submitted. `limit` is what was proposed or granted;
    `proposed_by` who proposed it, `decided_by` who decided, empty where the rules did."""

    application_id: str = ""
    asked: SealedApplication | None = None
    status: ApplicationStatus = ApplicationStatus.SUBMITTED
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()
    limit: Money | None = None
    account_id: str = ""
    proposed_by: str = ""
    decided_by: str = ""
    submitted_at: datetime | None = None
    decided_on: date | None = None
    screening_id: str = ""

    @property
    def submitted(self) -> SealedApplication:
        """What was asked for. Raises NotFound when nothing was."""
        if self.asked is None:
            raise NotFound("APPLICATION_NOT_FOUND", "there is no such application")
        return self.asked


# evolve


def _submitted(state: Application, fact: events.ApplicationSubmitted) -> Application:
    return Application(
        application_id=fact.application_id,
        asked=SealedApplication(
            customer_id=fact.customer_id,
            programme_id=fact.programme_id,
            programme_version=fact.programme_version,
            card_kind=fact.card_kind,
            requested_limit=fact.requested_limit,
            profile=fact.profile,
            profile_digest=fact.profile_digest,
            annual_income=fact.annual_income,
            identity_hash=fact.identity_hash,
            application_digest=fact.application_digest,
        ),
        submitted_at=fact.submitted_at,
    )


def _verified(state: Application, fact: events.ApplicationVerified) -> Application:
    return replace(state, findings=fact.findings, screening_id=fact.screening_id)


def _referred(state: Application, fact: events.ApplicationReferred) -> Application:
    reasons = tuple(str(each) for each in fact.reasons)
    return replace(state, status=ApplicationStatus.REFERRED, reasons=reasons)


def _proposed(state: Application, fact: events.ApplicationApprovalProposed) -> Application:
    return replace(
        state,
        status=ApplicationStatus.APPROVAL_PROPOSED,
        limit=fact.limit,
        proposed_by=fact.proposed_by,
    )


def _approved(state: Application, fact: events.ApplicationApproved) -> Application:
    return replace(
        state,
        status=ApplicationStatus.APPROVED,
        limit=fact.limit,
        account_id=fact.account_id,
        decided_by=fact.confirmed_by,
        decided_on=fact.transaction_date,
        reasons=(),
    )


def _declined(state: Application, fact: events.ApplicationDeclined) -> Application:
    return replace(
        state,
        status=ApplicationStatus.DECLINED,
        reasons=fact.reasons,
        decided_by=fact.declined_by,
        decided_on=fact.transaction_date,
    )


def _withdrawn(state: Application, fact: events.ApplicationWithdrawn) -> Application:
    return replace(
        state,
        status=ApplicationStatus.WITHDRAWN,
        reasons=(fact.reason,),
        decided_by=fact.withdrawn_by,
        decided_on=fact.transaction_date,
    )


EVOLVE: dict[type[Fact], Callable[[Application, Any], Application]] = {
    events.ApplicationSubmitted: _submitted,
    events.ApplicationVerified: _verified,
    events.ApplicationReferred: _referred,
    events.ApplicationApprovalProposed: _proposed,
    events.ApplicationApproved: _approved,
    events.ApplicationDeclined: _declined,
    events.ApplicationWithdrawn: _withdrawn,
}


def evolve(state: Application, fact: Fact) -> Application:
    """The application after a fact."""
    return EVOLVE[type(fact)](state, fact)


# decide


def submit(
    state: Application, command: commands.SubmitApplication, context: Context
) -> tuple[Fact, ...]:
    """Take it in once and decide it by rule. Raises Refused when the id has another."""
    asked, today = command.application, context.now.date()
    if state.asked is not None:
        if state.asked.application_digest == asked.application_digest:
            return ()
        raise Refused("APPLICATION_SUBMITTED_DIFFERENTLY", "an application of this id is another")
    submitted = events.ApplicationSubmitted(
        application_id=command.application_id,
        customer_id=asked.customer_id,
        programme_id=asked.programme_id,
        programme_version=asked.programme_version,
        card_kind=asked.card_kind,
        requested_limit=asked.requested_limit,
        profile=asked.profile,
        profile_digest=asked.profile_digest,
        annual_income=asked.annual_income,
        identity_hash=asked.identity_hash,
        application_digest=asked.application_digest,
        submitted_at=context.now,
        transaction_date=today,
    )
    verified = events.ApplicationVerified(
        application_id=command.application_id,
        programme_id=asked.programme_id,
        findings=command.findings,
        transaction_date=today,
        screening_id=command.screening_id,
    )
    return submitted, verified, _by_rule(command, today)


def _by_rule(command: commands.SubmitApplication, today: date) -> Fact:
    asked = command.application
    match outcome_of(command.findings):
        case Outcome.APPROVED:
            return events.ApplicationApproved(
                application_id=command.application_id,
                programme_id=asked.programme_id,
                customer_id=asked.customer_id,
                account_id=command.account_id,
                limit=asked.requested_limit,
                proposed_by="",
                confirmed_by="",
                transaction_date=today,
            )
        case Outcome.DECLINED:
            return events.ApplicationDeclined(
                application_id=command.application_id,
                programme_id=asked.programme_id,
                reasons=tuple(str(each) for each in command.findings if each in DECLINING),
                declined_by="",
                transaction_date=today,
                customer_id=asked.customer_id,
            )
    return events.ApplicationReferred(
        application_id=command.application_id,
        programme_id=asked.programme_id,
        reasons=command.findings,
        transaction_date=today,
    )


def propose(
    state: Application, command: commands.ProposeApproval, context: Context
) -> tuple[Fact, ...]:
    """One person's word. Raises Refused when it is decided or another's word is given."""
    asked = state.submitted
    limit = asked.requested_limit if command.limit is None else command.limit
    if state.status is ApplicationStatus.APPROVAL_PROPOSED:
        if (state.limit, state.proposed_by) == (limit, command.by):
            return ()
        raise Refused("APPROVAL_PROPOSED_DIFFERENTLY", "somebody has proposed to approve it")
    if (state.status, state.limit, state.proposed_by) == (
        ApplicationStatus.APPROVED,
        limit,
        command.by,
    ):
        return ()
    _check_open(state)
    if limit.currency != asked.requested_limit.currency:
        raise Invalid(
            "CURRENCY_MISMATCH", "the limit is not in the programme's currency", field="limit"
        )
    return (
        events.ApplicationApprovalProposed(
            application_id=state.application_id,
            programme_id=asked.programme_id,
            limit=limit,
            proposed_by=command.by,
            transaction_date=context.now.date(),
        ),
    )


def _check_open(state: Application) -> None:
    if state.status not in OPEN:
        raise Refused("APPLICATION_DECIDED", f"the application is {state.status.lower()} already")


def confirm(
    state: Application, command: commands.ConfirmApproval, context: Context
) -> tuple[Fact, ...]:
    """Another person's word. Raises Refused to whoever proposed it, and when nobody has."""
    asked = state.submitted
    if state.status is ApplicationStatus.APPROVED:
        if (state.account_id, state.decided_by) == (command.account_id, command.by):
            return ()
        raise Refused("APPLICATION_DECIDED", "the application is approved already")
    _check_open(state)
    if state.limit is None:
        raise Refused("APPROVAL_NOT_PROPOSED", "nobody has proposed to approve it")
    if command.by == state.proposed_by:
        raise Refused("SECOND_PERSON_NEEDED", "whoever proposed an approval may not confirm it")
    return (
        events.ApplicationApproved(
            application_id=state.application_id,
            programme_id=asked.programme_id,
            customer_id=asked.customer_id,
            account_id=command.account_id,
            limit=state.limit,
            proposed_by=state.proposed_by,
            confirmed_by=command.by,
            transaction_date=context.now.date(),
        ),
    )


def decline(
    state: Application, command: commands.DeclineApplication, context: Context
) -> tuple[Fact, ...]:
    """One person's word is enough. Raises Refused when it is decided, Invalid without reason."""
    asked = state.submitted
    if not 1 <= len(command.reasons) <= REASONS_LIMIT:
        raise Invalid(
            "REASONS_MISSING", f"a decline has 1 to {REASONS_LIMIT} reasons", field="reasons"
        )
    if state.status is ApplicationStatus.DECLINED and state.reasons == command.reasons:
        return ()
    _check_open(state)
    return (
        events.ApplicationDeclined(
            application_id=state.application_id,
            programme_id=asked.programme_id,
            reasons=command.reasons,
            declined_by=command.by,
            transaction_date=context.now.date(),
            customer_id=asked.customer_id,
        ),
    )


def withdraw(
    state: Application, command: commands.WithdrawApplication, context: Context
) -> tuple[Fact, ...]:
    """The applicant's word. Raises Refused when it is decided."""
    asked = state.submitted
    if state.status is ApplicationStatus.WITHDRAWN and state.reasons == (command.reason,):
        return ()
    _check_open(state)
    return (
        events.ApplicationWithdrawn(
            application_id=state.application_id,
            programme_id=asked.programme_id,
            reason=command.reason,
            withdrawn_by=command.by,
            transaction_date=context.now.date(),
        ),
    )


DECIDE: dict[type[Command], Callable[[Application, Any, Context], tuple[Fact, ...]]] = {
    commands.SubmitApplication: submit,
    commands.ProposeApproval: propose,
    commands.ConfirmApproval: confirm,
    commands.DeclineApplication: decline,
    commands.WithdrawApplication: withdraw,
}


def decide(state: Application, command: Command, context: Context) -> tuple[Fact, ...]:
    """The facts that follow from a command."""
    return DECIDE[type(command)](state, command, context)


APPLICATION: Decider[Application] = Decider(
    category="application",
    state=Application,
    initial=Application(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.application_id),
    commands=tuple(DECIDE),
    facts=tuple(EVOLVE),
)
