"""Every rpc of the protos: it is there, somebody may call it, and it answers as the protos say."""

from typing import Any

import grpc
import pytest
from cards.auth.v1 import auth_service_pb2 as auth
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tests.contract import values
from tests.contract.belongings import about, made_from_rules
from tests.contract.contracts import SERVICES, Rpc, files, proto_services, rpc, rpcs
from tests.contract.outside import Answer, Outsider
from tests.contract.story import Story

pytestmark = pytest.mark.serial

STAFF = ("operator", "gateway", "administrator", "service:accounts", "service:notify")
HOLDER = "Ada"
DEFECTS = frozenset({"UNKNOWN", "INTERNAL", "UNIMPLEMENTED", "DATA_LOSS"})
BUSY = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED"})
INFRASTRUCTURE = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
UNFULFILLED = frozenset({"TOKEN_MISSING", "REQUEST_INVALID", "REQUEST_MALFORMED"})
"""What a request that keeps every rule, from somebody who is known, is never refused for."""


def check(answer: Answer, service: str) -> None:
    """What holds of every answer: no defect, and an error says why and who says so."""
    assert answer.code.name not in DEFECTS, answer
    if not answer.ok:
        assert answer.reason, answer
        assert answer.reason == answer.reason.upper(), answer
        assert answer.domain == f"{service}.cards", answer


def called_by_somebody(story: Story, called: Rpc, full: bool) -> Answer:
    """The answer to a request made from the rules, from the first caller who is permitted it; a
    holder asks about what is theirs."""
    request = made_from_rules(called, full=full)
    assert not values.violations(request)
    outsider = story.outsider
    for by in ("",) if called.door.anonymous else STAFF:
        answer = outsider.call(called, request, by=by)
        check(answer, called.service)
        if answer.code is not grpc.StatusCode.PERMISSION_DENIED:
            return answer
    theirs = about(called, story.holders[HOLDER], outsider, full=full)
    answer = outsider.call(called, theirs, by=HOLDER)
    check(answer, called.service)
    return answer


@pytest.mark.parametrize("full", [False, True], ids=["least", "full"])
@pytest.mark.parametrize("called", rpcs(), ids=str)
def test_every_rpc_answers_a_request_made_from_its_rules(
    outsider: Outsider, story: Story, called: Rpc, full: bool
) -> None:
    answer = called_by_somebody(story, called, full)
    assert answer.code.name not in {"PERMISSION_DENIED", *BUSY}, answer
    assert answer.reason not in UNFULFILLED, answer
    for each in answer.answers:
        called.response.FromString(each)


@pytest.mark.parametrize("service", SERVICES)
def test_reflection_lists_what_the_protos_promise_and_nothing_else(
    outsider: Outsider, service: str
) -> None:
    database = ProtoReflectionDescriptorDatabase(outsider.channels[service])
    listed = set(database.get_services())
    assert listed == INFRASTRUCTURE | {each.full_name for each in proto_services(service)}
    for described in proto_services(service):
        told = database.FindFileContainingSymbol(described.full_name)
        ours = descriptor_pb2.FileDescriptorProto()
        described.file.CopyToProto(ours)
        assert told == ours


def test_an_rpc_can_be_called_by_what_reflection_tells_alone(outsider: Outsider) -> None:
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(outsider.channels["accounts"]))
    described = pool.FindServiceByName("cards.accounts.v1.AccountsService")
    method = described.methods_by_name["GetProgramme"]
    request = GetMessageClass(method.input_type)(programme_id="contract-card")
    call: Any = outsider.channels["accounts"].unary_unary(
        f"/{described.full_name}/{method.name}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    metadata = [("authorization", f"Bearer {outsider.token('operator')}")]
    answer = call(request, metadata=metadata, timeout=5)
    assert answer.programme.name == "Contract card"


def test_every_generated_file_of_the_protos_is_known() -> None:
    """A proto that nobody looks at would not be judged by any of these tests."""
    assert {each.package.split(".")[1] for each in files()} == {*SERVICES, "feed", "type"}
    assert len(rpcs()) > 100


def test_health_is_told_for_every_proto_service(outsider: Outsider) -> None:
    for service in SERVICES:
        stub = health_pb2_grpc.HealthStub(outsider.channels[service])
        for name in ("", *(each.full_name for each in proto_services(service))):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING, (service, name)


def test_a_service_that_is_none_is_unimplemented(outsider: Outsider) -> None:
    """So that the tests above would notice an rpc that is missing."""
    channel = outsider.channels["accounts"]
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/cards.accounts.v1.AccountsService/GetNothing", None, None)(
            b"", timeout=5
        )
    failure: grpc.Call = refused.value  # type: ignore[assignment]
    assert failure.code() is grpc.StatusCode.UNIMPLEMENTED
    answer = outsider.call(rpc("auth.GetSigningKeys"), auth.GetSigningKeysRequest())
    assert answer.ok
