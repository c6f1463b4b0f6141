"""`cards network` and `cards statement-verify` against a running system, within this process."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.accounts.v1 import billing_service_pb2 as billing
from cards.accounts.v1 import billing_terms_pb2 as terms
from cards.accounts.v1 import business_day_service_pb2 as days
from cards.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from cards.accounts.v1.billing_service_pb2_grpc import BillingServiceStub
from cards.accounts.v1.business_day_service_pb2_grpc import BusinessDayServiceStub
from cards.type.v1.money_pb2 import Money

from chassis.kernel.errors import NotFound
from client.session import Session, SystemAddress
from client.staff import OPERATOR, hire
from demo.system import DESCRIPTION, System
from tests.integration.terminal import ID, Terminal, first

pytestmark = [pytest.mark.serial, pytest.mark.slow, pytest.mark.timeout(300)]

LIMIT_SECONDS = 120.0
POLL_SECONDS = 0.1
CYCLE = timedelta(days=35)
"""So long that a cycle closes, wherever in a month it begins."""


async def open_card(address: SystemAddress) -> tuple[str, str]:
    """An account of a programme with billing, and its card."""
    programme = accounts.Programme(
        programme_id="billed",
        name="Billed",
        currency="GBP",
        bin="400012",
        default_limit=Money(minor_units=1_000_00, currency_code="GBP"),
        stand_in_limit=Money(minor_units=1_000_00, currency_code="GBP"),
        billing=terms.BillingTerms(
            rates=[terms.Rate(balance_type=terms.BALANCE_TYPE_PURCHASE, apr_basis_points=1_990)],
            minimum_payment=terms.MinimumPaymentRule(floor_minor=25_00, basis_points=100),
        ),
    )
    async with Session(address, OPERATOR) as session:
        stub = session.stub(AccountsServiceStub, "accounts", LIMIT_SECONDS / 5)
        await stub.DefineProgramme(
            accounts.DefineProgrammeRequest(idempotency_key=uuid4().hex, programme=programme)
        )
        customer = await stub.RegisterCustomer(
            accounts.RegisterCustomerRequest(
                idempotency_key=uuid4().hex,
                details=accounts.PersonalDetails(
                    given_name="Ada", family_name="Canary", email="ada@cards.example"
                ),
            )
        )
        opened = await stub.OpenAccount(
            accounts.OpenAccountRequest(
                idempotency_key=uuid4().hex,
                customer_id=customer.customer_id,
                programme_id="billed",
            )
        )
    return opened.account.account_id, opened.account.cards[0].card_id


async def let_a_cycle_end(address: SystemAddress, account_id: str) -> None:
    """The date goes on until a statement has been cut."""
    asked = days.GetBusinessDayRequest(programme_id="billed")
    async with Session(address, OPERATOR) as session, asyncio.timeout(LIMIT_SECONDS):
        stub = session.stub(BusinessDayServiceStub, "accounts")
        today = ""
        while not today:
            with suppress(NotFound):
                today = (await stub.GetBusinessDay(asked)).business_day.business_date
            await asyncio.sleep(POLL_SECONDS)
        to_date = (date.fromisoformat(today) + CYCLE).isoformat()
        await stub.AdvanceBusinessDate(
            days.AdvanceBusinessDateRequest(
                idempotency_key=uuid4().hex, programme_id="billed", to_date=to_date
            )
        )
        bills = session.stub(BillingServiceStub, "accounts")
        listed = billing.ListStatementsRequest(account_id=account_id)
        while not (await bills.ListStatements(listed)).statements:  # noqa: ASYNC110 - a poll.
            await asyncio.sleep(POLL_SECONDS)


def test_a_network_and_an_auditor_at_a_terminal(
    make_system: Callable[[str], System], tmp_path: Path
) -> None:
    system = make_system("sqlite")
    system.start(only=["auth", "accounts"])
    description = system.folder / DESCRIPTION
    address = SystemAddress.read(description)
    asyncio.run(hire(address))
    account, card = asyncio.run(open_card(address))
    terminal = Terminal(description)
    take_a_charge_through_its_life(terminal, account, card)
    give_money_back(terminal, account, card)
    decide_in_the_place_of_the_house(terminal, account, card)
    verify_statements(terminal, address, account, tmp_path)
    agree_about_paying(terminal, account)
    work_a_dispute(terminal, account, card)


def take_a_charge_through_its_life(terminal: Terminal, account: str, card: str) -> None:
    """Authorised, incremented, advised, reversed in part, cleared."""
    asked = terminal.say("network authorise", card, "100", "--key", "one")
    assert "approved 00, available 900.00 GBP" in asked
    charge = first(ID, asked)
    assert terminal.say("network authorise", card, "100", "--key", "one") == asked
    more = terminal.say("network increment", account, charge, "--by", "50")
    assert "available 850.00" in more
    declined = terminal.say("network increment", account, charge, "--to", "5000")
    assert "declined 51 INSUFFICIENT_CREDIT" in declined
    assert "available 880.00" in terminal.say("network advise", account, charge, "120")
    assert "100.00" in terminal.say("network reverse", account, charge, "--amount", "20")
    posted = terminal.say("network clear", card, charge, "60.00", "--more")
    assert re.search(r"40\.00 GBP .*60\.00 GBP", posted), posted
    assert "posted" in terminal.say("network clear", card, charge, "40.00")
    assert "100.00" in terminal.say("network charge", account, charge)
    verified = terminal.say("network authorise", card, "0")
    assert "approved" in verified
    abroad = ("--abroad", "20.00USD@0.80")
    seen = terminal.say("network authorise", card, "16", *abroad, "--entry", "ecommerce")
    assert "approved" in seen
    terminal.say("network reverse", account, first(ID, seen))
    status, printed = terminal.run("network authorise", card, "16", "--abroad", "20")
    assert (status, "20.00USD@0.80" in printed) == (2, True)
    status, printed = terminal.run("network authorise", card, "16", "--entry", "nfc")
    assert (status, "chip, contactless" in printed) == (2, True)
    wrong = terminal.say("network authorise", card, "5", "--expiry", "2001")
    assert "declined 54 EXPIRY_WRONG" in wrong
    status, printed = terminal.run("network increment", account, uuid4().hex, "--by", "1")
    assert (status, "CHARGE_NOT_FOUND" in printed) == (1, True)
    status, printed = terminal.run("network increment", account, charge)
    assert (status, "--by or --to" in printed) == (2, True)
    early = terminal.say("network reverse", account, uuid4().hex)
    assert "has not come yet" in early


def give_money_back(terminal: Terminal, account: str, card: str) -> None:
    """A refund that is promised, posted, and taken back; and one that was not asked for."""
    promised = terminal.say("network authorise-refund", card, "30")
    assert "approved" in promised
    assert "pending" in promised
    refund = first(ID, promised)
    assert "available 930.00" in terminal.say("network refund", card, "30", "--id", refund)
    assert "posted" in terminal.say("network show-refund", account, refund)
    back = terminal.say("network reverse-refund", account, refund, "--amount", "10")
    assert "available 920.00" in back
    assert "10.00" in back
    status, printed = terminal.run("network show-refund", account, uuid4().hex)
    assert (status, "REFUND_NOT_FOUND" in printed) == (1, True)
    sent = terminal.say("network credit", card, "80", "--sender", "lottery")
    assert "approved" in sent
    assert "lottery" in sent
    again = terminal.say("network credit", card, "15")
    gone = terminal.say("network reverse-credit", account, first(ID, again))
    assert "available 1,000.00" in gone
    assert "15.00" in gone
    early = terminal.say("network reverse-credit", account, uuid4().hex)
    assert "has not come yet" in early
    told = terminal.say("network balance", card)
    assert re.search(r"00 .*1,000\.00 GBP .*0\.00 GBP", told), told


def decide_in_the_place_of_the_house(terminal: Terminal, account: str, card: str) -> None:
    """The network approves more than there is, and that binds."""
    decided = terminal.say("network stand-in", card, "1200", "--merchant", "Far Away")
    assert "available -200.00 GBP" in decided
    charge = first(ID, decided)
    assert "available 1,000.00" in terminal.say("network reverse", account, charge)
    refused = terminal.say("network stand-in", card, "5", "--code", "05")
    assert "declined" in refused


def verify_statements(
    terminal: Terminal, address: SystemAddress, account: str, folder: Path
) -> None:
    """None at first; then one, which is worked out again and saved."""
    none = terminal.say("statement-verify", "--all")
    assert "0 statements of 0 accounts" in none
    asyncio.run(let_a_cycle_end(address, account))
    one = terminal.say("statement-verify", "--all")
    assert "statements of 1 accounts" in one
    assert "all are the same" in one
    assert "the same" in terminal.say("statement-verify", account)
    for form in ("pdf", "csv", "ofx", "camt"):
        terminal.say("statement-download", account, "--format", form, "--into", str(folder))
    endings = sorted(path.suffix for path in folder.iterdir())
    assert endings == [".csv", ".ofx", ".pdf", ".xml"]
    for arguments in ([], [account, "--all"]):
        status, printed = terminal.run("statement-verify", *arguments)
        assert (status, "or --all" in printed) == (2, True)
    status, printed = terminal.run("statement-verify", "--all", "--after", "nonsense")
    assert (status, "PAGE_TOKEN_UNKNOWN" in printed) == (1, True)


def agree_about_paying(terminal: Terminal, account: str) -> None:
    """Statements, a balance of the past, autopay, hardship, and what there is not."""
    listed = terminal.say("billing statements", account)
    closed_on = re.findall(r"\d{4}-\d\d-\d\d", listed)[1]
    assert f"owed on {closed_on}" in terminal.say("billing balance", account, closed_on)
    told = terminal.say("statement", account)
    assert "statement 1: " in told
    assert "by balance" in told
    assert "in all" in terminal.say("explain-interest", account, "--number", "1")
    assert "minimum as it was told" in terminal.say("due", account)
    assert f"owed in all on {closed_on}" in terminal.say("due", account, "--as-of", closed_on)
    assert "deferred balances: none" in terminal.say("deferred", account)
    terminal.refused("CHARGE_NOT_FOUND", "defer", account, uuid4().hex, "NOTHING")
    assert "autopay: minimum" in terminal.say("billing autopay", account, "minimum")
    assert "autopay: fixed" in terminal.say("billing autopay", account, "fixed", "25.00")
    status, printed = terminal.run("billing autopay", account, "all")
    assert (status, "none, minimum, statement, fixed" in printed) == (2, True)
    assert re.search(r"until \d{4}-", terminal.say("billing hardship", account, "30"))
    for command, *rest in (
        ("billing waive-fee", uuid4().hex),
        ("billing return-payment", uuid4().hex),
        ("billing instalments", uuid4().hex, "3"),
        ("billing refund-credit",),
    ):
        status, printed = terminal.run(command, account, *rest)
        assert (status, printed[:1].isupper()) == (1, True), printed


def work_a_dispute(terminal: Terminal, account: str, card: str) -> None:
    """Opened, acknowledged, credited, charged back and won; another one withdrawn."""
    charge = first(ID, terminal.say("network authorise", card, "45"))
    terminal.say("network clear", card, charge, "45.00")
    dispute = first(ID, terminal.say("dispute open", account, charge))
    terminal.say("dispute acknowledge", account, dispute)
    terminal.say("dispute evidence", account, dispute, "letters/17.pdf", "letters/18.pdf")
    status, printed = terminal.run("dispute evidence", account, dispute, "a letter")
    assert (status, "evidence" in printed) == (1, True)
    terminal.say("dispute credit", account, dispute)
    assert "charged back" in terminal.say("dispute advance", account, dispute, "charged_back")
    why = ("--explanation", "The shop agreed.")
    assert "won" in terminal.say("dispute resolve", account, dispute, "won", *why)
    status, printed = terminal.run("dispute resolve", account, dispute, "drawn", *why)
    assert (status, "won, lost, written_off" in printed) == (2, True)
    charge = first(ID, terminal.say("network authorise", card, "12"))
    terminal.say("network clear", card, charge, "12.00")
    part = ("--amount", "4.00", "--reason", "not_received", "--evidence", "letters/1.pdf")
    opened = terminal.say("dispute open", account, charge, *part)
    assert "4.00 GBP" in opened
    other = first(ID, opened)
    assert "withdrawn" in terminal.say("dispute withdraw", account, other)
