"""Whatever is wrong with a request: the right status, the field at fault, and nothing is stored."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.contract import values
from tests.contract.belongings import made_from_rules
from tests.contract.conftest import head
from tests.contract.contracts import SERVICES, Rpc, rpcs
from tests.contract.outside import RPC_SECONDS, Answer, Outsider
from tests.contract.values import Broken

pytestmark = [pytest.mark.serial, pytest.mark.usefixtures("calm")]

LARGEST_BYTES = 256 * 1024
LARGEST_READ_BYTES = 4 * 1024 * 1024
CASES_PER_FIELD = 3
"""Of the ways to break the rules of a field so many are tried, each as different as can be."""
MOST_VIOLATIONS = 16
WRONG_WIRE = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
TOO_LONG_SECONDS = 45.0


def filled(called: Rpc) -> Any:
    """A request with every field, the first of each oneof."""
    return values.valid(called.method.input_type, Random(str(called)), full=True)


def by(called: Rpc) -> str:
    return "" if called.door.anonymous else "operator"


def send(outsider: Outsider, called: Rpc, request: Any) -> Answer:
    return outsider.call(called, request, by=by(called), patience=RPC_SECONDS)


def refused(answer: Answer, called: Rpc, reason: str) -> None:
    found = (answer.code.name, answer.reason, answer.domain)
    assert found == ("INVALID_ARGUMENT", reason, f"{called.service}.cards"), answer


def broken(called: Rpc) -> list[Broken]:
    """A few ways to break every rule of a request."""
    tried: dict[str, int] = {}
    chosen = []
    for each in values.broken(filled(called), LARGEST_BYTES // 2):
        tried[each.path] = tried.get(each.path, 0) + 1
        if tried[each.path] <= CASES_PER_FIELD:
            chosen.append(each)
    return chosen


@pytest.mark.parametrize("called", rpcs(), ids=str)
def test_a_broken_rule_is_refused_by_the_path_of_its_field(outsider: Outsider, called: Rpc) -> None:
    request = filled(called)
    ruled = {path for path, _, _ in values.ruled_paths(request)}
    cases = broken(called)
    assert {each.path for each in cases} == ruled, "a rule that nothing breaks is none"
    before = head(outsider, called.service)
    for each in cases:
        answer = send(outsider, called, each.request)
        what = f"{each.path}: {each.how}: {answer}"
        assert answer.code.name == "INVALID_ARGUMENT", what
        assert answer.reason in ("REQUEST_INVALID", "IDEMPOTENCY_KEY_INVALID"), what
        assert answer.domain == f"{called.service}.cards", what
        if len(each.paths) < MOST_VIOLATIONS:
            keyless = answer.reason == "IDEMPOTENCY_KEY_INVALID"
            assert answer.fields == ({"idempotency_key"} if keyless else each.paths), what
    assert head(outsider, called.service) == before


@pytest.mark.parametrize("called", rpcs(), ids=str)
def test_bytes_that_are_no_request_are_refused(outsider: Outsider, called: Rpc) -> None:
    before = head(outsider, called.service)
    whole = filled(called).SerializeToString()
    cut = [whole[:end] for end in range(1, len(whole)) if not parses(called, whole[:end])]
    texts = [field for field in called.method.input_type.fields if field.type == field.TYPE_STRING]
    not_utf8 = [bytes([field.number << 3 | 2, 2]) + b"\xc3\x28" for field in texts[:1]]
    for raw in (WRONG_WIRE, *cut[:1], *cut[-1:], *not_utf8):
        refused(send(outsider, called, raw), called, "REQUEST_MALFORMED")
    # A field that nobody knows, as long as all that may be sent.
    padding = LARGEST_BYTES - 1
    long = b"\xfa\x3f" + varint(padding) + b"\0" * padding
    refused(send(outsider, called, long), called, "REQUEST_TOO_LARGE")
    assert head(outsider, called.service) == before


def parses(called: Rpc, raw: bytes) -> bool:
    try:
        called.request.FromString(raw)
    except Exception:
        return False
    return True


def varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_larger_than_can_be_is_not_even_read(outsider: Outsider, service: str) -> None:
    before = head(outsider, service)
    called = next(each for each in rpcs() if each.service == service and each.mutating)
    answer = send(outsider, called, b"\0" * (LARGEST_READ_BYTES + 1))
    assert answer.code.name == "RESOURCE_EXHAUSTED"
    assert head(outsider, service) == before


@pytest.mark.parametrize(
    "called", [each for each in rpcs() if not (each.streams or each.converses)], ids=str
)
def test_whoever_would_wait_too_long_is_refused(outsider: Outsider, called: Rpc) -> None:
    before = head(outsider, called.service)
    answer = outsider.call(called, filled(called), by=by(called), seconds=TOO_LONG_SECONDS)
    refused(answer, called, "DEADLINE_TOO_LONG")
    assert head(outsider, called.service) == before


@pytest.mark.parametrize("service", SERVICES)
def test_whoever_names_no_deadline_is_answered(outsider: Outsider, service: str) -> None:
    called = next(each for each in rpcs() if str(each) == f"{service}.GetHead")
    assert outsider.call(called, called.request(), by="operator", seconds=None).ok


NAMED_INTO_BEING = {
    "accounts.DefineProgramme": "to define it is to name it",
    "notify.RegisterContact": "an operator may be faster than the fact that there is a customer",
    "notify.SetPreferences": "as above",
    "support.OpenCase": "as above",
}
"""Rpcs that answer with OK about what they have never heard of, and why."""
NOTHING_IS_AN_ANSWER = {
    *("auth.ListSessions", "notify.GetPreferences", "notify.ListInbox", "notify.ListMessages"),
    "notify.StreamInbox",
}
HOLDERS_ONLY = {
    *("accounts.RevealCardNumber", "accounts.RevealSecurityCode", "accounts.SetPin"),
    "notify.MarkRead",
}
"""Nobody holds what does not exist, so nobody may."""


OF_THINGS = [
    each
    for each in rpcs()
    if each.door.resource_field
    and str(each) not in NAMED_INTO_BEING
    and each.door.resource_type != "Purpose"
]
"""Rpcs about a thing that has to be there. What others bring into being, services react to, and
their logs would grow under the tests that come after."""


@pytest.mark.parametrize("called", OF_THINGS, ids=str)
def test_an_unknown_thing_is_not_found_and_leaves_nothing(outsider: Outsider, called: Rpc) -> None:
    request: Any = made_from_rules(called, full=False)
    path = called.door.resource_field
    if "." not in path and not getattr(request, path):
        field = called.method.input_type.fields_by_name[path]
        setattr(request, path, values.text(values.rules_of(field).string, Random(str(called))))
    before = head(outsider, called.service)
    for caller in ("operator", "gateway", "administrator", "service:accounts"):
        answer = outsider.call(called, request, by=caller)
        if answer.code.name != "PERMISSION_DENIED":
            break
    expected = "NOT_FOUND"
    if str(called) in NOTHING_IS_AN_ANSWER:
        expected = "OK"
    elif str(called) in HOLDERS_ONLY:
        expected = "PERMISSION_DENIED"
    assert answer.code.name == expected, answer
    assert head(outsider, called.service) == before


def amounts(message: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every amount in a filled message, by its path."""
    for field, value in message.ListFields():
        if field.message_type is None or not field.message_type.full_name.startswith("cards."):
            continue
        each = value[0] if field.is_repeated else value
        path = f"{prefix}{field.name}" + ("[0]" if field.is_repeated else "")
        if field.message_type.full_name == values.MONEY:
            yield path, each
        else:
            yield from amounts(each, f"{path}.")


@pytest.mark.parametrize(
    "called", [each for each in rpcs() if list(amounts(filled(each)))], ids=str
)
def test_no_amount_is_negative(outsider: Outsider, called: Rpc) -> None:
    before = head(outsider, called.service)
    for index in range(len(list(amounts(filled(called))))):
        request = filled(called)
        path, amount = list(amounts(request))[index]
        amount.minor_units = -1
        for caller in ("operator", "gateway", "service:accounts"):
            answer = outsider.call(called, request, by=caller)
            if answer.code.name != "PERMISSION_DENIED":
                break
        assert answer.code.name == "INVALID_ARGUMENT", answer
        assert answer.fields == {path}, answer
    assert head(outsider, called.service) == before
