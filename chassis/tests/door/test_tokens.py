"""Whose signature counts, and for how long."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.kernel.clock import FixedClock
from chassis.kernel.errors import Unauthenticated, Unavailable
from chassis.tokens import (
    FETCH_PAUSE_SECONDS,
    KEYS_FRESH_SECONDS,
    LIFETIME_SECONDS,
    ServiceTokens,
    SigningKey,
    TokenVerifier,
    TrustBundle,
)


class Auth:
    """Signs people's tokens and publishes its keys, unless it is away."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.keys = [SigningKey.generate("auth")]
        self.away = False
        self.asked = 0

    async def fetch(self) -> str:
        self.asked += 1
        if self.away:
            raise Unavailable("AWAY", "away")
        return json.dumps({"keys": [key.public() for key in self.keys]})

    def token(self, **claims: Any) -> str:
        now = self._clock.now()
        return self.keys[-1].sign("operator:o1", now=now, token_id="t", kind="operator", **claims)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def auth(clock: FixedClock) -> Auth:
    return Auth(clock)


@pytest.fixture
def verifier(clock: FixedClock, auth: Auth) -> TokenVerifier:
    return TokenVerifier(TrustBundle([], clock, auth.fetch), clock)


async def test_keys_are_fetched_once(verifier: TokenVerifier, auth: Auth) -> None:
    for number in range(5):
        await verifier.verify(auth.token(sid=str(number)))
    assert auth.asked == 1


async def test_a_remembered_token_expires(
    verifier: TokenVerifier, auth: Auth, clock: FixedClock
) -> None:
    token = auth.token()
    await verifier.verify(token)
    clock.advance(timedelta(seconds=LIFETIME_SECONDS - 1))
    await verifier.verify(token)
    clock.advance(timedelta(seconds=10))
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token)
    assert caught.value.reason == "TOKEN_EXPIRED"


async def test_a_new_key_is_fetched_when_a_token_names_it(
    verifier: TokenVerifier, auth: Auth, clock: FixedClock
) -> None:
    await verifier.verify(auth.token())
    auth.keys.append(SigningKey.generate("auth"))
    clock.advance(timedelta(seconds=FETCH_PAUSE_SECONDS + 1))
    await verifier.verify(auth.token())
    assert auth.asked == 2


async def test_tokens_with_made_up_keys_do_not_make_us_ask_again_and_again(
    verifier: TokenVerifier, auth: Auth, clock: FixedClock
) -> None:
    stranger = Auth(clock)
    await verifier.verify(auth.token())
    clock.advance(timedelta(seconds=FETCH_PAUSE_SECONDS + 1))
    for _ in range(10):
        stranger.keys = [SigningKey.generate("auth")]
        with pytest.raises(Unauthenticated) as caught:
            await verifier.verify(stranger.token())
        assert caught.value.reason == "TOKEN_KEY_UNKNOWN"
    assert auth.asked == 2


async def test_a_withdrawn_key_is_forgotten_in_time(
    verifier: TokenVerifier, auth: Auth, clock: FixedClock
) -> None:
    await verifier.verify(auth.token())
    withdrawn = Auth(clock)
    withdrawn.keys, auth.keys = auth.keys, [SigningKey.generate("auth")]
    clock.advance(timedelta(seconds=KEYS_FRESH_SECONDS + 1))
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(withdrawn.token())
    assert caught.value.reason == "TOKEN_KEY_UNKNOWN"


async def test_known_keys_are_good_while_auth_is_away(
    verifier: TokenVerifier, auth: Auth, clock: FixedClock
) -> None:
    await verifier.verify(auth.token())
    auth.away = True
    clock.advance(timedelta(seconds=KEYS_FRESH_SECONDS + 1))
    await verifier.verify(auth.token())
    auth.keys.append(SigningKey.generate("auth"))
    with pytest.raises(Unavailable) as caught:
        await verifier.verify(auth.token())
    assert caught.value.reason == "SIGNING_KEYS_UNAVAILABLE"


async def test_one_caller_at_most_waits_for_an_auth_that_does_not_answer(
    clock: FixedClock, auth: Auth
) -> None:
    answering = asyncio.Event()
    answering.set()

    async def fetch() -> str:
        await answering.wait()
        return await auth.fetch()

    verifier = TokenVerifier(TrustBundle([], clock, fetch), clock)
    await verifier.verify(auth.token())
    answering.clear()
    clock.advance(timedelta(seconds=KEYS_FRESH_SECONDS + 1))
    first = asyncio.create_task(verifier.verify(auth.token(sid="1")))
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await verifier.verify(auth.token(sid="2"))
    assert not first.done()
    answering.set()
    assert (await first).subject == "operator:o1"
    assert auth.asked == 2


async def test_a_service_may_not_speak_as_auth(clock: FixedClock, auth: Auth) -> None:
    accounts = SigningKey.generate("service:accounts")
    verifier = TokenVerifier(TrustBundle([accounts.public()], clock, auth.fetch), clock)
    posing = SigningKey(accounts._key, "auth")
    token = posing.sign("operator:o1", now=clock.now(), token_id="t", kind="operator")
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token)
    assert caught.value.reason == "TOKEN_KEY_UNKNOWN"


async def test_a_service_renews_its_token_at_half_of_its_life(clock: FixedClock) -> None:
    key = SigningKey.generate("service:accounts")
    names = iter("abc")
    tokens = ServiceTokens(key, clock, lambda: next(names))
    first = tokens.current()
    clock.advance(timedelta(seconds=LIFETIME_SECONDS / 2 - 1))
    assert tokens.current() == first
    clock.advance(timedelta(seconds=1))
    assert tokens.current() != first
    verifier = TokenVerifier(TrustBundle([key.public()], clock), clock)
    assert (await verifier.verify(tokens.current())).subject == "service:accounts"


async def test_keys_live_in_files(tmp_path: Path, clock: FixedClock) -> None:
    key = SigningKey.generate("service:accounts")
    path, bundle_path = tmp_path / "key.json", tmp_path / "bundle.json"
    key.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        key.save(path)
    assert "d" not in key.public()
    bundle_path.write_text(json.dumps({"keys": [key.public()]}))
    token = SigningKey.load(path).sign("service:accounts", now=clock.now(), token_id="t")
    verifier = TokenVerifier(TrustBundle.load(bundle_path, clock), clock)
    assert (await verifier.verify(token)).subject == "service:accounts"


def test_keys_of_another_kind_are_not_trusted(clock: FixedClock) -> None:
    other = {"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "kid": "k", "iss": "service:x"}
    with pytest.raises(ValueError, match="Ed25519"):
        TrustBundle([other], clock)
