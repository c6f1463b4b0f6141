"""Policy sets: installed, proposed, activated by a second person, and asked about."""

from pathlib import Path
from typing import Any

import pytest
from cards.auth.v1 import policy_service_pb2 as pb

from chassis.kernel.errors import Error
from services.auth.domain.policy_sets import hash_of
from services.auth.tests.conftest import ADMINISTRATOR, OTHER_ADMINISTRATOR, Auth, started
from services.auth.use_cases import beginning
from services.auth.use_cases.deciding import built_in_text

OPEN = '@id("open")\npermit (principal, action, resource);\n'
ROOT_ONLY = pb.Principal(subject="operator:1", kind="operator", assurance_level=2)


async def propose(auth: Auth, text: str = OPEN) -> str:
    request = pb.ProposePolicySetRequest(idempotency_key=text[:9], text=text)
    answer = await auth.ask(auth.policies, "ProposePolicySet", request, key=hash_of(text))
    return str(answer.policy_set_hash)


async def activate(auth: Auth, name: str, by: Any = OTHER_ADMINISTRATOR) -> None:
    request = pb.ActivatePolicySetRequest(idempotency_key="a", policy_set_hash=name)
    await auth.ask(auth.policies, "ActivatePolicySet", request, by=by, key=f"a {name} {by}")


async def active(auth: Auth) -> pb.PolicySet:
    answer = await auth.ask(auth.policies, "GetPolicySet", pb.GetPolicySetRequest())
    assert isinstance(answer.policy_set, pb.PolicySet)
    return answer.policy_set


async def check(auth: Auth, action: str, **resource: Any) -> bool:
    request = pb.CheckPermissionRequest(principal=ROOT_ONLY, action=action)
    if resource:
        request.resource.CopyFrom(pb.Resource(**resource))
    answer = await auth.ask(auth.policies, "CheckPermission", request)
    return bool(answer.allowed)


async def test_the_built_in_set_counts_from_the_first_start(auth: Auth) -> None:
    shown = await active(auth)
    assert shown.text == built_in_text()
    assert shown.policy_set_hash == hash_of(shown.text)
    assert shown.activated_at.ToDatetime() == auth.clock.now().replace(tzinfo=None)
    text, name = await auth.node.service.policy_set(auth.node.ports)  # type: ignore[misc]
    assert (text, name) == (shown.text, shown.policy_set_hash)


async def test_who_proposes_does_not_activate(auth: Auth) -> None:
    name = await propose(auth)
    assert not await check(auth, "accounts.OpenAccount")
    with pytest.raises(Error, match="SECOND_PERSON_REQUIRED"):
        await activate(auth, name, ADMINISTRATOR)
    await activate(auth, name)
    assert (await active(auth)).policy_set_hash == name
    assert await check(auth, "accounts.OpenAccount")
    assert auth.names()[-2:] == ["PolicySetProposed", "PolicySetActivated"]


async def test_what_cannot_be_parsed_or_was_not_proposed_is_refused(auth: Auth) -> None:
    with pytest.raises(Error, match="POLICY_SET_MALFORMED"):
        await propose(auth, "permit everything;")
    with pytest.raises(Error, match="POLICY_SET_UNKNOWN"):
        await activate(auth, "0" * 64)


async def test_a_new_version_brings_its_set_but_does_not_undo_what_people_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(tmp_path):
        pass
    monkeypatch.setattr(beginning, "built_in_text", lambda: OPEN)
    async with started(tmp_path) as auth:
        assert (await active(auth)).text == OPEN
        name = await propose(auth, built_in_text() + "// by people\n")
        await activate(auth, name)
    monkeypatch.setattr(beginning, "built_in_text", lambda: OPEN + OPEN.replace("open", "too"))
    async with started(tmp_path) as auth:
        assert (await active(auth)).policy_set_hash == name


async def test_a_decision_is_explained_by_the_set_of_its_time(auth: Auth) -> None:
    before = (await active(auth)).policy_set_hash
    await activate(auth, await propose(auth))
    request = pb.ExplainDecisionRequest(principal=ROOT_ONLY, action="accounts.OpenAccount")
    now = await auth.ask(auth.policies, "ExplainDecision", request)
    assert (now.allowed, [each.policy_id for each in now.policies]) == (True, ["open"])
    assert "permit" in now.policies[0].text
    request.policy_set_hash = before
    then = await auth.ask(auth.policies, "ExplainDecision", request)
    assert (then.allowed, list(then.policies), then.policy_set_hash) == (False, [], before)


async def test_attributes_reach_the_policies(auth: Auth) -> None:
    holder = pb.Principal(
        subject="cardholder:1", kind="cardholder", roles=["holder"], customer_id="c1"
    )
    resource = pb.Resource(type="Account", id="a1")
    resource.attributes.update({"owner": "c1", "count": 3, "open": True, "tags": ["a"]})
    request = pb.ListAllowedRequest(principal=holder, resource=resource)
    answer = await auth.ask(auth.policies, "ListAllowed", request)
    assert "accounts.GetAccount" in answer.actions
    assert "accounts.OpenAccount" not in answer.actions
    resource.attributes.update({"owner": "c2"})
    request = pb.ListAllowedRequest(principal=holder, resource=resource)
    answer = await auth.ask(auth.policies, "ListAllowed", request)
    assert "accounts.GetAccount" not in answer.actions
    for malformed in ({"x": 0.5}, {"x": None}, {"x": {"y": "z"}}, {"x": [1]}):
        resource.attributes.update(malformed)
        request = pb.ListAllowedRequest(principal=holder, resource=resource)
        with pytest.raises(Error, match="QUESTION_MALFORMED"):
            await auth.ask(auth.policies, "ListAllowed", request)
