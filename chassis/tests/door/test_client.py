"""Calling other services: what goes along, what comes back, and when not to ask."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import grpc
import pytest

from chassis import call as calls
from chassis.call import Call, Principal, entered
from chassis.grpc_client import FAILURES_TO_OPEN, MAX_ATTEMPTS, OPEN_SECONDS, Circuit, Rpc
from chassis.kernel.clock import FixedClock
from chassis.kernel.errors import NotFound, Unavailable
from chassis.ports import SystemClock
from chassis.tests.door.conftest import Doorway
from chassis.tests.door.echo import EchoApi, modules

CORRELATION = "0123456789abcdef" * 2
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


def client(door: Doorway, **how: Any) -> Any:
    return door.rpc("support").stub(type(door.stub), "echo", **how)


def sweep(door: Doorway, **how: Any) -> Any:
    return client(door).Sweep(door.pb.SweepRequest(), **how)


async def test_what_we_know_of_our_caller_goes_along(door: Doorway) -> None:
    seen: list[Call] = []

    async def note(request: Any) -> None:
        seen.append(calls.current())

    door.api.behave = note
    agent = door.person_token("operator:o1", customer_id="", roles=["agent"], aal=2)
    ours = Call(
        method="support.Look",
        principal=Principal("operator:o1", "operator"),
        correlation_id=CORRELATION,
        traceparent=TRACE,
        deadline=time.monotonic() + 10.0,
        person_token=agent,
    )
    request = door.pb.EchoRequest(idempotency_key="k", account_id="acc-2", text="hello")
    with entered(ours):
        assert (await client(door).Echo(request, timeout=29)).text == "hello"
    theirs = seen[0]
    assert theirs.principal.scope == "service:support for operator:o1"
    assert theirs.correlation_id == CORRELATION
    assert theirs.traceparent == TRACE
    assert theirs.deadline is not None
    assert ours.deadline is not None
    # Not the seconds that were asked for; the way there takes its time.
    assert abs(theirs.deadline - ours.deadline) < 8.0


async def test_a_worker_calls_for_itself(door: Doorway) -> None:
    seen: list[Call] = []

    async def note(request: Any) -> None:
        seen.append(calls.current())

    door.api.behave = note
    await sweep(door)
    assert seen[0].principal == Principal("service:support", "service")


async def test_when_no_time_is_left_nobody_is_asked(door: Doorway) -> None:
    with (
        entered(Call(method="support.Look", deadline=time.monotonic() + 0.015)),
        pytest.raises(Unavailable) as caught,
    ):
        await sweep(door)
    assert caught.value.reason == "NO_TIME_LEFT"
    assert door.api.served == 0


async def test_a_peer_that_is_too_slow_is_away(door: Doorway) -> None:
    door.api.behave = lambda request: asyncio.sleep(5)
    with pytest.raises(Unavailable) as caught:
        await sweep(door, timeout=0.05)
    assert caught.value.reason == "PEER_DEADLINE_EXCEEDED"


async def test_a_peer_that_is_away_for_a_moment_is_asked_again(door: Doorway) -> None:
    keys: list[str] = []

    async def stumble(request: Any) -> None:
        keys.append(calls.current().idempotency_key)
        if len(keys) < MAX_ATTEMPTS:
            raise Unavailable("AWAY", "away")

    door.api.behave = stumble
    request = door.pb.EchoRequest(idempotency_key="k1", account_id="acc-1")
    await client(door).Echo(request)
    assert keys == ["k1"] * MAX_ATTEMPTS


async def test_a_refusal_is_not_tried_again(door: Doorway) -> None:
    async def refuse(request: Any) -> None:
        raise NotFound("ACCOUNT_UNKNOWN", "no such account")

    door.api.behave = refuse
    with pytest.raises(NotFound):
        await sweep(door)
    assert door.api.served == 1


class GoingAway(EchoApi):
    """Gives up the first call, as a server does when the grace of its stop is over."""

    async def Sweep(self, request: Any, context: Any) -> Any:
        self.served += 1
        if self.served == 1:
            await context.abort(grpc.StatusCode.CANCELLED, "going away")
        return self.pb.SweepResponse()


async def test_what_a_server_gave_up_as_it_stopped_is_tried_again() -> None:
    pb, services = modules()
    api, server = GoingAway(), grpc.aio.server()
    services.add_EchoServiceServicer_to_server(api, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    rpc = Rpc({"echo": f"127.0.0.1:{port}"}, SystemClock())
    await rpc.stub(services.EchoServiceStub, "echo").Sweep(pb.SweepRequest())
    assert api.served == 2
    await rpc.close()
    await server.stop(None)


async def test_a_service_nobody_told_us_of_is_a_mistake(door: Doorway) -> None:
    with pytest.raises(LookupError):
        door.rpc().stub(type(door.stub), "elsewhere")


async def test_nobody_waits_for_a_peer_that_has_been_away_for_long() -> None:
    rpc = Rpc({"echo": "127.0.0.1:1"}, SystemClock())
    pb, services = modules()
    stub = rpc.stub(services.EchoServiceStub, "echo")
    reasons = set()
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(Unavailable) as caught:
            await stub.Ping(pb.PingRequest(), timeout=0.05)
        reasons.add(caught.value.reason)
    assert reasons <= {"PEER_UNAVAILABLE", "PEER_DEADLINE_EXCEEDED"}
    with pytest.raises(Unavailable) as caught:
        await stub.Ping(pb.PingRequest())
    assert caught.value.reason == "CIRCUIT_OPEN"
    await rpc.close()


def test_an_open_circuit_lets_one_try_and_closes_when_that_works() -> None:
    clock = FixedClock()
    circuit = Circuit("echo", clock)
    for _ in range(FAILURES_TO_OPEN):
        circuit.check()
        circuit.note(Unavailable("AWAY", "away"))
    with pytest.raises(Unavailable):
        circuit.check()
    clock.advance(timedelta(seconds=OPEN_SECONDS))
    circuit.check()
    with pytest.raises(Unavailable):
        circuit.check()
    circuit.note(NotFound("X", "an answer all the same"))
    circuit.check()
    circuit.check()
