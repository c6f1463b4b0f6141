"""The `cards` command against a running system, as somebody at a terminal uses it."""

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.notify.v1 import notify_service_pb2 as notify
from rich.console import Console
from rich.text import Text

from chassis.kernel.errors import NotFound, Unauthenticated
from client import tables, tail
from client.session import SystemAddress
from client.staff import hire
from client.terminal import money_of, paged
from demo.system import DESCRIPTION, ROOT, System

LIMIT_SECONDS = 120.0
COMMAND = (sys.executable, "-m", "client")


class Terminal:
    """Runs commands against a system."""

    def __init__(self, system: System) -> None:
        self._description = system.folder / DESCRIPTION

    def run(self, command: str, *arguments: str) -> tuple[int, str]:
        """Exit status and what was printed; a command of a part is two words."""
        done = subprocess.run(
            [*COMMAND, *command.split(), *arguments, "--system", str(self._description)],
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
@pytest.mark.timeout(600)
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
    listed = terminal.until("posted", "list", account, "--ids")
    charge = re.findall(r"[0-9a-f]{32}", listed)[-1]
    terminal.say("note", account, charge, "seed for the parrot")
    terminal.until("for the parrot", "search", "parr", "12.50", "--account", account)
    terminal.say("categorise", account, charge, "home", "--always")
    terminal.until("home", "spend", account)
    assert "Corner Shop" in terminal.say("search", "corner shop")
    file = system.folder / "lines.csv"
    assert "2 lines" in terminal.say("export-lines", account, str(file))
    assert "seed for the parrot" in file.read_text()
    assert "owed 12.50" in terminal.say("show", account)
    terminal.until("18", "points", account)

    assert "the new card is" in terminal.say("card report-lost", card)
    assert "CARD_LOST" in terminal.say("charge", card, "1.00")
    terminal.until("lost card", "cases", customer)
    terminal.until("was reported lost", "inbox", customer)
    terminal.until("alerts", "alerts")

    status, printed = terminal.run("show", "0" * 32)
    assert (status, "ACCOUNT_NOT_FOUND" in printed) == (1, True)
    status, printed = terminal.run("charge", card, "1.234")
    assert (status, "more decimals" in printed) == (2, True)
    change_a_programme(terminal)
    apply_and_be_forgotten(terminal)
    look_for_names(terminal, system.folder)


def change_a_programme(terminal: Terminal) -> None:
    """One operator proposes, the second approves, and it is in force."""
    today = datetime.now(UTC).date().isoformat()
    proposed = terminal.say("programme propose", "everyday", "--limit", "1500", "--on", today)
    change = re.findall(r"[0-9a-f]{32}", proposed)[0]
    approved = terminal.say("programme approve", "everyday", change)
    assert "1,500.00 GBP" in approved
    assert "in force" in approved
    status, printed = terminal.run("programme approve", "everyday", "0" * 32)
    assert (status, "PROGRAMME_CHANGE_NOT_FOUND" in printed) == (1, True)


def look_for_names(terminal: Terminal, folder: Path) -> None:
    """With a list in force, who is on it is left to people and who is not is a customer at once."""
    file = folder / "list.csv"
    file.write_text(
        "reference,kind,names,dates_of_birth,nationalities\n"
        "L-1,PERSON,Zoran Vukasevic;Зоран Вукашевић,1971-03-02,Serbia\n"
    )
    assert "staged" in terminal.say("screening import", "home", str(file))
    assert "active" in terminal.say("screening activate", "home")
    found = terminal.say("screening check", "Вукашевић, Zoran", "--born", "1971-03-02")
    assert re.search("hit.*L-1.*agrees", found, re.DOTALL)
    assert "clear" in terminal.say("screening check", "Ada Lovelace")
    where = ("--street", "1 Canary Street", "--city", "Birmingham", "--postal-code", "B1 1BB")
    who = ("--email", "nobody@cards.example", "--phone", "0121 496 0000", "--born", "1971-03-02")
    listed = terminal.say("apply", "Zoran", "Vukašević", *who, *where)
    assert "is referred (SANCTIONS_MATCH)" in listed
    assert "is approved" in terminal.say("apply", "Cleo", "Canary", *who, *where)
    waiting = terminal.until("L-1", "screening hits")
    hit = re.findall(r"[0-9a-f]{32}", waiting)[0]
    quiet = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    said = terminal.say("screening decide", hit, "OTHER_BIRTHPLACE", "--quiet-until", quiet)
    assert f"kept quiet until {quiet}" in said
    terminal.until("done", "screening lists")


def apply_and_be_forgotten(terminal: Terminal) -> None:
    """Two operators approve an application; all that is kept is told; who owes is remembered."""
    where = ("--street", "1 Canary Street", "--city", "Birmingham", "--postal-code", "B1 1BB")
    who = ("--email", "bea@cards.example", "--phone", "0121 496 0000", "--born", "1990-12-10")
    applied = terminal.say("apply", "Bea", "Canary", *who, *where)
    assert "is referred (SCREENING_NOT_AVAILABLE)" in applied
    [application] = re.findall(r"[0-9a-f]{32}", applied)
    terminal.until(application, "applications")
    assert "is approval proposed" in terminal.say("decide", application)
    approved = terminal.say("decide", application, "--confirm")
    assert "limit 1,500.00 GBP" in approved
    [customer] = re.findall(r"customer +([0-9a-f]{32})", approved)
    card = re.findall(r"[0-9a-f]{32}", approved)[-1]
    assert "approved" in terminal.say("charge", card, "10")
    exported = terminal.until('"kind": "transaction"', "export", customer)
    kinds = [json.loads(line)["kind"] for line in exported.splitlines()]
    assert kinds == ["customer", "application", "account", "transaction"]
    status, printed = terminal.run("erase", customer)
    assert (status, "cannot be undone" in printed) == (2, True)
    status, printed = terminal.run("erase", customer, "--yes")
    assert (status, "MONEY_OWED" in printed) == (1, True)


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


@pytest.mark.parametrize(
    ("text", "currency", "minor_units", "shown"),
    [
        ("12.5", "GBP", 12_50, "12.50 GBP"),
        ("1250", "JPY", 1_250, "1,250 JPY"),
        ("-1.234", "KWD", -1_234, "-1.234 KWD"),
        ("0.0001", "CLF", 1, "0.0001 CLF"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    text: str, currency: str, minor_units: int, shown: str
) -> None:
    amount = money_of(text, currency)
    assert amount.minor_units == minor_units
    assert tables.money(amount) == shown


@pytest.mark.parametrize(("text", "currency"), [("12.5", "JPY"), ("1.2345", "KWD")])
def test_decimals_that_a_currency_has_not_are_refused(text: str, currency: str) -> None:
    with pytest.raises(typer.BadParameter, match="more decimals"):
        money_of(text, currency)


@pytest.mark.parametrize(
    ("wanted", "shown", "more"), [(0, 450, False), (250, 250, True), (450, 450, False)]
)
async def test_a_list_is_shown_over_its_pages(wanted: int, shown: int, more: bool) -> None:
    lines = [accounts.AccountBalance(account_id=f"{each:032x}") for each in range(450)]

    async def rpc(request: accounts.GetBalancesRequest) -> accounts.GetBalancesResponse:
        assert 0 < request.page_size <= 200
        start = int(request.page_token or 0)
        end = start + request.page_size
        token = str(end) if end < len(lines) else ""
        return accounts.GetBalancesResponse(balances=lines[start:end], next_page_token=token)

    found = await paged(rpc, accounts.GetBalancesRequest(page_size=wanted))
    assert list(found.balances) == lines[:shown]
    assert bool(found.next_page_token) == more


@pytest.mark.parametrize("width", [60, 80, 200])
def test_ids_and_figures_are_whole_on_every_terminal(width: int) -> None:
    row = ("a" * 32, "b" * 32, "paid in full and more", "", "1,000.00 GBP")
    made = tables.table("found", ("#one", "#other", "text", "note", ">amount"), [row, row])
    printed = _printed(made, width)
    assert max(map(len, printed.splitlines())) <= width
    for cell in filter(None, row):
        assert printed.count(cell) == 2
    assert ("note" in printed) == (width == 200)
    assert "found: none" in _printed(tables.table("found", ("#one",), []), width)


def _printed(made: Any, width: int) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(made)
    return file.getvalue()


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


CLEARING_FILE = """CLEARING,1,network,F-1
record_id,kind,card,amount_minor,currency,merchant_name,transaction_date,posting_date
R-1,charge,{card},2500,GBP,Corner Shop,2026-03-14,2026-03-15
R-2,charge,4111111111111111,750,GBP,Corner Shop,2026-03-14,2026-03-15
TRAILER,2,3250
"""


@pytest.mark.serial
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_bookkeeper(make_system: Callable[[str], System], tmp_path: Path) -> None:
    """A clearing file, the record nobody could match, the proof of the day, the journal."""
    system = make_system("postgres")
    system.start()
    await hire(SystemAddress.read(system.folder / DESCRIPTION))
    terminal = Terminal(system)
    opened = terminal.say("open", "Lovelace")
    card = dict(line.split() for line in opened.splitlines()[:3])["card"]
    file, journal = tmp_path / "march.csv", tmp_path / "journal.csv"
    file.write_text(CLEARING_FILE.format(card=card))

    assert "2 of 2" in terminal.say("clearing submit", str(file))
    again = terminal.say("clearing submit", str(file.rename(tmp_path / "april.csv")))
    assert "received before, as march.csv" in again
    waiting = terminal.until("CARD_UNKNOWN", "clearing unmatched")
    item = next(word for word in waiting.split() if len(word) == 32)
    assert "posted" in terminal.say("clearing resolve", item, "--card", card)
    proof = terminal.say("day-end", "everyday", "--date", "2026-03-15")
    assert "balanced" in proof
    assert "network 32.50" in proof
    assert "4 postings" in terminal.say("ledger export", str(journal))
    assert journal.read_text().count("1100,RECEIVABLE") == 2
    assert "32.50" in terminal.say("ledger accounts")

    file.write_text(CLEARING_FILE.format(card=card).replace("TRAILER,2", "TRAILER,3"))
    status, printed = terminal.run("clearing submit", str(file))
    assert status == 1
    assert "CLEARING_FILE_MALFORMED" in printed
    assert "line 5, count" in printed
