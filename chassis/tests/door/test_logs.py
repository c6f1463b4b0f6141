"""What may be printed, and what may not."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import logs
from chassis.call import Call, entered
from chassis.logs import PersonalData, log, passes_luhn, personal, redact


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure("echo", stream=stream)
    yield stream
    logs.configure("echo", strict=True)


def printed(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return line


PERSONAL = [
    "4111111111111111",
    "card 4111 1111 1111 1111 was used",
    "4111-1111-1111-1111",
    "378282246310005",
    "write to a.person@example.co.uk",
    "13812345678",
    "138 1234 5678",
    "+44 20 7946 0958",
    "+8613812345678",
    "(415) 555-2671",
]

HARMLESS = [
    "0123456789abcdef0123456789abcdef",
    "6f0c1c1e-52a5-5c8e-9f5b-0c6b7d1f4a11",
    "credit_account-41111111111111110123456789abcdef",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "2026-11-22T13:13:30.123456+00:00",
    "127.0.0.1:50051",
    "4111111111111112",
    "loyalty:7:1234",
    "version 1.2.3",
]


@pytest.mark.parametrize("text", PERSONAL)
def test_what_is_personal_is_found(text: str) -> None:
    assert personal(text)
    assert "[redacted]" in redact(text)
    with pytest.raises(PersonalData):
        log("something_happened", about=text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_not_personal_is_printed(text: str, lines: io.StringIO) -> None:
    log("something_happened", about=text)
    assert printed(lines)["about"] == text


@pytest.mark.parametrize(
    "name", ["email", "phones", "card_number", "holder_name", "date_of_birth", "access_token"]
)
def test_a_personal_name_is_enough(name: str) -> None:
    with pytest.raises(PersonalData) as caught:
        log("something_happened", **{name: "x-y-z"})
    assert "x-y-z" not in str(caught.value)


@pytest.mark.parametrize("value", [4111111111111111, ["a", "4111111111111111"], {"a": "b"}, 1j])
def test_numbers_lists_and_strange_things_are_looked_at_too(value: Any) -> None:
    with pytest.raises(PersonalData):
        log("something_happened", about=value)


def test_a_measurement_is_a_number_however_long(lines: io.StringIO) -> None:
    log("something_happened", took_ns=4111111111111111, position=378282246310005)
    assert printed(lines)["took_ns"] == 4111111111111111


def test_in_production_it_is_redacted(lines: io.StringIO) -> None:
    logs.configure("echo", stream=lines, strict=False)
    log("something_happened", about="card 4111111111111111", email="x", items=["a@b.example"])
    line = printed(lines)
    assert line["about"] == "card [redacted]"
    assert line["email"] == "[redacted]"
    assert line["items"] == ["[redacted]"]


def test_a_line_says_when_who_and_in_which_call(lines: io.StringIO) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with entered(Call(method="echo.Ping", correlation_id="c" * 32, traceparent=trace)):
        log("something_happened", level="warning", count=3)
    line = printed(lines)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "warning", "service": "echo", "event": "something_happened", "count": 3,
        "method": "echo.Ping", "correlation_id": "c" * 32,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }  # fmt: skip


def test_libraries_take_the_same_way_out(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("lost %s of %s", "4111111111111111", "a@b.example")
    line = printed(lines)
    assert (line["event"], line["logger"]) == ("library_logged", "some.library")
    assert line["message"] == "lost [redacted] of [redacted]"
    try:
        raise ValueError("private words")
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    line = printed(lines)
    assert (line["error"], line["message"]) == ("ValueError", "failed")
    assert line["frames"][-1].endswith(":test_libraries_take_the_same_way_out")
    assert "private words" not in lines.getvalue()


@given(
    digits=st.text("0123456789", min_size=11, max_size=18),
    separator=st.sampled_from(["", " ", "-"]),
    around=st.sampled_from(["{}", "card {} used", "({})", "number={};", "卡号{}。"]),
)
def test_no_card_number_gets_through(digits: str, separator: str, around: str) -> None:
    check = next(each for each in "0123456789" if passes_luhn(digits + each))
    number = separator.join(digits + check)
    assert number not in redact(around.format(number))


@given(st.uuids())
def test_every_id_gets_through(id: Any) -> None:
    for text in (str(id), id.hex, f"account-{id.hex}", f"accounts:1:{id.hex}"):
        assert redact(text) == text or id.hex.isdigit()


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)
