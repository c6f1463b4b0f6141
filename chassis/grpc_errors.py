"""The tree of errors on the wire: to a status with google.rpc details, and back at the caller's."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from chassis.kernel import errors
from chassis.kernel.errors import Error

DETAILS_KEY = "grpc-status-details-bin"
RETRY_AFTER = "retry_after_ms"
"""Metadata of an error that becomes google.rpc.RetryInfo."""
MAX_VIOLATIONS = 8
"""At most so many violations are told of; trailing metadata has little room."""

MAX_TEXT_CHARACTERS = 300
"""Of a message or a value of metadata; whoever wrote it may have quoted what the caller sent. What
does not fit into trailing metadata is not told at all: the caller sees gRPC's own error instead."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field at fault: its path in the request, the rule, and what the rule demands."""

    field: str
    rule: str
    description: str


class InvalidFields(errors.Invalid):
    """The request breaks rules of its proto; `violations` says which, where."""

    def __init__(self, reason: str, message: str, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)[:MAX_VIOLATIONS]
        super().__init__(reason, message, field=self.violations[0].field)


class DeadlineExceeded(Error):
    """The time that the caller gave is over; the outcome is not known."""

    code = "DEADLINE_EXCEEDED"


_BY_CODE: dict[str, type[Error]] = {
    kind.code: kind
    for kind in (
        errors.Invalid, errors.Unauthenticated, errors.Forbidden, errors.NotFound,
        errors.AlreadyExists, errors.Refused, errors.Conflict, errors.Exhausted,
        errors.Unavailable,
    )
}  # fmt: skip
_BY_CODE |= {
    # A peer that is too slow, or goes away amid a call, is a peer that is away.
    "DEADLINE_EXCEEDED": errors.Unavailable,
    "CANCELLED": errors.Unavailable,
    "OUT_OF_RANGE": errors.Invalid,
}

Trailers = tuple[tuple[str, bytes], ...]


def to_status(error: Error, domain: str) -> tuple[grpc.StatusCode, str, Trailers]:
    """Code, text and trailing metadata that tell a caller of `error`."""
    code, text = grpc.StatusCode[error.code], error.message[:MAX_TEXT_CHARACTERS]
    status = status_pb2.Status(code=code.value[0], message=text)
    metadata = {k: str(v)[:MAX_TEXT_CHARACTERS] for k, v in error.metadata.items()}
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=domain, metadata=metadata)
    status.details.add().Pack(info)
    bad = error_details_pb2.BadRequest()
    if isinstance(error, InvalidFields):
        for each in error.violations:
            bad.field_violations.add(
                field=each.field, description=each.description, reason=each.rule
            )
    elif error.field is not None:
        bad.field_violations.add(field=error.field, description=text, reason=error.reason)
    if bad.field_violations:
        status.details.add().Pack(bad)
    if RETRY_AFTER in error.metadata:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(error.metadata[RETRY_AFTER]))
        status.details.add().Pack(retry)
    return code, text, ((DETAILS_KEY, status.SerializeToString()),)


def from_rpc_error(failure: grpc.aio.AioRpcError, peer: str) -> Error:
    """The error of our tree that `failure` stands for; a defect of the peer is a bare Error.

    Reason, message, fields and metadata survive; texts that our tree did not write do not.
    """
    code = failure.code().name
    kind = _BY_CODE.get(code, Error)
    status = _details(failure)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    for each in () if status is None else status.details:
        # A detail of another type leaves both untouched.
        each.Unpack(info)
        each.Unpack(bad)
    if status is None or not info.reason or kind is Error:
        reason = "PEER_DEFECT" if kind is Error else f"PEER_{code}"
        return kind(reason, f"{peer} answered {code}", peer=peer)
    metadata = {**info.metadata, "origin": info.metadata.get("origin") or info.domain}
    metadata = {k: v for k, v in metadata.items() if k not in ("reason", "message", "field")}
    violations = [Violation(v.field, v.reason, v.description) for v in bad.field_violations]
    if len(violations) > 1 or any(each.description != status.message for each in violations):
        several = InvalidFields(info.reason, status.message, violations)
        several.metadata = metadata
        return several
    field = violations[0].field if violations else None
    return kind(info.reason, status.message, field=field, **metadata)


def _details(failure: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    trailers: Any = failure.trailing_metadata() or ()
    for key, value in trailers:
        if key == DETAILS_KEY:
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None
