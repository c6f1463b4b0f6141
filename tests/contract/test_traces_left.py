"""Personal data and secrets are nowhere in clear: no file, message, log line or error has any."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cards.accounts.v1 import accounts_service_pb2 as accounts
from cards.auth.v1 import auth_service_pb2 as auth
from cards.notify.v1 import notify_service_pb2 as notify
from cards.support.v1 import support_service_pb2 as support

from tests.contract.canaries import Scanner, spellings
from tests.contract.collector import Collector
from tests.contract.contracts import SERVICES, rpc
from tests.contract.outside import Outsider
from tests.contract.story import SHOP, Story, money
from tests.contract.wire import listen

pytestmark = [pytest.mark.serial, pytest.mark.usefixtures("calm")]

WRONG_WIRE = b"\xff\xff"
OUTSIDE = ("mail", "keys")
"""The mail server is the outside world, to which holders' addresses are told; the keys' folder
holds the first credentials, for whoever starts the system."""


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a running system but those outside: stores with their logs, streams, caches."""
    for path in sorted(folder.rglob("*")):
        where = path.relative_to(folder)
        if path.is_file() and where.parts[0] not in OUTSIDE:
            yield str(where), path.read_bytes()


def provoke(outsider: Outsider, story: Story) -> None:
    """Show canaries to every rpc that takes such, in requests that are refused."""
    ada = story.holders["Ada"]
    known, key = ada.personal, outsider.key
    password = story.canaries.planted["password of Ada"]
    long = known["given name"] * 40
    details = accounts.PersonalDetails(given_name=long, family_name=known["family name"])
    details.email = f"{known['email']} at home"
    details.phone, details.date_of_birth = f"{known['phone']} ext", known["born"] + "!"
    details.address.lines.extend([known["street"]] * 9)
    details.address.country = known["city"]
    charge = accounts.AuthoriseChargeRequest(
        idempotency_key=key(), card_number=f"{ada.number}-", merchant=SHOP, amount=money(1)
    )
    wrong = accounts.GetCardRequest(card_id=ada.number)
    for name, request, by in (
        ("accounts.RegisterCustomer", accounts.RegisterCustomerRequest(
            idempotency_key=key(), customer_id=known["email"], details=details), "operator"),
        ("accounts.AuthoriseCharge", charge, "gateway"),
        ("accounts.GetCard", wrong, "operator"),
        ("accounts.GetCustomer", accounts.GetCustomerRequest(customer_id=known["email"]), "Ada"),
        ("notify.RegisterContact", notify.RegisterContactRequest(
            idempotency_key=key(), customer_id=ada.customer_id,
            email_address=f"{known['email']}@{known['email']}"), "Ada"),
        ("support.OpenCase", support.OpenCaseRequest(
            idempotency_key=key(), customer_id=ada.customer_id, kind=support.CASE_KIND_QUESTION,
            body=story.canaries.planted["question of Ada"] * 500), "Ada"),
        ("auth.LogIn", auth.LogInRequest(login_name=known["email"], password=password * 30), ""),
        ("auth.RegisterIdentity", auth.RegisterIdentityRequest(
            idempotency_key=key(), kind=auth.IDENTITY_KIND_CARDHOLDER,
            login_name=f"{known['email']} {password}"), "administrator"),
        ("auth.EnrolPassword", auth.EnrolPasswordRequest(
            enrolment_token=story.canaries.planted["enrolment token of Ada"],
            password=f"{password} another"), ""),
    ):  # fmt: skip
        # Once as it is, once with its end cut off, so that it is not even read.
        for sent in (request, request.SerializeToString()[:-1] + WRONG_WIRE):
            answer = outsider.call(rpc(name), sent, by=by)
            assert not answer.ok, name
            assert answer.code.name != "INTERNAL", answer
    metadata = [
        ("authorization", f"Bearer {outsider.token('Ada')}{password}"),
        ("cards-correlation-id", known["email"]),
        ("traceparent", f"00-{ada.number}-{password}-01"),
        ("cards-on-behalf-of", password),
    ]
    assert not outsider.call(rpc("accounts.GetCard"), wrong, metadata=metadata).ok


@pytest.fixture(scope="module")
def scanner(story: Story) -> Scanner:
    story.outsider.renew()
    provoke(story.outsider, story)
    return Scanner(story.canaries.planted)


def test_no_file_gives_anybody_away(scanner: Scanner, story: Story) -> None:
    found = list(files(story.outsider.system.folder))
    assert {"store.db", "store.db-wal", "service.log", "policies.json"} <= {
        Path(where).name for where, _ in found
    }
    assert any(where.startswith("nats/") and where.endswith(".blk") for where, _ in found)
    assert scanner.found_in(found) == []


def test_no_message_gives_anybody_away(scanner: Scanner, story: Story) -> None:
    messages = listen(story.outsider.system).messages
    shown = [
        (f"{told.subject} {told.place}", part)
        for told in messages
        for part in (told.payload, repr(told.raw_headers).encode(), told.subject.encode())
    ]
    assert scanner.found_in(shown) == []


def test_no_error_gives_anybody_away(scanner: Scanner, outsider: Outsider) -> None:
    """Not even to whoever sent it: errors are kept in places that nobody thinks of."""
    assert len(outsider.errors) > 30
    assert scanner.found_in(("an error", each) for each in outsider.errors) == []


def test_no_trace_gives_anybody_away(
    scanner: Scanner, outsider: Outsider, collector: Collector
) -> None:
    """Nor any metric; both are told by every service."""

    def told() -> bool:
        return {name for name, _ in collector.spans()} == {*SERVICES} == collector.measuring()

    outsider.until(told, "every service has told of its traces and metrics")
    assert scanner.found_in(collector.received) == []


def test_a_trace_goes_through_all_whom_a_charge_is_asked_of(
    collector: Collector, outsider: Outsider
) -> None:
    """accounts asks risk before it approves a large one. That a trace goes on behind NATS is shown
    where messages are judged."""

    def reached() -> bool:
        services: dict[bytes, set[str]] = {}
        for name, span in collector.spans():
            services.setdefault(span.trace_id, set()).add(name)
        return any(each >= {"accounts", "risk"} for each in services.values())

    outsider.until(reached, "one trace tells of accounts and of risk")


def test_holders_are_written_to_all_the_same(scanner: Scanner, story: Story) -> None:
    """The scanner finds what is there to be found: the mail that did go out has addresses."""
    mail = story.outsider.system.mail
    letters = [(str(path), path.read_bytes()) for path in mail.maildir.rglob("new/*")]
    found = scanner.found_in(letters)
    assert any("email of Ada as it is" in each for each in found), found
    assert not any("card number" in each or "password" in each for each in found), found


def test_the_scanner_finds_every_spelling(scanner: Scanner, story: Story) -> None:
    for what, value in story.canaries.planted.items():
        for how, raw in spellings(value):
            assert scanner.found(b"\0before" + raw + b"after"), f"{what} {how}"
    assert scanner.found(b"x5313370000000007y") == set()
    assert scanner.found(b"x5313370000000008y") == {"a card number"}
