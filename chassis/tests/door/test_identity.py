"""Who gets past the door, and as whom."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from chassis import call as calls
from chassis.call import Call
from chassis.ports import SystemClock
from chassis.tests.door.conftest import Doorway
from chassis.tests.door.refusals import refusal
from chassis.tokens import SigningKey

BEARER = "authorization"


def echo(door: Doorway, metadata: Any, **fields: Any) -> Any:
    known = {"idempotency_key": "k1", "account_id": "acc-1", "text": "hello", **fields}
    return door.stub.Echo(door.pb.EchoRequest(**known), metadata=metadata, timeout=20)


async def seen(door: Doorway, metadata: Any, **fields: Any) -> Call:
    """The call that the servicer saw."""
    found: list[Call] = []

    async def look(request: Any) -> None:
        found.append(calls.current())

    door.api.behave = look
    await echo(door, metadata, **fields)
    return found[0]


async def test_a_holder_with_a_token_is_known_behind_the_door(door: Doorway) -> None:
    call = await seen(door, door.person("cardholder:h1", roles=["agent", "a_b"]))
    assert call.principal == calls.Principal(
        "cardholder:h1", "cardholder", ("a_b", "agent"), "cus-1", 1
    )
    assert call.method == "echo.Echo"
    assert call.idempotency_key == "k1"
    assert len(call.request_hash) == 32
    assert call.origin.startswith("ipv4:127.0.0.1:")
    assert len(call.correlation_id) == 32
    assert call.deadline is not None


async def test_the_second_time_a_token_is_remembered(door: Doorway) -> None:
    metadata = door.person()
    first = await seen(door, metadata)
    second = await seen(door, metadata)
    assert first.principal is second.principal


async def test_without_a_token_nobody_comes_in(door: Doorway) -> None:
    told = await refusal(echo(door, None))
    assert (told.code, told.reason) == ("UNAUTHENTICATED", "TOKEN_MISSING")
    assert told.domain == "echo.cards"
    assert door.api.served == 0


async def test_an_anonymous_rpc_needs_no_token(door: Doorway) -> None:
    await door.stub.Ping(door.pb.PingRequest(), timeout=20)
    assert door.api.served == 1


def forge(token: str, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """The token with other contents and its old signature."""

    def part(text: str, more: dict[str, Any]) -> str:
        decoded = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        raw = json.dumps({**decoded, **more}).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    head, body, signature = token.split(".")
    return f"{part(head, header or {})}.{part(body, claims)}.{signature}"


def unsigned(token: str) -> str:
    forged = forge(token, {"alg": "none"})
    return forged.rpartition(".")[0] + "."


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda token: forge(token, sub="operator:o1", kind="operator"), "TOKEN_FORGED"),
        (unsigned, "TOKEN_MALFORMED"),
        (lambda token: forge(token, {"alg": "HS256"}), "TOKEN_MALFORMED"),
        (lambda token: forge(token, {"alg": "EdDSA"}), "TOKEN_MALFORMED"),
        (lambda token: forge(token, {"typ": "JWT"}), "TOKEN_MALFORMED"),
        (lambda token: forge(token, {"kid": "another"}), "TOKEN_KEY_UNKNOWN"),
        (lambda token: forge(token, iss="service:support"), "TOKEN_KEY_UNKNOWN"),
        (lambda token: token + "=", "TOKEN_MALFORMED"),
        (lambda token: token[:-1] + chr(ord(token[-1]) ^ 1), "TOKEN_MALFORMED"),
        (lambda token: "nonsense", "TOKEN_MALFORMED"),
        (lambda token: ".." + "a" * 10, "TOKEN_MALFORMED"),
        (lambda token: token + "a" * 5000, "TOKEN_MALFORMED"),
    ],
)  # fmt: skip
async def test_a_spoilt_token_does_not_open(door: Doorway, spoil: Any, reason: str) -> None:
    token = spoil(door.person_token())
    told = await refusal(echo(door, [(BEARER, f"Bearer {token}")]))
    assert (told.code, told.reason) == ("UNAUTHENTICATED", reason)
    assert door.api.served == 0


@pytest.mark.parametrize(
    ("subject", "claims", "reason", "claim"),
    [
        ("cardholder:h1", {"audience": "other"}, "TOKEN_CLAIM_INVALID", "aud"),
        ("cardholder:h1", {"kind": "operator"}, "TOKEN_CLAIM_INVALID", "kind"),
        ("service:accounts", {"kind": "service"}, "TOKEN_CLAIM_INVALID", "kind"),
        ("cardholder", {}, "TOKEN_CLAIM_INVALID", "sub"),
        ("cardholder:h 1", {}, "TOKEN_CLAIM_INVALID", "sub"),
        ("cardholder:h1", {"roles": "agent"}, "TOKEN_CLAIM_INVALID", "roles"),
        ("cardholder:h1", {"roles": ["a-b"]}, "TOKEN_CLAIM_INVALID", "roles"),
        ("cardholder:h1", {"aal": True}, "TOKEN_CLAIM_INVALID", "aal"),
        ("cardholder:h1", {"customer_id": 7}, "TOKEN_CLAIM_INVALID", "customer_id"),
        ("cardholder:h1", {"lifetime_seconds": 7200}, "TOKEN_CLAIM_INVALID", "exp"),
        ("cardholder:h1", {"lifetime_seconds": -60}, "TOKEN_EXPIRED", None),
    ],
)
async def test_a_token_with_a_wrong_claim_does_not_open(
    door: Doorway, subject: str, claims: dict[str, Any], reason: str, claim: str | None
) -> None:
    told = await refusal(echo(door, door.person(subject, **claims)))
    assert (told.code, told.reason) == ("UNAUTHENTICATED", reason)
    assert told.metadata.get("claim") == claim


async def test_a_token_of_the_future_does_not_open(door: Doorway) -> None:
    later = SystemClock().now() + timedelta(minutes=1)
    token = door.auth_key.sign("cardholder:h1", now=later, token_id="t", kind="cardholder")
    told = await refusal(echo(door, [(BEARER, f"Bearer {token}")]))
    assert told.metadata["claim"] == "iat"


async def test_another_scheme_does_not_open(door: Doorway) -> None:
    told = await refusal(echo(door, [(BEARER, "Basic dXNlcjpwYXNz")]))
    assert (told.code, told.reason) == ("UNAUTHENTICATED", "TOKEN_MALFORMED")


async def test_a_service_cannot_sign_for_another(door: Doorway) -> None:
    mine = door.service_keys["support"]
    token = mine.sign("service:accounts", now=SystemClock().now(), token_id="t")
    told = await refusal(echo(door, [(BEARER, f"Bearer {token}")]))
    assert (told.code, told.metadata["claim"]) == ("UNAUTHENTICATED", "sub")


async def test_a_key_is_good_for_its_own_service_only(door: Doorway) -> None:
    posing = SigningKey(door.service_keys["support"]._key, "service:accounts")
    token = posing.sign("service:accounts", now=SystemClock().now(), token_id="t")
    told = await refusal(echo(door, [(BEARER, f"Bearer {token}")]))
    assert (told.code, told.reason) == ("UNAUTHENTICATED", "TOKEN_KEY_UNKNOWN")


async def test_a_service_nobody_trusts_stays_outside(door: Doorway) -> None:
    stranger = SigningKey.generate("service:support")
    token = stranger.sign("service:support", now=SystemClock().now(), token_id="t")
    told = await refusal(echo(door, [(BEARER, f"Bearer {token}")]))
    assert told.reason == "TOKEN_KEY_UNKNOWN"


async def test_a_service_acts_for_a_person(door: Doorway) -> None:
    agent = door.person_token("operator:o1", customer_id="", roles=["agent"], aal=2)
    call = await seen(door, [*door.service("support"), ("cards-on-behalf-of", agent)])
    assert call.principal.subject == "service:support"
    assert call.principal.person.subject == "operator:o1"
    assert call.principal.scope == "service:support for operator:o1"
    assert call.person_token == agent


async def test_a_service_acts_for_no_service(door: Doorway) -> None:
    other = door.service_token("accounts")
    told = await refusal(echo(door, [*door.service(), ("cards-on-behalf-of", other)]))
    assert (told.code, told.reason) == ("PERMISSION_DENIED", "ON_BEHALF_OF_NOBODY")


async def test_a_person_acts_for_nobody(door: Doorway) -> None:
    other = door.person_token("cardholder:h2")
    told = await refusal(echo(door, [*door.person(), ("cards-on-behalf-of", other)]))
    assert (told.code, told.reason) == ("PERMISSION_DENIED", "ON_BEHALF_OF_REFUSED")


async def test_a_correlation_id_of_ours_goes_on_and_anything_else_does_not(door: Doorway) -> None:
    ours = "0123456789abcdef" * 2
    call = await seen(door, [*door.person(), ("cards-correlation-id", ours)])
    assert call.correlation_id == ours
    call = await seen(door, [*door.person(), ("cards-correlation-id", "4111111111111111")])
    assert call.correlation_id != "4111111111111111"
    assert len(call.correlation_id) == 32


async def test_derived_ids_name_the_same_thing_at_a_retry_and_only_then(door: Doorway) -> None:
    made: list[str] = []

    async def derive(request: Any) -> None:
        made.append(calls.derived_id())

    door.api.behave = derive
    first, other = door.person("cardholder:h1"), door.person("cardholder:h2")
    await echo(door, first)
    await echo(door, first, text="another text, the same key")
    await echo(door, first, idempotency_key="k2")
    await echo(door, other)
    assert made[0] == made[1]
    assert len(set(made)) == 3
