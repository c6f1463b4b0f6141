"""A terminal within this process, on which commands of `cards` are given."""

import re
from pathlib import Path

from typer.testing import CliRunner

from client.__main__ import app

ID = r"[0-9a-f]{32}"


class Terminal:
    """Runs commands within this process, which has loaded what they need."""

    def __init__(self, description: Path) -> None:
        self._system = ["--system", str(description)]
        self._runner = CliRunner()

    def run(self, command: str, *arguments: str, typed: str | None = None) -> tuple[int, str]:
        """Exit status and what was printed; `typed` is what comes through a pipe."""
        asked = [*command.split(), *arguments, *self._system]
        done = self._runner.invoke(app, asked, input=typed)
        return done.exit_code, done.output

    def say(self, command: str, *arguments: str, typed: str | None = None) -> str:
        """What a command that succeeds prints."""
        status, printed = self.run(command, *arguments, typed=typed)
        assert status == 0, printed
        return printed

    def refused(self, reason: str, command: str, *arguments: str, typed: str | None = None) -> str:
        """What a command prints that is refused for `reason`."""
        status, printed = self.run(command, *arguments, typed=typed)
        assert status == 1, printed
        assert reason in printed, printed
        return printed


def first(pattern: str, printed: str) -> str:
    """What stands there first."""
    found = re.search(pattern, printed)
    assert found, printed
    return found[0]
