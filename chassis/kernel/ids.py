"""Identity as a port: fresh ids, ids derived from what they stand for, and stable partitions."""

from hashlib import sha1
from typing import Protocol
from uuid import UUID
from zlib import crc32

NAMESPACE = UUID("6f0c1c1e-52a5-5c8e-9f5b-0c6b7d1f4a11")
PARTITIONS = 64
_IN_NAMESPACE = sha1(NAMESPACE.bytes, usedforsecurity=False)
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class Ids(Protocol):
    """Where fresh ids come from; a simulation gives seeded ones."""

    def new(self) -> str:
        """A fresh id, 32 lower-case hexadecimal digits."""
        ...


def derive(*parts: str) -> str:
    """The id that stands for `parts`: the same parts give the same id (UUIDv5), any others another.

    The parts are length-prefixed, so that ("ab", "c") and ("a", "bc") differ.
    """
    digest = _IN_NAMESPACE.copy()
    digest.update("".join([f"{len(part)}:{part}" for part in parts]).encode())
    return uuid_digits(digest.hexdigest(), 5)


def uuid_digits(found: str, version: int) -> str:
    """The UUID of a version in 32 or more hexadecimal digits of chance or of a hash: what the
    standard library's UUID does, without an object that only its digits are wanted of."""
    return f"{found[:12]}{version}{found[13:16]}{_VARIANT[found[16]]}{found[17:32]}"


def event_id(service: str, epoch: int, position: int) -> str:
    """The id of the event at a position of a service's log, the same for everybody."""
    return derive("event", service, str(epoch), str(position))


def partition(stream: str) -> int:
    """Which of the 64 partitions carries a stream; stable across processes and versions."""
    return crc32(stream.encode()) % PARTITIONS
