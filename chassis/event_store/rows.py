"""How what is committed together with events becomes rows, in the order of the tables' columns."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from chassis.work import Audit, Idempotency, Inbox, Receipt, Schedule

Row = tuple[Any, ...]

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encoder = msgspec.json.Encoder()


def micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant, exactly."""
    return (instant - _BEGINNING) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """The instant of so many microseconds since 1970."""
    return _BEGINNING + timedelta(microseconds=microseconds)


def event_row(position: int, stream: str, version: int, topic: str, stored: bytes) -> Row:
    """A row of `events`."""
    return position, stream, version, topic, stored


def idempotency_row(of: Idempotency, answer: bytes, receipt: Receipt, now: datetime) -> Row:
    """A row of `idempotency`."""
    return (
        of.request_id,
        of.principal,
        of.method,
        of.request_hash,
        answer,
        receipt.stream,
        receipt.stream_version,
        receipt.position,
        micros(now),
    )


def inbox_row(of: Inbox, taken_at: int) -> Row:
    """A row of `inbox`."""
    return of.source, of.epoch, of.position, of.partition, of.topic, of.stream, of.outcome, taken_at


def timer_row(of: Schedule, name: str, stored: bytes, correlation_id: str) -> Row:
    """A row of `timers`."""
    return of.timer_id, micros(of.due_at), name, stored, correlation_id


def audit_leaf(of: Audit, receipt: Receipt, now: datetime) -> bytes:
    """A leaf of the audit log: who did what on whose behalf, on what, from where, with what end."""
    return _encoder.encode(
        {
            "at": now,
            "actor": of.actor,
            "on_behalf_of": of.on_behalf_of,
            "action": of.action,
            "object": of.object,
            "origin": of.origin,
            "correlation_id": of.correlation_id,
            "stream": receipt.stream,
            "stream_version": receipt.stream_version,
            "epoch": receipt.epoch,
            "position": receipt.position,
        }
    )
