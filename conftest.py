"""What every test may ask for: real servers, started once a session, and an empty database."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import pytest

from chassis.testing.servers import MailServer, NatsServer, PostgresServer

# How long anything takes says nothing about it on a machine that has other things to do.
TIMELESS: Any = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("here", **TIMELESS)
# In CI the same examples are tried every time: a red run is then due to the change under test.
hypothesis.settings.register_profile("ci", derandomize=True, print_blob=True, **TIMELESS)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


@contextmanager
def _folder_for(server: str) -> Iterator[Path]:
    # pytest's own folders can be entered by nobody but us, PostgreSQL's user among them.
    folder = Path(tempfile.mkdtemp(prefix=f"cards-{server}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """NATS without users, shared by the tests of a session: take stream names of your own."""
    with _folder_for("nats") as folder, NatsServer(folder) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """PostgreSQL, shared by the tests of a session: take `postgres_url` for a database."""
    with _folder_for("postgres") as folder:
        with PostgresServer(folder) as server:
            yield server
        server.remove()


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    """A mail server that keeps what it is sent, shared by the tests of a session."""
    with _folder_for("mail") as folder, MailServer(folder) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The SQLAlchemy address (psycopg) of an empty database, dropped after the test."""
    name = f"test_{uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
