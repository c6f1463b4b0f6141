"""The fields of ISO 8583:1987 as this door reads them, and how each encoding writes them.

docs/iso8583.md shows the same table to integrators; a test compares the two.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LARGEST_FIELD = 128
MAC_BYTES = 8


class Encoding(StrEnum):
    """How messages are written. The bitmap is bytes, but for ASCII_HEX, where it is digits."""

    ASCII = "ascii"
    ASCII_HEX = "ascii_hex"
    BCD = "bcd"


class Kind(StrEnum):
    """What a field may hold, in the standard's own words."""

    N = "n"
    AN = "an"
    ANS = "ans"
    Z = "z"
    XN = "x+n"
    B = "b"


@dataclass(frozen=True, slots=True)
class Field:
    """`length` is exact, or the most where `prefix` says how many digits of length go before.

    It counts characters; bytes where the kind is `b`."""

    number: int
    kind: Kind
    length: int
    prefix: int
    name: str


_TABLE = """
2 n ..19 primary account number
3 n 6 processing code
4 n 12 amount, transaction
5 n 12 amount, settlement
6 n 12 amount, cardholder billing
7 n 10 transmission date and time
8 n 8 amount, cardholder billing fee
9 n 8 conversion rate, settlement
10 n 8 conversion rate, cardholder billing
11 n 6 system trace audit number
12 n 6 time, local transaction
13 n 4 date, local transaction
14 n 4 date, expiration
15 n 4 date, settlement
16 n 4 date, conversion
17 n 4 date, capture
18 n 4 merchant's type
19 n 3 acquiring institution country code
20 n 3 PAN extended country code
21 n 3 forwarding institution country code
22 n 3 point of service entry mode
23 n 3 card sequence number
24 n 3 network international identifier
25 n 2 point of service condition code
26 n 2 point of service capture code
27 n 1 authorising identification response length
28 x+n 9 amount, transaction fee
29 x+n 9 amount, settlement fee
30 x+n 9 amount, transaction processing fee
31 x+n 9 amount, settlement processing fee
32 n ..11 acquiring institution identification code
33 n ..11 forwarding institution identification code
34 ans ..28 PAN, extended
35 z ..37 track 2 data
36 z ...104 track 3 data
37 an 12 retrieval reference number
38 an 6 authorisation identification response
39 an 2 response code
40 an 3 service restriction code
41 ans 8 card acceptor terminal identification
42 ans 15 card acceptor identification code
43 ans 40 card acceptor name and location
44 ans ..25 additional response data
45 ans ..76 track 1 data
46 ans ...999 additional data, ISO
47 ans ...999 additional data, national
48 ans ...999 additional data, private
49 n 3 currency code, transaction
50 n 3 currency code, settlement
51 n 3 currency code, cardholder billing
52 b 8 PIN data
53 n 16 security related control information
54 ans ...120 additional amounts
55 b ...255 ICC data
56 ans ...999 reserved, ISO
57 ans ...999 reserved, national
58 ans ...999 reserved, national
59 ans ...999 reserved, national
60 ans ...999 reserved, private
61 ans ...999 reserved, private
62 ans ...999 reserved, private
63 ans ...999 reserved, private
64 b 8 message authentication code
66 n 1 settlement code
67 n 2 extended payment code
68 n 3 receiving institution country code
69 n 3 settlement institution country code
70 n 3 network management information code
71 n 4 message number
72 n 4 message number, last
73 n 6 date, action
74 n 10 credits, number
75 n 10 credits, reversal number
76 n 10 debits, number
77 n 10 debits, reversal number
78 n 10 transfer, number
79 n 10 transfer, reversal number
80 n 10 inquiries, number
81 n 10 authorisations, number
82 n 12 credits, processing fee amount
83 n 12 credits, transaction fee amount
84 n 12 debits, processing fee amount
85 n 12 debits, transaction fee amount
86 n 16 credits, amount
87 n 16 credits, reversal amount
88 n 16 debits, amount
89 n 16 debits, reversal amount
90 n 42 original data elements
91 an 1 file update code
92 an 2 file security code
93 an 5 response indicator
94 an 7 service indicator
95 an 42 replacement amounts
96 b 8 message security code
97 x+n 17 amount, net settlement
98 ans 25 payee
99 n ..11 settlement institution identification code
100 n ..11 receiving institution identification code
101 ans ..17 file name
102 ans ..28 account identification 1
103 ans ..28 account identification 2
104 ans ...100 transaction description
128 b 8 message authentication code
"""


def _fields() -> dict[int, Field]:
    found: dict[int, Field] = {}
    for line in _TABLE.strip().splitlines():
        number, kind, length, name = line.split(" ", 3)
        digits = length.lstrip(".")
        prefix = len(length) - len(digits)
        found[int(number)] = Field(int(number), Kind(kind), int(digits), prefix, name)
    for free in range(105, LARGEST_FIELD):
        found[free] = Field(free, Kind.ANS, 999, 3, "reserved")
    return found


FIELDS = _fields()


def library_spec(encoding: Encoding) -> dict[str, dict[str, Any]]:
    """The specification in pyiso8583's own terms."""
    packed = encoding is Encoding.BCD
    text = {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0}
    binary = {"data_enc": "b", "len_enc": "ascii", "len_type": 0}
    bitmap = text if encoding is Encoding.ASCII_HEX else binary
    size = 16 if encoding is Encoding.ASCII_HEX else 8
    spec: dict[str, dict[str, Any]] = {
        "h": {**text, "max_len": 0},
        "t": {**binary, "max_len": 2} if packed else {**text, "max_len": 4},
        "p": {**bitmap, "max_len": size},
        "1": {**bitmap, "max_len": size},
    }
    for field in FIELDS.values():
        spec[str(field.number)] = _packed(field) if packed else _plain(field)
    return spec


def _plain(field: Field) -> dict[str, Any]:
    return {
        "data_enc": "b" if field.kind is Kind.B else "ascii",
        "len_enc": "ascii",
        "len_type": field.prefix,
        "max_len": field.length,
    }


def _packed(field: Field) -> dict[str, Any]:
    """Digits are packed two to a byte, with a zero before an odd number of them (track data with
    an F behind); lengths are packed too, and count digits, characters or bytes."""
    spec: dict[str, Any] = {
        **_plain(field),
        "len_enc": "bcd",
        "len_type": (field.prefix + 1) // 2,
    }
    if field.kind in (Kind.N, Kind.Z):
        pad = {"left_pad": "0"} if field.kind is Kind.N else {"right_pad": "F"}
        spec |= {"data_enc": "b", "len_count": "nibbles", **pad}
    return spec
