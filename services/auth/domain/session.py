"""A session: the checks that were passed, and the chain of refresh tokens."""

from dataclasses import replace
from datetime import datetime, timedelta

from chassis.kernel.decider import Context, Decider
from chassis.kernel.errors import NotFound, Unauthenticated
from chassis.kernel.events import Command, Fact, command, value
from services.auth.domain.events import (
    ChallengeFailed,
    CredentialType,
    IdentityKind,
    LoggedIn,
    SessionChallenged,
    SessionRefreshed,
    SessionRevoked,
)

CHALLENGE_LIFETIME = timedelta(minutes=5)
CHALLENGE_TRIES_LIMIT = 5
GRACE = timedelta(seconds=30)
"""How long the same refresh token or code gives the same answer: an answer may get lost."""

LIMITS: dict[IdentityKind, tuple[timedelta, timedelta]] = {
    IdentityKind.CARDHOLDER: (timedelta(days=30), timedelta(days=1)),
    IdentityKind.OPERATOR: (timedelta(hours=12), timedelta(minutes=15)),
    IdentityKind.PARTNER: (timedelta(hours=24), timedelta(hours=1)),
}
"""Longest life and longest pause of a session."""

ENDED = "ended"

# commands


@command
class OpenSession(Command):
    """The password was right. `totp_credential_id` asks for a code of it; empty: that is all."""

    session_id: str
    identity_id: str
    login_name_hash: str
    kind: IdentityKind
    customer_id: str
    password_credential_id: str
    totp_credential_id: str


@command
class PassChallenge(Command):
    """The code was right; `totp_step` is the one it belongs to."""

    session_id: str
    totp_step: int


@command
class FailChallenge(Command):
    """The code was wrong; one attempt counts once."""

    session_id: str
    attempt_id: str


@command
class RefreshSession(Command):
    """Exchange the refresh token of a generation; a used one ends the session."""

    session_id: str
    generation: int


@command
class RevokeSession(Command):
    """End the session."""

    session_id: str
    reason: str


# state


@value
class Session:
    """`state` is empty, challenged, active or ended. `credential_ids` are those it rests on; none
    are known of sessions from before they were kept."""

    session_id: str = ""
    identity_id: str = ""
    login_name_hash: str = ""
    kind: IdentityKind = IdentityKind.CARDHOLDER
    customer_id: str = ""
    state: str = ""
    credential_ids: tuple[str, ...] = ()
    totp_credential_id: str = ""
    totp_step: int = 0
    failures: int = 0
    attempt_id: str = ""
    assurance_level: int = 0
    logged_in_at: datetime | None = None
    expires_at: datetime | None = None
    idle_limit_seconds: int = 0
    generation: int = 0
    refreshed_at: datetime | None = None
    end_reason: str = ""

    def is_over(self, now: datetime) -> bool:
        """Whether it ended, reached its longest life or its longest pause."""
        if self.state != "active" or self.expires_at is None or self.refreshed_at is None:
            return True
        idle = timedelta(seconds=self.idle_limit_seconds)
        return now >= self.expires_at or now >= self.refreshed_at + idle


# evolve


def evolve(state: Session, fact: Fact) -> Session:
    """The session after a fact."""
    match fact:
        case SessionChallenged():
            return Session(
                session_id=fact.session_id,
                identity_id=fact.identity_id,
                login_name_hash=fact.login_name_hash,
                kind=fact.kind,
                customer_id=fact.customer_id,
                state="challenged",
                credential_ids=_known(fact.password_credential_id, fact.totp_credential_id),
                totp_credential_id=fact.totp_credential_id,
                expires_at=fact.expires_at,
            )
        case ChallengeFailed():
            return replace(state, failures=state.failures + 1, attempt_id=fact.attempt_id)
        case LoggedIn():
            return replace(
                state,
                session_id=fact.session_id,
                identity_id=fact.identity_id,
                kind=fact.kind,
                customer_id=fact.customer_id,
                state="active",
                credential_ids=fact.credential_ids,
                totp_step=fact.totp_step,
                assurance_level=fact.assurance_level,
                logged_in_at=fact.logged_in_at,
                expires_at=fact.expires_at,
                idle_limit_seconds=fact.idle_limit_seconds,
                refreshed_at=fact.logged_in_at,
            )
        case SessionRefreshed():
            return replace(state, generation=fact.generation, refreshed_at=fact.refreshed_at)
        case SessionRevoked():
            return replace(state, state=ENDED, end_reason=fact.reason)
        case _:
            raise TypeError(type(fact).__name__)


def _known(*credential_ids: str) -> tuple[str, ...]:
    return tuple(each for each in credential_ids if each)


# decide


def assurance_level(factors: tuple[CredentialType, ...]) -> int:
    """The authenticator assurance level that checks add up to."""
    return 2 if len(set(factors)) > 1 else 1


def check_challenge(state: Session, now: datetime) -> None:
    """Raises Unauthenticated CHALLENGE_INVALID unless a code may be tried."""
    expires_at = state.expires_at
    if (
        state.state != "challenged"
        or state.failures >= CHALLENGE_TRIES_LIMIT
        or expires_at is None
        or now >= expires_at
    ):
        raise Unauthenticated("CHALLENGE_INVALID", "that challenge has ended; log in again")


def decide(state: Session, command: Command, context: Context) -> tuple[Fact, ...]:
    """Open, challenge, refresh, end. Raises Unauthenticated CHALLENGE_INVALID, SESSION_ENDED,
    REFRESH_TOKEN_INVALID; NotFound SESSION_UNKNOWN."""
    now = context.now
    match command:
        case OpenSession():
            return _open(state, command, now)
        case PassChallenge():
            return _pass(state, command, now)
        case FailChallenge():
            return _fail(state, command, now)
        case RefreshSession():
            return _refresh(state, command, now)
        case RevokeSession():
            if not state.session_id:
                raise NotFound("SESSION_UNKNOWN", "there is no such session")
            return () if state.state == ENDED else (_revoked(state, command.reason, now),)
        case _:
            raise TypeError(type(command).__name__)


def _open(state: Session, command: OpenSession, now: datetime) -> tuple[Fact, ...]:
    if state.session_id:
        return ()
    if command.totp_credential_id:
        return (
            SessionChallenged(
                session_id=command.session_id,
                identity_id=command.identity_id,
                login_name_hash=command.login_name_hash,
                kind=command.kind,
                customer_id=command.customer_id,
                password_credential_id=command.password_credential_id,
                totp_credential_id=command.totp_credential_id,
                challenged_at=now,
                expires_at=now + CHALLENGE_LIFETIME,
            ),
        )
    opened = Session(
        session_id=command.session_id,
        identity_id=command.identity_id,
        kind=command.kind,
        customer_id=command.customer_id,
        credential_ids=_known(command.password_credential_id),
    )
    return (_logged_in(opened, (CredentialType.PASSWORD,), 0, now),)


def _pass(state: Session, command: PassChallenge, now: datetime) -> tuple[Fact, ...]:
    at = state.logged_in_at
    # The answer to the same code may have got lost; it is given again until it is made use of.
    repeated = state.state == "active" and state.totp_step == command.totp_step
    if repeated and at is not None and now < at + GRACE and not state.generation:
        return ()
    check_challenge(state, now)
    factors = (CredentialType.PASSWORD, CredentialType.TOTP)
    return (_logged_in(state, factors, command.totp_step, now),)


def _fail(state: Session, command: FailChallenge, now: datetime) -> tuple[Fact, ...]:
    if state.attempt_id == command.attempt_id:
        return ()
    check_challenge(state, now)
    return (
        ChallengeFailed(
            session_id=state.session_id,
            identity_id=state.identity_id,
            attempt_id=command.attempt_id,
        ),
    )


def _logged_in(
    state: Session, factors: tuple[CredentialType, ...], totp_step: int, now: datetime
) -> LoggedIn:
    longest, idle = LIMITS[state.kind]
    return LoggedIn(
        session_id=state.session_id,
        identity_id=state.identity_id,
        kind=state.kind,
        customer_id=state.customer_id,
        assurance_level=assurance_level(factors),
        factors=factors,
        credential_ids=state.credential_ids,
        totp_step=totp_step,
        logged_in_at=now,
        expires_at=now + longest,
        idle_limit_seconds=int(idle.total_seconds()),
    )


def _refresh(state: Session, command: RefreshSession, now: datetime) -> tuple[Fact, ...]:
    if state.is_over(now):
        raise Unauthenticated("SESSION_ENDED", "that session has ended; log in again")
    if command.generation > state.generation:
        raise Unauthenticated("REFRESH_TOKEN_INVALID", "there is no such refresh token")
    if command.generation == state.generation:
        return (
            SessionRefreshed(
                session_id=state.session_id,
                identity_id=state.identity_id,
                generation=state.generation + 1,
                refreshed_at=now,
            ),
        )
    last = state.refreshed_at
    if command.generation == state.generation - 1 and last is not None and now < last + GRACE:
        return ()
    return (_revoked(state, "refresh_token_reused", now),)


def _revoked(state: Session, reason: str, now: datetime) -> SessionRevoked:
    return SessionRevoked(
        session_id=state.session_id, identity_id=state.identity_id, reason=reason, revoked_at=now
    )


SESSION: Decider[Session] = Decider(
    category="session",
    state=Session,
    initial=Session(),
    decide=decide,
    evolve=evolve,
    identify=lambda command: str(command.session_id),
    commands=(OpenSession, PassChallenge, FailChallenge, RefreshSession, RevokeSession),
    facts=(SessionChallenged, ChallengeFailed, LoggedIn, SessionRefreshed, SessionRevoked),
)
