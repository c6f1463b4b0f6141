"""Values that keep every rule and are odd all the same: whatever is answered, it is no defect."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message

from tests.contract import values
from tests.contract.belongings import about, made_from_rules
from tests.contract.contracts import Rpc, rpcs
from tests.contract.outside import Outsider
from tests.contract.story import Story
from tests.contract.test_rpcs import DEFECTS, HOLDER, STAFF
from tests.contract.values import NASTY_NUMBERS, WHOLE

pytestmark = pytest.mark.serial

ODD_TEXTS = (
    "2026-02-30",
    "0000-00-00",
    "9999-12-31",
    "𝔘🦜\u202e‮\ufeff\u0301",
    "' OR ''=' %_\\ {{7*7}} ${x} \r\n",
    "0.000000001",
    "999999999",
    "ZZZ",
    "f" * 32,
    "f" * 64,
    "ﷺ" * 80,
)
ODD_INSTANTS = ((-62_135_596_800, 0), (253_402_300_799, 999_999_999), (2**62, 0), (0, -1))
"""The first and last second that there is, one that there is not, and one that runs backwards."""
NUL_IN_TEXT = "a\0b"
STAY_OPEN = {"notify.StreamInbox", "support.Converse"}
"""Streams without an end: each would have to be listened to until it is clear that none comes."""

ONCE = [each for each in rpcs() if "feed" not in each.path or each.service == "accounts"]
"""What everybody serves is the same code everywhere."""


def leaves(message: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every single field of a filled message: its path, who holds it, the field."""
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        if (
            field.message_type is None
            or field.message_type.full_name == "google.protobuf.Timestamp"
        ):
            yield path, message, field
        elif field.message_type.full_name.startswith("cards."):
            for each in list(value)[:1] if field.is_repeated else [value]:
                index = "[0]" if field.is_repeated else ""
                yield from leaves(each, f"{path}{index}.")


def odd(field: Any) -> list[Any]:
    if field.message_type is not None:
        return list(ODD_INSTANTS)
    if field.type == field.TYPE_STRING:
        return list(ODD_TEXTS)
    if field.type in WHOLE:
        return list(NASTY_NUMBERS)
    if field.type == field.TYPE_ENUM:
        return [each.number for each in field.enum_type.values]
    return [True] if field.type == field.TYPE_BOOL else []


def put(holder: Any, field: Any, value: Any) -> bool:
    """Whether the value fits there at all."""
    if field.message_type is not None:
        found = getattr(holder, field.name)
        found.seconds, found.nanos = value
        return True
    try:
        if field.is_repeated:
            getattr(holder, field.name)[:] = [value]
        else:
            setattr(holder, field.name, value)
    except ValueError:
        # A number beyond 32 bits.
        return False
    return True


def oddities(request: Any) -> Iterator[tuple[str, Any]]:
    """Copies of a request with one odd value each that keep the rules."""
    for index, (path, _, field) in enumerate(list(leaves(request))):
        for value in odd(field):
            made = type(request)()
            made.CopyFrom(request)
            _, holder, same = list(leaves(made))[index]
            if put(holder, same, value) and not values.violations(made):
                yield f"{path} = {value!r}", made


def subject_matter(called: Rpc, story: Story) -> Any:
    """A request about Ada; but sessions are none of hers, for she is needed."""
    if called.door.resource_type == "Session":
        return made_from_rules(called, full=True)
    return about(called, story.holders[HOLDER], story.outsider, full=True)


def whoever_may(called: Rpc, request: Message, outsider: Outsider) -> str:
    if called.door.anonymous:
        return ""
    for by in STAFF:
        if outsider.call(called, request, by=by).code.name != "PERMISSION_DENIED":
            return by
    return HOLDER


@pytest.mark.parametrize("called", ONCE, ids=str)
def test_an_odd_value_is_no_defect(outsider: Outsider, story: Story, called: Rpc) -> None:
    request = subject_matter(called, story)
    by = whoever_may(called, request, outsider)
    if str(called) in STAY_OPEN:
        return
    for what, made in oddities(request):
        if called.mutating:
            made.idempotency_key = outsider.key()
        answer = outsider.call(called, made, by=by)
        assert answer.code.name not in DEFECTS, f"{what}: {answer}"
        assert answer.code.name != "UNAVAILABLE", f"{what}: {answer}"
        assert answer.ok or answer.domain == f"{called.service}.cards", f"{what}: {answer}"


@pytest.mark.parametrize("called", ONCE, ids=str)
def test_a_text_with_a_nul_is_refused_by_its_path(
    outsider: Outsider, story: Story, called: Rpc
) -> None:
    """PostgreSQL stores none, so what has one must never come into a log."""
    request = subject_matter(called, story)
    by = whoever_may(called, request, outsider)
    for path, _, field in list(leaves(request)):
        if field.type != field.TYPE_STRING:
            continue
        made = type(request)()
        made.CopyFrom(request)
        holder = next(holder for each, holder, _ in leaves(made) if each == path)
        put(holder, field, NUL_IN_TEXT)
        answer = outsider.call(called, made, by=by)
        assert answer.code.name == "INVALID_ARGUMENT", f"{path}: {answer}"
        assert any(each.startswith(path) for each in answer.fields), f"{path}: {answer}"


def test_after_all_of_it_everybody_goes_on(outsider: Outsider, story: Story) -> None:
    """Nothing odd has stopped a projection, a policy or the relay."""
    outsider.until(story.taken_in, "everybody has taken in all that was said")
    charge = story.authorise(story.holders["Bea"], 1)
    assert charge.charge.charge_id
    outsider.until(story.taken_in, "everybody has taken in one charge more")
