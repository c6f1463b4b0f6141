"""What holders, operators and the network do to an account by `cards`, against a running system."""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from client.session import SystemAddress
from client.staff import hire
from demo.system import DESCRIPTION, ROOT, System
from tests.integration.terminal import ID, Terminal, first

pytestmark = [pytest.mark.serial, pytest.mark.slow, pytest.mark.timeout(300)]

LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.2
TERMS = str(ROOT / "docs" / "programme.json")


def test_a_holder_an_operator_and_the_network_at_a_terminal(
    make_system: Callable[[str], System], tmp_path: Path
) -> None:
    system = make_system("sqlite")
    system.start(only=["auth", "accounts"])
    description = system.folder / DESCRIPTION
    asyncio.run(hire(SystemAddress.read(description)))
    terminal = Terminal(description)
    assert "programme gold, version 1" in terminal.say("programme define", TERMS)
    until_there_is_a_day(terminal)
    customer, account, card = open_account(terminal, "gold")
    change_a_profile(terminal, customer)
    let_a_card_live(terminal, account, card)
    keep_a_secret(terminal, customer, account, card)
    control_what_is_spent(terminal, account, card)
    pay_with_a_telephone(terminal, card)
    replace_keys(terminal, tmp_path)
    change_terms(terminal, account, tmp_path)
    exceed_the_limit(terminal, account)
    take_over_a_debt(terminal, account)
    pay_back(terminal, account, card)
    decide_a_limit(terminal, account)
    look_at_the_books(terminal, account)
    close_an_account(terminal, customer)


def until_there_is_a_day(terminal: Terminal) -> None:
    """A new programme has a business day within moments; then it gets a time zone."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while terminal.run("business-day show", "gold")[0] and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    assert "(Europe/London)" in terminal.say("business-day zone", "gold", "Europe/London")
    terminal.refused("TIME_ZONE_UNKNOWN", "business-day zone", "gold", "Mars/Base")


def until(terminal: Terminal, expected: str, command: str, *arguments: str) -> str:
    """Ask until a read model knows."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        printed = terminal.say(command, *arguments)
        if expected in printed:
            return printed
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"{expected} did not appear in {command}")


def open_account(terminal: Terminal, programme: str) -> tuple[str, str, str]:
    """Customer, account and card."""
    opened = terminal.say("open", "Lovelace", "--programme", programme)
    named = dict(line.split() for line in opened.splitlines()[:3])
    return named["customer"], named["account"], named["card"]


def change_a_profile(terminal: Terminal, customer: str) -> None:
    """One field is put right; the others stay."""
    assert "given name" in terminal.say("customer update", customer, "--given-name", "Ada")
    assert "Ada Lovelace" in terminal.say("customer show", customer)
    told = terminal.refused("REQUEST_INVALID", "customer update", customer, "--phone", "0121")
    assert "details.phone: write it as +44" in told
    terminal.refused("CUSTOMER_NOT_ERASED", "customer proof", customer)


def let_a_card_live(terminal: Terminal, account: str, card: str) -> None:
    """A plastic is ordered, sent, activated, renewed and ended; another one rests."""
    ordered = terminal.say("card order", account, "--physical")
    plastic = first(ID, ordered)
    assert "pending" in ordered
    assert "shipped" in terminal.say("card delivery", plastic, "shipped")
    assert "active" in terminal.say("card activate", plastic)
    terminal.say("card renew", plastic)
    assert "terminated" in terminal.say("card terminate", plastic, "--reason", "not wanted")
    assert "NOT_WANTED" in terminal.say("card show", plastic)
    assert "the first merchant" in terminal.say("card order", account, "--merchant", "first")
    assert "one charge" in terminal.say("card order", account, "--single-use")
    assert "active" in terminal.say("card issue", account)
    assert "paused" in terminal.say("card pause", card)
    assert "active" in terminal.say("card resume", card)
    assert "blocked" in terminal.say("card block", card)
    assert "active" in terminal.say("card unblock", card)
    assert len(re.findall(ID, terminal.say("card list", account))) == 6
    told = terminal.refused("REQUEST_INVALID", "card pause", "12")
    assert "32 hexadecimal digits" in told
    assert "suspended" in terminal.say("account suspend", account, "--reason", "looks odd")
    assert "cards account reinstate" in terminal.refused("SUSPENDED", "card issue", account)
    assert "active" in terminal.say("account reinstate", account)


def keep_a_secret(terminal: Terminal, customer: str, account: str, card: str) -> None:
    """A holder sets a PIN and sees number and code; nobody does before they can log in."""
    told = terminal.refused("cannot log in", "card pin-set", card, typed="4711\n")
    assert f"cards customer enrol {customer}" in told
    assert "can log in here now" in terminal.say("customer enrol", customer)
    assert "already" in terminal.say("customer enrol", customer)
    status, printed = terminal.run("card pin-set", card, typed="471a\n")
    assert (status, "4 digits" in printed, "471a" in printed) == (2, True, False)
    assert "is set" in terminal.say("card pin-set", card, typed="4711\n")
    assert "right: response code 00" in terminal.say("card pin-verify", card, typed="4711\n")
    for code in ("55", "55", "55", "75"):
        told = terminal.say("card pin-verify", card, typed="4712\n")
        assert f"wrong: response code {code}" in told
    assert "cards card pin-unblock" in terminal.refused(
        "PIN_BLOCKED", "card pin-set", card, typed="4713\n"
    )
    terminal.say("card pin-unblock", card)
    assert "right" in terminal.say("card pin-verify", card, typed="4711\n")
    assert re.match(r"400013\d{10}, good until", terminal.say("card number", card))
    assert re.match(r"\d{3}, good until", terminal.say("card security-code", card))
    number = terminal.say("card number", card)[:16]
    asked = terminal.say("network authorise", "-", "5", typed=f"{number}\n")
    assert "approved" in asked
    posted = terminal.say(
        "network clear", "-", "none", "7", "--merchant", "Kiosk", typed=f"{number}\n"
    )
    assert "7.00 GBP" in posted
    assert "Kiosk" in posted
    assert "0.00 GBP is owed" in terminal.say("account payment", account, "7")
    code = terminal.say("card security-code", card)[:3]
    online = ("--entry", "ecommerce", "--code")
    assert "approved" in terminal.say("network authorise", card, "5", *online, typed=f"{code}\n")
    with_pin = ("network authorise", card, "5", "--pin")
    assert "approved" in terminal.say(*with_pin, typed="4711\n")
    assert "declined 55" in terminal.say(*with_pin, typed="4712\n")
    assert "paused" in terminal.say("card pause", card, "--as", customer)
    assert "active" in terminal.say("card resume", card, "--as", customer)


def control_what_is_spent(terminal: Terminal, account: str, card: str) -> None:
    """A limit and a list; what is against them is declined, and they are lifted."""
    limit = ("--amount", "20", "--mcc", "5411", "--window", "day")
    assert "is set" in terminal.say("controls set", account, "groceries", *limit)
    only = ("--allow", "--country", "GB", "--country", "FR")
    assert "is set" in terminal.say("controls set", account, "at-home", *only)
    shown = terminal.say("controls show", account)
    assert "limits the amount" in shown
    assert "FR GB" in shown
    told = terminal.say("network authorise", card, "21")
    assert "declined 61 CONTROL_AMOUNT_EXCEEDED" in told
    told = terminal.say("network authorise", card, "1", "--mcc", "5999", "--country", "US")
    assert "declined" in told
    assert "CONTROL" in told
    for name in ("groceries", "at-home"):
        assert "is lifted" in terminal.say("controls lift", account, name)
    assert "none" in terminal.say("controls show", account)
    status, printed = terminal.run("controls set", account, "x", "--times", "3", "--window", "era")
    assert (status, "transaction, day, week" in printed) == (2, True)


def pay_with_a_telephone(terminal: Terminal, card: str) -> None:
    """The network provisions a token, which lives and is deleted."""
    token = first(ID, terminal.say("device-tokens provision", card, "--device", "iot"))
    assert re.match(r"\d{16}\n", terminal.say("device-tokens number", card, token))
    for step, status in (
        ("activate", "active"),
        ("suspend", "suspended"),
        ("resume", "active"),
        ("delete", "deleted"),
    ):
        assert status in terminal.say(f"device-tokens {step}", card, token)
    assert "deleted" in terminal.say("device-tokens list", card)
    terminal.refused("DEVICE_TOKEN_STATUS", "device-tokens resume", card, token)


def replace_keys(terminal: Terminal, folder: Path) -> None:
    """Two people replace keys; whoever makes PIN blocks is given theirs, encrypted."""
    rotation = first(ID, terminal.say("keys propose", "gold"))
    waits = ("keys approve", "gold", rotation, "--as", "operator")
    assert "--as second-operator" in terminal.refused("SECOND_PERSON_NEEDED", *waits)
    assert "stay as they are" in terminal.say("keys reject", "gold", rotation)
    rotation = first(ID, terminal.say("keys propose", "gold"))
    assert "version 2" in terminal.say("keys approve", "gold", rotation)
    assert "ever" in terminal.say("keys show", "gold")
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / "public.pem").write_bytes(pem)
    exported = terminal.say("keys export-pin", "gold", str(folder / "public.pem"))
    assert len(re.findall(r"[0-9a-f]{512}", exported)) == 2
    terminal.refused("KEY_CHANGE_NOT_SUPPORTED", "network-keys change", typed="D" + "0" * 40)
    terminal.refused("NETWORK_KEYS_NOT_FOUND", "network-keys show")


def change_terms(terminal: Terminal, account: str, folder: Path) -> None:
    """Terms are proposed, withdrawn, rejected and approved; the account is moved."""
    today = first(r"\d{4}-\d\d-\d\d", terminal.say("business-day show", "gold"))
    file = folder / "terms.json"
    file.write_text(terminal.say("programme version", "gold"))
    on = ("--on", today)
    change = first(ID, terminal.say("programme propose", "gold", *on, "--limit", "2500"))
    other = ("programme withdraw", "gold", change, "--as", "second-operator")
    terminal.refused("CHANGE_OF_ANOTHER", *other)
    assert "withdrawn" in terminal.say("programme withdraw", "gold", change)
    change = first(ID, terminal.say("programme propose", "gold", *on, "--file", str(file)))
    assert "TOO_MUCH" in terminal.say("programme reject", "gold", change, "--reason", "too much")
    change = first(ID, terminal.say("programme propose", "gold", *on, "--limit", "2500"))
    assert "in force" in terminal.say("programme approve", "gold", change)
    assert "is on version 2 of gold" in terminal.say("account move", account, "2")
    terminal.refused("PROGRAMME_VERSION_NOT_FOUND", "account move", account, "7")
    status, printed = terminal.run("programme propose", "gold", *on)
    assert (status, "--limit" in printed) == (2, True)


def exceed_the_limit(terminal: Terminal, account: str) -> None:
    """The holder consents to the fee, is sent the confirmation, and revokes."""
    told = terminal.say("over-limit consent", account)
    assert "costs 12.00 GBP, within six cycles again 15.00 GBP" in told
    assert "not yet" in told
    assert "not yet" not in terminal.say("over-limit confirm", account, first(ID, told))
    assert "over-limit revoke" in terminal.refused(
        "CONSENT_IN_FORCE", "over-limit consent", account
    )
    assert "nothing is charged" in terminal.say("over-limit revoke", account)
    status, printed = terminal.run("over-limit consent", account, "--method", "fax")
    assert (status, "electronic, oral, written" in printed) == (2, True)


def take_over_a_debt(terminal: Terminal, account: str) -> None:
    """A debt is taken over, whoever pays it sees the number, and it comes back."""
    number = "4111 1111 1111 1111\n"
    taken = terminal.say("transfer take", account, "400", "--offer", "TWELVE", typed=number)
    assert "412.00 GBP is owed" in taken
    transfer = first(ID, terminal.say("transfer list", account))
    assert terminal.say("transfer number", account, transfer).strip() == "4111111111111111"
    assert "0.00 GBP is owed" in terminal.say("transfer return", account, transfer)
    short = terminal.refused("REQUEST_INVALID", "transfer take", account, "400", typed="41\n")
    assert "8 to 19 digits" in short


def pay_back(terminal: Terminal, account: str, card: str) -> None:
    """Payments wait for a bank, settle and come back; a plan is made, changed and ended."""
    terminal.say("charge", card, "300")
    waits = terminal.say("pay", account, "50")
    assert "waits for the bank" in waits
    assert "`cards repayments report" in waits
    payment = first(ID, terminal.say("repayments show", account))
    settled = terminal.say("repayments report", account, payment, "settled")
    assert "250.00 GBP is owed" in settled
    why = ("--reason", "account closed")
    back = terminal.say("repayments report", account, payment, "returned", *why)
    assert "300.00 GBP is owed" in back
    plan = first(ID, terminal.say("repayments plan", account, "240"))
    terminal.refused("REPAYMENT_PLAN_ACTIVE", "repayments plan", account, "240")
    assert "skipped" in terminal.say("repayments skip", account, plan, "2")
    day = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
    changed = terminal.say("repayments change", account, plan, f"{day}=20.50")
    assert "20.50 GBP" in changed
    status, printed = terminal.run("repayments change", account, plan, "soon")
    assert (status, "2026-03-01=50.00" in printed) == (2, True)
    assert "cancelled" in terminal.say("repayments cancel", account, plan)
    assert "next on" in terminal.say("billing process", account)
    assert "is posted" in terminal.say("account payment", account, "10.00")


def decide_a_limit(terminal: Terminal, account: str) -> None:
    """A new account is not given more; the house sets another limit all the same."""
    asked = terminal.say("limit ask", account, "4000", "--income", "90000")
    assert "declined (account too new)" in asked
    terminal.refused("ACCOUNT_TOO_NEW", "limit offer", account, "7000")
    nothing = uuid4().hex
    terminal.refused("CREDIT_LINE_REQUEST_NOT_FOUND", "limit decide", account, nothing)
    terminal.refused("CREDIT_LINE_CHANGE_NOT_FOUND", "limit confirm", account, nothing)
    terminal.refused("OFFER_NOT_FOUND", "limit answer", account, nothing, "--decline")
    assert "kept" in terminal.say("limit review", account)
    assert "limits that wait for people: none" in terminal.say("limit queue")
    assert "limit 1,500.00 GBP" in terminal.say("limit change", account, "1500")
    assert "lowered from 2,000.00 GBP" in terminal.say("limit show", account)


def look_at_the_books(terminal: Terminal, account: str) -> None:
    """Lines one by one and added up; the ledger, and the days that were proved."""
    until(terminal, "corner shop", "account transactions", account, "--status", "posted")
    until(terminal, "groceries", "account breakdown", account)
    some = ("--account", account, "--kind", "charge", "--at-least", "299", "--at-most", "301")
    found = until(terminal, "300.00", "search", *some)
    assert "7.00 GBP" not in found
    until(terminal, "groceries", "categories")
    balance = until(terminal, "RECEIVABLE", "ledger trial-balance")
    assert "the sum of all is 0.00 GBP" in balance
    assert account in terminal.say("ledger owed")
    terminal.say("day-end", "gold")
    until(terminal, "gold", "ledger days", "--programme", "gold")
    status, printed = terminal.run("account transactions", account, "--kind", "gift")
    assert (status, "charge, refund, payment" in printed) == (2, True)


def close_an_account(terminal: Terminal, customer: str) -> None:
    """Whoever owes does not close; whoever does not want an application takes it back."""
    who = ("--email", "bea@cards.example", "--city", "Birmingham", "--country", "GB")
    bea = first(ID, terminal.say("customer register", "Bea", "Canary", *who))
    opened = terminal.say("open", "--customer", bea)
    assert opened.splitlines()[0].split() == ["customer", bea]
    account, card = (line.split()[1] for line in opened.splitlines()[1:3])
    assert "Birmingham, GB" in terminal.say("customer show", bea)
    status, printed = terminal.run("open")
    assert (status, "--customer" in printed) == (2, True)
    terminal.say("charge", card, "12.50")
    assert "cards pay" in terminal.refused("ACCOUNT_HAS_BALANCE", "account close", account)
    assert "0.00 GBP is owed" in terminal.say("account payment", account, "12.50")
    assert "closed" in terminal.say("account close", account)
    settle = ("screening settle", customer, uuid4().hex)
    terminal.refused("CUSTOMER_SCREENING_NOT_FOUND", *settle)
    where = ("--street", "1 Canary Street", "--city", "Birmingham", "--postal-code", "B1 1BB")
    who = ("--email", "bea@cards.example", "--phone", "0121 496 0000", "--born", "1990-12-10")
    application = first(ID, terminal.say("apply", "Bea", "Canary", *who, *where))
    assert "Bea Canary" in terminal.say("application show", application)
    assert "is withdrawn (NOT_WANTED)" in terminal.say("application withdraw", application)
    terminal.refused("APPLICATION_DECIDED", "decide", application)
