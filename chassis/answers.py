"""Between our values and the shared messages of protos/cards/type: money, time, receipts, pages."""

import base64
from binascii import Error as NotBase64
from datetime import UTC, datetime
from typing import Any

import msgspec
from cards.type.v1 import money_pb2, receipt_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.kernel.errors import Invalid
from chassis.kernel.money import Money
from chassis.work import Settled

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_LARGEST = 200
LARGEST_CURSOR = 2**63 - 1
SECONDS_A_DAY = 86_400
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def receipt(settled: Settled) -> receipt_pb2.Receipt:
    """Where the effect of a mutation stands."""
    of = settled.receipt
    return receipt_pb2.Receipt(
        event_id=of.event_id,
        stream=of.stream,
        stream_version=of.stream_version,
        epoch=of.epoch,
        position=of.position,
    )


def money(amount: Money) -> money_pb2.Money:
    """An amount as a message."""
    return money_pb2.Money(minor_units=amount.minor_units, currency_code=amount.currency)


def minor(minor_units: int, currency: str) -> money_pb2.Money:
    """So many minor units as a message."""
    return money_pb2.Money(minor_units=minor_units, currency_code=currency)


def of_money(message: money_pb2.Money) -> Money:
    """An amount from a message."""
    return Money(message.minor_units, message.currency_code)


def timestamp(instant: datetime) -> Timestamp:
    """An aware instant as a message."""
    since = instant - _BEGINNING
    return Timestamp(
        seconds=since.days * SECONDS_A_DAY + since.seconds, nanos=since.microseconds * 1_000
    )


def of_timestamp(message: Timestamp) -> datetime:
    """An instant in UTC from a message. Raises Invalid when it is out of range."""
    try:
        return message.ToDatetime(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("TIMESTAMP_OUT_OF_RANGE", "a timestamp lies between 0001 and 9999") from error


def page_size(asked: int) -> int:
    """How many rows to give: what was asked for, at most 200, 50 when nothing was."""
    return min(asked, PAGE_SIZE_LARGEST) if asked > 0 else PAGE_SIZE_DEFAULT


def page_token(*cursor: Any) -> str:
    """An opaque token that leads to the rows after `cursor` (texts and integers)."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def of_page_token(token: str, *kinds: type) -> tuple[Any, ...] | None:
    """The cursor in a token, None for an empty one. Raises Invalid when it is not one of ours."""
    if not token:
        return None
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        wanted: Any = tuple[kinds]  # type: ignore[valid-type]
        found: list[Any] = list(msgspec.json.decode(raw, type=wanted))
        if any(isinstance(each, str) and "\0" in each for each in found):
            raise ValueError("no text of ours holds a NUL character")
        if any(isinstance(each, int) and abs(each) > LARGEST_CURSOR for each in found):
            raise ValueError("a cursor is a 64-bit integer")
    except (ValueError, NotBase64, msgspec.MsgspecError) as error:
        raise Invalid(
            "PAGE_TOKEN_UNKNOWN",
            "use next_page_token of the answer before, or leave it empty",
            field="page_token",
        ) from error
    return tuple(found)
