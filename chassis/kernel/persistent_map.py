"""An immutable map whose update costs nearly the same at ten entries and at a hundred thousand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar
from zlib import crc32

V = TypeVar("V")

_BITS = 4
_WIDTH = 1 << _BITS
_MASK = _WIDTH - 1
_SECOND, _THIRD = _BITS, 2 * _BITS
# Shared by all maps and never changed: a map is only ever changed by copying what is on the way.
_NO_LEAF: dict[str, Any] = {}
_NO_TWIG: list[dict[str, Any]] = [_NO_LEAF] * _WIDTH
_NO_BRANCH: list[list[dict[str, Any]]] = [_NO_TWIG] * _WIDTH
_NO_ROOT: list[list[list[dict[str, Any]]]] = [_NO_BRANCH] * _WIDTH


PARTS = _WIDTH * _WIDTH
"""So many parts a map falls into when it is stored."""


class _Unread(list[Any]):
    """A twig that was stored, and is read when somebody looks into it. Two threads may both read
    it at first; what they find is the same."""

    __slots__ = ("_read", "stored")

    def __init__(self, stored: bytes, read: Callable[[bytes], dict[str, Any]]) -> None:
        super().__init__()
        self.stored: bytes | None = stored
        self._read = read

    def _fill(self) -> None:
        stored = self.stored
        if stored is None:
            return
        leaves: list[dict[str, Any]] = [{} for _ in range(_WIDTH)]
        for key, each in self._read(stored).items():
            leaves[crc32(key.encode()) >> _THIRD & _MASK][key] = each
        self[:] = leaves
        self.stored = None

    def __getitem__(self, index: Any) -> Any:
        self._fill()
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Any]:
        self._fill()
        return super().__iter__()

    def copy(self) -> list[Any]:
        self._fill()
        return list(super().__iter__())


class PersistentMap(Generic[V]):
    """Text keys to values; `set` and `remove` return a new map and share what did not change.

    A tree of three levels, sixteen ways each, over leaves; an update copies the way to one leaf.
    The way is chosen by CRC-32, so iteration is the same in every process; it goes by key.
    """

    __slots__ = ("_length", "_root")

    def __init__(self, entries: Mapping[str, V] | None = None) -> None:
        self._root: list[list[list[dict[str, V]]]] = _NO_ROOT
        self._length = 0
        for key, value in (entries or {}).items():
            grown = self.set(key, value)
            self._root, self._length = grown._root, grown._length

    def _leaf(self, key: str) -> dict[str, V]:
        way = crc32(key.encode())
        return self._root[way & _MASK][way >> _SECOND & _MASK][way >> _THIRD & _MASK]

    def get(self, key: str) -> V | None:
        """The value at `key`, or None."""
        return self._leaf(key).get(key)

    def __getitem__(self, key: str) -> V:
        return self._leaf(key)[key]

    def __contains__(self, key: str) -> bool:
        return key in self._leaf(key)

    def __len__(self) -> int:
        return self._length

    def set(self, key: str, value: V) -> "PersistentMap[V]":
        """A map like this one with `value` at `key`."""
        before = self._leaf(key)
        leaf = before.copy()
        leaf[key] = value
        return self._replaced(key, leaf, self._length + len(leaf) - len(before))

    def remove(self, key: str) -> "PersistentMap[V]":
        """A map like this one without `key`; the same map if it was not there."""
        if key not in self:
            return self
        leaf = self._leaf(key).copy()
        del leaf[key]
        return self._replaced(key, leaf, self._length - 1)

    def _replaced(self, key: str, leaf: dict[str, V], length: int) -> "PersistentMap[V]":
        way = crc32(key.encode())
        first, second = way & _MASK, way >> _SECOND & _MASK
        root = self._root.copy()
        branch = root[first] = root[first].copy()
        twig = branch[second] = branch[second].copy()
        twig[way >> _THIRD & _MASK] = leaf
        made: PersistentMap[V] = PersistentMap.__new__(PersistentMap)
        made._root = root
        made._length = length
        return made

    @classmethod
    def stored(
        cls, length: int, parts: Sequence[bytes], read: Callable[[bytes], dict[str, V]]
    ) -> "PersistentMap[V]":
        """A map of `length` entries from its PARTS parts, each of which `read` makes entries of
        when one of them is asked for; an empty part has no bytes."""
        made: PersistentMap[V] = PersistentMap.__new__(PersistentMap)
        made._root = [
            [
                _Unread(part, read) if part else _NO_TWIG
                for part in parts[first * _WIDTH : (first + 1) * _WIDTH]
            ]
            for first in range(_WIDTH)
        ]
        made._length = length
        return made

    def parts(self) -> Iterator[bytes | dict[str, V]]:
        """The PARTS parts, to be stored: entries, or the bytes from which none was read yet."""
        for branch in self._root:
            for twig in branch:
                stored = twig.stored if isinstance(twig, _Unread) else None
                if stored is not None:
                    yield stored
                else:
                    yield {key: each for leaf in twig for key, each in leaf.items()}

    def _entries(self) -> dict[str, V]:
        """Every entry, in no order; of a short map most branches are the empty one."""
        found: dict[str, V] = {}
        for branch in self._root:
            if branch is not _NO_BRANCH:
                for twig in branch:
                    if twig is not _NO_TWIG:
                        for leaf in twig:
                            if leaf:
                                found.update(leaf)
        return found

    def keys(self) -> list[str]:
        """Every key, sorted."""
        return sorted(self._entries())

    def values(self) -> list[V]:
        """Every value, in the order of the keys."""
        entries = self._entries()
        return [entries[key] for key in sorted(entries)]

    def items(self) -> list[tuple[str, V]]:
        """Every pair, in the order of the keys."""
        entries = self._entries()
        return [(key, entries[key]) for key in sorted(entries)]

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
