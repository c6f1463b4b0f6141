"""A service put together on a world: its store, its rpcs, and everything that runs beside them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from cards.feed.v1 import feed_service_pb2, intake_service_pb2
from cards.feed.v1.feed_service_pb2_grpc import (
    FeedServiceStub,
    add_FeedServiceServicer_to_server,
)
from cards.feed.v1.intake_service_pb2_grpc import add_IntakeServiceServicer_to_server

from chassis import logs
from chassis.application import Application
from chassis.background import Background, Backoff
from chassis.checkpointing import Checkpointer
from chassis.committer import Committer
from chassis.crypto.keys import Keys
from chassis.database import Database
from chassis.event_store.head import create_tables
from chassis.event_store.intake import StoreIntake
from chassis.event_store.log import Log
from chassis.event_store.tick import Ticker
from chassis.feed import FeedApi, FeedClient
from chassis.housekeeping import Housekeeper
from chassis.intake_api import IntakeApi
from chassis.kernel.errors import Error
from chassis.parking import Parking
from chassis.ports import Ports, World
from chassis.projector import Projector
from chassis.publishing import Publishing
from chassis.relay import Relay, stream_spec
from chassis.scheduler import Scheduler
from chassis.service import Rpcs, Service
from chassis.snapshots import Snapshotter
from chassis.subscriber import Subscriber
from chassis.taking_in import reactions_to

_INTAKE = intake_service_pb2.DESCRIPTOR.services_by_name["IntakeService"]
_FEED = feed_service_pb2.DESCRIPTOR.services_by_name["FeedService"]
STOP_SECONDS = 5.0
LONGEST_RESTART_DELAY_SECONDS = 10.0

Loop = Callable[[], Awaitable[None]]


class Node:
    """One process of a service. `migrate` first; then `rpcs` to serve and `work` to run beside.

    `tell` hears of every failure in the background: a name and the error.
    """

    def __init__(self, service: Service, settings: Any, world: World) -> None:
        self.service = service
        self.settings = settings
        self.world = world
        self.codec = service.codec()
        self.database = Database(world.engine, world.runner)
        self.ticker = Ticker(
            service=service.name,
            engine=world.engine,
            deciders=service.deciders,
            codec=self.codec,
            clock=world.clock,
            ids=world.ids,
            timer_rules=service.timers,
            followers=[p.apply for p in service.projections if p.synchronous],
        )
        self.log = Log(service.name, self.database, self.codec, alone=world.alone)
        self.committer = Committer(
            self.ticker, world.runner, on_commit=self.log.notify, on_batch=world.on_batch
        )
        self.intake = StoreIntake(self.database, self.committer, world.clock)
        facts = [fact for decider in service.deciders for fact in decider.facts]
        self.publishing = Publishing(service.name, service.public, facts, service.overrides)
        self.application = Application(
            self.committer, self.database, world.clock, world.request_secret
        )
        self.ports = Ports(
            clock=world.clock,
            ids=world.ids,
            random=world.random,
            application=self.application,
            database=self.database,
            log=self.log,
            rpc=world.rpc,
            settings=settings,
        )
        self.ports.keys = self._keys()
        self.projectors = [
            Projector(projection, self.log, self.database, self._tell)
            for projection in service.projections
            if not projection.synchronous
        ]
        self.scheduler = Scheduler(
            self.database, self.committer, self.codec, world.clock, self._tell
        )
        self._backgrounds: list[Background] = []
        self._tasks: list[asyncio.Task[None]] = []

    def _keys(self) -> Keys | None:
        if self.service.keys is not None:
            return self.service.keys(self.world, self.settings, self.ports)
        return self.world.keys

    def create_tables(self) -> None:
        """Create the tables that are missing."""
        create_tables(self.world.engine)
        if self.service.tables is not None:
            self.service.tables.create_all(self.world.engine)

    async def migrate(self) -> None:
        """Create what is missing and let the service prepare; may be repeated."""
        await self.database.runner.write(self.create_tables)
        if self.service.prepare is not None:
            await self.service.prepare(self.ports)

    def rpcs(self) -> Rpcs:
        """What to serve: the service's own rpcs, the feed of its facts, and what it took in."""
        feed = FeedApi(self.log, self.publishing)
        parking = Parking(reactions_to(self.service.policies), self.intake, self.world.clock)
        intake = IntakeApi(self.service.sources, self.intake, parking, self.log, self.application)
        return [
            *self.service.rpcs(self.ports),
            (add_FeedServiceServicer_to_server, feed, _FEED),
            (add_IntakeServiceServicer_to_server, intake, _INTAKE),
        ]

    def resources(self) -> Mapping[str, Callable[[str], Awaitable[Any]]]:
        """For the door: attributes of an object by its type and id."""

        def bound(attributes: Any) -> Callable[[str], Awaitable[Any]]:
            async def of(id: str) -> Any:
                try:
                    return await attributes(self.ports, id)
                except Error:
                    return None

            return of

        return {name: bound(each) for name, each in self.service.resources.items()}

    async def ready(self) -> bool:
        """Whether the store answers; NATS does not matter for that."""
        try:
            await self.log.head()
        except Error:
            return False
        return True

    # What runs beside the rpcs --------------------------------------------------------------------

    def start_work(self) -> None:
        """Start relay, subscribers, projections, timers, snapshots, housekeeping and workers."""
        loops: list[tuple[str, Loop]] = [
            (f"projection {each.projection.name}", each.run) for each in self.projectors
        ]
        loops.append(("scheduler", self.scheduler.run))
        snapshotter = Snapshotter(self.log, self.database, self.ticker.streams)
        loops.append(("snapshots", snapshotter.run))
        loops.append(("housekeeping", Housekeeper(self.database, self.world.clock).run))
        loops.extend(self._checkpoints())
        loops.extend(self.service.workers(self.ports))
        if self.world.bus is not None:
            loops.extend(self._messaging(self.world.bus))
        for name, loop in loops:
            self._tasks.append(asyncio.create_task(self._supervise(name, loop), name=name))

    def _checkpoints(self) -> Sequence[tuple[str, Loop]]:
        """auth has a log key of its own, and signs by itself."""
        key = self.world.checkpoint_key
        if key is None or self.service.keys is not None:
            return []
        origin = f"cards/{self.service.name}"
        checkpointer = Checkpointer(self.database, self.world.clock, origin, key)
        return [("checkpoints", checkpointer.run)]

    def _messaging(self, bus: Any) -> Sequence[tuple[str, Loop]]:
        def relay() -> Background:
            return Relay(
                self.log,
                bus,
                self.publishing,
                self.world.clock,
                spec=stream_spec(self.service.name, replicas=self.settings.stream_replicas),
                on_published=self.world.on_published,
            )

        def subscriber(source: str) -> Callable[[], Background]:
            def make() -> Background:
                return Subscriber(
                    self.service.name,
                    source,
                    self.service.policies,
                    bus,
                    FeedClient(self.world.rpc.stub(FeedServiceStub, source)),
                    self.intake,
                    self.world.clock,
                    share=self.world.share,
                    on_applied=self.world.on_applied,
                    begin_span=self.world.begin_span,
                )

            return make

        return [
            ("relay", self._background(relay)),
            *(
                (f"subscriber {source}", self._background(subscriber(source)))
                for source in self.service.sources
            ),
        ]

    def _background(self, make: Callable[[], Background]) -> Loop:
        async def run() -> None:
            background = make()
            self._backgrounds.append(background)
            try:
                await background.run()
            finally:
                self._backgrounds.remove(background)

        return run

    async def _supervise(self, name: str, loop: Loop) -> None:
        """Run a loop for ever; what fails is told and begun again, ever more slowly."""
        backoff = Backoff(longest_seconds=LONGEST_RESTART_DELAY_SECONDS)
        while True:
            try:
                await loop()
                return
            except Exception as error:
                self._tell(name, error)
                await asyncio.sleep(backoff.delay())

    def _tell(self, name: str, error: Exception) -> None:
        reason = getattr(error, "reason", "")
        logs.log(
            "background_failed",
            level="error",
            part=name,
            error=type(error).__name__,
            reason=reason,
            frames=logs.frames(error),
        )

    async def stop(self) -> None:
        """Let what is in hand finish, then stop everything; the store is closed last."""
        for background in list(self._backgrounds):
            await background.stop(STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self.committer.close()
        self.database.close()
