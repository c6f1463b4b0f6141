"""The door: puts the layers round the handlers of every rpc, once, at start-up."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from hashlib import sha256
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError, Message

from chassis.call import Call, enter
from chassis.interceptors.method import (
    BadDescription,
    Handler,
    Inbound,
    Layer,
    MethodDescription,
    describe,
)
from chassis.kernel.errors import Invalid, Unavailable

RpcHandlers = dict[str, Any]
"""Name of an rpc → grpc.RpcMethodHandler (whose type knows no parameters at run time)."""

LAST_ANSWER_SECONDS = 1.0
"""So long an answer that is on its way may take when its stream is to end."""
CORRELATION = "cards-correlation-id"
# Only what looks like one of our ids: whatever a caller says here goes into logs and events.
_CORRELATION = re.compile(r"[0-9a-f]{32}")


class Door:
    """Wraps handlers in layers, outermost first.

    `before` run before the request is read and `after` with the message at hand. Handlers are
    wrapped when they are registered, so that a call costs the layers and nothing else.
    """

    def __init__(
        self,
        service: str,
        *,
        before: Sequence[Layer],
        after: Sequence[Layer],
        new_id: Callable[[], str],
        max_request_bytes: int,
    ) -> None:
        self._service = service
        self._before = tuple(before)
        self._after = tuple(after)
        self._new_id = new_id
        self._max_request_bytes = max_request_bytes
        self._names: dict[str, str] = {}
        self._streams: set[asyncio.Task[Any]] = set()
        self._draining = False

    def wrap(self, descriptor: ServiceDescriptor, handlers: RpcHandlers) -> RpcHandlers:
        """The handlers of one proto service, wrapped. Raises BadDescription."""
        wrapped: RpcHandlers = {}
        for name, handler in handlers.items():
            method = describe(self._service, descriptor.methods_by_name[name])
            other = self._names.setdefault(method.full, method.path)
            if other != method.path:
                raise BadDescription(f"{method.path} and {other} are both {method.full}")
            wrapped[name] = self._wrapped(method, handler)
        return wrapped

    def end_streams(self) -> None:
        """Ask every stream of responses to end, as the server is about to stop."""
        self._draining = True
        for task in self._streams:
            task.cancel()

    def _wrapped(self, method: MethodDescription, handler: Any) -> Any:
        kind = ("unary", "stream")[method.request_streaming]
        kind += "_" + ("unary", "stream")[method.response_streaming]
        behaviour = getattr(handler, kind)
        innermost = self._write_all(behaviour) if method.response_streaming else _answer(behaviour)
        chain = _compose(method, self._after, innermost)
        chain = _compose(method, self._before, _read(method, self._max_request_bytes, chain))
        make: Any = getattr(grpc, f"{kind}_rpc_method_handler")
        # Bytes come in and go out: whoever reads a request decides what a malformed one gets.
        return make(self._enter(method, chain), request_deserializer=None, response_serializer=None)

    def _enter(self, method: MethodDescription, chain: Handler) -> Any:
        full, new_id = method.full, self._new_id

        async def handle(raw: Any, context: Any) -> Any:
            metadata = dict(context.invocation_metadata())
            correlation_id = metadata.get(CORRELATION)
            if correlation_id is None or not _CORRELATION.fullmatch(correlation_id):
                correlation_id = new_id()
            call = Call(method=full, correlation_id=correlation_id)
            enter(call)
            return await chain(Inbound(context, metadata, raw, call))

        return handle

    def _write_all(self, behaviour: Callable[[Any, Any], Any]) -> Handler:
        if not inspect.isasyncgenfunction(behaviour):
            raise BadDescription(f"{behaviour}: a stream of responses is yielded")

        async def write_all(inbound: Inbound) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._streams.add(task)
            write = inbound.context.write
            try:
                async with aclosing(behaviour(inbound.request, inbound.context)) as responses:
                    async for response in responses:
                        await _whole(write(response.SerializeToString()))
            except asyncio.CancelledError:
                if self._draining and task.uncancel() == 0:
                    raise Unavailable("DRAINING", "this server stops; ask another") from None
                raise
            finally:
                self._streams.discard(task)

        return write_all


async def _whole(writing: Coroutine[Any, Any, None]) -> None:
    """Write an answer to its end, whoever ends the stream meanwhile: gRPC takes no status while an
    answer is on its way, and the caller would not be told why there are no more."""
    written = asyncio.ensure_future(writing)
    try:
        await asyncio.shield(written)
    except asyncio.CancelledError:
        # A caller who reads nothing is not waited for.
        done, _ = await asyncio.wait([written], timeout=LAST_ANSWER_SECONDS)
        for each in done:
            # Whether it still arrived matters to nobody: asked, so that no loss of it is logged.
            if not each.cancelled():
                each.exception()
        written.cancel()
        raise


def _compose(method: MethodDescription, layers: Sequence[Layer], innermost: Handler) -> Handler:
    chain = innermost
    for layer in reversed(layers):
        chain = layer(method, chain)
    return chain


def _answer(behaviour: Callable[[Any, Any], Any]) -> Handler:
    if not inspect.iscoroutinefunction(behaviour):
        raise BadDescription(f"{behaviour}: handlers are coroutines")

    async def answer(inbound: Inbound) -> bytes:
        response: Message = await behaviour(inbound.request, inbound.context)
        return response.SerializeToString()

    return answer


def _read(method: MethodDescription, max_bytes: int, following: Handler) -> Handler:
    """Parse requests; of a mutation, note the key and the hash that tell it from others."""
    parse = method.request.FromString
    # What requests of different rpcs have in common must not be taken for a repetition.
    hashed = sha256(method.path.encode() + b"\0")

    def parsed(raw: bytes) -> Message:
        if len(raw) > max_bytes:
            raise Invalid("REQUEST_TOO_LARGE", f"a request has at most {max_bytes} bytes")
        try:
            return parse(raw)
        except DecodeError as error:
            raise Invalid("REQUEST_MALFORMED", "these bytes are not the request") from error

    async def read(inbound: Inbound) -> Any:
        inbound.request = parsed(inbound.raw)
        return await following(inbound)

    async def read_mutation(inbound: Inbound) -> Any:
        request: Any = parsed(inbound.raw)
        inbound.request = request
        inbound.call.idempotency_key = request.idempotency_key
        digest = hashed.copy()
        digest.update(request.SerializeToString(deterministic=True))
        inbound.call.request_hash = digest.digest()
        return await following(inbound)

    async def read_each(requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        async for raw in requests:
            yield parsed(raw)

    async def read_stream(inbound: Inbound) -> Any:
        inbound.request = read_each(inbound.raw)
        return await following(inbound)

    if method.request_streaming:
        return read_stream
    return read_mutation if method.mutating else read


class Registrar:
    """Puts the door before what a generated `add_…Servicer_to_server` gives to `methods`."""

    def __init__(self, door: Door, descriptor: ServiceDescriptor, methods: Any) -> None:
        self._wrap = partial(door.wrap, descriptor)
        self._methods = methods

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """Nothing: the same handlers are registered by name."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Register the handlers, wrapped."""
        self._methods.add_registered_method_handlers(service, self._wrap(handlers))
