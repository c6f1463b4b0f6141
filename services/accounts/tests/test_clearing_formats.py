"""What a clearing file must look like, and how one that does not is refused: by line and field."""

from collections.abc import Callable

import iso8583
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.kernel.errors import Invalid
from services.accounts.domain.clearing.values import FileFormat
from services.accounts.tests.clearing_files import csv_file, framed, iso8583_file, record, tagged
from services.accounts.use_cases.clearing_formats import READERS, columns
from services.accounts.use_cases.clearing_formats.iso8583_file import SPEC
from services.accounts.use_cases.clearing_formats.records import line_of

RECORDS = [record("R-1", 1_000, card="4111111111111111"), record("R-2", 250, kind="refund")]
CSV = csv_file(RECORDS).decode()


def refused(content: bytes, form: FileFormat = FileFormat.CSV) -> tuple[str, str]:
    """Line and field of what is wrong with a file."""
    with pytest.raises(Invalid) as error:
        list(READERS[form](content).lines)
    assert error.value.reason == "CLEARING_FILE_MALFORMED"
    assert "4111" not in str(error.value)
    return error.value.metadata["line"], error.value.metadata["column"]


def test_both_formats_say_the_same() -> None:
    """One record of each kind, with everything a record can say."""
    records = [
        *RECORDS,
        record(
            "R-3",
            8_550,
            card="a" * 32,
            charge_id="b" * 32,
            authorisation_code="123456",
            original_minor=10_000,
            original_currency="EUR",
            final="N",
        ),
    ]
    writers = {FileFormat.CSV: csv_file, FileFormat.ISO8583: iso8583_file}
    read = []
    for form, write in writers.items():
        reading = READERS[form](write(records))
        lines = [line_of(n, raw, reading.source, str) for n, raw in reading.lines]
        read.append([line.record for line, _, _ in lines])
        assert (reading.sums.records, reading.sums.hash_total) == (3, 9_800)
    assert read[0] == read[1]
    assert read[0][2] is not None
    assert read[0][2].original is not None
    assert read[0][2].original.rate == "0.85500000"


@pytest.mark.parametrize(
    ("currency", "minor_units", "rate"),
    [("JPY", 10_000, "0.00522500"), ("KWD", 20_000, "2.61250000"), ("GBP", 5_225, "1.00000000")],
)
def test_a_rate_is_billing_units_for_an_original_unit(
    currency: str, minor_units: int, rate: str
) -> None:
    """£52.25 for ¥10,000 or for 20.000 dinars: yen have no decimals, dinars three."""
    records = [record("R-1", 52_25, original_minor=minor_units, original_currency=currency)]
    reading = READERS[FileFormat.CSV](csv_file(records))
    ((number, raw),) = reading.lines
    line, _, _ = line_of(number, raw, reading.source, str)
    assert line.record is not None
    assert line.record.original is not None
    assert line.record.original.rate == rate


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda text: text.replace("CLEARING,1", "CLEARING,2"), ("1", "head")),
        (lambda text: text.replace("net,F-1", ",F-1"), ("1", "source")),
        (lambda text: text.replace("net,F-1", "net,"), ("1", "reference")),
        (lambda text: text.replace("posting_date", "posted"), ("2", "column names")),
        (lambda text: text.replace("posting_date", "kind"), ("2", "kind")),
        (lambda text: text.replace("card,last_four", "last_four"), ("3", "columns")),
        (lambda text: text.replace("R-2,", ","), ("4", "record_id")),
        (lambda text: text.replace("R-2,", '"R-2,'), ("4", "quoting")),
        (lambda text: text.replace("Green Grocer", "G" * 300, 1), ("3", "merchant_name")),
        (lambda text: text.replace("TRAILER,2,", "TRAILER,3,"), ("5", "count")),
        (lambda text: text.replace("TRAILER,2,1250", "TRAILER,2,1251"), ("5", "hash_total")),
        (lambda text: text.replace("TRAILER,2,1250", "TRAILER,2"), ("5", "TRAILER")),
        (lambda text: text + "R-3\r\n", ("6", "TRAILER")),
        (lambda text: text[: text.index("TRAILER")], ("5", "TRAILER")),
        (lambda text: text.replace("R-2", "R-\0"), ("4", "encoding")),
        (lambda text: "", ("1", "head")),
    ],
)
def test_a_malformed_csv_file_is_refused_by_line_and_field(
    damage: Callable[[str], str], expected: tuple[str, str]
) -> None:
    assert refused(damage(CSV).encode()) == expected


def test_a_file_that_is_no_text_is_refused() -> None:
    assert refused(CSV.replace("Green", "Gr\xfcn").encode("latin-1")) == ("3", "encoding")


def head() -> bytes:
    return framed(
        {"t": "1644", "24": "697", "71": "00000001", "48": tagged({"01": "n", "02": "f"})}
    )


def message(**fields: str) -> bytes:
    return framed({name.lstrip("f"): text for name, text in fields.items()})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("1", "message type")),
        (b"abcd", ("1", "length")),
        (b"0100", ("1", "length")),
        (b"0008" + b"zzzzzzzz", ("1", "field p")),
        (head(), ("2", "message type")),
        (head() + message(t="1240", f24="200", f71="00000003"), ("2", "field 71")),
        (head() + message(t="1240", f24="201", f71="00000002"), ("2", "field 24")),
        (head() + message(t="0100", f24="200", f71="00000002"), ("2", "message type")),
        (head() + message(t="1240", f24="200", f71="00000002", f31=""), ("2", "record_id")),
        (head() + message(t="1240", f24="200", f71="00000002", f48="019zz"), ("2", "field 48")),
    ],
)
def test_a_malformed_iso_8583_file_is_refused_by_message_and_field(
    content: bytes, expected: tuple[str, str]
) -> None:
    assert refused(content, FileFormat.ISO8583) == expected


def test_a_trailer_that_does_not_agree_is_refused() -> None:
    whole = iso8583_file(RECORDS)
    assert refused(whole.replace(b"070012", b"070013"), FileFormat.ISO8583) == ("4", "count")
    wrong = whole.replace(b"080041250", b"080041251")
    assert refused(wrong, FileFormat.ISO8583) == ("4", "hash_total")


def test_a_file_with_too_many_records_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "RECORDS_LIMIT", 1)
    assert refused(CSV.encode()) == ("4", "record_id")


@given(st.data(), st.sampled_from([csv_file(RECORDS), iso8583_file(RECORDS)]))
def test_a_mutated_file_is_refused_or_read_and_never_breaks(
    data: st.DataObject, whole: bytes
) -> None:
    """Whatever happens to one byte: INVALID with a line and a field, or a file that adds up."""
    place = data.draw(st.integers(0, len(whole) - 1))
    content = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
    form = FileFormat.CSV if whole.startswith(b"CLEARING") else FileFormat.ISO8583
    try:
        reading = READERS[form](content)
        lines = [line_of(n, raw, reading.source, str) for n, raw in reading.lines]
    except Invalid as error:
        found = (error.reason, error.metadata["line"].isdigit())
    else:
        found = (f"{len(lines)} records", True)
    assert found in {("CLEARING_FILE_MALFORMED", True), ("2 records", True)}


def test_the_specification_is_one_that_the_library_takes() -> None:
    raw = head()[4:]
    decoded, _ = iso8583.decode(raw, SPEC)
    assert iso8583.encode(decoded, SPEC)[0] == raw
