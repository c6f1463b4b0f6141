"""The guard of a login name."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.kernel.decider import Context
from chassis.kernel.errors import AlreadyExists, Refused, Unauthenticated
from chassis.kernel.events import Command
from services.auth.domain.events import CredentialType
from services.auth.domain.login_name import (
    FREE_FAILURES,
    LOGIN_NAME,
    LONGEST_DELAY,
    AcceptFactors,
    ClaimLoginName,
    LoginName,
    RefuseLogIn,
    delay_after,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def after(state: LoginName, command: Command, now: datetime = NOW) -> LoginName:
    context = Context(now=now, actor="anonymous", new_id=lambda: "")
    return LOGIN_NAME.fold(LOGIN_NAME.decide(state, command, context), state)


def refuse(number: int) -> RefuseLogIn:
    return RefuseLogIn(
        login_name_hash="h", attempt_id=f"attempt {number}", factor=CredentialType.PASSWORD
    )


def accept(step: int, occasion: str = "s1", complete: bool = True) -> AcceptFactors:
    return AcceptFactors(
        login_name_hash="h",
        occasion_id=occasion,
        complete=complete,
        totp_credential_id="c" if step else "",
        totp_step=step,
    )


def failed(times: int, state: LoginName | None = None) -> LoginName:
    state = state or LoginName()
    now = NOW
    for number in range(times):
        now = max(now, state.locked_until or now)
        state = after(state, refuse(number), now)
    return state


def test_a_name_belongs_to_one() -> None:
    state = after(LoginName(), ClaimLoginName(login_name_hash="h", identity_id="i1"))
    assert after(state, ClaimLoginName(login_name_hash="h", identity_id="i1")) == state
    with pytest.raises(AlreadyExists):
        after(state, ClaimLoginName(login_name_hash="h", identity_id="i2"))


def test_the_first_failures_cost_nothing_and_each_further_one_twice_the_time() -> None:
    delays = [delay_after(failures) for failures in range(1, 30)]
    assert delays[:FREE_FAILURES] == [timedelta(0)] * FREE_FAILURES
    assert delays[FREE_FAILURES : FREE_FAILURES + 3] == [
        timedelta(seconds=30),
        timedelta(seconds=60),
        timedelta(seconds=120),
    ]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY


@pytest.mark.parametrize("known", [True, False])
def test_known_and_unknown_names_are_locked_alike(known: bool) -> None:
    beginning = LoginName(identity_id="i1") if known else LoginName()
    state = failed(FREE_FAILURES + 1, beginning)
    assert state.locked_until == NOW + timedelta(seconds=30)
    for command in (refuse(99), accept(0), accept(7)):
        with pytest.raises(Refused) as refusal:
            after(state, command, NOW + timedelta(seconds=29))
        assert refusal.value.reason == "LOG_IN_LOCKED"
        assert refusal.value.metadata == {"retry_after_seconds": "2"}
    assert after(state, refuse(99), NOW + timedelta(seconds=30)).failures == FREE_FAILURES + 2


def test_success_forgives_but_a_password_alone_does_not_where_a_code_is_to_come() -> None:
    state = failed(FREE_FAILURES)
    assert after(state, accept(0, complete=False)).failures == FREE_FAILURES
    assert after(state, accept(0)).failures == 0
    assert after(state, accept(7)).failures == 0


def test_no_code_is_accepted_twice_nor_an_earlier_one() -> None:
    state = after(LoginName(identity_id="i1"), accept(7, "s1"))
    for step in (6, 7):
        with pytest.raises(Unauthenticated) as refusal:
            after(state, accept(step, "s2"))
        assert refusal.value.reason == "CODE_USED"
    assert after(state, accept(8, "s2")).totp_step == 8


def test_a_log_in_without_code_does_not_forget_the_last_code() -> None:
    state = failed(1, after(LoginName(identity_id="i1"), accept(7, "s1")))
    state = after(state, accept(0, "s2"))
    with pytest.raises(Unauthenticated):
        after(state, accept(7, "s3"))
