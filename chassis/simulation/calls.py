"""Calls over the simulated network: real stubs and servicers, and bytes both ways."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc

from chassis.grpc_errors import from_rpc_error
from chassis.simulation.network import NOTICE_SECONDS, Connection, SimulatedNetwork
from chassis.simulation.server import CallDetails, SimulatedContext, SimulatedServer

Stub = TypeVar("Stub")

SUBJECT = "cards-simulated-subject"
"""Metadata with the caller's `<kind>:<id>`; nobody has to prove anything here."""
PATIENCE_SECONDS = 20.0
"""How long a call without a deadline waits for an answer that was lost."""
ANSWERS_LIMIT = 20_000
"""Answers of one call that wait for their caller."""
CLEANUP_SECONDS = 0.01
"""How soon after a caller's deadline the handler is cancelled."""

Metadata = tuple[tuple[str, Any], ...]


class SimulatedRpc:
    """`ports.rpc` of a simulated process."""

    def __init__(self, network: SimulatedNetwork, caller: str) -> None:
        self._network = network
        self._caller = caller

    def stub(self, stub: Callable[[Any], Stub], service: str) -> Stub:
        """A generated stub that speaks to another service of this world; as with the real client,
        its methods raise kernel errors."""
        return stub(SimulatedChannel(self._network, self._caller, service, from_rpc_error))


class SimulatedChannel:
    """The part of grpc.aio.Channel that generated stubs use."""

    def __init__(
        self,
        network: SimulatedNetwork,
        caller: str,
        callee: str,
        translate: Callable[[grpc.aio.AioRpcError, str], Exception] = lambda error, _: error,
    ) -> None:
        """`translate` makes what is raised of gRPC's error and the name of the callee."""
        self.network = network
        self.caller = caller
        self.callee = callee
        self.translate = translate

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes],
        response_deserializer: Callable[[bytes], Any],
        _registered_method: bool = False,
    ) -> Callable[..., "SimulatedCall"]:
        return self._caller_of(method, request_serializer, response_deserializer)

    unary_stream = unary_unary

    def stream_unary(self, method: str, *_: Any, **__: Any) -> Callable[..., Any]:
        """A stub may have such methods; nobody calls them in a simulated world."""

        def call(*_: Any, **__: Any) -> Any:
            raise AssertionError(f"{method} takes a stream of requests, which no world simulates")

        return call

    def _caller_of(
        self,
        method: str,
        serialise: Callable[[Any], bytes],
        parse: Callable[[bytes], Any],
    ) -> Callable[..., "SimulatedCall"]:
        def call(
            request: Any,
            *,
            timeout: float | None = None,
            metadata: Iterable[tuple[str, Any]] | None = None,
            wait_for_ready: bool | None = None,
            credentials: object = None,
            compression: object = None,
        ) -> SimulatedCall:
            # Later entries win: whoever says who they are is believed.
            known = ((SUBJECT, f"service:{self.caller}"), *(metadata or ()))
            sent = _Sent(method, serialise(request), known, timeout)
            return SimulatedCall(self, sent, parse)

        return call

    async def close(self, grace: float | None = None) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """What leaves the caller."""

    method: str
    payload: bytes
    metadata: Metadata
    timeout: float | None


@dataclass(frozen=True, slots=True)
class _End:
    """How a call ended at the callee."""

    code: grpc.StatusCode
    details: str
    trailing: Metadata


class SimulatedCall:
    """One call; awaited it gives the answer, iterated it gives the answers."""

    def __init__(
        self, channel: SimulatedChannel, sent: _Sent, parse: Callable[[bytes], Any]
    ) -> None:
        self._network = network = channel.network
        self._caller = channel.caller
        self._callee = channel.callee
        self._translate = channel.translate
        self._sent = sent
        self._parse = parse
        self._deadline = None if sent.timeout is None else network.world.loop.time() + sent.timeout
        self._arrived: asyncio.Queue[bytes | _End] = asyncio.Queue(ANSWERS_LIMIT)
        self._serving: asyncio.Task[None] | None = None
        self._end: _End | None = None
        self._started = False

    # ------------------------------------------------------------------ as the caller sees it

    def __await__(self) -> Generator[Any, None, Any]:
        return self._answer().__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            while True:
                arrived = await self._next()
                if isinstance(arrived, _End):
                    self._raise_unless_ok(arrived)
                    return
                yield self._parse(arrived)
        finally:
            self.cancel()

    async def code(self) -> grpc.StatusCode:
        """How it ended."""
        return grpc.StatusCode.OK if self._end is None else self._end.code

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """What came with the end."""
        return grpc.aio.Metadata(*(self._end.trailing if self._end else ()))

    def cancel(self) -> bool:
        """Give up; the handler is cancelled too."""
        if self._serving is not None and not self._serving.done():
            return self._serving.cancel()
        return False

    def done(self) -> bool:
        """Whether the end has arrived."""
        return self._end is not None

    async def _answer(self) -> Any:
        try:
            first = await self._next()
            if isinstance(first, _End):
                self._raise_unless_ok(first)
                raise self._error(_End(grpc.StatusCode.INTERNAL, "no answer", ()))
            end = await self._next()
            assert isinstance(end, _End), "a unary handler answers once"
            self._raise_unless_ok(end)
            return self._parse(first)
        except asyncio.CancelledError:
            self.cancel()
            raise

    async def _next(self) -> bytes | _End:
        if not self._started:
            self._started = True
            # The carrier belongs to the world: a caller that dies does not take back what it sent.
            self._network.world.start(None, self._carry())
        loop = self._network.world.loop
        patience = (
            PATIENCE_SECONDS if self._deadline is None else max(0.0, self._deadline - loop.time())
        )
        try:
            async with asyncio.timeout(patience):
                return await self._arrived.get()
        except TimeoutError:
            self._network.world.sometimes("a caller's deadline passed")
            self._network.world.start(None, self._clean_up())
            return _End(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", ())

    async def _clean_up(self) -> None:
        await asyncio.sleep(self._network.random.random() * CLEANUP_SECONDS)
        self.cancel()

    def _raise_unless_ok(self, end: _End) -> None:
        self._end = end
        if end.code is not grpc.StatusCode.OK:
            raise self._error(end)

    def _error(self, end: _End) -> Exception:
        error = grpc.aio.AioRpcError(
            end.code, grpc.aio.Metadata(), grpc.aio.Metadata(*end.trailing), end.details, None
        )
        return self._translate(error, self._callee)

    # ------------------------------------------------------------------ on its way

    async def _carry(self) -> None:
        network, name = self._network, self._sent.method.rpartition("/")[2]
        trace, sometimes = network.world.trace, network.world.sometimes
        trace.add("rpc", f"{self._caller} -> {self._callee} {name}")
        await network.hop(self._callee)
        if network.parted(self._caller, self._callee) or network.loses():
            trace.add("rpc-lost", f"{self._caller} -> {self._callee} {name} request")
            sometimes("a request was lost")
            await self._broken()
            return
        listener = network.listener(self._callee)
        if listener is None:
            self._arrived.put_nowait(_End(grpc.StatusCode.UNAVAILABLE, "connection refused", ()))
            return
        process, server = listener
        number = network.begin(Connection(self._caller, process, self._fail))
        answers: asyncio.Queue[bytes | _End] = asyncio.Queue(ANSWERS_LIMIT)
        self._serving = network.world.spawn(process, self._serve(server, answers))
        while True:
            answer = await answers.get()
            await network.hop(self._callee)
            if network.parted(self._caller, self._callee) or network.loses():
                trace.add("rpc-lost", f"{self._caller} <- {self._callee} {name} answer")
                sometimes("an answer was lost")
                self.cancel()
                await self._broken()
                break
            self._arrived.put_nowait(answer)
            if isinstance(answer, _End):
                trace.add("rpc-end", f"{self._caller} <- {self._callee} {name} {answer.code.name}")
                break
        network.end(number)

    async def _broken(self) -> None:
        """The connection broke: the caller may notice soon, or only by its deadline."""
        if self._network.random.random() < 0.5:
            await asyncio.sleep(self._network.random.random() * NOTICE_SECONDS)
            self._fail()

    def _fail(self) -> None:
        self._arrived.put_nowait(_End(grpc.StatusCode.UNAVAILABLE, "Socket closed", ()))

    # ------------------------------------------------------------------ at the callee

    async def _serve(self, server: SimulatedServer, answers: "asyncio.Queue[bytes | _End]") -> None:
        loop = self._network.world.loop

        def remaining() -> float | None:
            return None if self._deadline is None else max(0.0, self._deadline - loop.time())

        handler = await server.handler(CallDetails(self._sent.method, self._sent.metadata))
        if handler is None:
            answers.put_nowait(_End(grpc.StatusCode.UNIMPLEMENTED, "no such method", ()))
            return

        async def write(message: Any) -> None:
            answers.put_nowait(handler.response_serializer(message))

        context = SimulatedContext(self._sent.metadata, remaining, self._caller, write)
        try:
            request = handler.request_deserializer(self._sent.payload)
            if handler.response_streaming:
                produced = handler.unary_stream(request, context)
                async for message in produced:
                    await write(message)
            else:
                await write(await handler.unary_unary(request, context))
            code = context.code()
            ended = code if isinstance(code, grpc.StatusCode) else grpc.StatusCode.OK
            answers.put_nowait(_End(ended, context.details(), context.trailing_metadata()))
        except grpc.aio.AbortError:
            code = context.code()
            assert isinstance(code, grpc.StatusCode)
            answers.put_nowait(_End(code, context.details(), context.trailing_metadata()))
        except asyncio.CancelledError:
            answers.put_nowait(_End(grpc.StatusCode.CANCELLED, "cancelled", ()))
            raise
        except Exception as error:
            # grpc.aio answers UNKNOWN with the text; the real door must not let it come to this.
            self._network.world.loop.unhandled.append(f"{self._sent.method}: {error!r}")
            answers.put_nowait(_End(grpc.StatusCode.UNKNOWN, "unhandled", ()))
        finally:
            with suppress(RuntimeError):
                context.finish()
