"""CVV, PVV and PIN blocks by the published algorithms, against published check values."""

from datetime import date

import pytest
from psec import des, pin, pinblock

from chassis.kernel.errors import Invalid
from services.accounts.domain.pan import luhn_digit
from services.accounts.use_cases import card_values
from services.accounts.use_cases.card_values import ServiceCode

KEY = bytes.fromhex("1234567812345678" * 2)
CHECK_NUMBER = "123456789012"
IN_AUGUST_2011 = date(2011, 8, 31)
NUMBER = "4321987654321098"
PINNED = "43219876543210987"
TRANSPORT = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
AES_TRANSPORT = bytes(range(32))


def test_the_published_check_value_of_the_cvv() -> None:
    """PAN 123456789012, expiry 1108, service code 000, both halves of the key 1234567812345678."""
    value = card_values.verification_value(KEY, CHECK_NUMBER, IN_AUGUST_2011, ServiceCode.PRINTED)
    assert value == "204"


def test_the_values_of_a_card_differ_by_service_code_expiry_and_counter() -> None:
    made = {
        card_values.verification_value(KEY, NUMBER, day, code)
        for day in (date(2029, 3, 31), date(2029, 4, 30))
        for code in ServiceCode
    }
    assert len(made) == 6
    dynamic = {
        card_values.dynamic_value(KEY, NUMBER, date(2029, 3, 31), "999", counter)
        for counter in range(20)
    }
    assert len(dynamic) > 15


def test_the_published_pin_block_of_format_0() -> None:
    """PIN 1234, PAN 43219876543210987: 0412AC89ABCDEF67."""
    block = pinblock.encode_pinblock_iso_0("1234", PINNED)
    assert block.hex().upper() == "0412AC89ABCDEF67"
    with card_values.old_ciphers():
        enciphered = des.encrypt_tdes_ecb(TRANSPORT, block)
    assert card_values.pin_of(enciphered, PINNED, (TRANSPORT,), (AES_TRANSPORT,)) == "1234"


def test_a_pin_block_of_format_4_is_read() -> None:
    block = pinblock.encipher_pinblock_iso_4(AES_TRANSPORT, "98765", NUMBER)
    assert card_values.pin_of(block, NUMBER, (TRANSPORT,), (AES_TRANSPORT,)) == "98765"


@pytest.mark.parametrize("block", [b"", b"\0" * 8, b"\0" * 16, b"\0" * 12])
def test_what_is_no_pin_block_of_the_card_is_refused_and_nothing_is_said_of_it(
    block: bytes,
) -> None:
    with pytest.raises(Invalid, match="PIN_BLOCK_MALFORMED") as refusal:
        card_values.pin_of(block, NUMBER, (TRANSPORT,), (AES_TRANSPORT,))
    assert refusal.value.__cause__ is None


def test_the_value_of_a_pin_is_what_the_library_says() -> None:
    with card_values.old_ciphers():
        expected = pin.generate_visa_pvv(KEY, "1", "1234", NUMBER)
    assert card_values.pin_verification_value(KEY, NUMBER, "1234") == expected


@pytest.mark.parametrize(("payload", "digit"), [("411111111111111", "1"), ("7992739871", "3")])
def test_published_check_digits(payload: str, digit: str) -> None:
    assert luhn_digit(payload) == digit
