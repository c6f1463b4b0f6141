"""Who may do what, and what nobody learns who may not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.call import Principal
from chassis.kernel.errors import Unavailable
from chassis.permission import BadPolicies, Permissions, PolicySet, PolicySource
from chassis.tests.door.conftest import POLICIES, Doorway, doorway, until
from chassis.tests.door.refusals import refusal

ALLOW_ALL = "permit (principal, action, resource);"
HOLDER = Principal("cardholder:h1", "cardholder", customer_id="cus-1", assurance_level=1)


def echo(door: Doorway, metadata: Any, account_id: str = "acc-1") -> Any:
    request = door.pb.EchoRequest(idempotency_key="k", account_id=account_id)
    return door.stub.Echo(request, metadata=metadata, timeout=20)


async def test_a_holder_acts_on_their_own_account_and_on_no_other(door: Doorway) -> None:
    await echo(door, door.person("cardholder:h1", customer_id="cus-1"), "acc-1")
    told = await refusal(echo(door, door.person("cardholder:h1", customer_id="cus-1"), "acc-2"))
    assert (told.code, told.reason) == ("PERMISSION_DENIED", "NOT_PERMITTED")
    assert told.metadata == {"action": "echo.Echo"}


async def test_what_does_not_exist_looks_like_what_is_not_ones_own(door: Doorway) -> None:
    others = await refusal(echo(door, door.person(), "acc-2"))
    nothing = await refusal(echo(door, door.person(), "acc-none"))
    assert others == nothing
    # Nor does somebody without a customer own what nobody owns.
    nobody = await refusal(echo(door, door.person("partner:p1", customer_id=""), "acc-none"))
    assert nobody == others
    await echo(door, door.person("operator:o1", customer_id="", roles=["agent"], aal=2), "acc-none")


async def test_an_agent_needs_to_have_logged_in_well(door: Doorway) -> None:
    agent = {"customer_id": "", "roles": ["agent"]}
    await echo(door, door.person("operator:o1", aal=2, **agent), "acc-2")
    told = await refusal(echo(door, door.person("operator:o1", aal=1, **agent), "acc-2"))
    assert told.reason == "NOT_PERMITTED"


async def test_who_acts_for_somebody_needs_both_to_be_permitted(door: Doorway) -> None:
    agent = door.person_token("operator:o1", customer_id="", roles=["agent"], aal=2)
    holder = door.person_token("cardholder:h1")
    await echo(door, [*door.service("support"), ("cards-on-behalf-of", agent)], "acc-2")
    for_holder = [*door.service("support"), ("cards-on-behalf-of", holder)]
    await echo(door, for_holder, "acc-1")
    assert (await refusal(echo(door, for_holder, "acc-2"))).code == "PERMISSION_DENIED"
    accounts_for_agent = [*door.service("accounts"), ("cards-on-behalf-of", agent)]
    assert (await refusal(echo(door, accounts_for_agent))).code == "PERMISSION_DENIED"


async def test_what_no_policy_permits_is_refused() -> None:
    async with doorway(policies=PolicySource.of_text("")) as door:
        assert (await refusal(echo(door, door.service()))).code == "PERMISSION_DENIED"
        # What anybody may ask is not a question for policies.
        await door.stub.Ping(door.pb.PingRequest(), timeout=20)


async def test_as_long_as_there_are_no_policies_nobody_is_served() -> None:
    async with doorway(policies=PolicySource()) as door:
        told = await refusal(echo(door, door.service()))
        assert (told.code, told.reason) == ("UNAVAILABLE", "POLICIES_UNAVAILABLE")


def test_a_decision_names_its_policies_and_their_digest() -> None:
    permissions = Permissions(PolicySource.of_text(POLICIES))
    decision = permissions.decide(HOLDER, "echo.Echo", "Account", "acc-1", {"owner": "cus-1"})
    assert decision.allowed
    assert decision.policies == ("holders-own",)
    assert decision.digest == PolicySet.parse(POLICIES).digest


def test_a_decision_is_remembered_for_exactly_the_same_question() -> None:
    source = PolicySource.of_text(POLICIES)
    permissions = Permissions(source)

    def ask(owner: str, tags: list[str]) -> Any:
        about = {"owner": owner, "tags": tags}
        return permissions.decide(HOLDER, "echo.Echo", "Account", "acc-1", about)

    assert ask("cus-1", ["a"]) is ask("cus-1", ["a"])
    assert not ask("cus-2", ["a"]).allowed
    source.replace("forbid (principal, action, resource);" + POLICIES)
    assert not ask("cus-1", ["a"]).allowed


@given(owner=st.text(max_size=20), customer_id=st.text(max_size=20), id=st.text(max_size=20))
def test_ownership_is_equality_and_nothing_else(owner: str, customer_id: str, id: str) -> None:
    permissions = Permissions(PolicySource.of_text(POLICIES))
    holder = Principal("cardholder:h1", "cardholder", customer_id=customer_id)
    decision = permissions.decide(holder, "echo.Echo", "Account", id, {"owner": owner})
    assert decision.allowed == (customer_id != "" and customer_id == owner)


async def test_policies_are_fetched_kept_and_found_again(tmp_path: Path) -> None:
    kept_at = tmp_path / "policies" / "last.json"
    answers: list[Any] = [
        Unavailable("AWAY", "away"),
        (ALLOW_ALL, PolicySet.parse(ALLOW_ALL).digest),
        ("permit (", PolicySet.parse("").digest),
        (POLICIES, PolicySet.parse(ALLOW_ALL).digest),
    ]

    async def fetch() -> tuple[str, str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    source = PolicySource(fetch=fetch, kept_at=kept_at)
    assert not await source.refresh()
    with pytest.raises(Unavailable):
        source.current()
    assert await source.refresh()
    assert source.current().text == ALLOW_ALL
    # What cannot be parsed, and what is not what it is said to be, changes nothing.
    assert not await source.refresh()
    assert not await source.refresh()
    assert source.current().text == ALLOW_ALL
    assert PolicySource(kept_at=kept_at).current().text == ALLOW_ALL
    kept_at.write_text('{"digest": "0", "text": "permit (principal, action, resource);"}')
    with pytest.raises(Unavailable):
        PolicySource(kept_at=kept_at).current()


async def test_policies_are_asked_for_until_there_are_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chassis.permission.RETRY_SECONDS", 0.001)
    asked = 0

    async def fetch() -> tuple[str, str]:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise Unavailable("AWAY", "away")
        return ALLOW_ALL, PolicySet.parse(ALLOW_ALL).digest

    source = PolicySource(fetch=fetch)
    running = asyncio.create_task(source.run())
    await until(lambda: asked == 3)
    assert source.current().text == ALLOW_ALL
    running.cancel()


def test_a_text_that_is_no_policy_set_is_refused() -> None:
    with pytest.raises(BadPolicies):
        PolicySource.of_text("permit everything")
