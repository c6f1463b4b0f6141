"""Puts a small service together on a simulated machine from the chassis's real parts."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from chassis import call
from chassis.application import Application
from chassis.codec import Codec
from chassis.committer import Committer
from chassis.event_store.head import create_tables
from chassis.event_store.log import Log
from chassis.event_store.tick import Ticker
from chassis.grpc_errors import to_status
from chassis.kernel.decider import Decider
from chassis.kernel.errors import Error
from chassis.policies import Policy, TimerRule
from chassis.publishing import Publishing
from chassis.relay import Relay
from chassis.scheduler import Scheduler
from chassis.simulation.cluster import Machine
from chassis.simulation.server import SimulatedServer


@dataclass(frozen=True, slots=True)
class Parts:
    """The rooms of the chassis a service is built from; a planted bug replaces one."""

    ticker: type[Ticker] = Ticker
    committer: type[Committer] = Committer
    relay: type[Relay] = Relay
    scheduler: type[Scheduler] = Scheduler


REAL = Parts()


@dataclass(frozen=True, slots=True)
class Small:
    """A small service: what it decides, what it says, whom it listens to."""

    name: str
    decider: Decider[Any]
    public: ModuleType
    policies: Sequence[Policy] = ()
    timers: Sequence[TimerRule] = ()


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a process of a small service consists of."""

    machine: Machine
    application: Application
    committer: Committer
    log: Log
    publishing: Publishing
    codec: Codec


def build(small: Small, machine: Machine, parts: Parts, *, alone: bool) -> Rooms:
    """The rooms of one process; nothing runs yet."""
    create_tables(machine.engine)
    codec = Codec(small.decider.facts, small.decider.commands)
    ticker = parts.ticker(
        service=small.name,
        engine=machine.engine,
        deciders=(small.decider,),
        codec=codec,
        clock=machine.clock,
        ids=machine.ids,
        timer_rules=small.timers,
    )
    log = Log(small.name, machine.database, codec, alone=alone)

    def batched(units: int, _seconds: float) -> None:
        machine.world.sometimes("a batch of more than one command", units > 1)

    committer = parts.committer(
        ticker, machine.database.runner, on_commit=log.notify, on_batch=batched
    )
    application = Application(committer, machine.database, machine.clock)
    publishing = Publishing(small.name, small.public, small.decider.facts)
    return Rooms(machine, application, committer, log, publishing, codec)


async def work(small: Small, rooms: Rooms, parts: Parts) -> None:
    """What a process does besides answering: tell others, listen to them, mind the time."""
    machine = rooms.machine
    trace = machine.world.trace

    def failure(what: str, error: Exception) -> None:
        trace.add("failure", f"{what}: {type(error).__name__}")

    relay = parts.relay(rooms.log, machine.bus, rooms.publishing, machine.clock)
    scheduler = parts.scheduler(
        machine.database, rooms.committer, rooms.codec, machine.clock, failure
    )
    await asyncio.gather(relay.run(), scheduler.run())


Handler = Callable[[Any], Awaitable[Any]]


def door(
    service: str, method: str, handler: Handler, *, mutating: bool
) -> Callable[[Any, Any], Awaitable[Any]]:
    """The least that a door does: say who calls under which key, and put errors into words."""

    async def enter(request: Any, context: Any) -> Any:
        metadata = dict(context.invocation_metadata())
        call.enter(
            call.Call(
                method=f"{service}.{method}",
                principal=call.Principal(subject=metadata.get("subject", "nobody"), kind="service"),
                idempotency_key=request.idempotency_key if mutating else "",
                request_hash=hashlib.sha256(request.SerializeToString()).digest(),
            )
        )
        try:
            return await handler(request)
        except Error as error:
            await context.abort(*to_status(error, f"{service}.cards"))

    return enter


def listen(machine: Machine, register: Callable[[Any, Any], None], servicer: Any) -> None:
    """Take calls."""
    server = SimulatedServer()
    register(servicer, server)
    machine.listen(server)
