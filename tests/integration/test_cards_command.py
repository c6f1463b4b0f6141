"""The `cards` command against a running system, as somebody at a terminal uses it."""

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import typer
from cards.notify.v1 import notify_service_pb2 as notify
from rich.text import Text

from chassis.kernel.errors import NotFound, Unauthenticated
from client import tail
from client.session import SystemAddress
from client.staff import hire
from client.terminal import money_of
from demo.system import DESCRIPTION, ROOT, System

LIMIT_SECONDS = 60.0
COMMAND = (sys.executable, "-m", "client")


class Terminal:
    """Runs commands against a system."""

    def __init__(self, system: System) -> None:
        self._description = system.folder / DESCRIPTION

    def run(self, command: str, *arguments: str) -> tuple[int, str]:
        """Exit status and what was printed."""
        done = subprocess.run(
            [*COMMAND, command, *arguments, "--system", str(self._description)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}", "PATH": "/usr/bin:/bin"},
            timeout=LIMIT_SECONDS,
        )
        return done.returncode, done.stdout + done.stderr

    def say(self, command: str, *arguments: str) -> str:
        """What a command that succeeds prints."""
        status, printed = self.run(command, *arguments)
        assert status == 0, printed
        return printed

    def until(self, expected: str, command: str, *arguments: str) -> str:
        """Ask until the answer contains what another service is about to tell."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            printed = self.say(command, *arguments)
            if expected in printed:
                return printed
        raise AssertionError(f"{expected} did not appear in {command}")


@pytest.mark.serial
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_holder_of_a_card(make_system: Callable[[str], System]) -> None:
    system = make_system("sqlite")
    system.start()
    address = SystemAddress.read(system.folder / DESCRIPTION)
    await hire(address)
    # Hired once and forgotten, as if we had broken off before the credentials were written.
    (address.keys / "staff.json").unlink()
    await hire(address)
    terminal = Terminal(system)

    opened = terminal.say("open", "Lovelace", "--email", "ada@cards.example")
    named = dict(line.split() for line in opened.splitlines()[:3])
    customer, account, card = named["customer"], named["account"], named["card"]

    assert "available 987.50 GBP" in terminal.say("charge", card, "12.50")
    assert "INSUFFICIENT_CREDIT" in terminal.say("charge", card, "5000")
    terminal.until("posted", "list", account, "--ids")
    assert "owed 12.50" in terminal.say("show", account)
    terminal.until("18", "points", account)

    assert "the new card is" in terminal.say("report-lost", card)
    assert "CARD_LOST" in terminal.say("charge", card, "1.00")
    terminal.until("lost card", "cases", customer)
    terminal.until("was reported lost", "inbox", customer)
    terminal.until("alerts", "alerts")

    status, printed = terminal.run("show", "0" * 32)
    assert (status, "ACCOUNT_NOT_FOUND" in printed) == (1, True)
    status, printed = terminal.run("charge", card, "1.234")
    assert (status, "two decimals" in printed) == (2, True)


def test_without_a_system_it_says_what_to_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("nothing") / "system.json"
    done = subprocess.run(
        [*COMMAND, "show", "0" * 32, "--system", str(nowhere)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}", "PATH": "/usr/bin:/bin"},
        timeout=LIMIT_SECONDS,
    )
    assert done.returncode == 1
    assert "make up" in done.stdout


@pytest.mark.parametrize("text", ["", "ten", "1.234", "NaN", "-Infinity", "1e30"])
def test_what_is_no_amount_is_said_to_be_none(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        money_of(text, "GBP")


async def test_watching_goes_on_after_the_last_message_when_a_token_expires(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tail, "REJOIN_SECONDS", 0.0)
    asked: list[int] = []

    class Inbox:
        async def StreamInbox(self, request: Any) -> AsyncIterator[Any]:
            asked.append(request.after_cursor)
            if len(asked) == 3:
                raise NotFound("ENOUGH", "the end of the test")
            message = notify.InboxMessage(cursor=len(asked) * 10, subject="at [/Shop]")
            yield notify.StreamInboxResponse(message=message)
            raise Unauthenticated("TOKEN_EXPIRED", "over")

    shown: list[str] = []
    with pytest.raises(NotFound):
        await tail.watch_inbox(Inbox(), "c" * 32, shown.append)
    assert asked == [0, 10, 20]
    assert [Text.from_markup(each).plain.strip() for each in shown] == ["at [/Shop]"] * 2
