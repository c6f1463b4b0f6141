"""Personal data and secrets that can be recognised wherever they turn up, in many spellings."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

SHORTEST = 6
"""Fewer characters turn up by chance."""
BIN = "531337"
BETWEEN = b"\0\n\0"


@dataclass
class Canaries:
    """What must be nowhere in clear, by what it is."""

    planted: dict[str, str] = field(default_factory=dict)

    def plant(self, what: str, value: str) -> str:
        """Remember a value, and give it."""
        assert len(value) >= SHORTEST, f"{what} might turn up by chance"
        self.planted[what] = value
        return value


def holder(name: str) -> dict[str, str]:
    """The personal data of a holder: names, addresses and numbers that nobody else has."""
    return {
        "given name": f"Ottokara{name}",
        "family name": f"Zwitschervogel{name}",
        "email": f"kanarienvogel.{name.lower()}@canary.example",
        "phone": {"Ada": "+4915798765431", "Bea": "+4915798765432"}[name],
        "born": {"Ada": "1931-07-23", "Bea": "1932-08-24"}[name],
        "street": f"Vogelbauerallee 4711 {name}",
        "city": f"Singvogelstadt{name}",
        "postal code": f"KNRV{name} 77",
        "chinese name": f"金丝雀{name}金丝雀",
    }


def spellings(value: str) -> Iterator[tuple[str, bytes]]:
    """The forms in which a text may lie in a file: how it is spelt, and the bytes."""
    raw = value.encode()
    yield "as it is", raw
    yield "in lower case", value.lower().encode()
    yield "in UTF-16, little end first", value.encode("utf-16-le")
    yield "in UTF-16, big end first", value.encode("utf-16-be")
    yield "in hexadecimal", raw.hex().encode()
    yield "in capital hexadecimal", raw.hex().upper().encode()
    yield "backwards", value[::-1].encode()
    if not value.isascii():
        yield "in JSON's escapes", value.encode("unicode-escape").replace(b"\\x", b"\\u00")
    for shift in range(3):
        # What stands before moves the text against the groups of three that base64 works in.
        whole = base64.b64encode(b"\0" * shift + raw)
        middle = whole[4 if shift else 0 : len(whole) - 4]
        if len(middle) >= SHORTEST:
            yield f"in base64, {shift} on", middle
            yield f"in URL-safe base64, {shift} on", middle.translate(bytes.maketrans(b"+/", b"-_"))
    for algorithm in ("md5", "sha1", "sha256"):
        # A plain hash of something that can be guessed gives it away.
        digest = hashlib.new(algorithm, raw).digest()
        yield f"its {algorithm}", digest
        yield f"its {algorithm} in hexadecimal", digest.hex().encode()
    if value.isdigit() and len(value) % 2 == 0:
        yield "packed two digits a byte", bytes.fromhex(value)
    if value.isdigit() and len(value) == 16:
        groups = [value[index : index + 4] for index in range(0, 16, 4)]
        yield "in groups with spaces", " ".join(groups).encode()
        yield "in groups with hyphens", "-".join(groups).encode()


class Scanner:
    """Finds canaries, and every card number of the programme whether it was planted or not."""

    def __init__(self, planted: Mapping[str, str]) -> None:
        self._names: dict[bytes, str] = {}
        for what, value in planted.items():
            for how, raw in spellings(value):
                self._names.setdefault(raw, f"{what} {how}")
        self._number = re.compile(BIN.encode() + rb"[0-9]{10}")

    def found(self, content: bytes) -> set[str]:
        """What of it is in there."""
        # Looking for one after another is faster by far than for all at once with `re`.
        names = {name for raw, name in self._names.items() if raw in content}
        if any(_checks_out(each) for each in self._number.findall(content)):
            names.add("a card number")
        return names

    def found_in(self, contents: Iterable[tuple[str, bytes]]) -> list[str]:
        """`<what> in <where>`, sorted."""
        named = list(contents)
        if not self.found(BETWEEN.join(content for _, content in named)):
            return []
        return sorted(
            f"{what} in {where}" for where, content in named for what in self.found(content)
        )


def _checks_out(number: bytes) -> bool:
    digits = [int(each) for each in number.decode()]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
