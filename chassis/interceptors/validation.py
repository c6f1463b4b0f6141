"""Whether a request is well-formed: its proto's rules, its size, and the key that names it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis.grpc_errors import InvalidFields, Violation
from chassis.interceptors.method import (
    IDEMPOTENCY_FIELD,
    Handler,
    Inbound,
    Layer,
    MethodDescription,
)
from chassis.kernel.errors import Invalid
from chassis.logs import redact

MAX_KEY_CHARACTERS = 128
MAX_PATH_CHARACTERS = 200
MAX_DESCRIPTION_CHARACTERS = 300
"""All violations together have to fit into trailing metadata, of which gRPC takes 8 KiB."""
NUL = "\0"
_NUL_BYTE = b"\0"


def layer() -> Layer:
    """A layer that checks messages once they are read."""
    validator = protovalidate.Validator()

    def check(request: Message, raw: bytes | None = None) -> None:
        # A look at the bytes mostly saves one at every text.
        if raw is None or _NUL_BYTE in raw:
            _refuse_nul(request)
        found = validator.collect_violations(request)
        if found:
            violations = [_violation(each.proto) for each in found]
            raise InvalidFields("REQUEST_INVALID", "the request breaks its rules", violations)

    async def checked(requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
        async for request in requests:
            check(request)
            yield request

    def around(method: MethodDescription, following: Handler) -> Handler:
        async def validate_stream(inbound: Inbound) -> Any:
            inbound.request = checked(inbound.request)
            return await following(inbound)

        async def validate(inbound: Inbound) -> Any:
            check(inbound.request, inbound.raw)
            return await following(inbound)

        async def validate_mutation(inbound: Inbound) -> Any:
            key = inbound.call.idempotency_key
            if not (0 < len(key) <= MAX_KEY_CHARACTERS and key.isascii() and key.isprintable()):
                raise Invalid(
                    "IDEMPOTENCY_KEY_INVALID",
                    f"name the request: 1 to {MAX_KEY_CHARACTERS} printable characters",
                    field=IDEMPOTENCY_FIELD,
                )
            check(inbound.request, inbound.raw)
            return await following(inbound)

        if method.request_streaming:
            return validate_stream
        return validate_mutation if method.mutating else validate

    return around


def _refuse_nul(request: Message) -> None:
    """No text of any request holds U+0000: PostgreSQL keeps none, and what one service has stored
    as JSON, the read models and streams of all others could never take in."""
    paths = [path[:MAX_PATH_CHARACTERS] for path in _paths_of_nul(request)]
    if paths:
        told = "a text holds no NUL character"
        violations = [Violation(path, "string.no_nul", told) for path in paths]
        raise InvalidFields("REQUEST_INVALID", "the request breaks its rules", violations)


def _paths_of_nul(message: Message) -> Iterator[str]:
    for field, held in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            # Keys are the caller's texts and not repeated to them.
            for key, each in held.items():
                if isinstance(key, str) and NUL in key:
                    yield field.name
                yield from _inside(field.message_type.fields_by_name["value"], field.name, each)
        elif field.is_repeated:
            for place, each in enumerate(held):
                yield from _inside(field, f"{field.name}[{place}]", each)
        else:
            yield from _inside(field, field.name, held)


def _inside(field: FieldDescriptor, path: str, held: Any) -> Iterator[str]:
    if field.type == FieldDescriptor.TYPE_STRING:
        if NUL in held:
            yield path
    elif field.message_type is not None:
        for below in _paths_of_nul(held):
            yield f"{path}.{below}"


def _violation(found: Any) -> Violation:
    """In protovalidate's words, which cite the rule and not the value."""
    parts: list[str] = []
    for element in found.field.elements if found.field else ():
        subscript = element.subscript
        index = ""
        if subscript is not None:
            # A key of a map is the caller's text.
            shown = redact(subscript.value) if subscript.field == "string_key" else subscript.value
            index = f'["{shown}"]' if subscript.field == "string_key" else f"[{shown}]"
        parts.append(f"{element.field_name}{index}")
    description = redact(found.message or found.rule_id)
    return Violation(
        ".".join(parts)[:MAX_PATH_CHARACTERS],
        found.rule_id,
        description[:MAX_DESCRIPTION_CHARACTERS],
    )
