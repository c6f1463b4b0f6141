"""Whether the caller may do this to that: a Cedar decision for every rpc that is not anonymous."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from chassis.call import Call
from chassis.interceptors.method import (
    BadDescription,
    Handler,
    Inbound,
    Layer,
    MethodDescription,
)
from chassis.kernel.errors import Forbidden
from chassis.permission import Permissions

Resolver = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""Attributes of an object by its id, or None when there is no such object."""

UNKNOWN: Mapping[str, Any] = {"owner": ""}
"""What is known of an object that does not exist: nobody owns it, so that only who may see
everybody's learns that it does not."""


def layer(permissions: Permissions, resources: Mapping[str, Resolver]) -> Layer:
    """A layer that asks `permissions`, with attributes from `resources` by type of object."""

    def around(method: MethodDescription, following: Handler) -> Handler:
        if method.anonymous:
            return following
        if method.resource_id is not None and method.resource_type not in resources:
            raise BadDescription(f"{method.full}: nobody resolves {method.resource_type}")
        action, read_id = method.full, method.resource_id
        type_ = method.resource_type or "Service"
        no_object = "" if method.resource_type else method.service
        resolve = resources.get(method.resource_type)
        decide = permissions.decide

        async def check(call: Call, request: Message | None) -> None:
            if read_id is None or resolve is None:
                decision = decide(call.principal, action, type_, no_object)
            else:
                id = "" if request is None else str(read_id(request))
                attributes = await resolve(id) if id else None
                known = UNKNOWN if attributes is None else attributes
                decision = decide(call.principal, action, type_, id, known)
            if not decision.allowed:
                raise Forbidden("NOT_PERMITTED", "this is not permitted", action=action)

        async def permit(inbound: Inbound) -> Any:
            await check(inbound.call, inbound.request)
            return await following(inbound)

        async def each(
            call: Call, first: Message | None, rest: AsyncIterator[Message]
        ) -> AsyncIterator[Message]:
            if first is not None:
                yield first
            async for request in rest:
                await check(call, request)
                yield request

        async def permit_stream(inbound: Inbound) -> Any:
            # The first message says what the stream is about, and nothing happens before it.
            first = await anext(inbound.request, None) if read_id is not None else None
            await check(inbound.call, first)
            if read_id is not None:
                inbound.request = each(inbound.call, first, inbound.request)
            return await following(inbound)

        return permit_stream if method.request_streaming else permit

    return around
