"""The servers of the testing kit start, answer, survive a crash with their data, and stop."""

import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import psutil
import psycopg
import pytest
from nats.aio.client import Client as NatsClient
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext

from chassis.testing import postgres_home, servers
from chassis.testing.processes import ServerFailed, ServerProcess
from chassis.testing.servers import MailServer, NatsServer, NatsUser, PostgresServer


@pytest.fixture
def folder() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="cards-servers-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place, ignore_errors=True)


async def stored(server: NatsServer, user: NatsUser | None = None) -> list[bytes]:
    async with connected(server, user) as stream:
        info = await stream.stream_info("FACTS")
        return [
            (await stream.get_msg("FACTS", number)).data or b""
            for number in range(info.state.first_seq, info.state.last_seq + 1)
        ]


@asynccontextmanager
async def connected(
    server: NatsServer, user: NatsUser | None = None
) -> AsyncIterator[JetStreamContext]:
    async def ignore(_: Exception) -> None:
        """The test looks at what the call itself raises."""

    client = NatsClient()
    try:
        await client.connect(
            server.url,
            user=user.name if user else None,
            password=user.password if user else None,
            allow_reconnect=False,
            connect_timeout=30,
            error_cb=ignore,
        )
        yield client.jetstream(timeout=30)
    finally:
        await client.close()


async def test_nats_keeps_what_it_acknowledged_when_it_is_killed(folder: Path) -> None:
    async with NatsServer(folder) as server:
        async with connected(server) as stream:
            await stream.add_stream(name="FACTS", subjects=["facts.>"])
            await stream.publish("facts.one", b"1")
            await stream.publish("facts.two", b"2")
        server.kill()
        assert not server.running
        server.start()
        assert await stored(server) == [b"1", b"2"]


async def test_nats_lets_a_user_publish_its_own_subjects_only(folder: Path) -> None:
    accounts = NatsUser(
        name="accounts",
        password='se"cret $1',
        publish=("facts.accounts.>", "$JS.API.>"),
        subscribe=("_INBOX.>",),
    )
    async with NatsServer(folder, users=[accounts]) as server:
        assert "se" + '"cret' not in (folder / "nats.conf").read_text()
        with pytest.raises(NatsError):
            async with connected(server):
                pass
        async with connected(server, accounts) as stream:
            await stream.add_stream(name="FACTS", subjects=["facts.>"])
            await stream.publish("facts.accounts.opened", b"mine")
            with pytest.raises(NatsError):
                await stream.publish("facts.risk.scored", b"not mine", timeout=0.5)
        assert await stored(server, accounts) == [b"mine"]


async def test_nats_whose_data_are_deleted_begins_empty(folder: Path) -> None:
    async with NatsServer(folder) as server:
        async with connected(server) as stream:
            await stream.add_stream(name="FACTS", subjects=["facts.>"])
        with pytest.raises(ServerFailed, match="runs"):
            server.delete_data()
        server.stop()
        server.delete_data()
        server.start()
        async with connected(server) as stream:
            assert await stream.streams_info() == []


def write_one(server: PostgresServer, number: int) -> None:
    with psycopg.connect(server.url(driver="postgresql")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS facts (number int)")
        connection.execute("INSERT INTO facts VALUES (%s)", (number,))


def read_all(server: PostgresServer) -> list[int]:
    with psycopg.connect(server.url(driver="postgresql")) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM facts ORDER BY 1")]


def test_postgres_keeps_what_it_committed_when_it_is_killed(folder: Path) -> None:
    with PostgresServer(folder) as server:
        with psycopg.connect(server.url(driver="postgresql")) as connection:
            row = connection.execute("SHOW fsync").fetchone()
        assert row == ("on",)
        for number in range(3):
            write_one(server, number)
            server.kill()
            server.start()
        assert read_all(server) == [0, 1, 2]
    server.remove()
    assert not (folder / "data").exists()


def test_postgres_asks_for_the_password(folder: Path) -> None:
    with PostgresServer(folder) as server:
        wrong = server.url(driver="postgresql").replace(server.password, "wrong")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong)
        address = server.create_database("one").replace("+psycopg", "")
        with psycopg.connect(address) as connection:
            assert connection.info.dbname == "one"
        server.drop_database("one")
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(address)
    server.remove()


def test_postgres_of_the_wheel_runs_where_its_user_cannot_go(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres_home, "INSTALLED", folder / "absent")
    monkeypatch.setattr(postgres_home, "ROOT_AREA", folder / "area")
    # Nobody can enter the closed folder but us, so an environment in it is out of reach as well.
    package = postgres_home.wheel_package()
    shutil.copytree(package.with_suffix(".libs"), closed / f"{postgres_home.WHEEL}.libs")
    shutil.copytree(package, closed / postgres_home.WHEEL)
    monkeypatch.setenv("PATH", str(folder / "absent") + os.pathsep + "/usr/bin:/bin")
    monkeypatch.syspath_prepend(closed)
    with PostgresServer(closed / "server") as server:
        write_one(server, 7)
        assert psutil.Process(server.pid).uids().effective != 0
        server.kill()
        server.start()
        assert read_all(server) == [7]
        assert server.data.is_relative_to(folder / ("area" if os.geteuid() == 0 else "closed"))
    server.remove()


def test_mail_keeps_every_message_and_says_who_it_was_for(folder: Path) -> None:
    message = EmailMessage()
    message["Subject"] = "您的账单"
    message.set_content("Fällig am Freitag")
    with MailServer(folder) as server:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=5) as client:
            client.send_message(message, "cards@example.test", ["holder@example.test"])
        server.kill()
        server.start()
        (received,) = server.messages()
    assert received["X-RcptTo"] == "holder@example.test"
    assert received["Subject"].startswith("=?utf-8?")


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with NatsServer(folder / "first") as first:
        second = NatsServer(folder / "second", port=first.port)
        with pytest.raises(ServerFailed, match="address already in use"):
            second.start()
        assert not second.running
        assert first.running


def test_a_server_that_was_left_running_is_found_and_stopped(folder: Path) -> None:
    program = (
        "import sys, pathlib; from chassis.testing.servers import NatsServer\n"
        "server = NatsServer(pathlib.Path(sys.argv[1])).start(); server.leave_running()\n"
        "print(server.pid)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(servers.__file__).parents[2],
    )
    left = psutil.Process(int(done.stdout))
    server: ServerProcess = NatsServer(folder)
    assert server.stop_left_running()
    assert not left.is_running()
    assert not server.stop_left_running()
