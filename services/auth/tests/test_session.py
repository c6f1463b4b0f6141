"""Sessions: challenge, limits, and the chain of refresh tokens."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.kernel.decider import Context
from chassis.kernel.errors import Unauthenticated
from chassis.kernel.events import Command
from services.auth.domain.events import CredentialType, IdentityKind, LoggedIn
from services.auth.domain.session import (
    CHALLENGE_LIFETIME,
    CHALLENGE_TRIES_LIMIT,
    GRACE,
    LIMITS,
    SESSION,
    FailChallenge,
    OpenSession,
    PassChallenge,
    RefreshSession,
    RevokeSession,
    Session,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def after(state: Session, command: Command, now: datetime = NOW) -> Session:
    context = Context(now=now, actor="anonymous", new_id=lambda: "")
    return SESSION.fold(SESSION.decide(state, command, context), state)


def opened(kind: IdentityKind = IdentityKind.OPERATOR, totp: str = "") -> Session:
    command = OpenSession(
        session_id="s1",
        identity_id="i1",
        login_name_hash="h",
        kind=kind,
        customer_id="",
        password_credential_id="p1",
        totp_credential_id=totp,
    )
    return after(Session(), command)


def refresh(generation: int) -> RefreshSession:
    return RefreshSession(session_id="s1", generation=generation)


def refused(state: Session, command: Command, now: datetime = NOW) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        after(state, command, now)
    return refusal.value.reason


def test_a_password_gives_level_one_and_a_code_besides_level_two() -> None:
    assert opened().assurance_level == 1
    challenged = opened(totp="c1")
    assert challenged.state == "challenged"
    state = after(challenged, PassChallenge(session_id="s1", totp_step=7))
    assert (state.state, state.assurance_level) == ("active", 2)


def test_the_fact_lists_the_checks() -> None:
    context = Context(now=NOW, actor="anonymous", new_id=lambda: "")
    (fact,) = SESSION.decide(
        opened(totp="c1"), PassChallenge(session_id="s1", totp_step=7), context
    )
    assert isinstance(fact, LoggedIn)
    assert fact.factors == (CredentialType.PASSWORD, CredentialType.TOTP)


def test_a_challenge_ends_with_time_and_with_tries() -> None:
    state = opened(totp="c1")
    right = PassChallenge(session_id="s1", totp_step=7)
    assert refused(state, right, NOW + CHALLENGE_LIFETIME) == "CHALLENGE_INVALID"
    for attempt in range(CHALLENGE_TRIES_LIMIT):
        state = after(state, FailChallenge(session_id="s1", attempt_id=str(attempt)))
    assert refused(state, right) == "CHALLENGE_INVALID"
    wrong = FailChallenge(session_id="s1", attempt_id="one more")
    assert refused(state, wrong) == "CHALLENGE_INVALID"


def test_the_answer_to_a_challenge_may_be_repeated_for_a_while_until_it_is_used() -> None:
    right = PassChallenge(session_id="s1", totp_step=7)
    state = after(opened(totp="c1"), right)
    assert after(state, right, NOW + GRACE - timedelta(seconds=1)) == state
    assert refused(state, right, NOW + GRACE) == "CHALLENGE_INVALID"
    used = after(state, refresh(0))
    assert refused(used, right) == "CHALLENGE_INVALID"
    assert refused(state, PassChallenge(session_id="s1", totp_step=8)) == "CHALLENGE_INVALID"


def test_a_refresh_token_leads_to_the_next_and_within_grace_to_the_same() -> None:
    state = after(opened(), refresh(0))
    assert state.generation == 1
    assert after(state, refresh(0), NOW + GRACE - timedelta(seconds=1)) == state
    assert refused(state, refresh(2)) == "REFRESH_TOKEN_INVALID"


def test_a_refresh_token_that_is_used_again_later_ends_the_session() -> None:
    state = after(opened(), refresh(0))
    late = after(state, refresh(0), NOW + GRACE)
    assert (late.state, late.end_reason) == ("ended", "refresh_token_reused")
    assert refused(late, refresh(1)) == "SESSION_ENDED"
    second = after(state, refresh(1))
    assert after(second, refresh(0)).end_reason == "refresh_token_reused"


@pytest.mark.parametrize("kind", list(IdentityKind))
def test_a_session_ends_by_pause_and_by_age(kind: IdentityKind) -> None:
    longest, idle = LIMITS[kind]
    state = opened(kind)
    assert refused(state, refresh(0), NOW + idle) == "SESSION_ENDED"
    now = NOW
    while now + idle / 2 < NOW + longest:
        now += idle / 2
        state = after(state, refresh(state.generation), now)
    assert refused(state, refresh(state.generation), NOW + longest) == "SESSION_ENDED"


def test_a_session_that_was_revoked_gives_no_tokens_any_more() -> None:
    state = after(opened(), RevokeSession(session_id="s1", reason="requested"))
    assert refused(state, refresh(0)) == "SESSION_ENDED"
