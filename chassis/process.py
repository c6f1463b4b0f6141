"""`python -m services.<name> serve | work | migrate | config | begin-epoch`: a service on the real
world, with threads, sockets and signals."""

import argparse
import asyncio
import gc
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvloop
from cards.auth.v1 import auth_service_pb2, policy_service_pb2
from cards.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from cards.auth.v1.policy_service_pb2_grpc import PolicyServiceStub

from chassis import logs
from chassis.config import BadSettings, Settings
from chassis.crypto.keys import Keys, KeyServiceClient
from chassis.database import ThreadRunner, open_engine
from chassis.event_store.head import begin_epoch
from chassis.grpc_client import Rpc, channel_credentials
from chassis.grpc_server import GrpcServer, Guard
from chassis.health import Health
from chassis.jetstream import JetStreamBus
from chassis.kernel.clock import Clock
from chassis.nats_config import JetStreamSettings, tls_context
from chassis.node import Node
from chassis.permission import Permissions, PolicySource
from chassis.ports import RandomIds, SystemClock, World, system_random
from chassis.service import Service
from chassis.subscriber import Share
from chassis.telemetry import Telemetry
from chassis.tokens import ServiceTokens, SigningKey, TokenVerifier, TrustBundle

EXIT_BAD_SETTINGS = 2
EXIT_BUS_LOST = 3
COLLECTOR_THRESHOLDS = (20_000, 20, 50)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A node with what only a real process has."""

    node: Node
    telemetry: Telemetry
    rpc: Rpc


def main(service: Service) -> None:
    """Run a service as the command line says; exits 2 when its settings do not fit."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer rpcs")
    serve.add_argument(
        "--with-work", action="store_true", help="run relay, subscribers and projections as well"
    )
    commands.add_parser("work", help="run relay, subscribers, projections, timers and workers")
    commands.add_parser("migrate", help="create what is missing in the store")
    commands.add_parser("config", help="print the settings, secrets hidden")
    commands.add_parser("begin-epoch", help="after a backup was restored: begin a new epoch")
    asked = parser.parse_args()
    try:
        settings = service.settings.load(service.name)
    except BadSettings as error:
        print(f"{service.name}: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_SETTINGS)
    logs.configure(service.name)
    tune_interpreter()
    match asked.command:
        case "config":
            print(json.dumps(settings.printable(), indent=2))
        case "migrate":
            uvloop.run(_migrate(service, settings))
        case "begin-epoch":
            epoch = begin_epoch(open_engine(settings.store_url.get_secret_value()))
            print(f"{service.name}: the store is now in epoch {epoch}")
        case "serve":
            uvloop.run(_serve(service, settings, asked.with_work))
        case _:
            uvloop.run(_work(service, settings))


def tune_interpreter() -> None:
    """For a process that keeps a lot in memory.

    What is loaded by now stays, so the collector need not look at it again; nor need it look at
    all folded states whenever they have grown by a quarter, as there are hardly any cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


async def _migrate(service: Service, settings: Settings) -> None:
    async with _opened(service, settings, with_bus=False):
        logs.log("migrated")


async def _serve(service: Service, settings: Settings, with_work: bool) -> None:
    async with _opened(service, settings, with_bus=with_work) as running:
        node, clock = running.node, running.node.world.clock
        bundle = _bundle(settings, clock, _signing_keys(service, node, running.rpc))
        policies = _policies(service, settings, node, running.rpc)
        await policies.refresh()
        refreshing = asyncio.create_task(policies.run(), name="policies")
        guard = Guard(
            verifier=TokenVerifier(bundle, clock),
            permissions=Permissions(policies),
            telemetry=running.telemetry,
            clock=clock,
            ids=node.world.ids,
            resources=node.resources(),
        )
        server = GrpcServer(service.name, settings, list(node.rpcs()), guard, node.ready)
        server.beside.extend(service.servers(node.ports, guard, server.admission))
        if with_work:
            node.start_work()
        try:
            await server.run()
        finally:
            refreshing.cancel()


async def _work(service: Service, settings: Settings) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, asked.set)
    async with _opened(service, settings, with_bus=True) as running:
        running.node.start_work()
        health = Health((), running.node.ready, settings.health_listen)
        await health.start()
        logs.log("working", index=settings.worker_index, count=settings.worker_count)
        await asked.wait()
        await health.stop()


@asynccontextmanager
async def _opened(
    service: Service, settings: Settings, *, with_bus: bool
) -> AsyncIterator[Running]:
    """A node on the real world, migrated; closed in order afterwards."""
    clock, ids = SystemClock(), RandomIds()
    telemetry = Telemetry.of(service.name, settings)
    key = None if settings.signing_key_path is None else SigningKey.load(settings.signing_key_path)
    rpc = _rpc(settings, key, clock, telemetry)
    bus = await _open_bus(service, settings) if with_bus else None
    metrics = telemetry.metrics
    world = World(
        clock=clock,
        ids=ids,
        random=system_random(),
        engine=open_engine(settings.store_url.get_secret_value()),
        runner=ThreadRunner(),
        bus=bus,
        rpc=rpc,
        keys=_keys(settings, rpc, clock),
        checkpoint_key=None if key is None else key.private_key,
        request_secret=_secret(settings),
        alone=settings.store_is_ours_alone,
        share=Share(settings.worker_index, settings.worker_count),
        on_batch=metrics.batch_committed,
        on_published=lambda seconds: metrics.relay_lag.set(seconds),
        begin_span=telemetry.consume,
        on_applied=lambda source, seconds: metrics.consumer_lag.set(seconds, {"source": source}),
    )
    node = Node(service, settings, world)
    try:
        await node.migrate()
        async with _ending_with(bus):
            yield Running(node=node, telemetry=telemetry, rpc=rpc)
    finally:
        await node.stop()
        if bus is not None:
            await bus.close()
        await rpc.close()
        telemetry.close()


async def _open_bus(service: Service, settings: Settings) -> JetStreamBus:
    password = settings.nats_password
    bus = JetStreamBus(
        JetStreamSettings(
            servers=tuple(settings.nats_url.split(",")),
            name=service.name,
            user=settings.nats_user,
            password=None if password is None else password.get_secret_value(),
            tls=tls_context(
                settings.nats_tls_ca_path, settings.tls_certificate_path, settings.tls_key_path
            ),
        )
    )
    await bus.open()
    return bus


@asynccontextmanager
async def _ending_with(bus: JetStreamBus | None) -> AsyncIterator[None]:
    """Drain this process when its bus is beyond help, and then exit with EXIT_BUS_LOST: it would
    look alive and hear nothing."""
    lost: list[str] = []

    async def watch(bus: JetStreamBus) -> None:
        lost.append(await bus.lost())
        logs.log("bus_lost", level="error", why=lost[0])
        signal.raise_signal(signal.SIGTERM)

    watching = None if bus is None else asyncio.create_task(watch(bus), name="bus")
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()
    if lost:
        sys.exit(EXIT_BUS_LOST)


def _rpc(settings: Settings, key: SigningKey | None, clock: Clock, telemetry: Telemetry) -> Rpc:
    token = None if key is None else ServiceTokens(key, clock, RandomIds().new).current
    return Rpc(
        settings.peers,
        clock,
        token=token,
        credentials=channel_credentials(settings),
        telemetry=telemetry,
    )


def _keys(settings: Settings, rpc: Rpc, clock: Clock) -> Keys | None:
    if settings.lookup_secret is None:
        return None
    return KeyServiceClient(rpc, clock=clock, lookup_secret=_secret(settings))


def _secret(settings: Settings) -> bytes:
    return (
        bytes.fromhex(settings.lookup_secret.get_secret_value()) if settings.lookup_secret else b""
    )


def _signing_keys(service: Service, node: Node, rpc: Rpc) -> Callable[[], Awaitable[str]]:
    own = service.signing_keys
    if own is not None:
        return lambda: own(node.ports)

    async def fetch() -> str:
        stub = rpc.stub(AuthServiceStub, "auth")
        answer = await stub.GetSigningKeys(auth_service_pb2.GetSigningKeysRequest())
        return str(answer.jwks)

    return fetch


def _bundle(settings: Settings, clock: Clock, fetch: Callable[[], Awaitable[str]]) -> TrustBundle:
    if settings.trust_bundle_path is None:
        return TrustBundle([], clock, fetch)
    return TrustBundle.load(settings.trust_bundle_path, clock, fetch)


def _policies(service: Service, settings: Settings, node: Node, rpc: Rpc) -> PolicySource:
    if settings.policy_path is not None:
        return PolicySource.of_text(settings.policy_path.read_text())
    own = service.policy_set

    async def fetch() -> tuple[str, str]:
        if own is not None:
            return await own(node.ports)
        stub = rpc.stub(PolicyServiceStub, "auth")
        answer = await stub.GetPolicySet(policy_service_pb2.GetPolicySetRequest())
        return answer.policy_set.text, answer.policy_set.policy_set_hash

    return PolicySource(fetch=fetch, kept_at=settings.policy_cache_path)
