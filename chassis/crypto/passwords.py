"""Passwords: argon2id under a versioned pepper, hashed by a bounded pool of workers."""

import asyncio
import os
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import VerifyMismatchError

from chassis.crypto.sealing import keyed_hash
from chassis.kernel.errors import Exhausted

T = TypeVar("T")

HASHING_WORKERS = 2
HASHING_WAITING_LIMIT = 16
SALT_BYTES = 16
HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Parameters:
    """A parameter set of argon2id; memory in KiB."""

    id: str
    memory_kibibytes: int
    iterations: int
    lanes: int


OWASP_19M = Parameters("argon2id-19m-2-1", 19_456, 2, 1)
OWASP_46M = Parameters("argon2id-46m-1-1", 47_104, 1, 1)
"""Two of the sets of the OWASP Password Storage Cheat Sheet, equal in strength."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a password is verified with; never printed, never in an event."""

    text: str = field(repr=False)
    parameter_id: str
    pepper_version: int


class Offload(Protocol):
    """Where hashing runs: a bounded pool of threads, or in line under virtual time."""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """The result of `work`. Raises Exhausted HASHING_BUSY."""
        ...


class HashingPool:
    """A few threads and a short queue; whoever comes when it is full is refused at once, so that
    memory in use is bounded by `workers` times the memory of one hash."""

    def __init__(
        self, workers: int = HASHING_WORKERS, waiting_limit: int = HASHING_WAITING_LIMIT
    ) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="hashing")
        self._limit = workers + waiting_limit
        self._taken = 0

    async def __call__(self, work: Callable[[], T], /) -> T:
        if self._taken >= self._limit:
            raise Exhausted("HASHING_BUSY", "too many are logging in at once; try later")
        self._taken += 1
        running = asyncio.get_running_loop().run_in_executor(self._executor, work)
        running.add_done_callback(self._give_back)
        # Shielded: a caller that goes away does not make the place of a running hash free.
        return await asyncio.shield(running)

    def _give_back(self, done: "asyncio.Future[Any]") -> None:
        self._taken -= 1
        if not done.cancelled():
            # A caller that has gone does not collect it; nobody must be told so.
            done.exception()

    def close(self) -> None:
        """Let what runs finish; take no more."""
        self._executor.shutdown(cancel_futures=True)


async def in_line(work: Callable[[], T], /) -> T:
    """Hash in the event loop itself: for the simulation and for tests."""
    return work()


class PasswordHasher:
    """Hashes and verifies. Every verification costs one hash, that of an unknown user too."""

    def __init__(
        self,
        peppers: Mapping[int, bytes],
        *,
        parameters: Parameters = OWASP_19M,
        offload: Offload = in_line,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._peppers = dict(peppers)
        self._newest = max(peppers)
        self.parameters = parameters
        self._offload = offload
        self._random_bytes = random_bytes
        self._argon2 = Argon2(
            time_cost=parameters.iterations,
            memory_cost=parameters.memory_kibibytes,
            parallelism=parameters.lanes,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self._nobody = Verifier(
            self._argon2.hash(random_bytes(HASH_BYTES), salt=random_bytes(SALT_BYTES)),
            parameters.id,
            self._newest,
        )

    async def hash(self, password: str) -> Verifier:
        """The verifier of a password. Raises Exhausted HASHING_BUSY."""
        peppered = self._peppered(password, self._newest)
        salt = self._random_bytes(SALT_BYTES)
        text = await self._offload(lambda: self._argon2.hash(peppered, salt=salt))
        return Verifier(text, self.parameters.id, self._newest)

    async def verify(self, password: str, verifier: Verifier | None) -> bool:
        """Whether the password is the one; None, for nobody, costs as much and is never right.

        Raises Exhausted HASHING_BUSY.
        """
        against = verifier or self._nobody
        peppered = self._peppered(password, against.pepper_version)
        right = await self._offload(lambda: self._matches(against.text, peppered))
        return right and verifier is not None

    def is_outdated(self, verifier: Verifier) -> bool:
        """Whether it is to be hashed again at the next log-in: other parameters or older pepper."""
        return (
            verifier.pepper_version != self._newest
            or verifier.parameter_id != self.parameters.id
            or self._argon2.check_needs_rehash(verifier.text)
        )

    def _matches(self, text: str, peppered: bytes) -> bool:
        try:
            return self._argon2.verify(text, peppered)
        except VerifyMismatchError:
            return False

    def _peppered(self, password: str, version: int) -> bytes:
        normal = unicodedata.normalize("NFKC", password)
        return b64encode(keyed_hash(self._peppers[version], "pepper", body=normal.encode()))
