"""Other services by gRPC: our token, the caller's deadline and trace go along, errors come back."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import nullcontext
from time import perf_counter
from typing import Any, TypeVar

import grpc
from opentelemetry.trace import SpanKind

from chassis.call import Call, current_or_none
from chassis.config import Settings
from chassis.grpc_errors import from_rpc_error
from chassis.interceptors.door import CORRELATION
from chassis.interceptors.identity import AUTHORIZATION, ON_BEHALF_OF
from chassis.kernel.clock import Clock
from chassis.kernel.errors import Error, Unavailable
from chassis.telemetry import TRACEPARENT, Telemetry

S = TypeVar("S")

TIMEOUT_SECONDS = 2.0
"""Of a call that gives no other, where our own caller does not wait for less."""
HOP_SECONDS = 0.020
"""What we keep of our caller's time to tell them of an answer that did not come."""
MAX_ATTEMPTS = 3
FAILURES_TO_OPEN = 10
OPEN_SECONDS = 1.0
KEEPALIVE_MS = 30_000
KEEPALIVE_TIMEOUT_MS = 10_000
FIRST_RECONNECT_MS = 100
LONGEST_RECONNECT_MS = 2_000

# Repeating is safe: who changes something names the request. A server that goes away answers
# CANCELLED to what it had begun.
_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": MAX_ATTEMPTS,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
}


class Circuit:
    """Keeps us from waiting for a peer that is away: after ten failures in a row, calls are refused
    for a second; then one tries again."""

    def __init__(self, peer: str, clock: Clock) -> None:
        self._peer = peer
        self._clock = clock
        self._failures = 0
        self._try_at = 0.0

    def check(self) -> None:
        """Raises Unavailable while the circuit is open."""
        if self._failures < FAILURES_TO_OPEN:
            return
        now = self._clock.monotonic()
        if now < self._try_at:
            raise Unavailable("CIRCUIT_OPEN", f"{self._peer} does not answer", peer=self._peer)
        # Whoever comes first tries; for the others the circuit stays open meanwhile.
        self._try_at = now + OPEN_SECONDS

    def note(self, error: Error | None) -> None:
        """A call came to an end."""
        if not isinstance(error, Unavailable):
            self._failures = 0
            return
        self._failures += 1
        self._try_at = self._clock.monotonic() + OPEN_SECONDS


class Rpc:
    """Stubs of other services. One channel per peer, opened when it is first needed."""

    def __init__(
        self,
        peers: Mapping[str, str],
        clock: Clock,
        *,
        token: Callable[[], str] | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        telemetry: Telemetry | None = None,
        max_message_bytes: int = 4 * 1024 * 1024,
    ) -> None:
        self._addresses = peers
        self._clock = clock
        self._token = token
        self._credentials = credentials
        self._telemetry = telemetry
        self._max_message_bytes = max_message_bytes
        self._peers: dict[str, _Peer] = {}

    def stub(
        self, stub: Callable[[Any], S], service: str, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> S:
        """A stub of a generated class. Its methods take a request and perhaps `timeout` (seconds),
        and raise kernel errors. Raises LookupError when nobody said where the service is.
        """
        if service not in self._peers:
            channel = self._open(self._addresses[service])
            circuit = Circuit(service, self._clock)
            self._peers[service] = _Peer(
                service, channel, circuit, self._clock, self._token, self._telemetry
            )
        return stub(_Channel(self._peers[service], timeout_seconds))

    async def close(self) -> None:
        """Close all channels."""
        for peer in self._peers.values():
            await peer.channel.close()
        self._peers.clear()

    def _open(self, address: str) -> Any:
        options: list[tuple[str, Any]] = [
            ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
            ("grpc.max_receive_message_length", self._max_message_bytes),
            ("grpc.max_send_message_length", self._max_message_bytes),
            ("grpc.keepalive_time_ms", KEEPALIVE_MS),
            ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
            ("grpc.initial_reconnect_backoff_ms", FIRST_RECONNECT_MS),
            ("grpc.min_reconnect_backoff_ms", FIRST_RECONNECT_MS),
            ("grpc.max_reconnect_backoff_ms", LONGEST_RECONNECT_MS),
        ]
        if self._credentials is None:
            return grpc.aio.insecure_channel(address, options)
        return grpc.aio.secure_channel(address, self._credentials, options)


def channel_credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    """TLS towards peers as the settings want it; None for none. With a certificate we show it."""
    if settings.tls_ca_path is None:
        return None
    certificate, key = settings.tls_certificate_path, settings.tls_key_path
    return grpc.ssl_channel_credentials(
        settings.tls_ca_path.read_bytes(),
        None if key is None else key.read_bytes(),
        None if certificate is None else certificate.read_bytes(),
    )


class _Peer:
    """One other service: what every call to it takes along, and how it ends."""

    def __init__(
        self,
        name: str,
        channel: Any,
        circuit: Circuit,
        clock: Clock,
        token: Callable[[], str] | None,
        telemetry: Telemetry | None,
    ) -> None:
        self.name = name
        self.channel = channel
        self._circuit = circuit
        self._clock = clock
        self._token = token
        self._telemetry = telemetry

    async def ask(
        self, method: str, timeout: float, begin: Callable[[float, Any], Awaitable[Any]]
    ) -> Any:
        """One answer. Raises the kernel error that the peer's status stands for."""
        self._circuit.check()
        call = current_or_none()
        seconds = self._time_left(call, timeout)
        started = perf_counter()
        error: Error | None = None
        try:
            with self._span(method, call) as traceparent:
                answer = await begin(seconds, self._metadata(call, traceparent))
            self._circuit.note(None)
            return answer
        except grpc.aio.AioRpcError as failure:
            error = from_rpc_error(failure, self.name)
            self._circuit.note(error)
            raise error from None
        finally:
            if self._telemetry is not None and self._telemetry.measures:
                about = {"rpc.method": method, "status": error.code if error else "OK"}
                self._telemetry.metrics.client_seconds.record(perf_counter() - started, about)

    def listen(self, method: str, timeout: float | None, begin: Callable[..., Any]) -> "_Answers":
        """A stream of answers; it may stay open for ever unless `timeout` says otherwise."""
        self._circuit.check()
        call = current_or_none()
        traceparent = call.traceparent if call is not None else ""
        return _Answers(begin(timeout, self._metadata(call, traceparent)), self.name, self._circuit)

    def _time_left(self, call: Call | None, timeout: float) -> float:
        if call is None or call.deadline is None:
            return timeout
        left = call.deadline - HOP_SECONDS - self._clock.monotonic()
        if left <= 0.0:
            raise Unavailable("NO_TIME_LEFT", f"no time is left to ask {self.name}", peer=self.name)
        return min(timeout, left)

    def _span(self, method: str, call: Call | None) -> Any:
        above = call.traceparent if call is not None else ""
        if self._telemetry is None:
            return nullcontext(above)
        return self._telemetry.span(method, above or None, SpanKind.CLIENT)

    def _metadata(self, call: Call | None, traceparent: str) -> list[tuple[str, str]]:
        metadata = []
        if self._token is not None:
            metadata.append((AUTHORIZATION, f"Bearer {self._token()}"))
        if traceparent:
            metadata.append((TRACEPARENT, traceparent))
        if call is not None:
            metadata.append((CORRELATION, call.correlation_id))
            if call.person_token:
                metadata.append((ON_BEHALF_OF, call.person_token))
        return metadata


class _Answers:
    """A stream of answers whose errors are kernel errors."""

    def __init__(self, call: Any, peer: str, circuit: Circuit) -> None:
        self._call = call
        self._iterator = call.__aiter__()
        self._peer = peer
        self._circuit = circuit

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            answer = await anext(self._iterator)
        except grpc.aio.AioRpcError as failure:
            error = from_rpc_error(failure, self._peer)
            self._circuit.note(error)
            raise error from None
        self._circuit.note(None)
        return answer

    def cancel(self) -> None:
        """Ask for no more."""
        self._call.cancel()


class _Channel:
    """Stands in for a channel towards generated stubs."""

    def __init__(self, peer: _Peer, timeout: float) -> None:
        self._peer = peer
        self._timeout = timeout

    def _one(self, path: str, invoke: Any) -> Any:
        method, peer, default = self._full(path), self._peer, self._timeout

        async def ask(request: Any, timeout: float | None = None) -> Any:
            def begin(seconds: float, metadata: Any) -> Any:
                return invoke(request, timeout=seconds, metadata=metadata)

            return await peer.ask(method, default if timeout is None else timeout, begin)

        return ask

    def _many(self, path: str, invoke: Any) -> Any:
        method, peer = self._full(path), self._peer

        def listen(request: Any, timeout: float | None = None) -> Any:
            def begin(seconds: float | None, metadata: Any) -> Any:
                return invoke(request, timeout=seconds, metadata=metadata)

            return peer.listen(method, timeout, begin)

        return listen

    def _full(self, path: str) -> str:
        return f"{self._peer.name}.{path.rpartition('/')[2]}"

    def unary_unary(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return self._one(path, self._peer.channel.unary_unary(path, *args, **kwargs))

    def stream_unary(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return self._one(path, self._peer.channel.stream_unary(path, *args, **kwargs))

    def unary_stream(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return self._many(path, self._peer.channel.unary_stream(path, *args, **kwargs))

    def stream_stream(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return self._many(path, self._peer.channel.stream_stream(path, *args, **kwargs))
