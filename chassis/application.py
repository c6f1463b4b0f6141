"""Between the door and the store: commands in, answers out, states for those who ask."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from sqlalchemy import Connection, select

from chassis import call
from chassis.committer import Committer
from chassis.database import Database
from chassis.event_store.cache import Folded, Streams, Unloadable
from chassis.event_store.head import read_head
from chassis.event_store.tables import idempotency
from chassis.event_store.tick import key_reused
from chassis.kernel import ids
from chassis.kernel.clock import Clock
from chassis.kernel.decider import Decider
from chassis.kernel.errors import Error, NotFound
from chassis.kernel.events import Command
from chassis.recorded import Meta
from chassis.work import Audit, Idempotency, Outcome, Settled, Work

S = TypeVar("S")
M = TypeVar("M", bound=Message)

READ_FOLDS_LIMIT = 10_000


class Application:
    """What a service's grpc_api, workers and queries use to decide and to look."""

    def __init__(
        self, committer: Committer, database: Database, clock: Clock, secret: bytes = b""
    ) -> None:
        """`secret` keys the stored hashes of requests: a request may hold a card number, and an
        unkeyed hash of one is soon guessed."""
        self._committer = committer
        self._database = database
        self._clock = clock
        self._keyed = hmac.new(secret, digestmod="sha256")
        self._read_folds: dict[str, Folded] = {}

    @property
    def _streams(self) -> Streams:
        return self._committer.ticker.streams

    async def answer(
        self,
        *commands: Command,
        render: Callable[[Settled], M],
        inside: Callable[[Any, Settled], None] | None = None,
    ) -> M:
        """Carry out the commands of the call at the door, all or none, and render its answer.

        The answer is stored under the call's idempotency key; a retry gets the stored one.
        `inside` writes rows that must not be in an event, in the same transaction.
        """
        current = call.current()
        made: list[M] = []

        def rendered(settled: Settled) -> bytes:
            made.append(render(settled))
            return _named(made[-1])

        outcome = await self._committer.submit(
            Work(
                commands=commands,
                meta=self._meta(current),
                idempotency=self._idempotency(current),
                render=rendered,
                audit=self._audit(current, commands),
                inside=inside,
                wanted=current.wanted,
            )
        )
        if made and not outcome.replayed:
            return made[-1]
        answer: M = _unnamed(outcome.answer)
        return answer

    def _idempotency(self, current: call.Call) -> Idempotency | None:
        if not current.idempotency_key:
            # Requests that carry secrets have none, and say in their proto why they are repeatable.
            return None
        # Not hmac.digest, which gives up the interpreter's lock for every call.
        keyed = self._keyed.copy()
        keyed.update(current.request_hash)
        return Idempotency(
            current.principal.scope, current.method, current.idempotency_key, keyed.digest()
        )

    def _meta(self, current: call.Call) -> Meta:
        return Meta(
            occurred_at=self._clock.now(),
            actor=current.principal.scope,
            correlation_id=current.correlation_id,
            causation_id=ids.derive(
                "request", current.principal.scope, current.method, current.idempotency_key
            ),
            traceparent=current.traceparent,
        )

    def _audit(self, current: call.Call, commands: tuple[Command, ...]) -> Audit:
        ticker = self._committer.ticker
        return Audit(
            actor=current.principal.subject,
            on_behalf_of=_subject(current.principal.on_behalf_of),
            action=current.method,
            object=ticker.stream_of(commands[-1]) if commands else "",
            origin=current.origin,
            correlation_id=current.correlation_id,
        )

    async def witness(self, decider: Decider[Any], id: str) -> None:
        """Put a leaf about an aggregate into the audit log for the call at the door: for what
        changes nothing and must be known of all the same. Ask before anything is shown."""
        current = call.current()
        audit = replace(self._audit(current, ()), object=f"{decider.category}-{id}")
        await self._committer.submit(Work(commands=(), meta=self._meta(current), audit=audit))

    async def once(self, work: Callable[[], Awaitable[M]]) -> M:
        """Do what is repeatable but not a command, and keep its answer under the call's key; a
        retry gets the kept one. Raises Refused IDEMPOTENCY_KEY_REUSED before anything is done."""
        current = call.current()
        named = self._idempotency(current)
        known = None if named is None else await self._known(named)
        if known is not None:
            return known  # type: ignore[no-any-return]
        made = await work()
        outcome = await self._committer.submit(
            Work(
                commands=(),
                meta=self._meta(current),
                idempotency=named,
                render=lambda settled: _named(made),
            )
        )
        answer: M = _unnamed(outcome.answer)
        return answer

    async def _known(self, named: Idempotency) -> Any:
        """The answer that is kept under a key, if there is one."""
        query = select(idempotency).where(idempotency.c.request_id == named.request_id)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        if bytes(row.request_hash) != named.request_hash:
            raise key_reused()
        return _unnamed(bytes(row.answer))

    async def execute(
        self,
        *commands: Command,
        actor: str,
        correlation_id: str = "",
        causation_id: str = "",
        inside: Callable[[Any, Settled], None] | None = None,
    ) -> Outcome:
        """Carry out commands that did not come through the door, all or none."""
        meta = Meta(self._clock.now(), actor, correlation_id, causation_id)
        return await self._committer.submit(Work(commands=commands, meta=meta, inside=inside))

    async def submit(self, work: Work) -> Outcome:
        """Settle a unit as it is."""
        return await self._committer.submit(work)

    async def state(self, decider: Decider[S], id: str) -> S:
        """The state of an aggregate as of now, whoever wrote last.

        Raises NotFound with reason `<CATEGORY>_NOT_FOUND`.
        """
        found = await self.find(decider, id)
        if found is None:
            thing = decider.category.replace("_", " ")
            raise NotFound(f"{decider.category.upper()}_NOT_FOUND", f"there is no such {thing}")
        return found

    async def find(self, decider: Decider[S], id: str) -> S | None:
        """The state of an aggregate as of now, or None if there is none."""
        stream = f"{decider.category}-{id}"
        fold = await self._database.read(lambda connection: self._current(connection, stream))
        return fold.state if fold.version else None

    async def find_all(self, *wanted: tuple[Decider[Any], str]) -> list[Any]:
        """The states of several aggregates as of one moment, in one look; None for none."""
        streams = [f"{decider.category}-{id}" for decider, id in wanted]

        def read(connection: Connection) -> list[Folded]:
            return [self._current(connection, stream) for stream in streams]

        folds = await self._database.read(read)
        return [fold.state if fold.version else None for fold in folds]

    async def peek(self, decider: Decider[S], id: str) -> S | None:
        """Like `find`, but what is in memory will do: for what never changes, such as an owner."""
        stream = f"{decider.category}-{id}"
        fold = self._streams.cached(stream) or self._read_folds.get(stream)
        if fold is not None and fold.version:
            state: S = fold.state
            return state
        return await self.find(decider, id)

    def _current(self, connection: Connection, stream: str) -> Folded:
        """The fold now. One in the writer's cache is current while the head is where it saw it."""
        # In this order: the writer updates its cache first and what it has seen afterwards.
        seen = self._committer.ticker.seen
        cached = self._streams.cached(stream)
        if cached is not None and read_head(connection).position == seen.position:
            return cached
        base = cached or self._read_folds.get(stream)
        fold = self._streams.catch_up(connection, stream, base)
        if isinstance(fold, Unloadable):
            raise Error("STREAM_UNLOADABLE", "this history cannot be read by this version")
        if len(self._read_folds) >= READ_FOLDS_LIMIT:
            self._read_folds.clear()
        self._read_folds[stream] = fold
        return fold


def _subject(principal: call.Principal | None) -> str:
    return principal.subject if principal is not None else ""


def _named(message: Message) -> bytes:
    """A stored answer says what it is, so that a retry can be answered without asking anybody."""
    stored: bytes = message.SerializeToString(deterministic=True)
    return message.DESCRIPTOR.full_name.encode() + b"\0" + stored


def _unnamed(stored: bytes) -> Any:
    name, _, data = stored.partition(b"\0")
    found = descriptor_pool.Default().FindMessageTypeByName(name.decode())
    return message_factory.GetMessageClass(found).FromString(data)
