"""The one description of a service, from which serve, work, migrate and config run."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

from google.protobuf.descriptor import ServiceDescriptor
from sqlalchemy import MetaData

from chassis.codec import Codec
from chassis.config import Settings
from chassis.crypto.keys import Keys
from chassis.grpc_server import Guard
from chassis.interceptors.admission import Admission
from chassis.kernel.decider import Decider
from chassis.kernel.events import Fact, Upcasters
from chassis.policies import Policy, TimerRule
from chassis.ports import Ports, World
from chassis.projector import Projection
from chassis.publishing import Override

Rpcs = Sequence[tuple[Callable[[Any, Any], None], Any, ServiceDescriptor]]
"""For each proto service: the generated `add_…Servicer_to_server`, the servicer, its descriptor."""

Worker = tuple[str, Callable[[], Awaitable[None]]]
"""A name, and what runs for ever under it; started again when it fails."""

Attributes = Callable[[Ports, str], Awaitable[Mapping[str, Any] | None]]
"""What permissions may know of an object (`owner` …), or None when there is no such object."""


class Server(Protocol):
    """What answers beside the rpcs in `serve`, at a port of its own, for who speaks no gRPC."""

    async def start(self) -> int:
        """Listen; the port is returned."""
        ...

    async def stop(self, grace_seconds: float) -> None:
        """Take nothing new, let what is in hand end, close."""
        ...


Servers = Callable[[Ports, Guard, Admission], Sequence[Server]]
"""Made of what the door of rpcs stands on, so that the same callers compete for the same places,
are asked about by the same policies, and are measured alike."""


def _no_servers(ports: Ports, guard: Guard, admission: Admission) -> Sequence[Server]:
    return ()


def _no_rpcs(ports: Ports) -> Rpcs:
    return ()


def _no_workers(ports: Ports) -> Sequence[Worker]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything a service is. `prepare` runs after the tables exist, before anything else, at
    every start; it is repeatable. Only auth needs the last three: what others ask it for, it asks
    itself (field encryption, the policy set as text and hash, the signing keys as a JWK set)."""

    name: str
    settings: type[Settings]
    deciders: Sequence[Decider[Any]]
    public: ModuleType
    upcasters: Upcasters = field(default_factory=dict)
    policies: Sequence[Policy] = ()
    timers: Sequence[TimerRule] = ()
    projections: Sequence[Projection] = ()
    overrides: Mapping[type[Fact], Override] = field(default_factory=dict)
    rpcs: Callable[[Ports], Rpcs] = _no_rpcs
    workers: Callable[[Ports], Sequence[Worker]] = _no_workers
    servers: Servers = _no_servers
    resources: Mapping[str, Attributes] = field(default_factory=dict)
    tables: MetaData | None = None
    prepare: Callable[[Ports], Awaitable[None]] | None = None
    keys: Callable[[World, Any, Ports], Keys] | None = None
    policy_set: Callable[[Ports], Awaitable[tuple[str, str]]] | None = None
    signing_keys: Callable[[Ports], Awaitable[str]] | None = None

    def codec(self) -> Codec:
        """The codec of all its facts and commands."""
        facts = [fact for decider in self.deciders for fact in decider.facts]
        commands = [command for decider in self.deciders for command in decider.commands]
        return Codec(facts, commands, self.upcasters)

    @property
    def sources(self) -> list[str]:
        """The services it listens to, by its policies."""
        return sorted({policy.source for policy in self.policies})
