"""Structured logs, one JSON object a line, that refuse to print personal data and card numbers."""

import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

import msgspec

from chassis import call as calls

Scalar = str | int | float | bool | None
Printable = Scalar | Iterable[Scalar]

REDACTED = "[redacted]"
UNPRINTABLE = "[unprintable]"
MAX_TEXT_CHARACTERS = 2_000
MAX_LIST_ITEMS = 64
MAX_FRAMES = 12

_PERSONAL_NAMES = (
    "email", "e_mail", "phone", "mobile", "card_number", "pan", "cvv", "cvc", "pin", "iban",
    "password", "passphrase", "secret", "token", "authorization", "private_key", "otp",
    "date_of_birth", "birthday", "full_name", "first_name", "last_name", "given_name",
    "family_name", "holder_name", "cardholder_name", "postal_address", "street", "national_id",
)  # fmt: skip
_PERSONAL_NAME = re.compile(rf"(?:^|_)(?:{'|'.join(_PERSONAL_NAMES)})s?$")
# Numbers of these are measurements or places; a long one may pass the check of a card number.
_MEASURE_NAME = re.compile(
    r"(?:^|_)(?:ms|us|ns|seconds|bytes|minor|units|count|position|epoch|version|sequence)$"
)
# Ids and traces are hexadecimal, and may hold long runs of digits by chance.
_IDS = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?=[0-9]*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16}))(?![0-9A-Za-z])"
)
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)")
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"'.,;]{2,}")
_PHONE = re.compile(
    r"(?<![\w+])\+\d(?:[ ().-]?\d){6,14}(?!\d)"
    r"|(?<![\w.])1[3-9]\d(?:[ -]?\d{4}){2}(?![\w.]\d)(?!\d)"
    r"|(?<![\w-])\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?![\w-])"
)


class PersonalData(Exception):
    """Something personal was about to be logged: a defect. The text names the field, not what."""


class _Output:
    """Where lines go. Strict means that personal data raise; tests are, production is not."""

    service = ""
    stream: TextIO | None = None
    strict = "PYTEST_VERSION" in os.environ


def configure(
    service: str, *, stream: TextIO | None = None, strict: bool | None = None, level: str = "INFO"
) -> None:
    """Say who logs, and let what libraries log through `logging` take the same way out."""
    _Output.service = service
    _Output.stream = stream
    if strict is not None:
        _Output.strict = strict
    handler = _LibraryHandler()
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _LibraryHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)


def log(event: str, *, level: str = "info", **fields: Printable) -> None:
    """Write one line: the event (snake_case, past or state), its fields, and the call it is in.

    Values are scalars or short lists of them. A field whose name or value is personal is redacted;
    where logs are strict it raises PersonalData instead.
    """
    call = calls.current_or_none()
    line: dict[str, object] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "service": _Output.service,
        "event": event,
    }
    if call is not None:
        line |= {"method": call.method, "correlation_id": call.correlation_id}
        line |= {"trace_id": call.traceparent[3:35]} if call.traceparent else {}
    for name, value in fields.items():
        line[name], refused = _clean(name, value)
        if refused and _Output.strict:
            raise PersonalData(f"field {name} of {event} may not be logged")
    _write(line)


def personal(text: str) -> bool:
    """Whether a card number, an e-mail address or a telephone number stands in `text`."""
    return redact(text) != text


def redact(text: str) -> str:
    """`text` with card numbers, e-mail addresses and telephone numbers taken out."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return "\x00"

    text = _IDS.sub(keep, text.replace("\x00", ""))
    text = _CARD.sub(lambda m: REDACTED if passes_luhn(m.group()) else m.group(), text)
    text = _PHONE.sub(REDACTED, _EMAIL.sub(REDACTED, text))
    ids = iter(kept)
    return re.sub("\x00", lambda _: next(ids), text)


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of the others, separators apart."""
    digits = [int(each) for each in number if each.isdigit()]
    doubled = sum(sum(divmod(2 * each, 10)) for each in digits[-2::-2])
    return (sum(digits[-1::-2]) + doubled) % 10 == 0


def frames(error: BaseException) -> list[str]:
    """Where an exception came from, innermost last: places only, as its text may be personal."""
    places = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    return [f"{place.filename}:{place.lineno}:{place.name}" for place in places]


def _clean(name: str, value: object) -> tuple[object, bool]:
    """What may be printed of a value, and whether that is not all of it."""
    if _PERSONAL_NAME.search(name):
        return REDACTED, True
    if isinstance(value, str):
        text = value[:MAX_TEXT_CHARACTERS]
        clean = redact(text)
        return clean, clean != text
    if isinstance(value, bool | float) or value is None:
        return value, False
    if isinstance(value, int):
        refused = not _MEASURE_NAME.search(name) and personal(str(value))
        return (REDACTED, True) if refused else (value, False)
    if isinstance(value, list | tuple | set | frozenset):
        each = [_clean(name, item) for item in list(value)[:MAX_LIST_ITEMS]]
        return [clean for clean, _ in each], any(refused for _, refused in each)
    # What has a text of its own may say anything in it.
    return UNPRINTABLE, True


def _write(line: dict[str, object]) -> None:
    stream = _Output.stream or sys.stderr
    stream.write(msgspec.json.encode(line).decode() + "\n")
    stream.flush()


class _LibraryHandler(logging.Handler):
    """Lets records of the standard library's logging out as our lines, redacted, never raising."""

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, object] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": _Output.service,
            "event": "library_logged",
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            # The text of an exception, and a message formatted from it, may hold anything.
            line["error"] = type(record.exc_info[1]).__name__
            line["frames"] = frames(record.exc_info[1])
            line["message"] = redact(str(record.msg)[:MAX_TEXT_CHARACTERS])
        else:
            line["message"] = redact(record.getMessage()[:MAX_TEXT_CHARACTERS])
        _write(line)
