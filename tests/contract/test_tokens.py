"""Nobody gets in unknown, and nobody at what is another's."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cards.support.v1 import support_service_pb2 as support

from chassis.tokens import SigningKey
from tests.contract.belongings import about, made_from_rules
from tests.contract.contracts import SERVICES, Rpc, rpc, rpcs
from tests.contract.outside import Answer, Outsider
from tests.contract.story import Holder, Story

pytestmark = pytest.mark.serial

CLOSED = [each for each in rpcs() if not each.door.anonymous]
OPEN_TO_HOLDERS = {"accounts.GetProgramme", "accounts.ListCategories"}
"""What every holder may do although it is about nobody in particular."""
NOT_THEIRS = frozenset({"PERMISSION_DENIED"})


def bearer(token: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")]


def unauthenticated(answer: Answer, service: str, *reasons: str) -> None:
    assert answer.code.name == "UNAUTHENTICATED", answer
    assert answer.reason in reasons, answer
    assert answer.domain == f"{service}.cards", answer


def part(token: str, index: int) -> dict[str, object]:
    """The header or the claims of a token."""
    text = token.split(".")[index]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def encoded(content: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("called", CLOSED, ids=str)
def test_without_a_token_of_ours_nothing_is_answered(outsider: Outsider, called: Rpc) -> None:
    request = made_from_rules(called, full=False)
    header, claims, signature = outsider.token("operator").split(".")
    stranger = SigningKey.generate("service:accounts")
    forged = stranger.sign("service:accounts", now=datetime.now(UTC), token_id="forged")
    swapped = ".".join((header, claims, signature[::-1]))
    for metadata, reasons in (
        ([], ["TOKEN_MISSING"]),
        (bearer(forged), ["TOKEN_KEY_UNKNOWN"]),
        (bearer(swapped), ["TOKEN_FORGED", "TOKEN_MALFORMED"]),
    ):
        answer = outsider.call(called, request, metadata=metadata)
        unauthenticated(answer, called.service, *reasons)


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_that_is_bent_is_worth_nothing(outsider: Outsider, service: str) -> None:
    called = rpc(f"{service}.GetHead")
    key = SigningKey.load(outsider.system.keys.signing_key_path("accounts"))
    now = datetime.now(UTC)
    good = outsider.token("Ada")
    promoted = encoded({**part(good, 1), "roles": ["administrator"], "aal": 2})
    unsigned = encoded({**part(good, 0), "alg": "none"})
    header, claims, signature = good.split(".")
    person = key.sign("operator:1", now=now, token_id="1", kind="operator", roles=["auditor"])
    long_ago = now - timedelta(hours=1)
    for how, metadata, reasons in (
        ("another scheme", [("authorization", f"Basic {good}")], ["TOKEN_MALFORMED"]),
        ("no token", bearer(""), ["TOKEN_MALFORMED"]),
        ("not a token", bearer("a.b.c"), ["TOKEN_MALFORMED"]),
        ("other claims", bearer(f"{header}.{promoted}.{signature}"), ["TOKEN_FORGED"]),
        ("no algorithm", bearer(f"{unsigned}.{claims}."), ["TOKEN_MALFORMED"]),
        (
            "expired",
            bearer(key.sign("service:accounts", now=long_ago, token_id="2")),
            ["TOKEN_EXPIRED"],
        ),
        (
            "for others",
            bearer(key.sign("service:accounts", now=now, token_id="3", audience="else")),
            ["TOKEN_CLAIM_INVALID"],
        ),
        (
            "good for ever",
            bearer(key.sign("service:accounts", now=now, token_id="4", lifetime_seconds=10**8)),
            ["TOKEN_CLAIM_INVALID"],
        ),
        (
            "of another service",
            bearer(key.sign("service:auth", now=now, token_id="5")),
            ["TOKEN_CLAIM_INVALID"],
        ),
        ("a service as a person", bearer(person), ["TOKEN_CLAIM_INVALID"]),
    ):
        answer = outsider.call(called, called.request(), metadata=metadata)
        assert not answer.ok, how
        unauthenticated(answer, service, *reasons)


def test_a_person_acts_for_nobody(outsider: Outsider) -> None:
    called = rpc("accounts.GetHead")
    metadata = [*bearer(outsider.token("Ada")), ("cards-on-behalf-of", outsider.token("operator"))]
    answer = outsider.call(called, called.request(), metadata=metadata)
    assert (answer.code.name, answer.reason) == ("PERMISSION_DENIED", "ON_BEHALF_OF_REFUSED")


@pytest.mark.parametrize("called", CLOSED, ids=str)
def test_what_is_anothers_is_closed(outsider: Outsider, story: Story, called: Rpc) -> None:
    if str(called) in OPEN_TO_HOLDERS:
        return
    request = about(called, story.holders["Ada"], outsider)
    answer = outsider.call(called, request, by="Bea")
    assert answer.code.name == "PERMISSION_DENIED", answer
    assert answer.domain == f"{called.service}.cards", answer


def test_what_is_ones_own_is_open(outsider: Outsider, story: Story) -> None:
    """So that the test above says something: the same requests, from the holder."""
    opened = set()
    for called in CLOSED:
        if called.mutating or called.streams:
            continue
        request = about(called, story.holders["Ada"], outsider)
        answer = outsider.call(called, request, by="Ada")
        if answer.code.name != "PERMISSION_DENIED":
            opened.add(str(called))
    assert opened >= {
        *("accounts.GetAccount", "accounts.GetCard", "accounts.GetCustomer"),
        *("accounts.ListTransactions", "accounts.RevealCardNumber", "loyalty.GetPoints"),
        *("notify.ListInbox", "support.GetCase", "support.ListCases", "auth.ListSessions"),
    }


@pytest.mark.parametrize("by", ["Ada", "operator"])
def test_no_case_is_opened_about_what_is_anothers(
    outsider: Outsider, story: Story, by: str
) -> None:
    ada, bea = story.holders["Ada"], story.holders["Bea"]
    charge_id = story.authorise(bea, 1_00).charge.charge_id

    def question(**about: str) -> support.OpenCaseRequest:
        kind, key = support.CASE_KIND_QUESTION, outsider.key()
        return support.OpenCaseRequest(
            idempotency_key=key, customer_id=ada.customer_id, kind=kind, **about
        )

    report = support.ReportUnrecognisedChargeRequest(
        idempotency_key=outsider.key(),
        customer_id=ada.customer_id,
        account_id=bea.account_id,
        charge_id=charge_id,
    )
    opens, reports = rpc("support.OpenCase"), rpc("support.ReportUnrecognisedCharge")
    for called, request, thing in (
        (opens, question(account_id=bea.account_id), "account"),
        (opens, question(card_id=bea.card_id), "card"),
        (reports, report, "charge"),
    ):
        answer = outsider.call(called, request, by=by)
        expected = ("NOT_FOUND", f"{thing.upper()}_NOT_FOUND", frozenset({f"{thing}_id"}))
        assert (answer.code.name, answer.reason, answer.fields) == expected
    assert outsider.call(opens, question(account_id=ada.account_id), by=by).ok


def test_a_data_key_is_given_to_the_service_it_belongs_to_alone(outsider: Outsider) -> None:
    for name in ("auth.CreateDataKey", "auth.GetDataKey"):
        for service in SERVICES:
            request = made_from_rules(rpc(name), full=False)
            answer = outsider.call(rpc(name), request, by=f"service:{service}")
            theirs = request.purpose.startswith(f"{service}.")
            assert (answer.code.name != "PERMISSION_DENIED") == theirs, (name, service, answer)


def test_an_unknown_thing_looks_to_a_holder_like_anothers(outsider: Outsider, story: Story) -> None:
    """Who may not see a thing does not learn whether it is there."""
    nobody = Holder("Bea", "0" * 32, "0" * 32, "0" * 32, case_id="0" * 32)
    for called in CLOSED:
        if called.door.resource_type not in ("Account", "Card", "Customer", "Case", "Recipient"):
            continue
        answers = [
            outsider.call(called, about(called, whose, outsider), by="Bea")
            for whose in (story.holders["Ada"], nobody)
        ]
        codes = {(answer.code.name, answer.reason, answer.text) for answer in answers}
        assert len(codes) == 1, (str(called), codes)
        assert answers[0].code.name in NOT_THEIRS, str(called)
