"""What a servicer believes to be a grpc.aio server and its context, without a network."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import grpc

from chassis.grpc_methods import Methods

Interceptor = Any
"""A grpc.aio.ServerInterceptor."""


class SimulatedServer(Methods):
    """Takes servicers as `add_…Servicer_to_server` adds them, and finds the handler of a method."""

    def __init__(self, interceptors: Iterable[Interceptor] = ()) -> None:
        super().__init__()
        self._interceptors = tuple(interceptors)

    async def handler(self, details: "CallDetails") -> Any:
        """The handler of a method, inside all interceptors; None where there is none."""

        async def find(asked: Any) -> Any:
            return self.service(asked)

        continuation: Callable[[Any], Awaitable[Any]] = find
        for interceptor in reversed(self._interceptors):
            continuation = _wrapped(interceptor, continuation)
        return await continuation(details)


def _wrapped(
    interceptor: Interceptor, inner: Callable[[Any], Awaitable[Any]]
) -> Callable[[Any], Awaitable[Any]]:
    async def intercept(details: Any) -> Any:
        return await interceptor.intercept_service(inner, details)

    return intercept


class CallDetails(grpc.HandlerCallDetails):
    """Which method is called, and with which metadata."""

    def __init__(self, method: str, metadata: tuple[tuple[str, Any], ...]) -> None:
        self.method = method
        self.invocation_metadata = metadata


class SimulatedContext:
    """The part of grpc.aio.ServicerContext that handlers and interceptors use."""

    def __init__(
        self,
        metadata: tuple[tuple[str, Any], ...],
        time_remaining: Callable[[], float | None],
        peer: str,
        write: Callable[[Any], Awaitable[None]],
    ) -> None:
        self._metadata = metadata
        self._time_remaining = time_remaining
        self._peer = peer
        self._write = write
        self._code: grpc.StatusCode | int | None = None
        self._details = ""
        self._trailing: tuple[tuple[str, Any], ...] = ()
        self._initial: tuple[tuple[str, Any], ...] = ()
        self._callbacks: list[Callable[[Any], None]] = []

    def invocation_metadata(self) -> tuple[tuple[str, Any], ...]:
        return self._metadata

    def time_remaining(self) -> float | None:
        return self._time_remaining()

    def peer(self) -> str:
        return self._peer

    def peer_identities(self) -> None:
        return None

    def auth_context(self) -> dict[str, list[bytes]]:
        return {}

    async def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: Iterable[tuple[str, Any]] = (),
    ) -> None:
        self._code, self._details = code, details
        self._trailing = tuple(trailing_metadata) or self._trailing
        raise grpc.aio.AbortError

    async def write(self, message: Any) -> None:
        await self._write(message)

    async def send_initial_metadata(self, metadata: Iterable[tuple[str, Any]]) -> None:
        self._initial = tuple(metadata)

    def set_trailing_metadata(self, metadata: Iterable[tuple[str, Any]]) -> None:
        self._trailing = tuple(metadata)

    def trailing_metadata(self) -> tuple[tuple[str, Any], ...]:
        return self._trailing

    def initial_metadata(self) -> tuple[tuple[str, Any], ...]:
        """What the handler sent ahead of its answer."""
        return self._initial

    def set_code(self, code: grpc.StatusCode) -> None:
        self._code = code

    def set_details(self, details: str) -> None:
        self._details = details

    def code(self) -> grpc.StatusCode | int | None:
        return self._code

    def details(self) -> str:
        return self._details

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self._callbacks.append(callback)

    def finish(self) -> None:
        """The call is over: tell those who asked to be told."""
        for callback in self._callbacks:
            callback(self)

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return False
