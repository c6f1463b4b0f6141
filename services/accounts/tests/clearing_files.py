"""Clearing files as a network would write them, for the tests of their processing."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import iso8583

from services.accounts.use_cases.clearing_formats.columns import COLUMNS
from services.accounts.use_cases.clearing_formats.iso8583_file import SPEC

Record = Mapping[str, str]


def record(record_id: str, amount_minor: int, **changes: Any) -> dict[str, str]:
    """A purchase at the grocer's on 14 March 2026, posted the day after."""
    return {
        **dict.fromkeys(COLUMNS, ""),
        "record_id": record_id,
        "kind": "charge",
        "amount_minor": str(amount_minor),
        "currency": "GBP",
        "merchant_id": "M-1",
        "merchant_name": "Green Grocer",
        "mcc": "5411",
        "country": "GB",
        "transaction_date": "2026-03-14",
        "posting_date": "2026-03-15",
        **{name: str(value) for name, value in changes.items()},
    }


def csv_file(records: Iterable[Record], reference: str = "F-1", source: str = "net") -> bytes:
    """Head, column names, records, trailer."""
    records = list(records)
    total = sum(int(each["amount_minor"]) for each in records if each["amount_minor"].isdigit())
    made = io.StringIO(newline="")
    csv.writer(made).writerows(
        [
            ["CLEARING", "1", source, reference],
            COLUMNS,
            *([each[name] for name in COLUMNS] for each in records),
            ["TRAILER", len(records), total],
        ]
    )
    return made.getvalue().encode()


def iso8583_file(records: Iterable[Record], reference: str = "F-1", source: str = "net") -> bytes:
    """Head, presentments, trailer; each message preceded by its length."""
    records = list(records)
    total = sum(int(each["amount_minor"]) for each in records)
    messages = [
        {"t": "1644", "24": "697", "48": tagged({"01": source, "02": reference})},
        *(presentment(each) for each in records),
        {"t": "1644", "24": "695", "48": tagged({"07": str(len(records)), "08": str(total)})},
    ]
    return b"".join(framed({**each, "71": f"{n:08d}"}) for n, each in enumerate(messages, 1))


def framed(message: dict[str, str]) -> bytes:
    """A message as it stands in a file."""
    raw, _ = iso8583.encode(dict(message), SPEC)
    return f"{len(raw):04d}".encode() + raw


def tagged(texts: Mapping[str, str]) -> str:
    """Field 48."""
    return "".join(f"{tag}{len(text):03d}{text}" for tag, text in texts.items() if text)


def presentment(of: Record) -> dict[str, str]:
    """A record as a 1240 message."""
    number = of["card"] if of["card"].isdigit() else ""
    foreign = bool(of["original_minor"])
    message = {
        "t": "1240",
        "2": number,
        "3": "200000" if of["kind"] == "refund" else "000000",
        "4": (of["original_minor"] or of["amount_minor"]).zfill(12),
        "6": of["amount_minor"].zfill(12),
        "12": of["transaction_date"].replace("-", "")[2:] + "120000",
        "24": "200",
        "26": of["mcc"],
        "31": of["record_id"],
        "38": of["authorisation_code"].ljust(6) if of["authorisation_code"] else "",
        "42": of["merchant_id"].ljust(15) if of["merchant_id"] else "",
        "43": of["merchant_name"],
        "48": tagged(
            {
                "03": "" if number else of["card"],
                "04": of["charge_id"],
                "05": of["final"],
                "06": of["country"],
            }
        ),
        "49": of["original_currency"] if foreign else of["currency"],
        "51": of["currency"],
        "73": of["posting_date"].replace("-", "")[2:],
    }
    return {name: text for name, text in message.items() if text}
