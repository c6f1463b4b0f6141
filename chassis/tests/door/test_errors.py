"""What a caller is told of what went wrong, and what stays inside."""

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chassis import logs
from chassis.grpc_errors import MAX_TEXT_CHARACTERS, Violation
from chassis.kernel import errors
from chassis.kernel.errors import Error
from chassis.tests.door.conftest import PATIENCE_SECONDS, Doorway, doorway
from chassis.tests.door.refusals import refusal

KINDS = [
    errors.Invalid, errors.Unauthenticated, errors.Forbidden, errors.NotFound,
    errors.AlreadyExists, errors.Refused, errors.Conflict, errors.Exhausted, errors.Unavailable,
]  # fmt: skip


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure("echo", stream=stream)
    yield stream
    logs.configure("echo")


def ping(door: Doorway) -> Any:
    return door.stub.Ping(door.pb.PingRequest(), timeout=20)


def raising(door: Doorway, error: BaseException) -> None:
    async def fail(request: Any) -> None:
        raise error

    door.api.behave = fail


@pytest.mark.parametrize("kind", KINDS)
async def test_every_error_of_the_tree_is_told(door: Doorway, kind: type[Error]) -> None:
    raising(door, kind("LIMIT_TOO_LOW", "the limit is too low", field="limit", limit="5"))
    told = await refusal(ping(door))
    assert (told.code, told.reason, told.text) == (
        kind.code, "LIMIT_TOO_LOW", "the limit is too low",
    )  # fmt: skip
    assert told.domain == "echo.cards"
    assert told.metadata == {"limit": "5"}
    assert told.fields == {"limit": "LIMIT_TOO_LOW"}


async def test_a_text_that_quotes_too_much_is_cut_and_told(door: Doorway) -> None:
    """Trailing metadata have little room, and what has none is replaced by an error of gRPC's."""
    raising(door, errors.Invalid("RULE_INVALID", "ﷺ" * 10_000, field="rule", rule="🦜" * 10_000))
    told = await refusal(ping(door))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "RULE_INVALID")
    assert told.text == "ﷺ" * MAX_TEXT_CHARACTERS
    assert told.metadata == {"rule": "🦜" * MAX_TEXT_CHARACTERS}
    assert told.fields == {"rule": "RULE_INVALID"}


@pytest.mark.parametrize("kind", KINDS)
async def test_one_error_survives_the_hop(door: Doorway, kind: type[Error]) -> None:
    raising(door, kind("LIMIT_TOO_LOW", "the limit is too low", field="limit", limit="5"))
    stub = door.rpc().stub(type(door.stub), "echo")
    with pytest.raises(kind) as caught:
        await stub.Ping(door.pb.PingRequest())
    error: Any = caught.value
    assert type(error) is kind
    assert (error.reason, error.message, error.field) == (
        "LIMIT_TOO_LOW", "the limit is too low", "limit",
    )  # fmt: skip
    assert error.metadata == {"limit": "5", "origin": "echo.cards"}


async def test_several_violations_survive_the_hop(door: Doorway) -> None:
    stub = door.rpc().stub(type(door.stub), "echo")
    request = door.pb.EchoRequest(idempotency_key="k", account_id="?", text="x" * 201)
    with pytest.raises(errors.Invalid) as caught:
        await stub.Echo(request)
    violations: tuple[Violation, ...] = getattr(caught.value, "violations", ())
    assert [each.field for each in violations] == ["account_id", "text"]


async def test_of_a_defect_nothing_is_told_but_where_to_look(
    door: Doorway, lines: io.StringIO
) -> None:
    raising(door, ValueError("card 4111111111111111 of a@example.com"))
    told = await refusal(ping(door))
    assert (told.code, told.reason, told.text) == ("INTERNAL", "DEFECT", "something is wrong here")
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    [failed] = [line for line in logged if line["event"] == "rpc_failed"]
    assert failed["error"] == "ValueError"
    assert failed["correlation_id"] == told.metadata["correlation_id"]
    assert failed["frames"][-1].endswith(":fail")
    assert "4111111111111111" not in lines.getvalue()
    assert "example.com" not in lines.getvalue()


async def test_a_defect_of_a_peer_is_a_defect_here(door: Doorway) -> None:
    raising(door, ValueError("private"))
    stub = door.rpc().stub(type(door.stub), "echo")
    with pytest.raises(Error) as caught:
        await stub.Ping(door.pb.PingRequest())
    assert (type(caught.value), caught.value.reason) == (Error, "PEER_DEFECT")
    raising(door, caught.value)
    assert (await refusal(ping(door))).reason == "DEFECT"


async def test_a_caller_who_hangs_up_is_no_error(door: Doorway, lines: io.StringIO) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(request: Any) -> None:
        begun.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    door.api.behave = wait
    call = ping(door)
    await asyncio.wait_for(begun.wait(), PATIENCE_SECONDS)
    call.cancel()
    await asyncio.wait_for(ended.wait(), PATIENCE_SECONDS)
    await asyncio.sleep(0.05)
    assert lines.getvalue() == ""


async def test_work_that_was_given_up_inside_is_told(door: Doorway) -> None:
    raising(door, asyncio.CancelledError())
    told = await refusal(ping(door))
    assert (told.code, told.reason) == ("UNAVAILABLE", "INTERRUPTED")


async def test_what_keeps_us_from_serving_says_when_to_come_back(door: Doorway) -> None:
    raising(door, errors.Exhausted("BUSY", "busy", retry_after_ms="250"))
    assert (await refusal(ping(door))).retry_ms == 250


async def test_a_refused_access_is_logged_by_subject_only(
    door: Doorway, lines: io.StringIO
) -> None:
    request = door.pb.EchoRequest(idempotency_key="k", account_id="acc-2")
    await refusal(door.stub.Echo(request, metadata=door.person(), timeout=5))
    [line] = [json.loads(each) for each in lines.getvalue().splitlines()]
    assert line["event"] == "access_refused"
    assert (line["reason"], line["principal"]) == ("NOT_PERMITTED", "cardholder:h1")


async def test_without_the_layer_grpc_itself_answers() -> None:
    async with doorway(door_layers_off={"errors"}) as door:
        raising(door, errors.Refused("NO", "no"))
        assert (await refusal(ping(door))).code == "UNKNOWN"
