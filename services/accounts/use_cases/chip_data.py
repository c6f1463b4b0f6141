"""What a chip says (EMV tags, field 55 of ISO 8583) and its cryptograms, over psec's primitives:
Visa's cryptogram versions 10 (the card's own key) and 18 (EMV Common Session Key)."""

import hmac
from collections.abc import Mapping
from typing import NamedTuple

from psec import des, mac

from chassis.kernel.errors import Invalid
from services.accounts.use_cases.card_values import old_ciphers

CRYPTOGRAM, COUNTER, ISSUER_DATA = "9F26", "9F36", "9F10"
SIGNED = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", COUNTER)
"""What a chip signs besides its issuer application data, in this order: amounts, country, result
of the terminal's checks, currency, date, type, unpredictable number, profile, counter."""
LENGTHS = (6, 6, 2, 5, 2, 3, 1, 4, 2, 2)
VERSION_10, VERSION_18 = 10, 18
ISSUER_AUTHENTICATION = "91"
APPROVED, DECLINED = b"00", b"05"
STATUS_APPROVED, STATUS_DECLINED = bytes.fromhex("00800000"), bytes(4)
"""Card status updates: whether the issuer approves is the first bit of the second byte."""
DIGITS_IN_A_BLOCK = 16
SHORT_MAC_BYTES = 4
LONG_TAG, MORE_TAG = 0x1F, 0x80


class ChipAnswers(NamedTuple):
    """What the chip is told (tag 91), in hexadecimal digits: if it is approved, if it is not."""

    approved: str
    declined: str


class ChipVerdict(NamedTuple):
    """`matches` is None where nothing could be verified: no cryptogram, or none of a version that
    is known here. `counter` is the chip's own count of its transactions."""

    matches: bool | None
    counter: int = 0
    answers: ChipAnswers | None = None


def tags_of(data: bytes) -> dict[str, bytes]:
    """The tags in chip data, by their hexadecimal digits. Raises Invalid for what is none."""
    found: dict[str, bytes] = {}
    place = 0
    try:
        while place < len(data):
            end = place + 1
            if data[place] & LONG_TAG == LONG_TAG:
                while data[end] & MORE_TAG:
                    end += 1
                end += 1
            tag = data[place:end].hex().upper()
            size, start = data[end], end + 1
            if size == MORE_TAG + 1:
                size, start = data[start], start + 1
            elif size > MORE_TAG:
                raise malformed()
            place = start + size
            if place > len(data) or tag in found:
                raise malformed()
            found[tag] = data[start:place]
    except IndexError:
        raise malformed() from None
    return found


def malformed() -> Invalid:
    """That chip data are none."""
    return Invalid("CHIP_DATA_MALFORMED", "these are no EMV tags", field="chip_data")


def verify(tags: Mapping[str, bytes], issuer_key: bytes, number: str, sequence: int) -> ChipVerdict:
    """Whether the chip of a card and plastic made the cryptogram, and what it is to be told.
    Raises Invalid where what was signed is not there as it has to be."""
    cryptogram, told = tags.get(CRYPTOGRAM), tags.get(ISSUER_DATA, b"")
    version = told[2] if len(told) >= 7 else 0
    if cryptogram is None or version not in (VERSION_10, VERSION_18):
        return ChipVerdict(None)
    signed = [tags.get(tag, b"") for tag in SIGNED]
    if tuple(map(len, signed)) != LENGTHS or len(cryptogram) != des_block():
        raise malformed()
    counter = tags[COUNTER]
    with old_ciphers():
        card_key = derived_card_key(issuer_key, number, sequence)
        if version == VERSION_10:
            right = _mac(card_key, b"".join((*signed, told[3:7])), padding=1)
            answers = _answers_by_code(card_key, cryptogram)
        else:
            session_key = derived_session_key(card_key, counter)
            right = _mac(session_key, b"".join((*signed, told)), padding=2)
            answers = _answers_by_status(session_key, cryptogram)
    return ChipVerdict(hmac.compare_digest(right, cryptogram), int.from_bytes(counter), answers)


def des_block() -> int:
    """Bytes of a block of DES, and of a cryptogram."""
    return DIGITS_IN_A_BLOCK // 2


def derived_card_key(issuer_key: bytes, number: str, sequence: int) -> bytes:
    """The key of a card's chip: EMV book 2, annex A1.4, option A."""
    digits = f"{number}{sequence:02d}"[-DIGITS_IN_A_BLOCK:].zfill(DIGITS_IN_A_BLOCK)
    block = bytes.fromhex(digits)
    inverted = bytes(each ^ 0xFF for each in block)
    return bytes(des.encrypt_tdes_ecb(issuer_key, block + inverted))


def derived_session_key(card_key: bytes, counter: bytes) -> bytes:
    """The key of one transaction: EMV book 2, annex A1.3, Common Session Key Derivation."""
    halves = (counter + bytes([mark]) + bytes(5) for mark in (0xF0, 0x0F))
    return bytes(des.encrypt_tdes_ecb(card_key, b"".join(halves)))


def _mac(key: bytes, data: bytes, *, padding: int) -> bytes:
    """ISO/IEC 9797-1 algorithm 3."""
    return bytes(mac.generate_retail_mac(key[:8], key[8:], data, padding))


def _answers_by_code(key: bytes, cryptogram: bytes) -> ChipAnswers:
    """EMV book 2, 8.2.1, method 1: over the authorisation response code."""

    def answer(code: bytes) -> str:
        mixed = bytes(a ^ b for a, b in zip(cryptogram, code + bytes(6), strict=True))
        return _told(bytes(des.encrypt_tdes_ecb(key, mixed)) + code)

    return ChipAnswers(answer(APPROVED), answer(DECLINED))


def _answers_by_status(key: bytes, cryptogram: bytes) -> ChipAnswers:
    """EMV book 2, 8.2.2, method 2: over a card status update."""

    def answer(status: bytes) -> str:
        return _told(_mac(key, cryptogram + status, padding=2)[:SHORT_MAC_BYTES] + status)

    return ChipAnswers(answer(STATUS_APPROVED), answer(STATUS_DECLINED))


def _told(data: bytes) -> str:
    return f"{ISSUER_AUTHENTICATION}{len(data):02X}{data.hex().upper()}"
