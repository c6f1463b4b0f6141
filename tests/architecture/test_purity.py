"""Purity: who may read a clock, roll dice, start threads, open sockets; what a domain imports.

Everybody else is given time, ids and randomness, so that a simulation can give its own.
"""

import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.architecture.source_tree import Source, report, sources

# What is impure, by kind. A name covers what lies below it (`time` covers `time.monotonic`).
IMPURE: Mapping[str, tuple[str, ...]] = {
    "clock": (
        "time",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
    ),
    "chance": ("random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom", "os.getrandom"),
    "threads": (
        "threading",
        "multiprocessing",
        "concurrent",
        "subprocess",
        "asyncio.to_thread",
        "asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell",
    ),
    "sockets": (
        "socket",
        "ssl",
        "http",
        "urllib.request",
        "smtplib",
        "asyncio.open_connection",
        "asyncio.start_server",
    ),
    "tasks": ("asyncio.create_task", "asyncio.ensure_future", "asyncio.sleep"),
}
EVERYTHING = frozenset(IMPURE)
MODULES = frozenset(name for names in IMPURE.values() for name in names if "." not in name)

# Who may do what, and why. A place is a module, or a package with all that is in it; the services
# are in no line.
ALLOWED: Mapping[str, frozenset[str]] = {
    # The system's clock, ids and randomness behind the ports: where they come in.
    "chassis/ports": EVERYTHING,
    # The simulation is the clock, the dice and the network; its runner measures real time.
    "chassis/simulation": EVERYTHING,
    # Starts real servers.
    "chassis/testing": EVERYTHING,
    # The chassis is what runs loops; on the simulation's own loop they wait in virtual time.
    "chassis": frozenset({"tasks"}),
    # Measures how long a call took; no decision reads it.
    "chassis/grpc_client": frozenset({"clock"}),
    # The adapter to NATS: its time limits are those of a real connection.
    "chassis/jetstream": frozenset({"clock", "sockets"}),
    # Serves connections that are not gRPC; what is said on them is given to it.
    "chassis/framed_server": frozenset({"sockets"}),
    # It reads the certificates that NATS is reached with.
    "chassis/nats_config": frozenset({"sockets"}),
    # The writer thread and the reader threads.
    "chassis/database": frozenset({"threads"}),
    # Hashing passwords takes a core for a quarter of a second; it may not hold up the loop.
    "chassis/crypto/passwords": frozenset({"threads", "chance"}),
    # A key that anybody could foresee is none.
    "chassis/crypto": frozenset({"chance"}),
    # The library's recorder interface names threading.Event in a signature.
    "chassis/event_store/recorder": frozenset({"threads"}),
    # A log line and a span carry the time at which they are written; no decision reads it.
    "chassis/logs": frozenset({"clock"}),
    "chassis/telemetry": frozenset({"clock", "chance"}),
    "chassis/interceptors/telemetry": frozenset({"clock"}),
}

# Pure whatever the lines above say.
PURE = ("chassis/kernel",)

# These run on the machine for people; nothing of them is simulated.
JUDGED = ("chassis", "services")

# Types that may be named, because what they stand for is given: dice, and keys for a connection.
HARMLESS = ("random.Random", "ssl.SSLContext")

DOMAIN_MAY_IMPORT = ("chassis.kernel",)


def below(name: str, *roots: str) -> bool:
    """Whether a dotted name is one of `roots` or lies below it."""
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def lies_in(path: str, place: str) -> bool:
    """Whether a file is the module `place`, or in the package of that name."""
    return path.removesuffix(".py") == place or path.startswith(f"{place}/")


def allowed_at(path: str) -> frozenset[str]:
    """The kinds of impurity that a file may have."""
    if any(lies_in(path, place) for place in PURE):
        return frozenset()
    return frozenset().union(*(kinds for place, kinds in ALLOWED.items() if lies_in(path, place)))


def impurities(source: Source) -> Iterator[str]:
    """Where a file touches what it has no leave to touch."""
    leave = allowed_at(source.path)
    seen = set()
    for line, name in source.uses():
        for kind, names in IMPURE.items():
            if kind in leave or not below(name, *names) or below(name, *HARMLESS):
                continue
            # To name a module is no impurity (`random.Random` does); to use what is in it is.
            if name not in MODULES and (line, kind) not in seen:
                seen.add((line, kind))
                yield f"{source.path}:{line}: {name} ({kind})"


def foreign_imports(source: Source) -> Iterator[str]:
    """What a domain module imports besides the standard library, the kernel and its own domain."""
    own = ".".join(source.parts[: source.parts.index("domain") + 1])
    for line, name in source.imports():
        top = name.split(".")[0]
        if top in sys.stdlib_module_names or below(name, own, *DOMAIN_MAY_IMPORT):
            continue
        yield f"{source.path}:{line}: {name}"


def test_only_adapters_touch_time_chance_threads_sockets_and_tasks() -> None:
    violations = [
        each
        for source in sources()
        if source.parts[0] in JUDGED and not source.is_test
        for each in impurities(source)
    ]
    assert not violations, report(violations)


def test_a_domain_imports_the_standard_library_and_the_kernel_only() -> None:
    violations = [
        each for source in sources() if source.in_domain for each in foreign_imports(source)
    ]
    assert not violations, report(violations)


@pytest.mark.parametrize(
    "text",
    [
        "import time\nx = time.time()",
        "from time import monotonic\nx = monotonic()",
        "import datetime as dates\nx = dates.datetime.now()",
        "from datetime import datetime\nx = datetime.now(UTC)",
        "from datetime import date\nx = date.today()",
        "from uuid import uuid4\nx = uuid4()",
        "import uuid\nx = uuid.uuid4()",
        "import random\nx = random.random()",
        "from random import choice\nx = choice([1])",
        "from os import urandom\nx = urandom",
        "import threading\nx = threading.Lock()",
        "from concurrent.futures import ThreadPoolExecutor\nx = ThreadPoolExecutor(1)",
        "import asyncio\nasyncio.create_task(x())",
        "from asyncio import sleep\nawait_ = sleep(1)",
        "import socket\nx = socket.socket()",
    ],
)
def test_the_purity_check_catches_what_is_impure(text: str) -> None:
    assert len(list(impurities(Source("services/accounts/use_cases.py", text)))) == 1
    assert len(list(impurities(Source("chassis/kernel/money.py", text)))) == 1
    assert not list(impurities(Source("chassis/ports.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "from uuid import UUID, uuid5\nx = uuid5(UUID(int=1), 'a')",
        "import random\ndef roll(dice: random.Random) -> float:\n    return dice.random()",
        "from datetime import datetime\nx = datetime.fromisoformat('2026-01-01')",
        "import asyncio\nx = asyncio.timeout(1)",
    ],
)
def test_the_purity_check_lets_pass_what_is_pure(text: str) -> None:
    assert not list(impurities(Source("services/accounts/use_cases.py", text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from chassis.kernel.money import Money\nimport enum", 0),
        ("from services.risk.domain import rules", 0),
        ("from services.risk import queries", 1),
        ("from services.accounts.domain import events", 1),
        ("from chassis import codec", 1),
        ("import sqlalchemy", 1),
    ],
)
def test_the_domain_check_catches_foreign_imports(text: str, expected: int) -> None:
    assert len(list(foreign_imports(Source("services/risk/domain/charge.py", text)))) == expected


def test_every_place_with_leave_is_there() -> None:
    """A leave for a file that has gone would be taken by the next of its name."""
    gone = [place for place in ALLOWED if not any(lies_in(each.path, place) for each in sources())]
    assert not gone, report(gone)
