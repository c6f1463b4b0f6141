"""One service on a real store, without network: what a service's own tests drive it through."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from google.protobuf.message import Message as ProtoMessage

from chassis.bus import Message
from chassis.call import Call, Principal
from chassis.config import Settings
from chassis.crypto.keys import LocalKeys
from chassis.database import InlineRunner, open_engine
from chassis.envelope import headers_of, read, snake_case
from chassis.intake import APPLIED, IGNORED, row
from chassis.kernel import ids
from chassis.kernel.clock import FixedClock
from chassis.kernel.errors import Unavailable
from chassis.kernel.events import Fact
from chassis.node import Node
from chassis.ports import World
from chassis.recorded import Meta, Recorded
from chassis.service import Service
from chassis.taking_in import reactions_to, work_for
from chassis.work import Outcome, Work

BEGINNING = datetime(2026, 1, 1, 12, tzinfo=UTC)


class CountedIds:
    """Ids in order: 1, 2, 3 as 32 hexadecimal digits."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        return f"{next(self._numbers):032x}"


class NobodyElse:
    """Other services, none of which is there, unless `stubs` has one under its name."""

    def __init__(self, stubs: Mapping[str, Any] | None = None) -> None:
        self._stubs = dict(stubs or {})

    def stub(self, stub: Any, service: str) -> Any:
        return self._stubs.get(service) or _Away(service)


class _Away:
    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        async def fail(*_: Any, **__: Any) -> Any:
            raise Unavailable("SERVICE_AWAY", f"{self._service} cannot be reached")

        return fail


class TestNode(Node):
    """A node that can be told what others said."""

    __test__ = False
    clock: FixedClock

    async def take_in(
        self, message: ProtoMessage, *, stream: str = "stream-1", position: int | None = None
    ) -> Outcome:
        """React to a public fact of another service, once per position, as the subscriber would.

        Raises what a policy or a decision raises; in production that parks the message.
        """
        self._position = position or getattr(self, "_position", 0) + 1
        source = message.DESCRIPTOR.full_name.split(".")[1]
        recorded = Recorded(
            source,
            1,
            self._position,
            stream,
            1,
            "",
            Fact(),
            Meta(self.clock.now(), "tester"),
        )
        name = snake_case(message.DESCRIPTOR.name)
        incoming = read(
            Message(
                f"cards.{source}.v1.{name}.{ids.partition(stream)}",
                headers_of(recorded, message.DESCRIPTOR.full_name, 0),
                message.SerializeToString(),
            )
        )
        policies = reactions_to(self.service.policies).get(incoming.type_name, ())
        if not policies:
            meta = Meta(self.clock.now(), "tester")
            return await self.committer.submit(
                Work(commands=(), meta=meta, inbox=(row(incoming, IGNORED),))
            )
        rows = (row(incoming, APPLIED),)
        return await self.committer.submit(work_for(incoming, policies, self.clock, rows))

    async def caught_up(self) -> None:
        """Let every projection catch up with the log."""
        for projector in self.projectors:
            await projector.catch_up(await projector.position())

    async def timers_due(self) -> int:
        """Carry out the timers that are due by the node's clock."""
        return await self.scheduler.run_due()

    def facts(self) -> list[Any]:
        """Every fact in the log, in order."""
        with self.world.engine.begin() as connection:
            return [each.fact for each in self.log.page(connection, 0, 100_000)]


@asynccontextmanager
async def running(
    service: Service,
    folder: Path,
    *,
    settings: Settings | None = None,
    stubs: Mapping[str, Any] | None = None,
    clock: FixedClock | None = None,
    url: str = "",
) -> AsyncIterator[TestNode]:
    """A service on SQLite in `folder`, or on the empty database at `url`, with a clock that stands
    still, ids in order, data keys in memory and, of other services, only the `stubs` given."""
    clock = clock or FixedClock(BEGINNING)
    world = World(
        clock=clock,
        ids=CountedIds(),
        random=Random(1),
        engine=open_engine(url or f"sqlite:///{folder / 'store.db'}"),
        runner=InlineRunner(),
        bus=None,
        rpc=NobodyElse(stubs),
        keys=LocalKeys(clock=clock),
    )
    node = TestNode(service, settings or service.settings(), world)
    node.clock = clock
    await node.migrate()
    try:
        yield node
    finally:
        await node.stop()


def call(method: str, key: str, *, principal: Principal | None = None, body: bytes = b"") -> Call:
    """A call as the door would make it, for `with chassis.call.entered(call(...))`."""
    return Call(
        method=method,
        principal=principal or Principal("operator:tester", "operator", ("operator",)),
        idempotency_key=key,
        request_hash=body.ljust(32, b"\0"),
        correlation_id="correlation",
    )
