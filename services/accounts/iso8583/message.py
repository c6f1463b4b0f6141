"""Between bytes and messages: strict on the way in, so that what is no message goes no further."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import iso8583
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from services.accounts.iso8583.spec import FIELDS, MAC_BYTES, Encoding, Kind, library_spec

MAC_FIELDS = (64, 128)
NOT_AUTHENTIC = "the message is not authentic"
_MTI = re.compile(r"[0-9]{4}")
_NO_MAC = "0" * (2 * MAC_BYTES)

_SHAPES = {
    Kind.N: re.compile(r"[0-9]+"),
    Kind.AN: re.compile(r"[0-9A-Za-z ]+"),
    Kind.ANS: re.compile(r"[ -~]+"),
    Kind.Z: re.compile(r"[0-9=D]+"),
    Kind.XN: re.compile(r"[CD][0-9]+"),
    Kind.B: re.compile(r"(?:[0-9A-F]{2})+"),
}

Fields = Mapping[int, str]
"""Number of a field → its text; of a binary field its hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its type indicator and its fields, and the key that it is authenticated by."""

    mti: str
    fields: Fields = field(repr=False)
    mac_key: bytes | None = field(default=None, repr=False, compare=False)

    def __getitem__(self, number: int) -> str:
        return self.fields[number]

    def get(self, number: int) -> str:
        """A field, empty where the message has none."""
        return self.fields.get(number, "")

    @property
    def kind(self) -> str:
        """Version, class and function: the type without its origin, which tells a repetition."""
        return self.mti[:3]


class Malformed(Exception):
    """No message, or one that breaks its rules. `field` is the first that does, 0 for the frame
    as a whole; `mti` is empty where it cannot be told; `fields` are those that are in order.

    The text names no value: it is logged."""

    def __init__(self, why: str, field: int = 0, mti: str = "", fields: Fields | None = None):
        super().__init__(why)
        self.why = why
        self.field = field
        self.mti = mti
        self.fields = fields or {}


class Codec:
    """Reads and writes messages in one encoding. With a key every message ends in an AES-CMAC
    (NIST SP 800-38B) over all before it, cut to its first eight bytes, in field 64 or 128."""

    def __init__(self, encoding: Encoding, mac_key: bytes | None = None) -> None:
        self._encoding = encoding
        self._spec = library_spec(encoding)
        self._mac_key = mac_key
        self._own_keys = () if mac_key is None else (mac_key,)

    def decode(self, frame: bytes, mac_keys: Sequence[bytes] = ()) -> Message:
        """The message in a frame, authenticated by one of the keys, else by the codec's own.
        Raises Malformed."""
        keys = mac_keys or self._own_keys
        try:
            texts, raw = iso8583.decode(frame, self._spec)
        except iso8583.DecodeError as error:
            # Without its cause, which shows the message.
            partial = {k: v for k, v in error.doc_dec.items() if k != error.field}
            raise self._cut_off(partial, error.field) from None
        except KeyError:
            # Only a bitmap of 192 names fields that nobody has a specification of.
            raise self._cut_off({"t": frame[:4].decode("ascii", "replace")}, "65") from None
        mti = texts["t"]
        if not _MTI.fullmatch(mti):
            raise Malformed("the type is not four digits")
        fields, broken = _sound(texts)
        for number, encoded in raw.items():
            if not self._is_canonical(encoded["len"]):
                broken = broken or int(number)
        if broken:
            raise Malformed("the field holds what it may not", broken, mti, fields)
        return Message(mti, fields, self._check_mac(frame, mti, fields, keys))

    def _cut_off(self, partial: Mapping[str, str], at: str) -> Malformed:
        mti = partial.get("t", "")
        if not _MTI.fullmatch(mti):
            return Malformed("the type is not four digits")
        fields, _ = _sound(partial)
        number = int(at) if at.isdigit() else 0
        return Malformed("the fields do not fit the bitmap or their lengths", number, mti, fields)

    def _is_canonical(self, length: bytes) -> bool:
        # The library takes +9 and 1_0 for numbers, as Python does.
        return self._encoding is Encoding.BCD or not length or length.isdigit()

    def encode(self, mti: str, fields: Fields, mac_key: bytes | None = None) -> bytes:
        """A message as bytes, authenticated by a key, else by the codec's own, if it has one."""
        mac_key = mac_key or self._mac_key
        texts = {str(number): text for number, text in fields.items() if number not in MAC_FIELDS}
        if self._encoding is Encoding.BCD and "35" in texts:
            # Packed, the separator of track 2 is the digit D.
            texts["35"] = texts["35"].replace("=", "D")
        if mac_key is not None:
            place = 128 if any(number > 64 for number in fields) else 64
            texts[str(place)] = _NO_MAC
        raw, _ = iso8583.encode({"t": mti, **texts}, self._spec)
        if mac_key is None:
            return bytes(raw)
        unsigned = bytes(raw[:-MAC_BYTES])
        return unsigned + self._mac(unsigned, mac_key)

    def _check_mac(
        self, frame: bytes, mti: str, fields: Fields, keys: Sequence[bytes]
    ) -> bytes | None:
        if not keys:
            return None
        last = max(fields, default=0)
        if last not in MAC_FIELDS:
            raise Malformed("the message is not authenticated", 64, mti, fields)
        for key in keys:
            if hmac.compare_digest(frame[-MAC_BYTES:], self._mac(frame[:-MAC_BYTES], key)):
                return key
        raise Malformed(NOT_AUTHENTIC, last, mti, fields)

    @staticmethod
    def _mac(data: bytes, key: bytes) -> bytes:
        mac = CMAC(AES(key))
        mac.update(data)
        return mac.finalize()[:MAC_BYTES]


def _sound(texts: Mapping[str, str]) -> tuple[dict[int, str], int]:
    """The fields that hold what they may, and the first that does not (0 for none)."""
    fields: dict[int, str] = {}
    broken = 0
    for name, text in texts.items():
        if not name.isdigit() or name == "1":
            continue
        number = int(name)
        if _SHAPES[FIELDS[number].kind].fullmatch(text):
            fields[number] = text
        else:
            broken = broken or number
    return fields, broken


def is_request(mti: str) -> bool:
    """Whether a message of this type is to be answered, be it only by a format error."""
    return mti[2] in "02468"


def answer_type(mti: str) -> str:
    """The type that answers a request or an advice; a repetition is answered as the first was."""
    return f"{mti[:2]}{int(mti[2]) + 1}0"
