"""Somebody who can log in: registered, given roles, enrolled; state in `credentials`."""

from dataclasses import replace
from datetime import datetime, timedelta

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import Invalid, NotFound, Refused
from chassis.kernel.events import Command, Fact, command
from services.auth.domain.credentials import Identity, evolved
from services.auth.domain.enrolment import (
    ConfirmTotp,
    EnrolPassword,
    EnrolTotp,
    RehashPassword,
    decide_enrolment,
)
from services.auth.domain.events import (
    CredentialRevoked,
    EnrolmentStarted,
    IdentityKind,
    IdentityRegistered,
    PasswordEnrolled,
    PasswordRehashed,
    RoleAssigned,
    RoleRevoked,
    TotpConfirmationFailed,
    TotpConfirmed,
    TotpEnrolmentStarted,
)
from services.auth.domain.roles import FIRST_ROLES, check_role

ENROLMENT_LIFETIME = timedelta(hours=24)

# commands


@command
class RegisterIdentity(Command):
    """Register somebody and begin their enrolment."""

    identity_id: str
    kind: IdentityKind
    customer_id: str
    login_name_hash: str
    roles: tuple[str, ...]
    enrolment_id: str


@command
class StartEnrolment(Command):
    """Begin another enrolment; the one before it ends."""

    identity_id: str
    enrolment_id: str


@command
class AssignRole(Command):
    """Give a role; `by` is the subject of the person who wishes it."""

    identity_id: str
    role: str
    by: str


@command
class RevokeRole(Command):
    """Take a role back; `by` is the subject of the person who wishes it."""

    identity_id: str
    role: str
    by: str


# evolve


def evolve(state: Identity, fact: Fact) -> Identity:
    """The identity after a fact."""
    match fact:
        case IdentityRegistered():
            return replace(
                state,
                identity_id=fact.identity_id,
                kind=fact.kind,
                customer_id=fact.customer_id,
                login_name_hash=fact.login_name_hash,
                roles=fact.roles,
                registered_at=fact.registered_at,
            )
        case EnrolmentStarted():
            return replace(
                state, enrolment_id=fact.enrolment_id, enrolment_expires_at=fact.expires_at
            )
        case RoleAssigned():
            return replace(state, roles=tuple(sorted({*state.roles, fact.role})))
        case RoleRevoked():
            return replace(state, roles=tuple(each for each in state.roles if each != fact.role))
        case _:
            return replace(state, credentials=evolved(state.credentials, fact))


# decide


def decide(state: Identity, command: Command, context: Context) -> tuple[Fact, ...]:
    """Register, enrol, change roles. Raises what the helpers below name."""
    if isinstance(command, RegisterIdentity):
        return _register(state, command, context.now)
    if not state.identity_id:
        raise NotFound("IDENTITY_UNKNOWN", "there is no such identity")
    match command:
        case StartEnrolment():
            return _start(state, command.enrolment_id, context.now)
        case AssignRole():
            _refuse_own(state, command.by)
            check_role(command.role, state.kind, "role")
            if command.role in state.roles:
                return ()
            return (RoleAssigned(identity_id=state.identity_id, role=command.role),)
        case RevokeRole():
            _refuse_own(state, command.by)
            if command.role not in state.roles:
                return ()
            return (RoleRevoked(identity_id=state.identity_id, role=command.role),)
        case _:
            return decide_enrolment(state, command, context.now)


def _register(state: Identity, command: RegisterIdentity, now: datetime) -> tuple[Fact, ...]:
    if state.identity_id:
        return ()
    if (command.kind is IdentityKind.CARDHOLDER) != bool(command.customer_id):
        raise Invalid(
            "CUSTOMER_REQUIRED",
            "a cardholder is a customer, and nobody else is",
            field="customer_id",
        )
    for role in command.roles:
        check_role(role, command.kind, "roles")
    registered = IdentityRegistered(
        identity_id=command.identity_id,
        kind=command.kind,
        customer_id=command.customer_id,
        login_name_hash=command.login_name_hash,
        roles=tuple(sorted({*command.roles, *FIRST_ROLES.get(command.kind, ())})),
        registered_at=now,
    )
    return (registered, *_start(evolve(state, registered), command.enrolment_id, now))


def _start(state: Identity, enrolment_id: str, now: datetime) -> tuple[Fact, ...]:
    if state.enrolment_id == enrolment_id:
        return ()
    return (
        EnrolmentStarted(
            identity_id=state.identity_id,
            enrolment_id=enrolment_id,
            expires_at=now + ENROLMENT_LIFETIME,
        ),
    )


def _refuse_own(state: Identity, by: str) -> None:
    if by == state.subject:
        raise Refused("OWN_ROLES", "nobody changes their own roles")


IDENTITY: Decider[Identity] = Decider(
    category="identity",
    state=Identity,
    initial=Identity(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.identity_id),
    commands=(
        RegisterIdentity,
        StartEnrolment,
        EnrolPassword,
        RehashPassword,
        EnrolTotp,
        ConfirmTotp,
        AssignRole,
        RevokeRole,
    ),
    facts=(
        IdentityRegistered,
        EnrolmentStarted,
        PasswordEnrolled,
        PasswordRehashed,
        TotpEnrolmentStarted,
        TotpConfirmationFailed,
        TotpConfirmed,
        CredentialRevoked,
        RoleAssigned,
        RoleRevoked,
    ),
)
