"""When a signing key signs, and how long it is published."""

from datetime import UTC, datetime, timedelta

from chassis.kernel.decider import Context
from chassis.tokens import KEYS_FRESH_SECONDS, LIFETIME_SECONDS
from services.auth.domain.signing_keys import (
    ANNOUNCED,
    KEPT_LIMIT,
    PUBLISHED_AFTER,
    SIGNING_KEYS,
    RotateSigningKey,
    SigningKeys,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def rotated(state: SigningKeys, name: str, now: datetime) -> SigningKeys:
    command = RotateSigningKey(key_id=name, public_key="x")
    context = Context(now=now, actor="operator:1", new_id=lambda: "")
    return SIGNING_KEYS.fold(SIGNING_KEYS.decide(state, command, context), state)


def names(state: SigningKeys, now: datetime) -> list[str]:
    return [key.key_id for key in state.published(now)]


def active(state: SigningKeys, now: datetime) -> str:
    key = state.active(now)
    return key.key_id if key else ""


def test_every_door_knows_a_key_before_it_signs_and_until_its_last_token_has_ended() -> None:
    assert timedelta(seconds=KEYS_FRESH_SECONDS) < ANNOUNCED
    assert timedelta(seconds=LIFETIME_SECONDS) < PUBLISHED_AFTER
    state = rotated(SigningKeys(), "first", NOW)
    assert active(state, NOW) == "first"

    day = NOW + timedelta(days=1)
    state = rotated(state, "second", day)
    assert (active(state, day), names(state, day)) == ("first", ["first", "second"])
    takes_over = day + ANNOUNCED
    assert active(state, takes_over) == "second"
    assert names(state, takes_over) == ["first", "second"]
    assert names(state, takes_over + PUBLISHED_AFTER) == ["second"]


def test_however_often_a_new_key_is_asked_for_there_is_one_that_signs() -> None:
    state = rotated(SigningKeys(), "first", NOW)
    for number in range(KEPT_LIMIT + 1):
        state = rotated(state, f"hasty-{number}", NOW + timedelta(seconds=number))
    assert names(state, NOW) == ["first", "hasty-0"]
    assert active(state, NOW) == "first"
    for number in range(KEPT_LIMIT + 1):
        now = NOW + number * ANNOUNCED
        state = rotated(state, f"steady-{number}", now)
        assert active(state, now) in names(state, now)
