"""A served echo service, and the tokens to get in."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis.config import Settings
from chassis.grpc_client import Rpc
from chassis.grpc_server import GrpcServer, Guard
from chassis.permission import Permissions, PolicySource
from chassis.ports import RandomIds, SystemClock
from chassis.telemetry import Telemetry
from chassis.tests.door.echo import EchoApi, modules, rpc
from chassis.tokens import SigningKey, TokenVerifier, TrustBundle

POLICIES = """
@id("services-echo")
permit (principal, action, resource)
when { principal.kind == "service" && !(context has acting_for) };

@id("support-acts-for-agents")
permit (principal == Principal::"service:support", action == Action::"echo.Echo", resource)
when { context has acting_for };

@id("holders-own")
permit (principal, action in [
  Action::"echo.Echo", Action::"echo.Look", Action::"echo.Watch", Action::"echo.Collect"
], resource)
when { principal has customer_id && resource.owner == principal.customer_id };

@id("agents-see-all")
permit (principal, action in [Action::"echo.Look", Action::"echo.Echo"], resource)
when { principal.roles.contains("agent") && principal.assurance_level >= 2 };

@id("anyone-talks")
permit (principal, action == Action::"echo.Converse", resource == Service::"echo");
"""

OWNERS = {"acc-1": "cus-1", "acc-2": "cus-2"}


async def account(id: str) -> dict[str, Any] | None:
    """What permissions may know of an account."""
    return {"owner": OWNERS[id]} if id in OWNERS else None


async def is_ready() -> bool:
    return True


@dataclass
class Doorway:
    """A running server and what a test needs to speak to it."""

    server: GrpcServer
    api: EchoApi
    channel: Any
    stub: Any
    pb: Any
    auth_key: SigningKey
    service_keys: dict[str, SigningKey]
    spans: InMemorySpanExporter
    metrics: InMemoryMetricReader

    def person(self, subject: str = "cardholder:h1", **claims: Any) -> list[tuple[str, str]]:
        """Metadata of a call by a person."""
        return [("authorization", f"Bearer {self.person_token(subject, **claims)}")]

    def person_token(self, subject: str = "cardholder:h1", **claims: Any) -> str:
        known = {"kind": subject.partition(":")[0], "roles": [], "customer_id": "cus-1", "aal": 1}
        now = SystemClock().now()
        return self.auth_key.sign(subject, now=now, token_id="t", **{**known, **claims})

    def service_token(self, name: str) -> str:
        key = self.service_keys[name]
        return key.sign(key.issuer, now=SystemClock().now(), token_id="t")

    def service(self, name: str = "support") -> list[tuple[str, str]]:
        """Metadata of a call by a service."""
        return [("authorization", f"Bearer {self.service_token(name)}")]

    def rpc(self, name: str = "support", **more: Any) -> Rpc:
        """A client as services have it."""
        address = {"echo": f"127.0.0.1:{self.server.port}"}
        return Rpc(address, SystemClock(), token=lambda: self.service_token(name), **more)


PATIENCE_SECONDS = 60.0
"""How long a test waits for what is to come: far longer than it takes on a machine that is busy."""


async def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not true():  # noqa: ASYNC110 - what is waited for knows of no event.
            await asyncio.sleep(0.005)


@asynccontextmanager
async def doorway(**how: Any) -> AsyncIterator[Doorway]:
    """Serve; `how` are settings, and `ready`, `policies` (a source) or `sample_ratio`."""
    clock = SystemClock()
    auth_key = SigningKey.generate("auth")
    service_keys = {
        name: SigningKey.generate(f"service:{name}") for name in ("support", "accounts")
    }

    async def published() -> str:
        return json.dumps({"keys": [auth_key.public()]})

    bundle = TrustBundle([key.public() for key in service_keys.values()], clock, published)
    spans, metrics = InMemorySpanExporter(), InMemoryMetricReader()
    telemetry = Telemetry(
        "echo",
        sample_ratio=how.pop("sample_ratio", 0.0),
        readers=[metrics],
        processors=[SimpleSpanProcessor(spans)],
    )
    ready = how.pop("ready", is_ready)
    guard = Guard(
        verifier=TokenVerifier(bundle, clock),
        permissions=Permissions(how.pop("policies", None) or PolicySource.of_text(POLICIES)),
        telemetry=telemetry,
        clock=clock,
        ids=RandomIds(),
        resources={"Account": account},
    )
    api = EchoApi()
    settings = Settings(**{"drain_grace_seconds": 2.0, **how})
    server = GrpcServer("echo", settings, [rpc(api)], guard, ready)
    port = await server.start()
    pb, services = modules()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = services.EchoServiceStub(channel)
        yield Doorway(server, api, channel, stub, pb, auth_key, service_keys, spans, metrics)
    await server.stop()
    telemetry.close()


@pytest.fixture
async def door() -> AsyncIterator[Doorway]:
    """The echo service with the whole door on."""
    async with doorway() as opened:
        yield opened
