"""Whole systems, as processes, for the tests that kill them."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.system import System


@pytest.fixture
def make_system() -> Iterator[Callable[[str], System]]:
    """Makes systems in folders that PostgreSQL's user can enter; stops and removes them."""
    made: list[tuple[System, Path]] = []

    def make(store: str) -> System:
        folder = Path(tempfile.mkdtemp(prefix="cards-system-"))
        folder.chmod(0o755)
        system = System(folder, store=store)
        made.append((system, folder))
        return system

    yield make
    for system, folder in made:
        for server in reversed(system.everything()):
            server.kill()
        if system.postgres is not None:
            system.postgres.remove()
        shutil.rmtree(folder)
