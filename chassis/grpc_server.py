"""A service's gRPC server: every rpc behind the door, health, reflection, TLS, orderly end."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from chassis.config import DoorLayer, Settings
from chassis.grpc_methods import Methods
from chassis.health import Health
from chassis.interceptors import (
    admission,
    deadline,
    errors,
    identity,
    permission,
    telemetry,
    validation,
)
from chassis.interceptors.door import Door, Registrar
from chassis.interceptors.method import Layer
from chassis.kernel.clock import Clock
from chassis.kernel.ids import Ids
from chassis.logs import log
from chassis.permission import Permissions
from chassis.telemetry import Telemetry
from chassis.tokens import TokenVerifier

Rpc = tuple[Callable[[Any, Any], None], Any, ServiceDescriptor]
"""The generated `add_…Servicer_to_server`, the servicer, the descriptor of the proto service."""

SPARE_PLACES = 64
"""Calls that the door does not count: health and reflection."""
MAX_METADATA_BYTES = 16 * 1024
KEEPALIVE_MS = 30_000
KEEPALIVE_TIMEOUT_MS = 10_000
REFUSAL_SECONDS = 0.1
"""So long before the end a server refuses what comes: enough for what is on its way already."""
SHORTEST_CLIENT_PING_MS = 10_000
MAX_CONNECTION_AGE_MS = 30 * 60 * 1000
"""Then a client connects anew, and so comes to know servers that were added meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Whom the door asks. `resources` gives the attributes of objects by type, for permissions."""

    verifier: TokenVerifier
    permissions: Permissions
    telemetry: Telemetry
    clock: Clock
    ids: Ids
    resources: Mapping[str, permission.Resolver] = field(default_factory=dict)


class GrpcServer:
    """Serves `rpcs`. `ready` says whether the service can do its work: its own store can commit.

    `start`, then `stop`; or `run`, which does both and stops at SIGTERM or SIGINT.
    """

    def __init__(
        self,
        service: str,
        settings: Settings,
        rpcs: list[Rpc],
        guard: Guard,
        ready: Callable[[], Awaitable[bool]],
    ) -> None:
        self.service = service
        self._settings = settings
        self._names = [descriptor.full_name for _, _, descriptor in rpcs]
        self.admission = admission.Admission(
            guard.clock.monotonic,
            max_in_flight=settings.max_in_flight,
            max_streams=settings.max_streams,
            refused=lambda admission_class, reason: guard.telemetry.metrics.refusals.add(
                1, {"class": admission_class, "reason": reason}
            ),
        )
        guard.telemetry.metrics.observe("cards.rpc.in_flight", lambda: self.admission.in_flight)
        self.door = self._make_door(guard)
        self.rpcs = rpcs
        self._server: Any = None
        self._methods = Methods()
        self._health = Health(self._names, ready, settings.health_listen)
        self.beside: list[Any] = []
        """Servers (see chassis.service) that begin and end with this one."""
        self.port = 0

    def _make_door(self, guard: Guard) -> Door:
        settings = self._settings
        certified = settings.tls_certificate_path is not None and settings.tls_ca_path is not None
        before: dict[DoorLayer, Layer] = {
            DoorLayer.TELEMETRY: telemetry.layer(guard.telemetry),
            DoorLayer.ERRORS: errors.layer(self.service),
            DoorLayer.DEADLINE: deadline.layer(guard.clock.monotonic),
            DoorLayer.ADMISSION: self.admission.layer,
            DoorLayer.IDENTITY: identity.layer(guard.verifier, certified=certified),
        }
        after: dict[DoorLayer, Layer] = {
            DoorLayer.VALIDATION: validation.layer(),
            DoorLayer.PERMISSION: permission.layer(guard.permissions, guard.resources),
        }
        off = settings.door_layers_off
        return Door(
            self.service,
            before=[layer for name, layer in before.items() if name not in off],
            after=[layer for name, layer in after.items() if name not in off],
            new_id=guard.ids.new,
            max_request_bytes=settings.max_request_bytes,
        )

    async def start(self) -> int:
        """Serve; the port is returned. Raises RuntimeError when the address cannot be had."""
        settings = self._settings
        self._server = grpc.aio.server(
            options=_options(settings),
            maximum_concurrent_rpcs=settings.max_in_flight + settings.max_streams + SPARE_PLACES,
        )
        # A server that stopped refuses; one that starts again does not.
        methods = self._methods = Methods()
        for add, servicer, descriptor in self.rpcs:
            add(servicer, Registrar(self.door, descriptor, methods))
        health_pb2_grpc.add_HealthServicer_to_server(await self._health.start(), methods)
        names = [*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME]
        reflected = reflection.aio.ReflectionServicer(names)  # type: ignore[attr-defined]
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(reflected, methods)
        self._server.add_generic_rpc_handlers((methods,))
        credentials = server_credentials(settings)
        if credentials is None:
            self.port = self._server.add_insecure_port(settings.listen)
        else:
            self.port = self._server.add_secure_port(settings.listen, credentials)
        await self._server.start()
        off = sorted(settings.door_layers_off)
        log("serving", port=self.port, tls=credentials is not None, layers_off=off)
        for each in self.beside:
            await each.start()
        return self.port

    async def stop(self) -> None:
        """Say NOT_SERVING, wait until that is noticed, end streams, refuse calls, let calls end."""
        log("draining")
        await self._health.drain()
        await asyncio.sleep(self._settings.drain_notice_seconds)
        self.door.end_streams()
        self._methods.refuse(self.service)
        await asyncio.sleep(REFUSAL_SECONDS)
        grace_seconds = self._settings.drain_grace_seconds
        ending = [each.stop(grace_seconds) for each in self.beside]
        await asyncio.gather(self._server.stop(grace_seconds), *ending)
        await self._health.stop()
        log("stopped")

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then stop in order."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, asked.set)
        await self.start()
        try:
            await asked.wait()
        finally:
            await self.stop()


def _options(settings: Settings) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.so_reuseport", int(settings.reuse_port)),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", SHORTEST_CLIENT_PING_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.max_connection_age_ms", MAX_CONNECTION_AGE_MS),
    ]


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """TLS as the settings want it, None for none. Certificates are read again when they change."""
    certificate, key = settings.tls_certificate_path, settings.tls_key_path
    if certificate is None or key is None:
        return None
    files = _Files([path for path in (certificate, key, settings.tls_ca_path) if path is not None])

    def configuration() -> Any:
        authority = None if settings.tls_ca_path is None else settings.tls_ca_path.read_bytes()
        pair = (key.read_bytes(), certificate.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], authority)

    def renewed() -> Any:
        try:
            return configuration() if files.changed() else None
        except OSError:
            # Caught amid a renewal: the old certificate is good for one connection more.
            return None

    files.changed()
    return grpc.dynamic_ssl_server_credentials(
        configuration(), renewed, require_client_authentication=settings.tls_ca_path is not None
    )


class _Files:
    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._seen: list[int] = []

    def changed(self) -> bool:
        """Whether one of them is another than when last asked."""
        now = [path.stat().st_mtime_ns for path in self._paths]
        changed, self._seen = now != self._seen, now
        return changed
