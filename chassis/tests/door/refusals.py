"""What a caller was told when a call was refused."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Refusal:
    code: str
    reason: str
    domain: str
    fields: dict[str, str]
    metadata: dict[str, str]
    retry_ms: int | None
    text: str
    raw: bytes


async def refusal(call: Awaitable[Any]) -> Refusal:
    """Await a call that must fail, and read what it was told."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return read(caught.value)


def read(failure: Any) -> Refusal:
    raw = dict(failure.trailing_metadata()).get("grpc-status-details-bin", b"")
    status = status_pb2.Status.FromString(raw)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    retry_ms = None
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
        if detail.Unpack(retry):
            retry_ms = retry.retry_delay.ToMilliseconds()
    if raw:
        assert status.code == failure.code().value[0]
        assert status.message == failure.details()
    return Refusal(
        code=failure.code().name,
        reason=info.reason,
        domain=info.domain,
        fields={each.field: each.reason for each in bad.field_violations},
        metadata=dict(info.metadata),
        retry_ms=retry_ms,
        text=failure.details(),
        raw=raw,
    )
