"""An immutable map whose update costs nearly the same at ten entries and at a hundred thousand."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar
from zlib import crc32

V = TypeVar("V")

BUCKETS = 512
_EMPTY: dict[str, object] = {}


class PersistentMap(Generic[V]):
    """Text keys to values; `set` and `remove` return a new map and share what did not change.

    An update copies one of 512 buckets and the table of buckets. Buckets are chosen by CRC-32, so
    iteration has the same order in every process; it goes by key.
    """

    __slots__ = ("_buckets", "_length")

    def __init__(self, entries: Mapping[str, V] | None = None) -> None:
        buckets: list[dict[str, V]] = [{} for _ in range(BUCKETS)] if entries else []
        for key, value in (entries or {}).items():
            buckets[crc32(key.encode()) % BUCKETS][key] = value
        self._buckets: tuple[dict[str, V], ...] = tuple(buckets)
        self._length = len(entries or {})

    def _bucket(self, key: str) -> dict[str, V]:
        if not self._buckets:
            return _EMPTY  # type: ignore[return-value]
        return self._buckets[crc32(key.encode()) % BUCKETS]

    def get(self, key: str) -> V | None:
        """The value at `key`, or None."""
        return self._bucket(key).get(key)

    def __getitem__(self, key: str) -> V:
        return self._bucket(key)[key]

    def __contains__(self, key: str) -> bool:
        return key in self._bucket(key)

    def __len__(self) -> int:
        return self._length

    def set(self, key: str, value: V) -> "PersistentMap[V]":
        """A map like this one with `value` at `key`."""
        bucket = dict(self._bucket(key))
        grown = key not in bucket
        bucket[key] = value
        return self._replaced(key, bucket, self._length + grown)

    def remove(self, key: str) -> "PersistentMap[V]":
        """A map like this one without `key`; the same map if it was not there."""
        if key not in self:
            return self
        bucket = dict(self._bucket(key))
        del bucket[key]
        return self._replaced(key, bucket, self._length - 1)

    def _replaced(self, key: str, bucket: dict[str, V], length: int) -> "PersistentMap[V]":
        table = list(self._buckets) if self._buckets else [{} for _ in range(BUCKETS)]
        table[crc32(key.encode()) % BUCKETS] = bucket
        made: PersistentMap[V] = PersistentMap()
        made._buckets = tuple(table)
        made._length = length
        return made

    def keys(self) -> list[str]:
        """Every key, sorted."""
        return sorted(key for bucket in self._buckets for key in bucket)

    def values(self) -> list[V]:
        """Every value, in the order of the keys."""
        return [self[key] for key in self.keys()]

    def items(self) -> list[tuple[str, V]]:
        """Every pair, in the order of the keys."""
        return [(key, self[key]) for key in self.keys()]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PersistentMap):
            return NotImplemented
        return self._length == other._length and self.items() == other.items()

    def __hash__(self) -> int:
        return hash(self._length)

    def __repr__(self) -> str:
        return f"PersistentMap({dict(self.items())!r})"
