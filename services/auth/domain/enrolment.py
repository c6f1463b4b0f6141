"""Setting credentials: the part of an identity's decisions that an enrolment token opens."""

from datetime import datetime

from chassis.kernel.errors import Exhausted, NotFound, Refused, Unauthenticated
from chassis.kernel.events import Command, Fact, command
from services.auth.domain.credentials import Identity
from services.auth.domain.events import (
    CredentialRevoked,
    CredentialType,
    PasswordEnrolled,
    PasswordRehashed,
    TotpConfirmationFailed,
    TotpConfirmed,
    TotpEnrolmentStarted,
)

CONFIRMATION_TRIES_LIMIT = 5
CREDENTIALS_LIMIT = 100

# commands


@command
class EnrolPassword(Command):
    """Set the password; the one before it is revoked."""

    identity_id: str
    enrolment_id: str
    credential_id: str
    parameter_id: str
    pepper_version: int
    commitment: str
    suffices_alone: bool


@command
class RehashPassword(Command):
    """Replace the verifier of the password in use."""

    identity_id: str
    credential_id: str
    parameter_id: str
    pepper_version: int
    commitment: str


@command
class EnrolTotp(Command):
    """Give out a seed."""

    identity_id: str
    enrolment_id: str
    credential_id: str
    commitment: str


@command
class ConfirmTotp(Command):
    """Show the first code; `step` is the one it belongs to, 0 for a wrong code. One attempt
    counts once."""

    identity_id: str
    enrolment_id: str
    credential_id: str
    attempt_id: str
    step: int


# decide


def check_enrolment(state: Identity, enrolment_id: str, now: datetime) -> None:
    """Raises Unauthenticated ENROLMENT_INVALID unless this is the enrolment that runs."""
    expires_at = state.enrolment_expires_at
    if state.enrolment_id != enrolment_id or expires_at is None or now >= expires_at:
        raise Unauthenticated("ENROLMENT_INVALID", "that enrolment has ended; ask for another one")


def decide_enrolment(state: Identity, command: Command, now: datetime) -> tuple[Fact, ...]:
    """Set and confirm credentials. Raises Unauthenticated ENROLMENT_INVALID, NotFound
    CREDENTIAL_UNKNOWN, Exhausted TOO_MANY_TRIES, Refused TOO_MANY_CREDENTIALS."""
    match command:
        case EnrolPassword():
            return _enrol_password(state, command, now)
        case RehashPassword():
            return _rehash(state, command)
        case EnrolTotp():
            return _enrol_totp(state, command, now)
        case ConfirmTotp():
            return _confirm_totp(state, command, now)
        case _:
            raise TypeError(type(command).__name__)


def _enrol_password(state: Identity, command: EnrolPassword, now: datetime) -> tuple[Fact, ...]:
    check_enrolment(state, command.enrolment_id, now)
    if state.credential(command.credential_id) is not None:
        return ()
    _refuse_too_many(state)
    enrolled = PasswordEnrolled(
        identity_id=state.identity_id,
        enrolment_id=command.enrolment_id,
        credential_id=command.credential_id,
        parameter_id=command.parameter_id,
        pepper_version=command.pepper_version,
        commitment=command.commitment,
        suffices_alone=command.suffices_alone,
        enrolled_at=now,
    )
    return (*_revoked(state, CredentialType.PASSWORD, now), enrolled)


def _rehash(state: Identity, command: RehashPassword) -> tuple[Fact, ...]:
    held = state.active(CredentialType.PASSWORD)
    if held is None or held.credential_id != command.credential_id:
        return ()
    of_today = (command.parameter_id, command.pepper_version)
    if (held.parameter_id, held.pepper_version) == of_today:
        return ()
    return (
        PasswordRehashed(
            identity_id=state.identity_id,
            credential_id=command.credential_id,
            parameter_id=command.parameter_id,
            pepper_version=command.pepper_version,
            commitment=command.commitment,
        ),
    )


def _enrol_totp(state: Identity, command: EnrolTotp, now: datetime) -> tuple[Fact, ...]:
    check_enrolment(state, command.enrolment_id, now)
    if state.credential(command.credential_id) is not None:
        return ()
    _refuse_too_many(state)
    return (
        TotpEnrolmentStarted(
            identity_id=state.identity_id,
            enrolment_id=command.enrolment_id,
            credential_id=command.credential_id,
            commitment=command.commitment,
            started_at=now,
        ),
    )


def _confirm_totp(state: Identity, command: ConfirmTotp, now: datetime) -> tuple[Fact, ...]:
    check_enrolment(state, command.enrolment_id, now)
    held = state.credential(command.credential_id)
    if held is None or held.type is not CredentialType.TOTP or held.state == "revoked":
        raise NotFound("CREDENTIAL_UNKNOWN", "there is no such enrolment of codes")
    if held.state == "active" or held.attempt_id == command.attempt_id:
        return ()
    if held.failures >= CONFIRMATION_TRIES_LIMIT:
        raise Exhausted("TOO_MANY_TRIES", "too many wrong codes; begin another enrolment")
    if not command.step:
        return (
            TotpConfirmationFailed(
                identity_id=state.identity_id,
                credential_id=command.credential_id,
                attempt_id=command.attempt_id,
            ),
        )
    confirmed = TotpConfirmed(
        identity_id=state.identity_id,
        credential_id=command.credential_id,
        step=command.step,
        confirmed_at=now,
    )
    return (*_revoked(state, CredentialType.TOTP, now), confirmed)


def _revoked(state: Identity, type: CredentialType, now: datetime) -> tuple[Fact, ...]:
    held = state.active(type)
    if held is None:
        return ()
    return (
        CredentialRevoked(
            identity_id=state.identity_id, credential_id=held.credential_id, revoked_at=now
        ),
    )


def _refuse_too_many(state: Identity) -> None:
    if len(state.credentials) >= CREDENTIALS_LIMIT:
        raise Refused("TOO_MANY_CREDENTIALS", f"at most {CREDENTIALS_LIMIT} in a lifetime")
