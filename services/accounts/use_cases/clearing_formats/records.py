"""From the texts of a line to a record, or to the reason why it is none."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from chassis.amounts import units
from chassis.kernel import ids
from chassis.kernel.money import LARGEST_MINOR_UNITS, Money
from services.accounts.domain.clearing.planning import Line
from services.accounts.domain.clearing.values import ClearingRecord, RecordKind
from services.accounts.domain.pan import VISIBLE_TAIL, is_luhn
from services.accounts.domain.values import Merchant, Original
from services.accounts.use_cases.clearing_formats.columns import COLUMNS, Raw

CARD_NUMBER = re.compile(r"[0-9]{12,19}")
PATTERNS = {
    "last_four": re.compile(r"([0-9]{4})?"),
    "charge_id": re.compile(r"([0-9a-f]{32})?"),
    "authorisation_code": re.compile(r"([A-Za-z0-9]{1,6})?"),
    "amount_minor": re.compile(r"[0-9]{1,16}"),
    "currency": re.compile(r"[A-Z]{3}"),
    "original_minor": re.compile(r"([0-9]{1,16})?"),
    "original_currency": re.compile(r"([A-Z]{3})?"),
    "merchant_id": re.compile(r"[A-Za-z0-9 -]{0,15}"),
    "merchant_name": re.compile(r"[^\x00-\x1f\x7f]{1,80}"),
    "mcc": re.compile(r"([0-9]{4})?"),
    "country": re.compile(r"([A-Z]{2})?"),
    "transaction_date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "posting_date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "final": re.compile(r"[YN]?"),
}
CARD_ID = re.compile(r"([0-9a-f]{32})?")
NO_FRACTION_BEYOND = Decimal("0.00000001")


class Problem(Exception):
    """A record of a well-formed file that is none."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


def line_of(
    number: int, raw: Raw, source: str, hash_of: Callable[[str], str]
) -> tuple[Line, str, str]:
    """The line, its record key and its content digest; `hash_of` hides a card number, which
    stands in none of them."""
    key = ids.derive("clearing record", source, raw["record_id"])
    given = raw["card"]
    pan_hash = hash_of(given) if CARD_NUMBER.fullmatch(given) else ""
    record, reason, field = None, "", ""
    try:
        record = _record(raw, key, pan_hash)
        digest = record.content_digest
    except Problem as problem:
        reason, field = problem.reason, problem.field
        hidden = {**raw, "card": pan_hash or given}
        digest = ids.derive("malformed content", *(hidden[name] for name in COLUMNS))
    line = Line(
        number=number,
        record_id=raw["record_id"],
        item_id=ids.derive("clearing item", key, digest),
        record=record,
        problem=reason,
        field=field,
    )
    return line, key, digest


def _record(raw: Raw, key: str, pan_hash: str) -> ClearingRecord:
    for name, pattern in PATTERNS.items():
        if not pattern.fullmatch(raw[name]):
            raise Problem(f"{name.upper()}_MALFORMED", name)
    if raw["kind"] not in ("charge", "refund"):
        raise Problem("KIND_UNKNOWN", "kind")
    if pan_hash and not is_luhn(raw["card"]):
        raise Problem("CARD_NUMBER_WRONG", "card")
    if not pan_hash and not CARD_ID.fullmatch(raw["card"]):
        raise Problem("CARD_MALFORMED", "card")
    last_four = raw["card"][-VISIBLE_TAIL:] if pan_hash else raw["last_four"]
    if raw["last_four"] not in ("", last_four):
        raise Problem("LAST_FOUR_DIFFERS", "last_four")
    amount = _amount(raw, "amount_minor", "currency")
    record = ClearingRecord(
        record_key=key,
        record_id=raw["record_id"],
        content_digest="",
        kind=RecordKind(raw["kind"].upper()),
        card_id="" if pan_hash else raw["card"],
        pan_hash=pan_hash,
        last_four=last_four,
        charge_id=raw["charge_id"],
        authorisation_code=raw["authorisation_code"],
        amount=amount,
        original=_original(raw, amount),
        merchant=Merchant(
            id=raw["merchant_id"],
            name=raw["merchant_name"],
            mcc=raw["mcc"],
            country=raw["country"],
        ),
        final=raw["final"] != "N",
        transaction_date=_day(raw, "transaction_date"),
        posting_date=_day(raw, "posting_date"),
    )
    return replace(record, content_digest=_digest_of(record))


def _digest_of(of: ClearingRecord) -> str:
    """Of what a record means and not of how it is written: it is the same in every format. The
    order is for ever, as digests of today are compared with those of years ago."""
    original = of.original
    return ids.derive(
        "clearing content",
        of.kind,
        of.card_id or of.pan_hash,
        of.last_four,
        of.charge_id,
        of.authorisation_code,
        f"{of.amount.minor_units} {of.amount.currency}",
        f"{original.amount.minor_units} {original.amount.currency}" if original else "",
        of.merchant.id,
        of.merchant.name,
        of.merchant.mcc,
        of.merchant.country,
        of.transaction_date.isoformat(),
        of.posting_date.isoformat(),
        str(of.final),
    )


def _amount(raw: Raw, minor: str, currency: str) -> Money:
    units = int(raw[minor])
    if not 0 < units <= LARGEST_MINOR_UNITS:
        raise Problem("AMOUNT_OUT_OF_RANGE", minor)
    return Money(units, raw[currency])


def _original(raw: Raw, billed: Money) -> Original | None:
    if bool(raw["original_minor"]) != bool(raw["original_currency"]):
        raise Problem("ORIGINAL_INCOMPLETE", "original_currency")
    if not raw["original_minor"]:
        return None
    amount = _amount(raw, "original_minor", "original_currency")
    rate = units(billed.minor_units, billed.currency) / units(amount.minor_units, amount.currency)
    return Original(amount=amount, rate=f"{rate.quantize(NO_FRACTION_BEYOND):f}")


def _day(raw: Raw, name: str) -> date:
    try:
        return date.fromisoformat(raw[name])
    except ValueError:
        raise Problem("DATE_MALFORMED", name) from None
