"""Identity as a port: fresh ids, ids derived from what they stand for, and stable partitions."""

from typing import Protocol
from uuid import UUID, uuid5
from zlib import crc32

NAMESPACE = UUID("6f0c1c1e-52a5-5c8e-9f5b-0c6b7d1f4a11")
PARTITIONS = 64


class Ids(Protocol):
    """Where fresh ids come from; a simulation gives seeded ones."""

    def new(self) -> str:
        """A fresh id, 32 lower-case hexadecimal digits."""
        ...


def derive(*parts: str) -> str:
    """The id that stands for `parts`: the same parts give the same id (UUIDv5), any others another.

    The parts are length-prefixed, so that ("ab", "c") and ("a", "bc") differ.
    """
    return uuid5(NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts)).hex


def event_id(service: str, epoch: int, position: int) -> str:
    """The id of the event at a position of a service's log, the same for everybody."""
    return derive("event", service, str(epoch), str(position))


def partition(stream: str) -> int:
    """Which of the 64 partitions carries a stream; stable across processes and versions."""
    return crc32(stream.encode()) % PARTITIONS
