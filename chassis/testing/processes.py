"""A server as a child process: started, awaited, stopped or killed, with a log and named limits."""

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psutil

START_LIMIT_SECONDS = 90.0
STOP_LIMIT_SECONDS = 60.0
KILL_LIMIT_SECONDS = 30.0
READY_POLL_SECONDS = 0.02
ANSWER_LIMIT_SECONDS = 1.0
START_ATTEMPTS = 3
LOG_TAIL_LINES = 20

LOOPBACK = "127.0.0.1"


class ServerFailed(Exception):
    """A server did not start, answer or stop within its limit; the text ends with its log."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


class ServerProcess(ABC):
    """One server process in a folder of its own (configuration, data, log, pid file).

    Use it as a context manager (`with` blocks, `async with` does not block the loop), or call
    `start` and `stop`. `start` after `kill` goes on with the same folder and port. A server
    outlives this process only after `leave_running`; `stop_left_running` ends it later.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder
        self._port_is_given = port is not None
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    # What a server says of itself.

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command line, with all that it needs written to the folder."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server does its work now; may raise OSError while it does not."""

    def environment(self) -> Mapping[str, str]:
        """What the process finds in its environment besides ours."""
        return {}

    def owner(self) -> tuple[int, int] | None:
        """User and group to run as, or None for our own."""
        return None

    # Life.

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """The process id; raises ServerFailed when the server does not run."""
        if self._process is None or self._process.poll() is not None:
            raise ServerFailed(f"{self.name} does not run")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start and wait until it answers; a port taken meanwhile is exchanged if it was ours."""
        if self.running:
            return self
        self.folder.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, START_ATTEMPTS + 1):
            self._spawn()
            if self._comes_up():
                return self
            self.kill()
            if attempt == START_ATTEMPTS:
                break
            if not self._port_is_given and self._port_is_taken():
                self.port = free_port()
        raise ServerFailed(f"{self.name} did not start on port {self.port}:\n{self._log_tail()}")

    def stop(self) -> None:
        """Ask it to end, and wait; kills it and raises ServerFailed when it does not."""
        process = self._process
        if process is None:
            return
        try:
            if process.poll() is None:
                process.send_signal(self.stop_signal)
                process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"{self.name} did not stop:\n{self._log_tail()}") from None
        self._forget()

    def kill(self) -> None:
        """End it at once, as a crash does (SIGKILL); nothing is flushed."""
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait(KILL_LIMIT_SECONDS)
        self._forget()

    def restart(self) -> None:
        """Stop and start on the same folder and port."""
        self.stop()
        self.start()

    def leave_running(self) -> None:
        """Let the server outlive this process."""
        _running.discard(self)

    def stop_left_running(self) -> bool:
        """End the server that an earlier process left in this folder; False if there is none."""
        process = self._left_behind()
        if process is None:
            return False
        process.send_signal(self.stop_signal)
        try:
            process.wait(STOP_LIMIT_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(KILL_LIMIT_SECONDS)
        self._pid_file.unlink(missing_ok=True)
        return True

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    # How.

    @property
    def _pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def _spawn(self) -> None:
        command = list(self.command())
        user, group = self.owner() or (None, None)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment()},
                # A user other than ourselves may not be allowed where we stand.
                cwd=None if user is None else "/",
                user=user,
                group=group,
                extra_groups=None if user is None else [],
                start_new_session=True,
            )
        _running.add(self)
        born = psutil.Process(self._process.pid).create_time()
        self._pid_file.write_text(json.dumps({"pid": self._process.pid, "born": born}))

    def _comes_up(self) -> bool:
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while self.running and time.monotonic() < deadline:
            try:
                if self._listens() and self.answers():
                    return True
            except (OSError, psutil.NoSuchProcess):
                pass  # It is not there yet, or no longer; the loop's condition ends the waiting.
            time.sleep(READY_POLL_SECONDS)
        return False

    def _listens(self) -> bool:
        # Asking whose socket it is keeps a stranger on the same port from answering for us.
        return any(
            each.status == psutil.CONN_LISTEN and each.laddr.port == self.port
            for each in psutil.Process(self.pid).net_connections("tcp")
        )

    def _port_is_taken(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0

    def _left_behind(self) -> psutil.Process | None:
        # The birth time tells our server from a stranger who got its number since.
        try:
            note = json.loads(self._pid_file.read_text())
            process = psutil.Process(note["pid"])
            return process if process.create_time() == note["born"] else None
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None

    def _forget(self) -> None:
        self._process = None
        _running.discard(self)
        self._pid_file.unlink(missing_ok=True)

    def _log_tail(self) -> str:
        if not self.log.exists():
            return "(it left no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])


def first_line(port: int) -> bytes:
    """What a server that speaks first says on a new connection (NATS: INFO, SMTP: 220)."""
    with socket.create_connection((LOOPBACK, port), ANSWER_LIMIT_SECONDS) as connection:
        return connection.recv(512)


_running: set[ServerProcess] = set()


@atexit.register
def _kill_what_still_runs() -> None:
    for server in list(_running):
        server.kill()
