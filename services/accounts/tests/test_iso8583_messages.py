"""Messages as bytes: published vectors there and back, laws of the codec, and what it refuses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.money import Money
from services.accounts.iso8583.answers import balances
from services.accounts.iso8583.message import Codec, Malformed, Message, answer_type
from services.accounts.iso8583.spec import FIELDS, Encoding, Kind
from services.accounts.tests.network import Terminal

PAN = "5000120000000005"

VECTORS = {
    # https://www.eftlab.com.au/index.php/site-map/91-payments-academy ("ISO8583 Human parser"),
    # without its two bytes of length.
    "eftlab-0110": (
        Encoding.ASCII,
        b"0110"
        + bytes.fromhex("7238008102E08100")
        + b"164651234560308888"
        + b"0000000000000001"
        + b"0003101833060003"
        + b"3508031011040006"
        + b"4142430080000001"
        + b"811234567890101"
        + b"London".ljust(40)
        + b"8260041510",
        "0110",
        {2: "4651234560308888", 4: "000000000100", 11: "000335", 39: "00", 49: "826", 56: "1510"},
    ),
    # http://on-september.blogspot.com/2010/01/read-iso-8583-message.html
    "on-september-0210": (
        Encoding.ASCII_HEX,
        b"0210723A00010A808400185936001410010999990110000000100000001007021533000001191533"
        b"10061007065656561006090102240000000901360020100236C0102240000000",
        "0210",
        {2: "593600141001099999", 7: "1007021533", 32: "565656", 37: "100609010224", 49: "360"},
    ),
    # https://github.com/windhooked/iso8583, message_test.go
    "windhooked-0800": (
        Encoding.ASCII_HEX,
        b"0800823A0000000000000400000000000000042009061390000109061304200420001",
        "0800",
        {7: "0420090613", 11: "900001", 12: "090613", 13: "0420", 15: "0420", 70: "001"},
    ),
    # https://manongdao.com/article-301840.html, without its header; the answer names the fields.
    "manongdao-0820": (
        Encoding.ASCII,
        b"0820"
        + bytes.fromhex("80380000008100000400000000000000")
        + b"362910102957103110000005031SU20111031102957201110311029573001",
        "0820",
        {11: "362910", 41: "10000005", 48: "SU20111031102957201110311029573", 70: "001"},
    ),
    # The same page: "0800 2020000000800000 000000 000001 3239313130303031", packed.
    "manongdao-0800": (
        Encoding.BCD,
        bytes.fromhex("080020200000008000000000000000013239313130303031"),
        "0800",
        {3: "000000", 11: "000001", 41: "29110001"},
    ),
    # pyiso8583, documentation of iso8583.decode and iso8583.encode.
    "pyiso8583-decode": (
        Encoding.ASCII_HEX,
        b"02004010100000000000161234567890123456123456111",
        "0200",
        {2: "1234567890123456", 12: "123456", 20: "111"},
    ),
    "pyiso8583-encode": (
        Encoding.ASCII_HEX,
        b"0200400000000200000010123456789000",
        "0200",
        {2: "1234567890", 39: "00"},
    ),
}

BITMAPS = {
    # https://en.wikipedia.org/wiki/ISO_8583#Bitmaps
    "4210001102C04804": (2, 7, 12, 28, 32, 39, 41, 42, 50, 53, 62),
    "7234054128C28805": (
        2,
        3,
        4,
        7,
        11,
        12,
        14,
        22,
        24,
        26,
        32,
        35,
        37,
        41,
        42,
        47,
        49,
        53,
        62,
        64,
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_published_messages_are_read_and_written_again(name: str) -> None:
    encoding, raw, mti, expected = VECTORS[name]
    codec = Codec(encoding)
    message = codec.decode(raw)
    assert message.mti == mti
    assert {number: message.fields[number] for number in expected} == expected
    assert codec.encode(message.mti, message.fields) == raw


@pytest.mark.parametrize("bitmap", ["4210001102C04804", "7234054128C28805"])
def test_published_bitmaps_name_their_fields(bitmap: str) -> None:
    fields = {number: sample(number) for number in BITMAPS[bitmap] if number != 64}
    frame = Codec(Encoding.ASCII_HEX).encode("0100", fields)
    without_mac = int(bitmap, 16) & ~1
    assert frame[4:20].decode() == f"{without_mac:016X}"


def sample(number: int) -> str:
    """Something that a field may hold."""
    kind, length = FIELDS[number].kind, FIELDS[number].length
    shapes = {Kind.N: "1", Kind.Z: "1", Kind.AN: "A", Kind.ANS: "A", Kind.B: "AB", Kind.XN: "1"}
    text = shapes[kind] * length
    return "C" + text[1:] if kind is Kind.XN else text


def contents(number: int) -> st.SearchStrategy[str]:
    field = FIELDS[number]
    least = 1 if field.prefix else field.length
    alphabet = {
        Kind.N: "0123456789",
        Kind.Z: "0123456789D",
        Kind.AN: "ABC xyz019",
        Kind.ANS: "ABC xyz019=/~!",
    }
    if field.kind is Kind.B:
        return st.binary(min_size=least, max_size=field.length).map(lambda b: b.hex().upper())
    if field.kind is Kind.XN:
        return st.from_regex(
            re.compile(f"[CD][0-9]{{{field.length - 1}}}", re.ASCII), fullmatch=True
        )
    return st.text(alphabet[field.kind], min_size=least, max_size=min(field.length, 120))


NUMBERS = [number for number in FIELDS if number not in (64, 128)]
MESSAGES = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=20, unique=True).flatmap(
    lambda numbers: st.fixed_dictionaries({number: contents(number) for number in numbers})
)


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("key", [None, b"k" * 16])
def test_what_is_written_is_read_again(encoding: Encoding, key: bytes | None) -> None:
    codec = Codec(encoding, key)

    @given(MESSAGES)
    def law(fields: dict[int, str]) -> None:
        message = codec.decode(codec.encode("0100", fields))
        said = {n: text for n, text in message.fields.items() if n not in (64, 128)}
        assert said == fields

    law()


@given(st.binary(max_size=200), st.sampled_from(Encoding))
def test_bytes_are_a_message_or_malformed(frame: bytes, encoding: Encoding) -> None:
    try:
        mti = Codec(encoding).decode(frame).mti
    except Malformed as fault:
        mti = fault.mti or "0000"
    assert len(mti) == 4
    assert mti.isdigit()


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        (b"0100" + bytes.fromhex("4000000000000000") + b"+95000120000000", 2),
        (b"0100" + bytes.fromhex("4000000000000000") + b"1_500012000000", 2),
        (b"0100" + bytes.fromhex("4000000000000000") + b"-1500012000000", 2),
        (b"0100" + bytes.fromhex("2000000000000000") + b"00000A", 3),
        (b"0100" + bytes.fromhex("8000000000000000") + bytes.fromhex("8000000000000000") * 2, 65),
        (b"0100" + bytes.fromhex("8000000000000000"), 1),
    ],
)
def test_what_only_a_lenient_reader_takes_is_refused(frame: bytes, field: int) -> None:
    with pytest.raises(Malformed) as caught:
        Codec(Encoding.ASCII).decode(frame)
    assert (caught.value.mti, caught.value.field) == ("0100", field)


@pytest.mark.parametrize("encoding", Encoding)
def test_a_message_that_was_changed_on_its_way_is_not_authentic(encoding: Encoding) -> None:
    codec = Codec(encoding, b"k" * 32)
    frame = codec.encode("0100", Terminal(PAN).message("0100", 1_000).fields)
    codec.decode(frame)
    for place in range(len(frame)):
        changed = bytearray(frame)
        changed[place] ^= 1
        with pytest.raises(Malformed):
            codec.decode(bytes(changed))
    with pytest.raises(Malformed):
        codec.decode(Codec(encoding).encode("0100", {4: "000000001000"}))


def test_answers_have_the_type_that_answers() -> None:
    kinds = {"0100": "0110", "0101": "0110", "0121": "0130", "0420": "0430", "0800": "0810"}
    assert {asked: answer_type(asked) for asked in kinds} == kinds


def test_a_message_does_not_show_its_fields() -> None:
    assert PAN not in repr(Message("0100", {2: PAN}))


def test_a_balance_of_more_digits_than_a_field_has_is_told_as_the_largest() -> None:
    """Field 54 has twelve digits for each: £10,000,000,000.00 is one too many."""
    shown = balances(Money(10**12, "GBP"), Money(-(10**12) + 1, "GBP"), "826")
    assert shown == "3002826C" + "9" * 12 + "3001826C" + "9" * 12
    assert balances(Money(-(10**15), "GBP"), Money(0, "GBP"), "826")[7:20] == "D" + "9" * 12
