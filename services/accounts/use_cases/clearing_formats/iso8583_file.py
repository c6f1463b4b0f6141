"""Clearing files as ISO 8583:1993 records: 1644/697 head, 1240/200 presentments, 1644/695 trailer.

Each message is preceded by its length as four digits. Everything is ASCII; the bitmap is
hexadecimal.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import iso8583
from iso8583.specs import default_ascii

from services.accounts.use_cases.clearing_formats.columns import (
    Raw,
    Reading,
    Sums,
    head,
    malformed,
)

LENGTH_DIGITS = 4
ADMINISTRATIVE, PRESENTMENT = "1644", "1240"
HEAD, FIRST_PRESENTMENT, TRAILER = "697", "200", "695"
DEBITS, CREDITS = "00", "20"
"""The first two digits of field 3 (processing code): goods and services, and their return."""

SOURCE, REFERENCE, CARD_ID, CHARGE_ID, FINAL, COUNTRY, COUNT, HASH_TOTAL = (
    *("01", "02", "03", "04", "05", "06", "07", "08"),
)
"""Tags in field 48 (additional data): two digits, then three digits of length, then the text."""
TAG_DIGITS, TAG_LENGTH_DIGITS = 2, 3


def _field(length: int, description: str, length_digits: int = 0) -> dict[str, Any]:
    return {
        "data_enc": "ascii",
        "len_enc": "ascii",
        "len_type": length_digits,
        "max_len": length,
        "desc": description,
    }


SPEC: Mapping[str, Mapping[str, Any]] = {
    **default_ascii,
    "2": _field(19, "Primary account number", 2),
    "3": _field(6, "Processing code"),
    "4": _field(12, "Amount, transaction: what the merchant charged, in minor units"),
    "6": _field(12, "Amount, cardholder billing, in minor units"),
    "12": _field(12, "Date and time, local transaction: YYMMDDhhmmss"),
    "24": _field(3, "Function code"),
    "26": _field(4, "Card acceptor business code (ISO 18245)"),
    "31": _field(99, "Acquirer reference data: the identity of the record", 2),
    "38": _field(6, "Approval code"),
    "42": _field(15, "Card acceptor identification code"),
    "43": _field(99, "Card acceptor name", 2),
    "48": _field(999, "Additional data: tagged texts", 3),
    "49": _field(3, "Currency code, transaction (ISO 4217, letters)"),
    "51": _field(3, "Currency code, cardholder billing (ISO 4217, letters)"),
    "71": _field(8, "Message number, from 1"),
    "73": _field(6, "Date, action: posting date, YYMMDD"),
}
"""The fields of these messages; any other field of ISO 8583 is read as the 1987 edition has it."""

_KINDS = {DEBITS: "charge", CREDITS: "refund"}


def read(content: bytes) -> Reading:
    """A file of messages. Raises Invalid CLEARING_FILE_MALFORMED; a line is a message, from 1."""
    messages = _messages(content)
    number, first = next(messages, (1, {}))
    _expect(number, first, ADMINISTRATIVE, HEAD)
    tags = _tags(number, first)
    source, reference = head(number, tags.get(SOURCE, ""), tags.get(REFERENCE, ""))
    sums = Sums()
    return Reading(source, reference, _lines(messages, sums), sums)


def _messages(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    place, number = 0, 0
    while place < len(content):
        number += 1
        digits = content[place : place + LENGTH_DIGITS]
        place += LENGTH_DIGITS
        if not digits.isdigit() or len(digits) < LENGTH_DIGITS:
            raise malformed(number, "length", "a message is preceded by four digits")
        raw = content[place : place + int(digits)]
        place += int(digits)
        if len(raw) < int(digits):
            raise malformed(number, "length", "the file ends within a message")
        try:
            found, _ = iso8583.decode(raw, SPEC)
        except iso8583.DecodeError as error:
            # Its text may hold what stands in the field, so it goes no further.
            raise malformed(number, f"field {error.field}", "it cannot be decoded") from None
        if found.get("71") != f"{number:08d}":
            raise malformed(number, "field 71", "messages are numbered from 1")
        yield number, found


def _expect(number: int, message: Mapping[str, str], kind: str, function: str) -> None:
    if message.get("t") != kind:
        raise malformed(number, "message type", f"{kind} is expected here")
    if message.get("24") != function:
        raise malformed(number, "field 24", f"function {function} is expected here")


def _tags(number: int, message: Mapping[str, str]) -> dict[str, str]:
    text, tags = message.get("48", ""), {}
    while text:
        tag, length = text[:TAG_DIGITS], text[TAG_DIGITS : TAG_DIGITS + TAG_LENGTH_DIGITS]
        start = TAG_DIGITS + TAG_LENGTH_DIGITS
        if not length.isdecimal() or len(text) < start + int(length) or tag in tags:
            raise malformed(number, "field 48", "tags are two digits, three of length, the text")
        tags[tag] = text[start : start + int(length)]
        text = text[start + int(length) :]
    return tags


def _lines(messages: Iterator[tuple[int, dict[str, str]]], sums: Sums) -> Iterator[tuple[int, Raw]]:
    number = 1
    for number, message in messages:
        tags = _tags(number, message)
        if message.get("t") == ADMINISTRATIVE:
            _expect(number, message, ADMINISTRATIVE, TRAILER)
            sums.check(number, tags.get(COUNT, ""), tags.get(HASH_TOTAL, ""))
            for after, _ in messages:
                raise malformed(after, "message type", "nothing follows the trailer")
            return
        _expect(number, message, PRESENTMENT, FIRST_PRESENTMENT)
        raw = _raw(message, tags)
        sums.add(number, raw)
        yield number, raw
    raise malformed(number + 1, "message type", "the file ends without a trailer")


def _raw(message: Mapping[str, str], tags: Mapping[str, str]) -> Raw:
    """The texts of a presentment by the names of COLUMNS; what cannot be is found with them."""
    charged, billed = message.get("4", ""), message.get("6", "")
    original = bool(charged and billed) and message.get("49") != message.get("51")
    return {
        "record_id": message.get("31", ""),
        "kind": _KINDS.get(message.get("3", "")[:2], ""),
        "card": message.get("2", "") or tags.get(CARD_ID, ""),
        "last_four": "",
        "charge_id": tags.get(CHARGE_ID, ""),
        "authorisation_code": message.get("38", "").strip(),
        "amount_minor": billed or charged,
        "currency": message.get("51" if billed else "49", ""),
        "original_minor": charged if original else "",
        "original_currency": message.get("49", "") if original else "",
        "merchant_id": message.get("42", "").strip(),
        "merchant_name": message.get("43", "").strip(),
        "mcc": message.get("26", ""),
        "country": tags.get(COUNTRY, ""),
        "transaction_date": _day(message.get("12", "")),
        "posting_date": _day(message.get("73", "")),
        "final": tags.get(FINAL, ""),
    }


def _day(text: str) -> str:
    """YYMMDD… as YYYY-MM-DD, in this century."""
    return f"20{text[:2]}-{text[2:4]}-{text[4:6]}" if len(text) >= 6 else text
