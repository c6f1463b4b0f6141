"""Folded states kept in memory, and reading streams back into them."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from chassis.codec import Codec, StateCodec
from chassis.event_store.tables import events, snapshots
from chassis.kernel.decider import Decider

CACHED_STREAMS_LIMIT = 50_000
STREAMS_PER_QUERY = 400


class Unloadable(Exception):
    """A stream that cannot be folded: an unknown topic, or no decider for its category."""


class Folded:
    """A state and the version of the stream it is the fold of. Immutable by agreement."""

    __slots__ = ("state", "version")

    def __init__(self, state: Any, version: int) -> None:
        self.state = state
        self.version = version


class Streams:
    """Loads streams through snapshots, and remembers their folds.

    The cache is written by the one writer only; readers see immutable folds.
    """

    def __init__(self, deciders: Iterable[Decider[Any]], codec: Codec) -> None:
        self.codec = codec
        self._by_category = {decider.category: decider for decider in deciders}
        self._state_codecs = {
            decider.category: StateCodec(decider.state) for decider in self._by_category.values()
        }
        self._cache: dict[str, Folded] = {}

    def decider_of(self, stream: str) -> Decider[Any]:
        """The decider for a stream's category; raises Unloadable."""
        category = stream.partition("-")[0]
        decider = self._by_category.get(category)
        if decider is None:
            raise Unloadable(f"no decider for {category}")
        return decider

    def cached(self, stream: str) -> Folded | None:
        """The fold, if it is in memory."""
        return self._cache.get(stream)

    def remember(self, folds: Mapping[str, Folded]) -> None:
        """Keep folds, the least recently written ones leaving first."""
        for stream, fold in folds.items():
            self._cache.pop(stream, None)
            self._cache[stream] = fold
        while len(self._cache) > CACHED_STREAMS_LIMIT:
            del self._cache[next(iter(self._cache))]

    def forget(self, streams: Iterable[str]) -> None:
        """Drop folds that somebody else made stale."""
        for stream in streams:
            self._cache.pop(stream, None)

    def forget_all(self) -> None:
        """Drop everything."""
        self._cache.clear()

    def load(self, connection: Connection, streams: list[str]) -> dict[str, Folded | Unloadable]:
        """Fold streams from their snapshots and events."""
        folds: dict[str, Folded | Unloadable] = {}
        for start in range(0, len(streams), STREAMS_PER_QUERY):
            page = streams[start : start + STREAMS_PER_QUERY]
            bases = self._bases(connection, page)
            folds.update(bases)
            fresh = [s for s in page if isinstance(bases[s], Folded) and not _version(bases[s])]
            self._fold_on(connection, fresh, 0, folds)
            for stream in page:
                base = bases[stream]
                if isinstance(base, Folded) and base.version:
                    self._fold_on(connection, [stream], base.version, folds)
        return folds

    def catch_up(
        self, connection: Connection, stream: str, base: Folded | None
    ) -> Folded | Unloadable:
        """The fold of a stream now, going on from `base`; does not touch the cache."""
        if base is None or not base.version:
            return self.load(connection, [stream])[stream]
        folds: dict[str, Folded | Unloadable] = {stream: base}
        self._fold_on(connection, [stream], base.version, folds)
        return folds[stream]

    def _bases(self, connection: Connection, streams: list[str]) -> dict[str, Folded | Unloadable]:
        bases: dict[str, Folded | Unloadable] = {}
        for stream in streams:
            try:
                bases[stream] = Folded(self.decider_of(stream).initial, 0)
            except Unloadable as error:
                bases[stream] = error
        rows = connection.execute(select(snapshots).where(snapshots.c.stream.in_(streams)))
        for row in rows:
            codec = self._state_codecs.get(row.stream.partition("-")[0])
            usable = codec is not None and row.fingerprint == codec.fingerprint
            state = bytes(row.state)
            # A snapshot is a cache: one that is broken or of another shape is not used.
            if usable and codec and hashlib.sha256(state).digest() == bytes(row.checksum):
                bases[row.stream] = Folded(codec.decode(state), row.stream_version)
        return bases

    def _fold_on(
        self,
        connection: Connection,
        streams: list[str],
        after: int,
        folds: dict[str, Folded | Unloadable],
    ) -> None:
        if not streams:
            return
        query = (
            select(
                events.c.originator_id,
                events.c.originator_version,
                events.c.topic,
                events.c.state,
            )
            .where(events.c.originator_id.in_(streams), events.c.originator_version > after)
            .order_by(events.c.originator_id, events.c.originator_version)
        )
        for stream, version, topic, stored in connection.execute(query):
            fold = folds[stream]
            if isinstance(fold, Unloadable):
                continue
            try:
                fact, _ = self.codec.decode(topic, bytes(stored))
            except LookupError as error:
                folds[stream] = Unloadable(f"{stream} holds {error}")
                continue
            state = self.decider_of(stream).evolve(fold.state, fact)
            folds[stream] = Folded(state, version)

    def snapshot_row(self, stream: str, fold: Folded) -> dict[str, Any]:
        """The row that keeps a fold for the next load."""
        codec = self._state_codecs[stream.partition("-")[0]]
        state = codec.encode(fold.state)
        return {
            "stream": stream,
            "stream_version": fold.version,
            "fingerprint": codec.fingerprint,
            "checksum": hashlib.sha256(state).digest(),
            "state": state,
        }


def _version(fold: Folded | Unloadable) -> int:
    return fold.version if isinstance(fold, Folded) else 0
