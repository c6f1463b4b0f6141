"""Health for probes, on a port of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis import health

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
LIMIT_SECONDS = 60.0


class Store:
    """Answers, or does not."""

    def __init__(self) -> None:
        self.answers = True

    async def ready(self) -> bool:
        return self.answers


@asynccontextmanager
async def probed(store: Store) -> AsyncIterator[tuple[health.Health, health_pb2_grpc.HealthStub]]:
    """A process that does nothing but tell how it is, and a kubelet."""
    told = health.Health(("cards.Something",), store.ready, "127.0.0.1:0")
    await told.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{told.port}") as channel:
        yield told, health_pb2_grpc.HealthStub(channel)
    await told.stop()


async def seen(stub: health_pb2_grpc.HealthStub, service: str, wanted: int) -> None:
    """Ask until the status is as wanted."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
            if answer.status == wanted:
                return
            await asyncio.sleep(0.01)


async def test_a_store_that_is_away_makes_unready_and_not_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "READY_CHECK_SECONDS", 0.02)
    store = Store()
    async with probed(store) as (_, stub):
        for name in ("", "cards.Something", health.LIVE):
            await seen(stub, name, SERVING)

        store.answers = False

        for name in ("", "cards.Something"):
            await seen(stub, name, NOT_SERVING)
        await seen(stub, health.LIVE, SERVING)

        store.answers = True
        await seen(stub, "", SERVING)


async def test_who_drains_says_so_and_stays_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READY_CHECK_SECONDS", 0.02)
    async with probed(Store()) as (told, stub):
        await seen(stub, "", SERVING)

        await told.drain()

        await seen(stub, "", NOT_SERVING)
        await asyncio.sleep(0.1)
        await seen(stub, "", NOT_SERVING)
