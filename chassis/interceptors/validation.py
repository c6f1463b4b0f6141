"""Whether a request is well-formed: its proto's rules, its size, and the key that names it."""

from collections.abc import AsyncIterator
from typing import Any

import protovalidate
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


def layer() -> Layer:
    """A layer that checks messages once they are read."""
    validator = protovalidate.Validator()

    def check(request: Message) -> None:
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
            check(inbound.request)
            return await following(inbound)

        async def validate_mutation(inbound: Inbound) -> Any:
            key = inbound.call.idempotency_key
            if not (0 < len(key) <= MAX_KEY_CHARACTERS and key.isascii() and key.isprintable()):
                raise Invalid(
                    "IDEMPOTENCY_KEY_INVALID",
                    f"name the request: 1 to {MAX_KEY_CHARACTERS} printable characters",
                    field=IDEMPOTENCY_FIELD,
                )
            check(inbound.request)
            return await following(inbound)

        if method.request_streaming:
            return validate_stream
        return validate_mutation if method.mutating else validate

    return around


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
