"""Cryptograms of chips against published vectors: pyemv's tests/test_cvn_hsm.py and
test_kd_hsm.py, whose figures come from a hardware security module."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des

from chassis.kernel.errors import Invalid
from services.accounts.use_cases import card_values, chip_data

ISSUER_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
NUMBER = "1234567890123456"
SAID = {
    "9F02": "000000004000",
    "9F03": "000000000000",
    "9F1A": "0124",
    "95": "8000048000",
    "5F2A": "0124",
    "9A": "191105",
    "9C": "01",
    "9F37": "52BF4585",
    "82": "1800",
    "9F36": "001C",
}
OF_VERSION_10 = {**SAID, "9F10": "06010A03A06010", "9F26": "29CCA15AE665FA2E"}
OF_VERSION_18 = {**SAID, "9F10": "06011203A0B800", "9F26": "7A788EA6B8A3E733"}


def tags(said: dict[str, str]) -> dict[str, bytes]:
    return {tag: bytes.fromhex(text) for tag, text in said.items()}


def written(said: dict[str, str]) -> bytes:
    """As they stand in field 55."""
    parts = (f"{tag}{len(text) // 2:02X}{text}" for tag, text in said.items())
    return bytes.fromhex("".join(parts))


def check_digits(key: bytes) -> str:
    with card_values.old_ciphers():
        return str(des.generate_kcv(key, 2).hex().upper())


def test_keys_of_cards_and_of_transactions_are_derived_as_published() -> None:
    with card_values.old_ciphers():
        card_key = chip_data.derived_card_key(ISSUER_KEY, NUMBER, 0)
        session_key = chip_data.derived_session_key(card_key, bytes.fromhex("001C"))
        of_a_longer_number = chip_data.derived_card_key(ISSUER_KEY, "12345678901234567", 45)
    assert check_digits(ISSUER_KEY) == "08D7"
    assert check_digits(card_key) == "BAB0"
    assert check_digits(session_key) == "22C8"
    assert check_digits(of_a_longer_number) == "FF08"


@pytest.mark.parametrize("said", [OF_VERSION_10, OF_VERSION_18], ids=["version 10", "version 18"])
def test_published_cryptograms_are_verified_and_others_are_not(said: dict[str, str]) -> None:
    verdict = chip_data.verify(tags(said), ISSUER_KEY, NUMBER, 0)
    assert (verdict.matches, verdict.counter) == (True, 0x1C)
    for wrong in (
        {**said, "9F02": "000000004001"},
        {**said, "9F36": "001D"},
        {**said, "9F26": "29CCA15AE665FA2F"},
    ):
        assert chip_data.verify(tags(wrong), ISSUER_KEY, NUMBER, 0).matches is False
    assert chip_data.verify(tags(said), ISSUER_KEY, NUMBER, 1).matches is False
    assert chip_data.verify(tags(said), ISSUER_KEY, NUMBER[:-1] + "7", 0).matches is False


def test_the_published_answer_of_version_10() -> None:
    """Response code 00 (3030): 28993816AFAE4AEB."""
    answers = chip_data.verify(tags(OF_VERSION_10), ISSUER_KEY, NUMBER, 0).answers
    assert answers is not None
    assert answers.approved == "910A28993816AFAE4AEB3030"
    assert answers.declined[-4:] == "3035"


def test_the_published_answer_of_version_18() -> None:
    """Card status update 00000000: 9AF514C1."""
    answers = chip_data.verify(tags(OF_VERSION_18), ISSUER_KEY, NUMBER, 0).answers
    assert answers is not None
    assert answers.declined == "91089AF514C100000000"
    assert answers.approved[-8:] == "00800000"


def test_what_is_of_no_known_version_is_not_verified() -> None:
    for said in (
        {**OF_VERSION_10, "9F10": "06010B03A06010"},
        {**OF_VERSION_10, "9F10": "0601"},
        SAID,
    ):
        assert chip_data.verify(tags(said), ISSUER_KEY, NUMBER, 0).matches is None
    with pytest.raises(Invalid, match="CHIP_DATA_MALFORMED"):
        chip_data.verify(tags({**OF_VERSION_10, "9F37": "52BF"}), ISSUER_KEY, NUMBER, 0)


def test_tags_are_read_as_they_are_written() -> None:
    assert chip_data.tags_of(written(OF_VERSION_18)) == tags(OF_VERSION_18)
    long = {**SAID, "9F7C": "AB" * 130}
    said = written(SAID) + bytes.fromhex("9F7C8182") + b"\xab" * 130
    assert chip_data.tags_of(said) == tags(long)
    for broken in (said[:-1], said + b"\x9f", b"\x9f\x02\x06", written(SAID) * 2, b"\x95\x83\0\0"):
        with pytest.raises(Invalid, match="CHIP_DATA_MALFORMED"):
            chip_data.tags_of(broken)


@given(st.binary(max_size=60))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    try:
        found = chip_data.tags_of(data)
    except Invalid:
        return
    assert sum(map(len, found.values())) <= len(data)
