"""One running system for all contract tests, somebody outside of it, and what that one did."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cards.feed.v1 import feed_service_pb2 as feed

from demo.system import System
from tests.contract.collector import Collector
from tests.contract.contracts import SERVICES
from tests.contract.mailbox import RefusingMailServer
from tests.contract.outside import Outsider
from tests.contract.part_cards import KEY_ENCRYPTION_KEY
from tests.contract.story import Story
from tests.contract.wire import Wire, listen

AUDITOR = "operator"
CALM_SECONDS = 6.0
"""Longer than anything waits that works by itself: who looks for customers on lists pauses 5 s."""


class ObservedSystem(System):
    """A system that tells a collector of every trace, and often of its metrics."""

    def __init__(self, folder: Path, collector: Collector) -> None:
        self._collector = collector
        super().__init__(folder)

    def _of_its_own(self, name: str) -> dict[str, str]:
        telemetry = {
            "OTLP_ENDPOINT": self._collector.endpoint,
            "TRACE_SAMPLE_RATIO": "1.0",
            "METRIC_INTERVAL_SECONDS": "2",
        }
        shared = {"ISO8583_KEY_ENCRYPTION_KEY": KEY_ENCRYPTION_KEY} if name == "accounts" else {}
        return {**super()._of_its_own(name), **telemetry, **shared}


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Whom the services tell of their traces."""
    with Collector() as listening:
        yield listening


@pytest.fixture(scope="session")
def system(
    tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[ObservedSystem]:
    """Six services, NATS and a mail server, on SQLite, started once."""
    running = ObservedSystem(tmp_path_factory.mktemp("contract") / "system", collector)
    running.mail = RefusingMailServer(running.folder / "mail")
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def story(system: System) -> Iterator[Story]:
    """What an outsider did to the system: at least once whatever makes a service say something."""
    outsider = Outsider(system)
    first = json.loads(system.keys.bootstrap_path.read_text())
    try:
        told = Story(outsider, first)
        told.tell()
        told.answered = frozenset(outsider.answered)
        yield told
    finally:
        outsider.close()


@pytest.fixture
def outsider(story: Story) -> Outsider:
    """Somebody outside, whose tokens outlast the test."""
    story.outsider.renew()
    return story.outsider


@pytest.fixture(scope="module")
def calm(story: Story) -> None:
    """All reactions to what was done have arrived: the logs stand still for a while."""
    before: dict[str, tuple[int, int]] = {}
    since = time.monotonic()

    def still() -> bool:
        nonlocal before, since
        now = heads(story.outsider)
        if now != before:
            before, since = now, time.monotonic()
        return time.monotonic() - since > CALM_SECONDS and story.taken_in()

    story.outsider.renew()
    story.outsider.until(still, "the logs stand still")


def heads(outsider: Outsider) -> dict[str, tuple[int, int]]:
    """Epoch and position of every log."""
    return {name: head(outsider, name) for name in SERVICES}


def head(outsider: Outsider, service: str) -> tuple[int, int]:
    """Epoch and position of one log."""
    found = outsider.ask(f"{service}.GetHead", feed.GetHeadRequest(), by=AUDITOR)
    return found.epoch, found.position


@pytest.fixture(scope="module")
def wire(story: Story, calm: None) -> Wire:
    """Everything that was said on NATS until now."""
    return listen(story.outsider.system)
