"""docs/iso8583.md is true: what an integrator reads there is what the code does."""

import re
from pathlib import Path

import pytest

from chassis.config import BadSettings
from services.accounts.config import AccountsSettings
from services.accounts.iso8583 import answers, functions
from services.accounts.iso8583.message import Message
from services.accounts.iso8583.reading import ENTRY_MODES
from services.accounts.iso8583.spec import FIELDS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "iso8583.md").read_text()
TEXT = " ".join(PAGE.split())


def rows(of: str) -> list[list[str]]:
    """The cells of the rows of the table whose head begins with `of`."""
    lines = PAGE.split(f"| {of} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_field_is_as_it_is_read() -> None:
    shown = {int(number): (form, name) for number, form, name in rows("field")}
    read = {
        field.number: (f"{field.kind} {'.' * field.prefix}{field.length}", field.name)
        for field in FIELDS.values()
        if not 105 <= field.number <= 127
    }
    assert shown == read
    assert {(f.kind, f.length, f.prefix) for n, f in FIELDS.items() if 105 <= n <= 127} == {
        ("ans", 999, 3)
    }


def test_every_message_needs_what_it_is_said_to_need() -> None:
    told = set()
    for types, processing, does, needs in rows("message"):
        for mti in re.findall(r"0\d{3}", types):
            for code in re.findall(r"\d\d", processing):
                given = re.findall(r"with (\d\d)", types)
                fields = {3: f"{code}0000", **{int(number): "00" for number in given}}
                function = functions.function_of(Message(mti, fields))
                assert function is not None, (mti, code)
                assert function.rpc in does
                assert {int(n) for n in re.findall(r"\d+", needs.split(" and ")[0])} == {
                    2,
                    *function.needs,
                }
                assert ("90 or 37" in needs) == (
                    functions.missing(
                        Message(mti, dict.fromkeys((2, *function.needs), "1")), function
                    )
                    == 90
                )
                told.add(function)
    assert told | {functions.CHANGE_KEY} == set(functions.ALL)


def test_a_key_change_needs_what_it_is_said_to_need() -> None:
    section = TEXT.partition("## Network management, 0800")[2].partition("\n## ")[0]
    for number in functions.CHANGE_KEY.needs:
        assert re.search(rf"\b{number}\b", section)
    assert functions.CHANGE_KEY.rpc in section
    for code in functions.KEY_DELIVERIES:
        assert functions.function_of(Message("0800", {70: code})) is functions.CHANGE_KEY


def test_what_answers_repeat_is_told() -> None:
    assert f"Answers repeat fields {', '.join(str(n) for n in answers.ECHOED)}," in TEXT


def test_every_entry_mode_is_told() -> None:
    for code, mode in ENTRY_MODES.items():
        assert f"{code} {mode.lower().replace('_', ' ')}" in TEXT


def test_every_code_that_the_door_gives_itself_is_told() -> None:
    told = set(re.findall(r"\b\d\d\b", " ".join(codes for codes, _ in rows("code"))))
    given = {*answers.BY_REASON.values(), *answers.BY_CODE.values()}
    given |= {answers.MALFUNCTION, answers.NOT_SUPPORTED, answers.FORMAT_ERROR}
    assert given <= told


def test_every_setting_is_told() -> None:
    names = {name for name in AccountsSettings.model_fields if name.startswith("iso8583_")}
    told = {f"iso8583_{each.lower()}" for each in re.findall(r"`(?:ISO8583|…)_([A-Z_]+)`", PAGE)}
    assert told == names


def test_the_door_is_shut_unless_it_is_opened_safely(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def load(**values: str) -> AccountsSettings:
        with monkeypatch.context() as patch:
            for name, value in values.items():
                patch.setenv(f"CARDS_ACCOUNTS_{name.upper()}", value)
            return AccountsSettings.load("accounts")

    assert load().iso8583_port == 0
    tls = {"tls_certificate_path": "a.pem", "tls_key_path": "a.key", "tls_ca_path": "ca.pem"}
    gateways = {"iso8583_gateways": '{"switch.example.com": "p"}'}
    for wrong in (
        {},
        tls,
        {**tls, **gateways, "tls_ca_path": ""},
        {**tls, **gateways, "iso8583_mac_key": "00"},
        {**tls, **gateways, "iso8583_mac_key": "secret"},
        {**tls, **gateways, "iso8583_header": "four_digits", "iso8583_max_frame_bytes": "10000"},
    ):
        with pytest.raises(BadSettings) as caught:
            load(iso8583_port="8583", **wrong)
        assert "secret" not in str(caught.value)
    assert load(iso8583_port="8583", **tls, **gateways).iso8583_port == 8583
    alone = load(iso8583_port="8583", iso8583_clear_text_gateway="p", iso8583_mac_key="ab" * 16)
    assert alone.iso8583_clear_text_gateway == "p"
