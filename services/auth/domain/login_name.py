"""A login name, known by its keyed hash: whose it is, and the guard against guessing.

Names that belong to nobody have the same guard, so that they are answered alike in every way.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import AlreadyExists, Refused, Unauthenticated
from chassis.kernel.events import Command, Fact, command, value
from services.auth.domain.events import (
    CredentialType,
    FactorsAccepted,
    LogInFailed,
    LoginNameClaimed,
)

FREE_FAILURES = 4
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
DOUBLINGS_LIMIT = 16

# commands


@command
class ClaimLoginName(Command):
    """Let a login name belong to an identity."""

    login_name_hash: str
    identity_id: str


@command
class RefuseLogIn(Command):
    """Count a factor that was wrong; one attempt counts once."""

    login_name_hash: str
    attempt_id: str
    factor: CredentialType


@command
class AcceptFactors(Command):
    """Let somebody in whose factors were right, unless the name is locked or the code was used.

    `occasion_id` is that of the session or of the enrolment; `complete` is false while a second
    factor is still to come.
    """

    login_name_hash: str
    occasion_id: str
    complete: bool
    totp_credential_id: str = ""
    totp_step: int = 0


# state


@value
class LoginName:
    """`failures` counts those in a row; `totp_step` is the last one accepted of the credential."""

    identity_id: str = ""
    failures: int = 0
    locked_until: datetime | None = None
    attempt_id: str = ""
    occasion_id: str = ""
    totp_credential_id: str = ""
    totp_step: int = 0


# evolve


def evolve(state: LoginName, fact: Fact) -> LoginName:
    """The login name after a fact."""
    match fact:
        case LoginNameClaimed():
            return replace(state, identity_id=fact.identity_id)
        case LogInFailed():
            return replace(
                state,
                failures=fact.consecutive_failures,
                locked_until=fact.locked_until,
                attempt_id=fact.attempt_id,
            )
        case FactorsAccepted():
            return LoginName(
                identity_id=state.identity_id,
                occasion_id=fact.occasion_id,
                totp_credential_id=fact.totp_credential_id or state.totp_credential_id,
                totp_step=fact.totp_step or state.totp_step,
            )
        case _:
            raise TypeError(type(fact).__name__)


# decide


def delay_after(failures: int) -> timedelta:
    """For how long further tries are refused: none at first, then doubling up to an hour."""
    if failures <= FREE_FAILURES:
        return timedelta(0)
    doublings = min(failures - FREE_FAILURES - 1, DOUBLINGS_LIMIT)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def refuse_locked(state: LoginName, now: datetime) -> None:
    """Raises Refused LOG_IN_LOCKED while further tries are refused."""
    if state.locked_until is not None and now < state.locked_until:
        seconds = int((state.locked_until - now).total_seconds()) + 1
        raise Refused(
            "LOG_IN_LOCKED",
            "too many wrong tries; wait before the next one",
            retry_after_seconds=str(seconds),
        )


def decide(state: LoginName, command: Command, context: Context) -> tuple[Fact, ...]:
    """Claim, refuse or admit. Raises AlreadyExists LOGIN_NAME_TAKEN, Refused LOG_IN_LOCKED,
    Unauthenticated CODE_USED."""
    match command:
        case ClaimLoginName():
            return _claim(state, command)
        case RefuseLogIn():
            if state.attempt_id == command.attempt_id:
                return ()
            refuse_locked(state, context.now)
            return (_failed(state, command, context.now),)
        case AcceptFactors():
            return _admit(state, command, context)
        case _:
            raise TypeError(type(command).__name__)


def _claim(state: LoginName, command: ClaimLoginName) -> tuple[Fact, ...]:
    if state.identity_id == command.identity_id:
        return ()
    if state.identity_id:
        raise AlreadyExists(
            "LOGIN_NAME_TAKEN", "that login name belongs to somebody", field="login_name"
        )
    return (
        LoginNameClaimed(login_name_hash=command.login_name_hash, identity_id=command.identity_id),
    )


def _failed(state: LoginName, command: RefuseLogIn, now: datetime) -> LogInFailed:
    failures = state.failures + 1
    delay = delay_after(failures)
    return LogInFailed(
        login_name_hash=command.login_name_hash,
        identity_id=state.identity_id,
        attempt_id=command.attempt_id,
        factor=command.factor,
        consecutive_failures=failures,
        failed_at=now,
        locked_until=now + delay if delay else None,
    )


def _admit(state: LoginName, command: AcceptFactors, context: Context) -> tuple[Fact, ...]:
    repeated = (state.occasion_id, state.totp_step) == (command.occasion_id, command.totp_step)
    if repeated and command.complete:
        return ()
    refuse_locked(state, context.now)
    if not command.complete:
        # A right password alone forgives nothing, or codes could be guessed behind it for ever.
        return ()
    used = state.totp_credential_id == command.totp_credential_id and state.totp_step
    if command.totp_step and command.totp_step <= used:
        raise Unauthenticated("CODE_USED", "that code was used; wait for the next one")
    if not command.totp_step and not state.failures:
        return ()
    return (
        FactorsAccepted(
            login_name_hash=command.login_name_hash,
            identity_id=state.identity_id,
            occasion_id=command.occasion_id,
            totp_credential_id=command.totp_credential_id,
            totp_step=command.totp_step,
        ),
    )


LOGIN_NAME: Decider[LoginName] = Decider(
    category="login_name",
    state=LoginName,
    initial=LoginName(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.login_name_hash),
    commands=(ClaimLoginName, RefuseLogIn, AcceptFactors),
    facts=(LoginNameClaimed, LogInFailed, FactorsAccepted),
)
