"""What is no request, and how the caller learns where."""

from collections.abc import AsyncIterator
from typing import Any

from chassis import call as calls
from chassis.grpc_errors import MAX_VIOLATIONS
from chassis.tests.door.conftest import Doorway
from chassis.tests.door.refusals import refusal

ECHO = "/door.echo.v1.EchoService/Echo"


def echo(door: Doorway, **fields: Any) -> Any:
    known = {"idempotency_key": "k1", "account_id": "acc-1", "text": "hello", **fields}
    return door.stub.Echo(door.pb.EchoRequest(**known), metadata=door.person(), timeout=20)


async def test_rules_of_the_proto_are_kept_and_every_field_at_fault_is_named(door: Doorway) -> None:
    told = await refusal(echo(door, account_id="NOT AN ID", text="x" * 201, numbers=[1, -1]))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert told.fields == {
        "account_id": "string.pattern", "text": "string.max_len", "numbers[1]": "int32.gte",
    }  # fmt: skip
    assert door.api.served == 0


async def test_what_the_caller_wrote_is_not_in_the_answer(door: Doorway) -> None:
    number = "4111111111111111"
    told = await refusal(echo(door, account_id=f"A {number}", notes={number: ""}))
    assert told.fields == {
        "account_id": "string.pattern", 'notes["[redacted]"]': "string.min_len",
    }  # fmt: skip
    assert number.encode() not in told.raw


async def test_however_much_is_wrong_the_caller_can_be_told(door: Doorway) -> None:
    notes = {"topic " * 2000 + str(number): "" for number in range(15)}
    told = await refusal(echo(door, account_id="?", notes=notes, numbers=[-1] * 500))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert 2 <= len(told.fields) <= MAX_VIOLATIONS
    assert len(told.raw) < 8192


async def test_a_path_leads_into_messages(door: Doorway) -> None:
    call = door.stub.Look(door.pb.LookRequest(), metadata=door.person(), timeout=20)
    assert (await refusal(call)).fields == {"account": "required"}


async def test_bytes_that_are_no_message_are_the_callers_fault(door: Doorway) -> None:
    raw = door.channel.unary_unary(ECHO)
    told = await refusal(raw(b"\xff\xff\xff", metadata=door.person(), timeout=20))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_MALFORMED")
    # A text that is not UTF-8 is not a text.
    told = await refusal(raw(b"\x1a\x02\xc3\x28", metadata=door.person(), timeout=20))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_MALFORMED")


async def test_a_request_may_not_be_large(door: Doorway) -> None:
    told = await refusal(echo(door, text="x" * 300_000))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_TOO_LARGE")
    told = await refusal(echo(door, text="x" * 5_000_000))
    assert told.code == "RESOURCE_EXHAUSTED"


async def test_a_mutation_has_a_name(door: Doorway) -> None:
    for key in ("", "x" * 129, "schlüssel", "a\nb"):
        told = await refusal(echo(door, idempotency_key=key))
        assert (told.code, told.reason) == ("INVALID_ARGUMENT", "IDEMPOTENCY_KEY_INVALID")
        assert list(told.fields) == ["idempotency_key"]


async def test_the_hash_tells_requests_apart(door: Doorway) -> None:
    hashes: list[bytes] = []

    async def note(request: Any) -> None:
        hashes.append(calls.current().request_hash)

    door.api.behave = note
    notes = {f"topic-{number}": "note" for number in range(20)}
    await echo(door, notes=notes)
    await echo(door, notes=dict(reversed(notes.items())))
    await echo(door, notes={**notes, "topic-3": "other"})
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


async def test_no_text_anywhere_holds_a_nul_character(door: Doorway) -> None:
    notes = {"kept\0": "fine", "topic": "a\0"}
    told = await refusal(echo(door, text="before\0after", notes=notes))
    assert (told.code, told.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert told.fields == {"text": "string.no_nul", "notes": "string.no_nul"}
    assert door.api.served == 0
    # A zero elsewhere in the bytes is no text.
    answer = await echo(door, numbers=[0, 1, 0])
    assert answer.text == "hello"


async def test_nor_does_a_text_in_a_stream_of_requests(door: Doorway) -> None:
    async def requests() -> AsyncIterator[Any]:
        yield door.pb.ConverseRequest(word="a\0")

    call = door.stub.Converse(requests(), metadata=door.person(), timeout=20)
    told = await refusal(call.read())
    assert (told.code, told.fields) == ("INVALID_ARGUMENT", {"word": "string.no_nul"})
