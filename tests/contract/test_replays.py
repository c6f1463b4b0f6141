"""A request that comes again: the same is answered the same, another under its name is refused."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from cards.auth.v1 import policy_service_pb2 as policies

from tests.contract import values
from tests.contract.conftest import head, heads
from tests.contract.contracts import KEY, SERVICES, Rpc, rpcs
from tests.contract.outside import Done, Outsider
from tests.contract.story import Story

pytestmark = [pytest.mark.serial, pytest.mark.usefixtures("calm")]

NOTHING_PARKED = frozenset(
    f"{service}.{name}" for service in SERVICES for name in ("RedriveStream", "SkipMessage")
)
"""The story parks nothing, so it has nothing to redrive; chassis/tests show their kept answers."""
WITHOUT_BODY = frozenset({"auth.RotateSigningKey", "auth.RotateWrappingKey"})
"""Nothing but the key is in the request, so none under the same key is another."""

DRAWS = 12
OTHERS_PER_FIELD = 3

MUTATIONS = [each for each in rpcs() if each.mutating and str(each) not in NOTHING_PARKED]


def done(story: Story, called: Rpc) -> Done:
    """The first time that somebody of the story asked for it."""
    made = [each for each in story.outsider.done if each.rpc == called]
    assert made, f"the story never does {called}"
    return made[0]


def others(request: Any, called: Rpc) -> Iterator[Any]:
    """The same request with one field different, and no rule broken; what it is about is last."""
    about = called.door.resource_field.split(".")[0]
    fields = [each for each in called.method.input_type.fields if each.name != KEY]
    for field in sorted(fields, key=lambda each: each.name == about):
        made: list[Any] = [request]
        for seed in range(DRAWS):
            drawn = values.valid(called.method.input_type, Random(seed), full=True)
            made.append(exchanged(request, drawn, field.name))
            fresh = made[-1] not in made[:-1] and not values.violations(made[-1])
            if fresh and len(made) <= OTHERS_PER_FIELD:
                yield made[-1]
            else:
                made.pop()
    if str(called) == "auth.ProposePolicySet":
        # Cedar is not to be had by chance.
        yield policies.ProposePolicySetRequest(
            idempotency_key=request.idempotency_key, text="permit(principal, action, resource);"
        )


def exchanged(request: Any, drawn: Any, name: str) -> Any:
    """A copy of a request with one field taken from another."""
    made, only = type(request)(), type(request)()
    made.CopyFrom(request)
    made.ClearField(name)
    only.CopyFrom(drawn)
    for each in request.DESCRIPTOR.fields:
        if each.name != name:
            only.ClearField(each.name)
    made.MergeFrom(only)
    return made


@pytest.mark.parametrize("called", MUTATIONS, ids=str)
def test_the_same_request_again_is_answered_byte_for_byte(
    outsider: Outsider, story: Story, called: Rpc
) -> None:
    first = done(story, called)
    before = heads(outsider)
    again = outsider.call(called, first.request.SerializeToString(), by=first.by)
    assert again.ok, again
    assert again.answers == (first.answer,)
    assert heads(outsider) == before


@pytest.mark.parametrize(
    "called", [each for each in MUTATIONS if str(each) not in WITHOUT_BODY], ids=str
)
def test_another_request_under_the_same_key_is_refused(
    outsider: Outsider, story: Story, called: Rpc
) -> None:
    first = done(story, called)
    before = head(outsider, called.service)
    reasons = []
    for other in others(first.request, called):
        answer = outsider.call(called, other.SerializeToString(), by=first.by)
        # What is refused before the key is looked up is refused all the same.
        assert not answer.ok, other
        assert answer.domain == f"{called.service}.cards", answer
        if answer.reason == "IDEMPOTENCY_KEY_REUSED":
            assert answer.code.name == "FAILED_PRECONDITION", answer
        reasons.append(answer.reason)
    assert "IDEMPOTENCY_KEY_REUSED" in reasons, reasons
    assert head(outsider, called.service) == before


def test_keys_of_different_people_are_different(outsider: Outsider, story: Story) -> None:
    """The name of a request is the caller's own: another may use it for something else."""
    first = done(story, next(each for each in MUTATIONS if str(each) == "accounts.BlockCard"))
    request: Any = first.rpc.request.FromString(first.request.SerializeToString())
    assert first.by == "Ada"
    request.card_id = story.holders["Bea"].card_id
    answer = outsider.call(first.rpc, request.SerializeToString(), by="Bea")
    assert answer.ok, answer
    assert answer.answers != (first.answer,)


def test_every_stored_answer_is_proven_or_named() -> None:
    assert len(MUTATIONS) > 35
    assert {str(each) for each in rpcs()} >= NOTHING_PARKED | WITHOUT_BODY
