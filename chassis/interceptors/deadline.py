"""How long a caller waits: 2 s unless they say, 30 s at most; streams of responses may be open."""

import asyncio
from collections.abc import Callable
from typing import Any

from chassis.grpc_errors import DeadlineExceeded
from chassis.interceptors.method import Handler, Inbound, Layer, MethodDescription
from chassis.kernel.errors import Invalid

DEFAULT_SECONDS = 2.0
LONGEST_SECONDS = 30.0
ROUNDING_SECONDS = 0.5
"""gRPC sends a time-out in few digits, rounded up: 30 s become up to 30.1 s."""


def layer(monotonic: Callable[[], float]) -> Layer:
    """A layer that sets the call's deadline, an instant of `monotonic`.

    gRPC cancels the handler at a deadline that a caller gave; the default one is kept here.
    """

    def around(method: MethodDescription, following: Handler) -> Handler:
        async def stream(inbound: Inbound) -> Any:
            remaining = inbound.context.time_remaining()
            if remaining is not None:
                inbound.call.deadline = monotonic() + remaining
            return await following(inbound)

        async def limit(inbound: Inbound) -> Any:
            remaining = inbound.context.time_remaining()
            if remaining is None:
                return await _by_default(inbound, following, monotonic())
            if remaining > LONGEST_SECONDS + ROUNDING_SECONDS:
                raise Invalid(
                    "DEADLINE_TOO_LONG", f"a deadline is at most {LONGEST_SECONDS:.0f} s away"
                )
            if remaining <= 0.0:
                raise DeadlineExceeded("DEADLINE_EXCEEDED", "the deadline was over on arrival")
            inbound.call.deadline = monotonic() + remaining
            return await following(inbound)

        return stream if method.response_streaming else limit

    return around


async def _by_default(inbound: Inbound, following: Handler, now: float) -> Any:
    inbound.call.deadline = now + DEFAULT_SECONDS
    try:
        async with asyncio.timeout(DEFAULT_SECONDS) as scope:
            return await following(inbound)
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise DeadlineExceeded(
            "DEADLINE_EXCEEDED", f"no answer within {DEFAULT_SECONDS:.0f} s, which is the default"
        ) from error
