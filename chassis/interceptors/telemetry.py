"""Outermost layer: a span where the trace is sampled, and rate, errors and duration as metrics."""

from time import perf_counter
from typing import Any

from opentelemetry.trace import SpanKind

from chassis.interceptors.method import Handler, Inbound, Layer, MethodDescription
from chassis.telemetry import TRACEPARENT, Telemetry, end

_DEFECTS = frozenset({"INTERNAL", "UNKNOWN", "UNAVAILABLE", "DATA_LOSS"})


def layer(telemetry: Telemetry) -> Layer:
    """A layer that reports to `telemetry`."""

    def around(method: MethodDescription, following: Handler) -> Handler:
        name = method.full
        attributes: dict[str, dict[str, str]] = {}
        record = telemetry.metrics.rpc_seconds.record
        start = telemetry.start
        measures = telemetry.measures

        def told(status: str) -> dict[str, str]:
            made = {"rpc.method": name, "rpc.response.status_code": status}
            return attributes.setdefault(status, made)

        async def observe(inbound: Inbound) -> Any:
            call = inbound.call
            call.traceparent, span = start(name, inbound.metadata.get(TRACEPARENT), SpanKind.SERVER)
            started = perf_counter()
            # Whatever leaves by an exception that no layer below told of was cancelled.
            status = "CANCELLED"
            try:
                response = await following(inbound)
                status = inbound.status
                return response
            except Exception:
                status = inbound.status if inbound.status != "OK" else "UNKNOWN"
                raise
            finally:
                if measures:
                    known = attributes.get(status) or told(status)
                    record(perf_counter() - started, known)
                if span is not None:
                    about = {"cards.correlation_id": call.correlation_id}
                    end(span, status, failed=status in _DEFECTS, attributes=about)

        return observe

    return around
