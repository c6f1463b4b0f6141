"""What the door costs: µs per layer in process, and throughput over loopback beside a bare echo.

`python -m benchmarks.door` prints both. The server and the load generator are processes of their
own; rounds alternate, so that noise of the machine falls on all variants alike.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import psutil
import uvloop

from chassis import logs
from chassis.config import DoorLayer, Settings
from chassis.grpc_methods import Methods
from chassis.grpc_server import GrpcServer, Guard
from chassis.interceptors.door import Registrar
from chassis.permission import Permissions, PolicySource
from chassis.ports import RandomIds, SystemClock
from chassis.simulation.server import CallDetails
from chassis.telemetry import Telemetry
from chassis.tests.door.echo import EchoApi, modules, rpc
from chassis.tokens import SigningKey, TokenVerifier, TrustBundle

ECHO = "/door.echo.v1.EchoService/Echo"
TEXT = "x" * 120
SECONDS = 3.0
ROUNDS = 3
CALLERS = 64
IN_PROCESS_CALLS = 3_000
IN_PROCESS_ROUNDS = 7
START_LIMIT_SECONDS = 30
RPC_SECONDS = 20.0
VARIANTS = ("bare", "off", "on")
SERVICES_MAY = 'permit (principal, action, resource) when { principal.kind == "service" };'
HOLDERS_MAY = (
    'permit (principal, action == Action::"echo.Rpc{}", resource)'
    " when {{ principal has customer_id && resource.owner == principal.customer_id }};"
)
POLICIES = "\n".join([SERVICES_MAY, *(HOLDERS_MAY.format(number) for number in range(60))])


def request() -> Any:
    return modules()[0].EchoRequest(idempotency_key="0" * 32, account_id="acc-1", text=TEXT)


def make_server(off: frozenset[DoorLayer], key: SigningKey) -> GrpcServer:
    clock = SystemClock()

    async def account(id: str) -> dict[str, str]:
        return {"owner": "cus-1"}

    async def ready() -> bool:
        return True

    guard = Guard(
        verifier=TokenVerifier(TrustBundle([key.public()], clock), clock),
        permissions=Permissions(PolicySource.of_text(POLICIES)),
        telemetry=Telemetry("echo"),
        clock=clock,
        ids=RandomIds(),
        resources={"Account": account},
    )
    return GrpcServer("echo", Settings(door_layers_off=off), [rpc(EchoApi())], guard, ready)


async def serve(variant: str) -> None:
    """Serve one variant until killed; print port and token."""
    key = SigningKey.generate("service:bench")
    token = key.sign("service:bench", now=SystemClock().now(), token_id="t")
    if variant == "bare":
        server: Any = grpc.aio.server()
        modules()[1].add_EchoServiceServicer_to_server(EchoApi(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
    else:
        off = frozenset(DoorLayer) if variant == "off" else frozenset()
        served = make_server(off, key)
        port = await served.start()
    print(json.dumps({"port": port, "token": token}), flush=True)
    await asyncio.Event().wait()


async def load(port: int, token: str, seconds: float, callers: int) -> None:
    """Call for so long with so many callers; print calls and percentiles."""
    metadata = [("authorization", f"Bearer {token}")]
    raw = request().SerializeToString()
    took: list[float] = []
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        echo = channel.unary_unary(ECHO, None, None)
        await echo(raw, metadata=metadata, timeout=RPC_SECONDS)
        end = time.perf_counter() + seconds

        async def caller() -> None:
            while (started := time.perf_counter()) < end:
                await echo(raw, metadata=metadata, timeout=RPC_SECONDS)
                took.append(time.perf_counter() - started)

        await asyncio.gather(*(caller() for _ in range(callers)))
    took.sort()
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    print(json.dumps({"calls": len(took), "p50_ms": p50 * 1000, "p99_ms": p99 * 1000}))


@contextmanager
def server_process(variant: str) -> Iterator[tuple[psutil.Process, dict[str, Any]]]:
    command = [sys.executable, "-m", "benchmarks.door", "serve", variant]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield psutil.Process(process.pid), json.loads(process.stdout.readline())
        finally:
            process.kill()


def over_loopback(seconds: float, rounds: int, callers: int) -> None:
    figures: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
    for _ in range(rounds):
        for variant in VARIANTS:
            with server_process(variant) as (process, known):
                arguments = [str(known["port"]), known["token"], str(seconds), str(callers)]
                before = process.cpu_times()
                output = subprocess.run(
                    [sys.executable, "-m", "benchmarks.door", "load", *arguments],
                    check=True, capture_output=True, timeout=seconds + START_LIMIT_SECONDS,
                ).stdout  # fmt: skip
                after = process.cpu_times()
            figure = json.loads(output)
            busy = after.user + after.system - before.user - before.system
            figure["cpu_us"] = busy / figure["calls"] * 1e6
            figures[variant].append(figure)
    bare = statistics.median(each["calls"] for each in figures["bare"])
    print(f"over loopback, {callers} callers, {rounds} rounds of {seconds:g} s, medians:")
    for variant, found in figures.items():
        least = min(each["cpu_us"] for each in found)
        middle = {k: statistics.median(each[k] for each in found) for k in found[0]}
        print(
            f"  {variant:5} {middle['calls'] / seconds:7.0f}/s ({middle['calls'] / bare:.2f})"
            f"  p50 {middle['p50_ms']:5.1f} ms  p99 {middle['p99_ms']:5.1f} ms"
            f"  server CPU {middle['cpu_us']:4.0f} µs a call, at best {least:.0f}"
        )


class Context:
    """What gRPC would hand to a handler, without gRPC."""

    def __init__(self, token: str) -> None:
        self._metadata = (("user-agent", "bench"), ("authorization", f"Bearer {token}"))

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata

    def time_remaining(self) -> float:
        return 1.0

    def peer(self) -> str:
        return "ipv4:127.0.0.1:50000"


async def in_process() -> None:
    key = SigningKey.generate("service:bench")
    context = Context(key.sign("service:bench", now=SystemClock().now(), token_id="t"))
    raw, layers = request().SerializeToString(), list(DoorLayer)
    handlers: dict[str, Any] = {}
    for count in range(len(layers) + 1):
        server = make_server(frozenset(layers[count:]), key)
        methods, (add, api, descriptor) = Methods(), server.rpcs[0]
        add(api, Registrar(server.door, descriptor, methods))
        name = layers[count - 1] if count else "reading, hash, context"
        handlers[name] = methods.service(CallDetails(ECHO, ())).unary_unary
    best = dict.fromkeys(handlers, float("inf"))
    for _ in range(IN_PROCESS_ROUNDS):
        for name, handler in handlers.items():
            started = time.perf_counter()
            for _ in range(IN_PROCESS_CALLS):
                await handler(raw, context)
            took = (time.perf_counter() - started) / IN_PROCESS_CALLS * 1e6
            best[name] = min(best[name], took)
    print("in process, one layer more each, best of rounds:")
    before = 0.0
    for name, took in best.items():
        print(f"  {name:24} +{took - before:5.1f} µs  = {took:5.1f} µs")
        before = took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--callers", type=int, default=CALLERS)
    options = parser.parse_args()
    with open(os.devnull, "w") as nowhere:
        logs.configure("echo", stream=nowhere)
        asyncio.run(in_process())
    over_loopback(options.seconds, options.rounds, options.callers)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", variant]:
            uvloop.run(serve(variant))
        case ["load", port, token, seconds, callers]:
            uvloop.run(load(int(port), token, float(seconds), int(callers)))
        case _:
            main()
