"""Whether a process can do its work, as gRPC health: at the door, and at a port for probes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chassis.logs import log

LIVE = "live"
"""SERVING as long as the process turns, whatever becomes of its store: restarting helps nobody
whose database is away."""
READY_CHECK_SECONDS = 1.0
MAX_PROBES = 16
STOP_SECONDS = 0.5


class Health:
    """Tells for the whole (""), and for each of `names`, whether the process is `ready`.

    With `listen` it is told there as well, in the clear and to anybody: a kubelet speaks no TLS.
    """

    def __init__(
        self, names: Sequence[str], ready: Callable[[], Awaitable[bool]], listen: str | None
    ) -> None:
        self._names = ("", *names)
        self._ready = ready
        self._listen = listen
        self._servicer: Any = None
        self._server: Any = None
        self._watching: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self) -> Any:
        """Begin to look; returns the servicer, for a server that has one more."""
        self._servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]
        await self._servicer.set(LIVE, health_pb2.HealthCheckResponse.SERVING)
        await self._check()
        if self._listen is not None:
            self._server = grpc.aio.server(maximum_concurrent_rpcs=MAX_PROBES)
            health_pb2_grpc.add_HealthServicer_to_server(self._servicer, self._server)
            self.port = self._server.add_insecure_port(self._listen)
            await self._server.start()
        self._watching = asyncio.create_task(self._watch(), name="readiness")
        return self._servicer

    async def drain(self) -> None:
        """Say NOT_SERVING from now on."""
        if self._watching is not None:
            self._watching.cancel()
        if self._servicer is not None:
            await self._servicer.enter_graceful_shutdown()

    async def stop(self) -> None:
        """Tell nothing any more."""
        await self.drain()
        if self._server is not None:
            await self._server.stop(STOP_SECONDS)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(READY_CHECK_SECONDS)
            await self._check()

    async def _check(self) -> None:
        try:
            async with asyncio.timeout(READY_CHECK_SECONDS):
                ready = await self._ready()
        except Exception as error:
            log("readiness_unknown", level="warning", error=type(error).__name__)
            ready = False
        statuses = health_pb2.HealthCheckResponse
        status = statuses.SERVING if ready else statuses.NOT_SERVING
        for name in self._names:
            await self._servicer.set(name, status)
